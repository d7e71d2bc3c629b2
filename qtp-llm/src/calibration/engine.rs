//! Size by confidence, once the record allows it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use qtp_core::money::{Notional, Ratio};
use qtp_core::port::DecisionEngine;
use qtp_core::{Decimal, Decision, DecisionAction, DecisionError, DecisionRequest, Reason, TradeDecision};

use super::{Forecast, Isotonic, Reliability};
use crate::error::LlmError;
use crate::log::CallBook;
use crate::settings::CalibrationSettings;
use crate::track::TrackRecord;

/// Whose advice is recorded.
const SEAT: &str = "decide";
/// Digits of a probability.
const DIGITS: u32 = 4;

/// Keeps the record of an engine's entries. Once it holds enough of them and shows skill, the conviction of an entry
/// becomes the probability that the record speaks for, and the cap on its notional shrinks in proportion: the size that
/// the risk share allows, times that probability. Before that, nothing changes. It never enlarges anything.
pub(crate) struct Calibrated {
    inner: Arc<dyn DecisionEngine>,
    settings: CalibrationSettings,
    record: Mutex<TrackRecord>,
    book: Arc<CallBook>,
}

impl Calibrated {
    pub(crate) fn new(
        inner: Arc<dyn DecisionEngine>,
        settings: CalibrationSettings,
        record: Option<&Path>,
        book: Arc<CallBook>,
    ) -> Result<Self, LlmError> {
        Ok(Self { inner, settings, record: Mutex::new(TrackRecord::open(record)?), book })
    }

    /// The fit, if the record is long enough and has skill under it.
    fn fit(&self, record: &TrackRecord) -> Option<Isotonic> {
        let own = record.closed().iter().filter(|trade| trade.seat == SEAT);
        let forecasts: Vec<Forecast> =
            own.map(|trade| Forecast { stated: trade.conviction, happened: trade.right }).collect();
        fit(&forecasts, self.settings.min_trades)
    }

    fn scale(&self, request: &DecisionRequest, trade: &mut TradeDecision, fit: &Isotonic) {
        if !matches!(trade.action, DecisionAction::Buy | DecisionAction::Sell) {
            return;
        }
        let stated = trade.conviction;
        let Some(probability) = fit.apply(stated.to_f64()).and_then(ratio) else { return };
        let Some(cap) = self.cap(request, trade, probability) else { return };
        trade.conviction = probability;
        trade.allocation = Some(trade.allocation.map_or(cap, |own| own.min(cap)));
        let words =
            format!("{}: conviction {stated} is a probability of {probability}", trade.instrument.base());
        self.book.find(request.id, Reason::new("calibrated", words));
    }

    /// What the risk share allows at the stop, times the probability.
    fn cap(&self, request: &DecisionRequest, trade: &TradeDecision, probability: Ratio) -> Option<Notional> {
        let price = request.asset(&trade.instrument)?.price.get();
        let distance = (price - trade.stop?.get()).abs();
        let risk = request.equity?.get().checked_mul(self.settings.risk_per_trade.get())?;
        let full = risk.checked_mul(price)?.checked_div(distance)?;
        Some(Notional::from_decimal(full.checked_mul(probability.get())?.round_dp(2)))
    }
}

/// The fit of forecasts, if they are enough and it beats the base rate on the later half when fitted on the earlier one.
pub(crate) fn fit(forecasts: &[Forecast], least: usize) -> Option<Isotonic> {
    if forecasts.len() < least.max(2) {
        return None;
    }
    let (earlier, later) = forecasts.split_at(forecasts.len() / 2);
    let trial = Isotonic::fit(earlier);
    let apply = |f: &Forecast| Forecast { stated: trial.apply(f.stated).unwrap_or(0.5), ..*f };
    let judged: Vec<Forecast> = later.iter().map(apply).collect();
    Reliability::of(&judged).has_skill().then(|| Isotonic::fit(forecasts))
}

fn ratio(value: f64) -> Option<Ratio> {
    let value = Decimal::try_from(value.clamp(0.0, 1.0)).ok()?;
    Ratio::new(value.round_dp(DIGITS)).ok()
}

#[async_trait]
impl DecisionEngine for Calibrated {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn decide(&self, request: &DecisionRequest) -> Result<Decision, DecisionError> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner).observe(request);
        let mut decision = self.inner.decide(request).await?;
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        // The record is of what was stated, not of what was made of it.
        record.advise(SEAT, request, &decision);
        if let Some(fit) = self.fit(&record) {
            decision.trades.iter_mut().for_each(|trade| self.scale(request, trade, &fit));
        }
        Ok(decision)
    }
}
