//! Equity, free margin and liquidation.

use qtp_core::{
    AccountKind, Decimal, ExternalCause, Instrument, Position, Price, Quantity, Rounding, Side, Timestamp,
};

use super::market::{Market, Print};
use super::venue::{Out, SimVenue};

impl SimVenue {
    /// True if the instrument's position can be liquidated.
    pub(super) fn exposed(&self, index: usize) -> bool {
        let margin = matches!(self.portfolio.kind(), AccountKind::CrossMargin | AccountKind::IsolatedMargin);
        margin
            && self.config.liquidation
            && self.markets.get(index).is_some_and(|market| !market.position.is_zero())
    }

    /// What is free to open `market` with at a price, after `closed` of its position was closed there at a fee.
    pub(super) fn available_at(
        &self,
        market: &Market,
        price: Price,
        (closed, fee_rate): (Quantity, Decimal),
    ) -> Option<Decimal> {
        let settle = market.instrument.settle;
        let mut free = self.portfolio.balance(settle);
        for other in self.markets.iter().filter(|other| other.instrument.settle == settle) {
            if other.position.is_zero() {
                continue;
            }
            let same = other.instrument.id == market.instrument.id;
            let at = if same { Some(price) } else { other.reference() }?;
            let position = self.portfolio.position(&other.instrument.id)?;
            let kept = if same { other.position.abs() - closed } else { other.position.abs() };
            free = free.checked_add(position.unrealized(at).get())?;
            free = free.checked_sub(self.locked(other, position, (at, kept))?)?;
        }
        let fee = market.instrument.notional(price, closed).get().checked_mul(fee_rate)?;
        free.checked_sub(fee)
    }

    /// What `kept` of a position locks: its value in a spot account, its initial margin elsewhere.
    fn locked(&self, market: &Market, position: &Position, (at, kept): (Price, Quantity)) -> Option<Decimal> {
        if kept.is_zero() {
            return Some(Decimal::ZERO);
        }
        let value = market.instrument.notional(at, kept).get();
        if self.isolated(market) {
            // Its margin, and its open profit or loss, stay inside it.
            let share = kept.get().checked_div(position.quantity().get().abs())?;
            let margin = isolated_margin(market, position)?;
            return margin.checked_add(position.unrealized(at).get())?.checked_mul(share);
        }
        if self.portfolio.kind() == AccountKind::Spot {
            Some(value)
        } else {
            value.checked_div(market.leverage.get())
        }
    }

    /// Margin that working orders would lock if they filled.
    pub(super) fn reserved(&self, market: &Market, side: Side) -> Decimal {
        let settle = market.instrument.settle;
        let spot = self.portfolio.kind() == AccountKind::Spot;
        let mut sum = Decimal::ZERO;
        for other in self.markets.iter().filter(|other| other.instrument.settle == settle) {
            let same = other.instrument.id == market.instrument.id;
            for order in &other.orders {
                let closes = order.side().signed(order.remaining()).signum() * other.position.signum() < 0;
                // Of two opposite entries on one instrument only one adds.
                if order.reduces_only() || closes || (same && order.side() != side) {
                    continue;
                }
                let Some(price) = order.request.kind.limit().or(other.reference()) else { continue };
                let value = other.instrument.notional(price, order.remaining()).get();
                let leverage = if spot { Decimal::ONE } else { other.leverage.get() };
                sum = sum.saturating_add(value.checked_div(leverage).unwrap_or_default());
            }
        }
        sum
    }

    /// Price at which the position would be liquidated; `None` if no price does that.
    pub fn liquidation_price(&self, instrument: &qtp_core::InstrumentId) -> Option<Price> {
        let market = self.at(instrument)?;
        if !matches!(self.portfolio.kind(), AccountKind::CrossMargin | AccountKind::IsolatedMargin) {
            return None;
        }
        self.liquidation_level(market).and_then(Result::ok)
    }

    /// `Err(())` if the position is below maintenance at any price.
    fn liquidation_level(&self, market: &Market) -> Option<Result<Price, ()>> {
        if market.position.is_zero() {
            return None;
        }
        let position = self.portfolio.position(&market.instrument.id)?;
        let backing = match self.isolated(market) {
            true => isolated_margin(market, position)?,
            false => self.cross_backing(market)?,
        };
        // backing + q*m*p - cost = |q|*m*p*maintenance, solved for p.
        let size = market.instrument.multiplier.checked_mul(position.quantity().get())?;
        let rate = maintenance(&market.instrument, position.cost().get().abs());
        let slope = size.checked_sub(size.abs().checked_mul(rate)?)?;
        let level = position.cost().get().checked_sub(backing)?.checked_div(slope)?;
        match Price::new(level) {
            Ok(price) => Some(Ok(price)),
            Err(_) if market.position.signum() > 0 => None,
            Err(_) => Some(Err(())),
        }
    }

    pub(super) fn isolated(&self, market: &Market) -> bool {
        let kind = self.portfolio.kind();
        kind == AccountKind::IsolatedMargin || (market.isolated && kind == AccountKind::CrossMargin)
    }

    /// Balance plus the other positions' open profit, less their maintenance margin.
    fn cross_backing(&self, market: &Market) -> Option<Decimal> {
        let settle = market.instrument.settle;
        let mut backing = self.portfolio.balance(settle);
        for other in self.markets.iter().filter(|other| other.instrument.settle == settle) {
            if other.position.is_zero() || other.instrument.id == market.instrument.id {
                continue;
            }
            let position = self.portfolio.position(&other.instrument.id)?;
            if self.isolated(other) {
                backing = backing.checked_sub(isolated_margin(other, position)?)?;
                continue;
            }
            let at = other.reference().or_else(|| position.average_entry())?;
            let value = position.value(at).get().abs();
            let needs = value.checked_mul(maintenance(&other.instrument, value))?;
            backing = backing.checked_add(position.unrealized(at).get())?.checked_sub(needs)?;
        }
        Some(backing)
    }

    /// Liquidates at the start of an event that opens at or past the liquidation price.
    pub(super) fn liquidate_at_start(&mut self, index: usize, print: &Print, out: &mut Out) {
        if !self.exposed(index) {
            return;
        }
        let Some(market) = self.markets.get(index) else { return };
        let long = market.position.signum() > 0;
        let tape = if long { print.sell } else { print.buy };
        let mark = market.mark_candle_for(qtp_core::TriggerSource::Mark).filter(|_| print.improves);
        let watched = match (mark, market.mark) {
            (Some(candle), _) => candle.open(),
            // Mark events are tested when they come.
            (None, Some(_)) => return,
            (None, None) => tape,
        };
        if self.is_liquidated_at(index, watched) {
            self.liquidate(index, tape, print.time, out);
        }
    }

    /// True if a mark price is at or past the liquidation price.
    pub(super) fn is_liquidated_at(&self, index: usize, mark: Price) -> bool {
        let Some(market) = self.markets.get(index) else { return false };
        let long = market.position.signum() > 0;
        match self.liquidation_level(market) {
            None => false,
            Some(Err(())) => true,
            Some(Ok(level)) => {
                if long {
                    mark <= level
                } else {
                    mark >= level
                }
            }
        }
    }

    /// Price of a liquidation inside a candle's range.
    pub(super) fn liquidation_in_range(&self, index: usize, print: &Print) -> Option<Price> {
        if !self.exposed(index) {
            return None;
        }
        let market = self.markets.get(index)?;
        let long = market.position.signum() > 0;
        let (high, low) = match (market.mark_candle_for(qtp_core::TriggerSource::Mark), market.mark) {
            (Some(candle), _) => (candle.high(), candle.low()),
            (None, Some(_)) => return None,
            (None, None) => (print.high, print.low),
        };
        if !self.is_liquidated_at(index, if long { low } else { high }) {
            return None;
        }
        let level = self.liquidation_level(market)?.unwrap_or(print.buy);
        Some(level.clamp(print.low, print.high))
    }

    /// Closes the whole position by force and cancels the instrument's orders.
    pub(super) fn liquidate(&mut self, index: usize, price: Price, time: Timestamp, out: &mut Out) {
        let Some(market) = self.markets.get(index) else { return };
        let Some(side) = Side::of(-market.position) else { return };
        let penalty = self.config.liquidation_penalty;
        let (by, rounding) = match side {
            Side::Buy => (penalty, Rounding::Up),
            Side::Sell => (-penalty, Rounding::Down),
        };
        let worse = price.shifted(by).unwrap_or(price);
        let price = market.instrument.round_price(worse, rounding).unwrap_or(worse);
        self.force(index, (price, market.position.abs()), ExternalCause::Liquidation, (time, out));
        while self.markets.get(index).is_some_and(|market| !market.orders.is_empty()) {
            self.cancel_at((index, 0), "liquidated_canceled", time, out);
        }
    }
}

/// What an isolated position has locked.
pub(super) fn isolated_margin(market: &Market, position: &Position) -> Option<Decimal> {
    position.cost().get().abs().checked_div(market.leverage.get())?.checked_add(market.extra_margin)
}

/// Maintenance margin as a share of notional; without tiers a position lives until its equity is gone.
fn maintenance(instrument: &Instrument, notional: Decimal) -> Decimal {
    let tier = instrument.margin_tier(qtp_core::Notional::from_decimal(notional));
    tier.map_or(Decimal::ZERO, |tier| tier.maintenance.get())
}
