//! Gathers exact prices and volumes into the candles of a grid; what is missing or late follows a policy.

use qtp_core::{Candle, CandleParts, InstrumentId, Price, Quantity, Timeframe, Timestamp};
use serde::{Deserialize, Serialize};

use super::grid::{Alignment, Bucket, Grid};
use crate::SpecError;

/// Candles that one gap may be filled with; a longer one is an error.
const MAX_FILL: usize = 100_000;

/// What to do where data is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GapPolicy {
    /// Refuse the input after the gap with [`SpecError::Gap`].
    Error,
    /// Go on without the missing candles, and count the gap.
    Skip,
    /// Make each missing candle from the last close with volume 0, and count them; above 100,000 is an error.
    Fill,
}

/// What to do with data that comes too late, or lies outside the sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LatePolicy {
    /// Refuse it with [`SpecError::Late`] or [`SpecError::Input`].
    Error,
    /// Leave it out, and count it.
    Skip,
}

/// Both policies. There is no default: whoever resamples decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResamplePolicy {
    /// Missing data.
    pub gap: GapPolicy,
    /// Late data and data outside the sessions.
    pub late: LatePolicy,
}

impl ResamplePolicy {
    /// Everything irregular is an error.
    pub const STRICT: Self = Self { gap: GapPolicy::Error, late: LatePolicy::Error };
}

/// How much was skipped or filled so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ResampleCounts {
    /// Gaps that were passed over, filled or not.
    pub gaps: u64,
    /// Candles made to fill gaps.
    pub filled: u64,
    /// Late inputs that were left out.
    pub late: u64,
    /// Inputs outside the sessions that were left out.
    pub outside: u64,
}

/// A finished candle and what it was made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resampled {
    /// The candle.
    pub candle: Candle,
    /// How many inputs it holds; 0 for one that fills a gap.
    pub inputs: u64,
}

/// One input: a candle over its span, or a trade at an instant (`to` = `from`).
#[derive(Debug, Clone, Copy)]
pub(super) struct Input {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) open: Price,
    pub(super) high: Price,
    pub(super) low: Price,
    pub(super) close: Price,
    pub(super) volume: Quantity,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Forming {
    bucket: Bucket,
    open: Price,
    high: Price,
    low: Price,
    close: Price,
    volume: Quantity,
    inputs: u64,
}

/// The candle that forms, and how far the data reaches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Gather {
    grid: Grid,
    timeframe: Timeframe,
    policy: ResamplePolicy,
    instrument: Option<InstrumentId>,
    state: State,
}

/// What inputs change: small, so that an input which is refused half-way leaves no trace.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct State {
    forming: Option<Forming>,
    /// Everything before this instant has been seen or given up.
    reached: Option<i64>,
    last: Option<Price>,
    counts: ResampleCounts,
}

impl Gather {
    pub(super) fn new(
        timeframe: Timeframe,
        alignment: Alignment,
        policy: ResamplePolicy,
    ) -> Result<Self, SpecError> {
        let grid = Grid::new(alignment, timeframe)?;
        Ok(Self { grid, timeframe, policy, instrument: None, state: State::default() })
    }

    pub(super) fn counts(&self) -> ResampleCounts {
        self.state.counts
    }

    pub(super) fn forming(&self) -> Option<Resampled> {
        self.state.forming.as_ref().and_then(|forming| self.candle(forming).ok())
    }

    /// Takes an input, or refuses it and stays as it was. Returns the candles that it finishes.
    pub(super) fn take(
        &mut self,
        instrument: &InstrumentId,
        input: Input,
    ) -> Result<Vec<Resampled>, SpecError> {
        if self.instrument.as_ref().is_some_and(|known| known != instrument) {
            return Err(SpecError::Input { reason: format!("`{instrument}` is another instrument") });
        }
        if let Some(reached) = self.state.reached.filter(|reached| input.from < *reached) {
            return self.late(SpecError::Late { time: input.from, reached }, |counts| counts.late += 1);
        }
        let Some(bucket) = self.grid.bucket(input.from) else {
            let reason = format!("{} is outside the sessions", Timestamp::from_nanos(input.from));
            return self.late(SpecError::Input { reason }, |counts| counts.outside += 1);
        };
        if input.to > bucket.1 {
            let at = Timestamp::from_nanos(input.from);
            let reason = format!("the candle at {at} does not fit into one of {}", self.timeframe);
            return Err(SpecError::Input { reason });
        }
        if self.instrument.is_none() {
            self.instrument = Some(instrument.clone());
        }
        let trade = input.from == input.to;
        let gap = self.gap(if trade { bucket.0 } else { input.from }, trade);
        let mut next = self.state;
        let mut out = self.move_on(&mut next, bucket, gap)?;
        next.merge(bucket, &input);
        if input.to == bucket.1 {
            out.extend(self.close(&mut next)?);
        }
        self.state = next;
        Ok(out)
    }

    /// Gives up waiting for data before `now`, which closes the candle that ends then or earlier.
    pub(super) fn advance(&mut self, now: i64) -> Result<Vec<Resampled>, SpecError> {
        let (Some(reached), Some(bucket)) = (self.state.reached, self.grid.bucket(now)) else {
            return Ok(Vec::new());
        };
        if now <= reached {
            return Ok(Vec::new());
        }
        let mut next = self.state;
        let out = self.move_on(&mut next, bucket, self.gap(bucket.0, true))?;
        next.reached = Some(now);
        self.state = next;
        Ok(out)
    }

    /// Closes the candle that forms, complete or not.
    pub(super) fn finish(&mut self) -> Result<Option<Resampled>, SpecError> {
        let mut next = self.state;
        let done = self.close(&mut next)?;
        self.state = next;
        Ok(done)
    }

    fn close(&self, state: &mut State) -> Result<Option<Resampled>, SpecError> {
        let Some(forming) = state.forming.take() else { return Ok(None) };
        state.last = Some(forming.close);
        // What comes later for this candle is late.
        state.reached = state.reached.max(Some(forming.bucket.1));
        self.candle(&forming).map(Some)
    }

    fn late(
        &mut self,
        error: SpecError,
        count: impl Fn(&mut ResampleCounts),
    ) -> Result<Vec<Resampled>, SpecError> {
        if self.policy.late == LatePolicy::Error {
            return Err(error);
        }
        count(&mut self.state.counts);
        Ok(Vec::new())
    }

    /// The gap between what is known and data that starts at `from`. Trades leave gaps of whole candles only.
    fn gap(&self, from: i64, whole: bool) -> Option<Bucket> {
        let known = match (&self.state.forming, whole) {
            (Some(forming), true) => forming.bucket.1,
            _ => self.state.reached?,
        };
        let expected = self.grid.expected(known)?;
        (expected < from).then_some((expected, from))
    }

    /// Closes what forms if the next data is in another candle, and fills the candles between.
    fn move_on(
        &self,
        state: &mut State,
        bucket: Bucket,
        gap: Option<Bucket>,
    ) -> Result<Vec<Resampled>, SpecError> {
        let mut out = Vec::new();
        if let Some((from, to)) = gap {
            if self.policy.gap == GapPolicy::Error {
                return Err(SpecError::Gap { from, to });
            }
            state.counts.gaps += 1;
        }
        if state.forming.is_some_and(|forming| forming.bucket == bucket) {
            return Ok(out);
        }
        let mut at = state.forming.map(|forming| forming.bucket.1).or(state.reached);
        out.extend(self.close(state)?);
        if self.policy.gap != GapPolicy::Fill {
            return Ok(out);
        }
        while let Some(missing) = at.and_then(|at| self.grid.expected(at)).and_then(|at| self.grid.bucket(at))
        {
            let Some(price) = state.last.filter(|_| missing.0 < bucket.0) else { break };
            if out.len() > MAX_FILL {
                return Err(SpecError::Gap { from: missing.0, to: bucket.0 });
            }
            let (open, high, low, close) = (price, price, price, price);
            let volume = Quantity::ZERO;
            out.push(self.candle(&Forming { bucket: missing, open, high, low, close, volume, inputs: 0 })?);
            state.counts.filled += 1;
            at = Some(missing.1);
        }
        Ok(out)
    }

    fn candle(&self, forming: &Forming) -> Result<Resampled, SpecError> {
        let refused = |reason: String| SpecError::Input { reason };
        let instrument = self.instrument.clone().ok_or_else(|| refused("no instrument yet".to_owned()))?;
        let candle = Candle::new(CandleParts {
            instrument,
            timeframe: self.timeframe,
            open_time: Timestamp::from_nanos(forming.bucket.0),
            open: forming.open,
            high: forming.high,
            low: forming.low,
            close: forming.close,
            volume: forming.volume,
        });
        Ok(Resampled { candle: candle.map_err(|error| refused(error.to_string()))?, inputs: forming.inputs })
    }
}

impl State {
    fn merge(&mut self, bucket: Bucket, input: &Input) {
        let mut forming = self.forming.unwrap_or(Forming {
            bucket,
            open: input.open,
            high: input.high,
            low: input.low,
            close: input.close,
            volume: Quantity::ZERO,
            inputs: 0,
        });
        forming.high = forming.high.max(input.high);
        forming.low = forming.low.min(input.low);
        forming.close = input.close;
        forming.volume += input.volume;
        forming.inputs += 1;
        self.forming = Some(forming);
        self.reached = Some(input.to);
    }
}
