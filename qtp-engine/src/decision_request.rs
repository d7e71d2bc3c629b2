//! The picture that a decision engine gets: owned, and as of one record.

use qtp_core::{
    AccountState, AssetView, Command, DecisionRequest, EntryThesis, InstrumentId, Performance, Timeframe,
};

use crate::engine::Engine;

impl Engine {
    pub(crate) fn request_decision(
        &mut self,
        owner: usize,
        instruments: &[InstrumentId],
        mut theses: Vec<(InstrumentId, EntryThesis)>,
    ) {
        let slot = &self.slots[owner];
        let Some(account) = self.state.account(&slot.account) else { return };
        let view = |instrument: &InstrumentId| {
            let thesis = theses.iter().position(|(of, _)| of == instrument);
            let thesis = thesis.map(|index| Box::new(theses.swap_remove(index).1));
            let asset = self.asset_view(owner, instrument)?;
            let open = !asset.position.is_zero();
            Some(AssetView { thesis: thesis.filter(|_| open), ..asset })
        };
        let assets = instruments.iter().filter_map(view).collect();
        let request = DecisionRequest {
            id: self.next_request,
            strategy: slot.id.clone(),
            owner: owner as u16,
            account: slot.account.clone(),
            snapshot_seq: self.state.seq,
            as_of: self.state.now,
            equity: self.state.equity(&slot.account),
            performance: self.performance(account),
            assets,
            halted: account.risk.halted().is_some(),
        };
        self.next_request += 1;
        self.push(Command::RequestDecision(Box::new(request)));
    }

    /// How the account did; `None` while that is not known.
    fn performance(&self, account: &AccountState) -> Option<Performance> {
        let profit = account.portfolio.pnl(&self.state.market, &self.state.instruments)?;
        let equity = account.portfolio.equity(&self.state.market, &self.state.instruments);
        let today = account.risk.day_start_equity().and_then(|start| Some(equity? - start));
        Some(Performance { profit, today, losses_in_row: account.risk.losses_in_row() })
    }

    /// One asset; `None` if its price is not known yet.
    fn asset_view(&self, owner: usize, instrument: &InstrumentId) -> Option<AssetView> {
        let account = self.state.account(&self.slots[owner].account)?;
        let market = self.state.market.get(instrument)?;
        let price = market.reference()?;
        let position =
            account.portfolio.position(instrument).filter(|position| !position.quantity().is_zero());
        let bracket = self
            .control_position(&self.slots[owner].account, instrument)
            .ok()
            .map(|index| self.controls[index].bracket)
            .filter(|_| position.is_some())
            .unwrap_or_default();
        let candles: Vec<(Timeframe, Vec<qtp_core::Candle>)> = market
            .all_series()
            .iter()
            .map(|series| (series.timeframe(), series.candles().iter().cloned().collect()))
            .collect();
        Some(AssetView {
            instrument: instrument.clone(),
            price,
            position: account.portfolio.quantity(instrument),
            entry: position.and_then(qtp_core::Position::average_entry),
            stop: bracket.stop,
            target: bracket.target,
            unrealized: position.map(|position| position.unrealized(price)),
            working: account.working(instrument),
            funding: market.funding().map(|funding| funding.rate),
            open_interest: market.open_interest().cloned(),
            last_trade: account.risk.last_trade(instrument),
            thesis: None,
            book: market.book().cloned(),
            candles,
        })
    }
}
