//! What the bot says on the terminal.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};
use qtp_core::{
    Command, Decision, DecisionAction, DecisionResult, Event, EventRecord, Fill, InstrumentId, Notice,
    OrderRole, Timestamp,
};
use qtp_engine::Engine;
use qtp_engine::driver::Recorder;
use qtp_engine::stats::RoundTrip;

use crate::exit::Failure;

/// Tells the story of a run, one line an event, with a status line below on a terminal.
pub(super) struct Narrator {
    status: Option<ProgressBar>,
    last_status: Timestamp,
    trips: u64,
    /// Why each asset was held when that was last told.
    holds: BTreeMap<InstrumentId, String>,
    /// While a run goes through its past nothing is told twice.
    pub(super) silent: bool,
}

impl Narrator {
    pub(super) fn new() -> Result<Self, Failure> {
        let status = if std::io::stdout().is_terminal() && std::io::stderr().is_terminal() {
            let style = ProgressStyle::with_template("{msg}")?;
            Some(ProgressBar::new_spinner().with_style(style))
        } else {
            None
        };
        Ok(Self { status, last_status: Timestamp::EPOCH, trips: 0, holds: BTreeMap::new(), silent: false })
    }

    pub(super) fn line(&self, text: &str) {
        if self.silent {
            return;
        }
        match &self.status {
            Some(bar) => bar.suspend(|| say!("{text}")),
            None => say!("{text}"),
        }
    }

    /// What was told before a restart is not told again.
    pub(super) const fn skip_trips(&mut self, recorder: &Recorder) {
        self.trips = recorder.ledger().totals().round_trips;
    }

    /// Takes the status line away.
    pub(super) fn finish(&mut self) {
        if let Some(bar) = self.status.take() {
            bar.finish_and_clear();
        }
    }

    pub(super) fn on_event(&mut self, record: &EventRecord, recorder: &Recorder) {
        let time = clock(record.receive_time);
        match &record.event {
            Event::Decision(outcome) => match &outcome.result {
                DecisionResult::Decided(decision) => self.decision(&time, decision),
                DecisionResult::Hold(reason) => self.line(&format!("{time}  hold all   {reason}")),
            },
            Event::Fill(fill) => self.fill(&time, fill, recorder),
            Event::Funding(payment) => {
                let verb = if payment.amount.value.is_sign_negative() { "paid" } else { "received" };
                let amount = payment.amount.value.abs().round_dp(4);
                self.line(&format!("{time}  funding    {:<5} {verb} {amount}", payment.instrument.base()));
            }
            Event::Operator(action) => self.line(&format!("{time}  operator   {action:?}")),
            _ => {}
        }
    }

    /// A hold is told once for as long as its reason stays the same.
    fn decision(&mut self, time: &str, decision: &Decision) {
        for trade in &decision.trades {
            let last = match trade.action {
                DecisionAction::Hold => self.holds.insert(trade.instrument.clone(), trade.rationale.clone()),
                _ => self.holds.remove(&trade.instrument),
            };
            if trade.action == DecisionAction::Hold && last.as_ref() == Some(&trade.rationale) {
                continue;
            }
            let action = match trade.action {
                DecisionAction::Buy => "BUY",
                DecisionAction::Sell => "SELL",
                DecisionAction::Close => "CLOSE",
                DecisionAction::Reduce => "REDUCE",
                DecisionAction::Hold => "hold",
            };
            let level = |name: &str, price: Option<qtp_core::Price>| {
                price.map_or_else(String::new, |price| format!("  {name} {price}"))
            };
            let (stop, target) = (level("stop", trade.stop), level("target", trade.target));
            let (asset, why) = (trade.instrument.base(), &trade.rationale);
            self.line(&format!("{time}  {action:<6}     {asset:<5}{stop}{target}  {why}"));
        }
    }

    fn fill(&mut self, time: &str, fill: &Fill, recorder: &Recorder) {
        let verb = fill.side.as_str();
        let (asset, fee) = (fill.instrument.base(), fill.fee.value.round_dp(4));
        let external = fill.external.map_or_else(String::new, |cause| format!("  {cause:?}"));
        let (quantity, price) = (fill.quantity, fill.price);
        self.line(&format!(
            "{time}  fill       {asset:<5} {verb} {quantity} at {price}  fee {fee}{external}"
        ));
        let trips = recorder.ledger().totals().round_trips;
        if trips > self.trips {
            self.trips = trips;
            if let Some(trip) = recorder.ledger().trips().last() {
                self.trip(time, trip);
            }
        }
    }

    fn trip(&self, time: &str, trip: &RoundTrip) {
        let round = |value: qtp_core::Notional| value.get().round_dp(2);
        let (asset, side) = (trip.instrument.base(), trip.side.as_str());
        let (net, gross, fees, funding) =
            (round(trip.net), round(trip.gross), round(trip.fees), round(trip.funding));
        let result = if trip.is_win() { "won" } else { "lost" };
        self.line(&format!(
            "{time}  {result:<4}       {asset:<5} {side}: net {net} = price {gross} - fees {fees} + funding {funding}"
        ));
    }

    pub(super) fn on_command(&self, command: &Command, engine: &Engine) {
        let time = clock(engine.state().now);
        match command {
            Command::Publish(notice) => self.notice(&time, notice),
            Command::Submit(group) => {
                let order = group.get().first();
                if order.role == OrderRole::Entry {
                    let (verb, asset) = (order.side.as_str(), order.instrument.base());
                    self.line(&format!("{time}  order      {asset:<5} {verb} {}", order.quantity));
                }
            }
            _ => {}
        }
    }

    fn notice(&self, time: &str, notice: &Notice) {
        let text = match notice {
            Notice::Sized { instrument, wanted, quantity, capped_by } => {
                let cap =
                    capped_by.as_ref().map_or_else(String::new, |reason| format!(", capped by {reason}"));
                format!("sized      {:<5} risk allows {wanted}, asking {quantity}{cap}", instrument.base())
            }
            Notice::Reduced { instrument, from, to, reason, .. } => {
                format!("reduced    {:<5} {from} to {to} by {reason}", instrument.base())
            }
            Notice::Denied { instrument, quantity, reason } => {
                format!("DENIED     {:<5} {quantity} by {reason}", instrument.base())
            }
            Notice::Void { instrument, reason } => format!("void       {:<5} {reason}", instrument.base()),
            Notice::Proposed(proposal) => {
                let (id, asset) = (proposal.id, proposal.signal.instrument.base());
                let target = &proposal.signal.target;
                format!(
                    "PROPOSAL {id} {asset:<5} {target:?} until {}: botctl approve {id}",
                    clock(proposal.expires)
                )
            }
            Notice::ProposalEnded { id, outcome } => format!("proposal {id} {outcome}"),
            Notice::Halted { scope, reason } => format!("HALTED     {scope}: {reason}"),
            Notice::Resumed { scope } => format!("resumed    {scope}"),
            Notice::StopResting { instrument, stop, delay_ms } => {
                format!("stop       {:<5} rests at {stop}, {delay_ms} ms after the fill", instrument.base())
            }
            Notice::Alert(reason) => format!("ALERT      {reason}"),
            Notice::Said { strategy, text } => format!("{strategy}: {text}"),
            _ => return,
        };
        self.line(&format!("{time}  {text}"));
    }

    /// Shows where the account stands: on a terminal at every step, else every simulated hours.
    pub(super) fn status(
        &mut self,
        engine: &Engine,
        recorder: &Recorder,
        next: Timestamp,
        speed: Option<u32>,
    ) {
        const QUIET: std::time::Duration = std::time::Duration::from_secs(6 * 3600);
        let now = engine.state().now;
        if self.silent || (self.status.is_none() && now.since(self.last_status) < QUIET) {
            return;
        }
        let Some(equity) = recorder.equity() else { return };
        self.last_status = now;
        let account = engine.state().accounts.first().map(|account| account.portfolio.account());
        let worth =
            account.and_then(|account| engine.equity(account)).map_or(f64::NAN, |worth| worth.to_f64());
        let change = (worth / equity.initial() - 1.0) * 100.0;
        let hold = equity.buy_and_hold_return().unwrap_or(0.0) * 100.0;
        let fees = recorder.ledger().fees().to_f64();
        let naked = recorder.naked_time(engine).as_secs_f64();
        let speed = speed.map_or_else(|| "max".to_owned(), |speed| format!("{speed}x"));
        let text = format!(
            "{now}  {speed}  SYNTHETIC  equity {worth:.2} ({change:+.2} %)  hold {hold:+.2} %  fees {fees:.2}  naked {naked:.1} s  \
             next decision {}",
            next.time_of_day(),
        );
        match &self.status {
            Some(bar) => bar.set_message(text),
            None => say!("-- {text}"),
        }
    }
}

fn clock(time: Timestamp) -> String {
    let (_, month, day) = time.date();
    format!("{month:02}-{day:02} {}", time.time_of_day())
}
