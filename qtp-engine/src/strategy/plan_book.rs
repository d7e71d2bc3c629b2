//! The exit plans of all assets of a strategy, and how long each rests after a position.

use std::collections::BTreeMap;

use qtp_core::{
    Bracket, Candle, Context, DocumentProblem, EntryThesis, ExitPlan, InstrumentId, Position, Reason,
    StrategyError, StrategyId, Target, Timeframe,
};
use serde::{Deserialize, Serialize};

use super::plan::{PlanVerdict, PlanWatch, SavedPlan};

/// Plans by asset, followed at every close of the shortest candles.
#[derive(Debug)]
pub(super) struct PlanBook {
    /// Candles that plans count and are evaluated on.
    timeframe: Timeframe,
    /// Candles that the history of an asset holds.
    timeframes: Vec<Timeframe>,
    watches: BTreeMap<InstrumentId, PlanWatch>,
    rests: BTreeMap<InstrumentId, u32>,
}

/// A book as it is saved.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SavedPlans {
    watches: BTreeMap<InstrumentId, SavedPlan>,
    rests: BTreeMap<InstrumentId, u32>,
}

impl PlanBook {
    pub(super) fn new(timeframes: &[Timeframe]) -> Self {
        let timeframe = timeframes.iter().min().copied().unwrap_or(Timeframe::M1);
        let timeframes = timeframes.to_vec();
        Self { timeframe, timeframes, watches: BTreeMap::new(), rests: BTreeMap::new() }
    }

    /// Follows the plan of a candle's asset.
    pub(super) fn on_candle(&mut self, candle: &Candle, context: &mut Context<'_>) {
        let instrument = candle.instrument();
        if candle.timeframe() != self.timeframe {
            return;
        }
        if let Some(left) = self.rests.get_mut(instrument) {
            *left = left.saturating_sub(1);
        }
        self.rests.retain(|_, left| *left > 0);
        let Some(watch) = self.watches.get_mut(instrument) else { return };
        let position = context.position_detail(instrument);
        let held = position.map_or(0, |position| position.quantity().signum());
        match watch.on_candle(candle, held, position.and_then(Position::average_entry)) {
            PlanVerdict::Waiting => {}
            PlanVerdict::Stands => watch.trail(instrument, candle, context),
            PlanVerdict::Leave(why) => {
                context.set_target_with(instrument, Target::FLAT, Bracket::NONE, &why);
            }
            PlanVerdict::Ended(cooldown) => {
                self.watches.remove(instrument);
                if cooldown > 0 {
                    self.rests.insert(instrument.clone(), cooldown);
                }
            }
        }
    }

    /// Why the open positions were opened.
    pub(super) fn theses(&self, context: &Context<'_>) -> Vec<(InstrumentId, EntryThesis)> {
        let open = |(instrument, watch): (&InstrumentId, &PlanWatch)| {
            let held = context.position(instrument).signum();
            (held == watch.direction()).then(|| (instrument.clone(), watch.thesis().clone()))
        };
        self.watches.iter().filter_map(open).collect()
    }

    /// Why no position may be opened in an asset now.
    pub(super) fn resting(&self, instrument: &InstrumentId) -> Option<Reason> {
        let left = self.rests.get(instrument)?;
        Some(Reason::new("cooldown", format!("{left} more candles after the last position")))
    }

    /// True if the present position's plan asks for a pause behind it, so that it cannot be turned around at once.
    pub(super) fn asks_for_a_pause(&self, instrument: &InstrumentId) -> bool {
        self.watches.get(instrument).is_some_and(|watch| watch.thesis().plan.cooldown_candles > 0)
    }

    /// Watches over a position that is about to be opened.
    ///
    /// # Errors
    /// A plan that cannot be followed: then the position must not be opened.
    pub(super) fn open(
        &mut self,
        instrument: &InstrumentId,
        (thesis, direction): (EntryThesis, i8),
        context: &Context<'_>,
    ) -> Result<(), Reason> {
        let histories = self.histories(instrument, context);
        let watch = PlanWatch::new(thesis, (direction, None), self.timeframe, &histories).map_err(void)?;
        self.watches.insert(instrument.clone(), watch);
        Ok(())
    }

    /// Adds to the plan of a position that stays.
    ///
    /// # Errors
    /// A plan that cannot be followed: the old one stays.
    pub(super) fn tighten(
        &mut self,
        instrument: &InstrumentId,
        plan: &ExitPlan,
        context: &Context<'_>,
    ) -> Result<(), Reason> {
        let histories = self.histories(instrument, context);
        let Some(watch) = self.watches.get_mut(instrument) else { return Ok(()) };
        let entry = context.position_detail(instrument).and_then(Position::average_entry);
        if let Some(tighter) = watch.tightened(plan, entry, self.timeframe, &histories).map_err(void)? {
            *watch = tighter;
        }
        Ok(())
    }

    fn histories(&self, instrument: &InstrumentId, context: &Context<'_>) -> Vec<(Timeframe, Vec<Candle>)> {
        let Some(market) = context.market(instrument) else { return Vec::new() };
        let series = |timeframe: &Timeframe| {
            Some((*timeframe, market.series(*timeframe)?.candles().iter().cloned().collect()))
        };
        self.timeframes.iter().filter_map(series).collect()
    }

    pub(super) fn save(&self) -> Option<SavedPlans> {
        let saved = |(instrument, watch): (&InstrumentId, &PlanWatch)| {
            watch.save().map(|saved| (instrument.clone(), saved))
        };
        let watches = self.watches.iter().map(saved).collect::<Option<_>>()?;
        Some(SavedPlans { watches, rests: self.rests.clone() })
    }

    /// Takes a saved book over.
    ///
    /// # Errors
    /// [`StrategyError::Restore`] if the state does not fit.
    pub(super) fn restore(&mut self, saved: SavedPlans, strategy: &StrategyId) -> Result<(), StrategyError> {
        let mut watches = BTreeMap::new();
        for (instrument, saved) in saved.watches {
            watches.insert(instrument, PlanWatch::restored(saved, self.timeframe, strategy)?);
        }
        (self.watches, self.rests) = (watches, saved.rests);
        Ok(())
    }
}

fn void(problem: DocumentProblem) -> Reason {
    Reason::new("plan_void", problem.to_string())
}
