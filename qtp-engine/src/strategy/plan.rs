//! Exit plans at work: what a position was opened for, and what closes it.

use qtp_core::{
    Bracket, Candle, Context, DocumentProblem, EntryThesis, ExitPlan, ExpressionKind, InstrumentId, Price,
    StrategyError, StrategyId, Target, Timeframe,
};
use qtp_indicators::expression::{Evaluator, EvaluatorBuilder, Facts, Handle, History};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::exits::tighter;
use super::level::{At, LevelRule};

/// A plan for one position, evaluated at every close.
#[derive(Debug)]
pub(super) struct PlanWatch {
    thesis: EntryThesis,
    /// Of the position that it is for.
    direction: i8,
    /// The position has been seen.
    opened: bool,
    invalidation: Vec<Handle>,
    trailing_stop: Option<LevelRule>,
    values: Evaluator,
}

/// A watch as it is saved.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedPlan {
    thesis: EntryThesis,
    direction: i8,
    opened: bool,
    values: Value,
}

/// What a close means for a watched position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PlanVerdict {
    /// The position it is for is not there yet.
    Waiting,
    /// It stands.
    Stands,
    /// It is to be left, for this reason.
    Leave(String),
    /// It has ended; so many closes must pass before the next one.
    Ended(u32),
}

impl PlanWatch {
    /// Watches over a position in `direction` that is about to be opened, or was opened at `entry`.
    ///
    /// # Errors
    /// A plan that cannot be followed: a name that is not known, a value that the history leaves unknown.
    pub(super) fn new(
        thesis: EntryThesis,
        (direction, entry): (i8, Option<Price>),
        timeframe: Timeframe,
        histories: &[(Timeframe, Vec<Candle>)],
    ) -> Result<Self, DocumentProblem> {
        let mut watch = Self::unwarmed(thesis, direction, timeframe)?;
        let base = histories.iter().find(|(of, _)| *of == timeframe);
        let base: History<'_> = base.map_or((timeframe, &[]), |(of, candles)| (*of, candles));
        let higher: Vec<History<'_>> =
            histories.iter().map(|(of, candles)| (*of, candles.as_slice())).collect();
        // As if the position had been opened at the last close, unless it is there already: then a cross over a value
        // of the position has something to come from, and nothing may be left unknown.
        let close = base.1.last().map_or(f64::NAN, |candle| candle.ohlcv().close);
        let entry = entry.map_or(close, Price::to_f64);
        watch.values.warm_up(base, &higher, &Facts::held(direction, entry, watch.thesis.candles, close));
        for (index, condition) in watch.invalidation.iter().enumerate() {
            if watch.values.condition(*condition).is_none() {
                let (place, problem) = (
                    format!("/invalidation/{index}"),
                    format!("its value is unknown after {} candles of history", base.1.len()),
                );
                return Err(DocumentProblem::new(place, problem));
            }
        }
        Ok(watch)
    }

    fn unwarmed(thesis: EntryThesis, direction: i8, timeframe: Timeframe) -> Result<Self, DocumentProblem> {
        let plan = &thesis.plan;
        plan.check()?;
        let mut builder = EvaluatorBuilder::new(timeframe);
        let mut invalidation = Vec::with_capacity(plan.invalidation.len());
        for (index, condition) in plan.invalidation.iter().enumerate() {
            let handle = builder.add(condition, ExpressionKind::Condition);
            let place = format!("/invalidation/{index}");
            invalidation.push(handle.map_err(|problem| problem.within(&place))?);
        }
        let trailing_stop = match &plan.trailing_stop {
            Some(level) => Some(
                LevelRule::new(&mut builder, level).map_err(|problem| problem.within("/trailing_stop"))?,
            ),
            None => None,
        };
        let values = builder.build();
        Ok(Self { thesis, direction, opened: false, invalidation, trailing_stop, values })
    }

    /// Why the position stands.
    pub(super) const fn thesis(&self) -> &EntryThesis {
        &self.thesis
    }

    /// Of the position that it is for.
    pub(super) const fn direction(&self) -> i8 {
        self.direction
    }

    /// The same watch with what `plan` adds; what it would loosen stays. `None` if it adds nothing.
    ///
    /// # Errors
    /// As [`PlanWatch::new`].
    pub(super) fn tightened(
        &self,
        plan: &ExitPlan,
        entry: Option<Price>,
        timeframe: Timeframe,
        histories: &[(Timeframe, Vec<Candle>)],
    ) -> Result<Option<Self>, DocumentProblem> {
        let mut thesis = self.thesis.clone();
        thesis.plan.tighten(plan);
        if thesis.plan == self.thesis.plan {
            return Ok(None);
        }
        let watch = Self::new(thesis, (self.direction, entry), timeframe, histories)?;
        Ok(Some(Self { opened: self.opened, ..watch }))
    }

    /// Takes a close, with the position's direction and average entry.
    pub(super) fn on_candle(&mut self, candle: &Candle, held: i8, entry: Option<Price>) -> PlanVerdict {
        let there = held != 0 && held == self.direction;
        if there {
            self.opened = true;
            self.thesis.candles = self.thesis.candles.saturating_add(1);
        }
        let close = candle.ohlcv().close;
        let facts = match entry.filter(|_| there) {
            Some(entry) => Facts::held(held, entry.to_f64(), self.thesis.candles, close),
            // Not there yet: as if it were opened at this close.
            None if !self.opened => Facts::held(self.direction, close, 0, close),
            None => Facts::FLAT,
        };
        self.values.update(&candle.ohlcv(), candle.open_time().as_nanos(), &facts);
        if !there {
            let ended = self.opened && held == 0;
            let cooldown = self.thesis.plan.cooldown_candles;
            return if ended { PlanVerdict::Ended(cooldown) } else { PlanVerdict::Waiting };
        }
        let holds = self.invalidation.iter().position(|condition| self.values.holds(*condition));
        if let Some(condition) = holds.and_then(|index| self.thesis.plan.invalidation.get(index)) {
            return PlanVerdict::Leave(format!("exit plan: {condition}"));
        }
        match self.thesis.plan.time_stop_candles {
            Some(most) if self.thesis.candles >= most => {
                PlanVerdict::Leave(format!("exit plan: {most} candles are over"))
            }
            _ => PlanVerdict::Stands,
        }
    }

    /// Draws the stop after the price.
    pub(super) fn trail(&self, instrument: &InstrumentId, candle: &Candle, context: &mut Context<'_>) {
        let Some(level) = &self.trailing_stop else { return };
        let at = At { instrument, candle, direction: self.direction, values: &self.values };
        let Some(offered) = level.stop(at, context) else { return };
        let offer = Bracket { stop: Some(offered), target: None };
        if offer.problem(self.direction, candle.close()).is_some() {
            let words = "exit plan: the trailing stop is passed";
            return context.set_target_with(instrument, Target::FLAT, Bracket::NONE, words);
        }
        let present = context.target(instrument).map(|active| active.signal.bracket).unwrap_or_default();
        let stop = tighter(self.direction, present.stop, Some(offered));
        if stop != present.stop {
            context.set_exits(instrument, Bracket { stop, target: present.target });
        }
    }

    /// The watch as it is saved; `None` if a value cannot be written.
    pub(super) fn save(&self) -> Option<SavedPlan> {
        let (thesis, values) = (self.thesis.clone(), self.values.save().ok()?);
        Some(SavedPlan { thesis, direction: self.direction, opened: self.opened, values })
    }

    /// A saved watch.
    ///
    /// # Errors
    /// [`StrategyError::Restore`] if the state does not fit.
    pub(super) fn restored(
        saved: SavedPlan,
        timeframe: Timeframe,
        strategy: &StrategyId,
    ) -> Result<Self, StrategyError> {
        let failed = |source: qtp_core::Source| StrategyError::Restore { strategy: strategy.clone(), source };
        let watch = Self::unwarmed(saved.thesis, saved.direction, timeframe);
        let mut watch = watch.map_err(|problem| failed(Box::new(problem)))?;
        watch.values.restore(&saved.values).map_err(|error| failed(Box::new(error)))?;
        Ok(Self { opened: saved.opened, ..watch })
    }
}
