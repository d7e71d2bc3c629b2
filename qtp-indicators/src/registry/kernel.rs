//! Any indicator behind one object-safe face: candle in, a row of numbers out.

use std::{fmt::Debug, marker::PhantomData};

use qtp_core::Ohlcv;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::MAX_OUTPUTS;
use crate::{Candles, Indicator, Source, TimedOhlcv, node::Admit};

/// What [`SpecIndicator`](super::SpecIndicator) drives. `out` is written in any case; a `bool` says whether with a row.
pub(crate) trait Kernel: Send + Sync + Debug {
    fn update(&mut self, candle: &Ohlcv, open_time: i64, out: &mut [f64]) -> bool;
    fn peek(&self, candle: &Ohlcv, open_time: i64, out: &mut [f64]) -> bool;
    fn value(&self, out: &mut [f64]) -> bool;
    fn warmup(&self) -> usize;
    fn reset(&mut self);
    /// Runs a fresh state over whole columns, all of one length: NaN until warm.
    fn batch(&self, candles: Candles<'_>, open_times: &[i64], out: &mut [&mut [f64]]);
    fn save(&self) -> Result<Value, serde_json::Error>;
    fn restore(&mut self, state: &Value) -> Result<(), serde_json::Error>;
    fn boxed(&self) -> Box<dyn Kernel>;
}

/// An output that spreads over columns.
pub(crate) trait Row {
    /// Writes the columns in order.
    fn write(&self, out: &mut [f64]);

    /// Writes row `i` of the columns.
    fn put(&self, out: &mut [&mut [f64]], i: usize) {
        let mut row = [f64::NAN; MAX_OUTPUTS];
        self.write(&mut row);
        for (column, value) in out.iter_mut().zip(row) {
            column[i] = value;
        }
    }
}

impl Row for f64 {
    #[inline]
    fn write(&self, out: &mut [f64]) {
        if let [slot, ..] = out {
            *slot = *self;
        }
    }

    fn put(&self, out: &mut [&mut [f64]], i: usize) {
        if let [column, ..] = out {
            column[i] = *self;
        }
    }
}

impl<const N: usize> Row for [f64; N] {
    #[inline]
    fn write(&self, out: &mut [f64]) {
        fill(out, self);
    }

    fn put(&self, out: &mut [&mut [f64]], i: usize) {
        for (column, value) in out.iter_mut().zip(self) {
            column[i] = *value;
        }
    }
}

impl Row for (f64, f64) {
    fn write(&self, out: &mut [f64]) {
        fill(out, &[self.0, self.1]);
    }
}

impl Row for Ohlcv {
    fn write(&self, out: &mut [f64]) {
        fill(out, &[self.open, self.high, self.low, self.close, self.volume]);
    }
}

/// Copies as many columns as both sides have.
#[inline]
pub(crate) fn fill<const N: usize>(out: &mut [f64], row: &[f64; N]) {
    if let Some(out) = out.first_chunk_mut() {
        *out = *row;
        return;
    }
    for (to, from) in out.iter_mut().zip(row) {
        *to = *from;
    }
}

/// An indicator over whole candles.
pub(crate) fn candles<T>(indicator: T) -> Box<dyn Kernel>
where
    T: Indicator<Ohlcv, Output: Row> + State,
{
    Box::new(Adapter { indicator, source: Source::Close, sweep: None, input: PhantomData::<fn(Ohlcv)> })
}

/// An indicator over whole candles that has a faster way through whole columns.
pub(crate) fn swept_candles<T>(indicator: T, sweep: Sweep<T>) -> Box<dyn Kernel>
where
    T: Indicator<Ohlcv, Output: Row> + State,
{
    let sweep = Some(sweep);
    Box::new(Adapter { indicator, source: Source::Close, sweep, input: PhantomData::<fn(Ohlcv)> })
}

/// Runs an indicator over whole columns from its beginning, whatever it has seen.
pub(crate) type Sweep<T> = fn(&T, Candles<'_>, &mut [&mut [f64]]);

/// An indicator over candles that needs their open times.
pub(crate) fn timed_candles<T>(indicator: T) -> Box<dyn Kernel>
where
    T: Indicator<TimedOhlcv, Output: Row> + State,
{
    Box::new(Adapter { indicator, source: Source::Close, sweep: None, input: PhantomData::<fn(TimedOhlcv)> })
}

/// What the state of an indicator must offer to be run from a spec.
pub(crate) trait State: Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static> State for T {}

/// How an input type is read from a candle.
trait Input: Debug + 'static {
    fn read(candle: &Ohlcv, open_time: i64, source: Source) -> Self;
}

impl Input for f64 {
    fn read(candle: &Ohlcv, _: i64, source: Source) -> Self {
        source.read(candle)
    }
}

impl Input for Ohlcv {
    fn read(candle: &Ohlcv, _: i64, _: Source) -> Self {
        *candle
    }
}

impl Input for TimedOhlcv {
    fn read(candle: &Ohlcv, open_time: i64, _: Source) -> Self {
        Self { open_time, ohlcv: *candle }
    }
}

/// Writes the row, NaN where there is none.
fn write<R: Row>(row: Option<R>, out: &mut [f64]) -> bool {
    match &row {
        Some(row) => row.write(out),
        None => out.fill(f64::NAN),
    }
    row.is_some()
}

#[derive(Debug, Clone)]
struct Adapter<T, I> {
    indicator: T,
    source: Source,
    sweep: Option<Sweep<T>>,
    input: PhantomData<fn(I)>,
}

impl<T, I> Kernel for Adapter<T, I>
where
    T: Indicator<I, Output: Row> + State,
    I: Input,
{
    fn update(&mut self, candle: &Ohlcv, open_time: i64, out: &mut [f64]) -> bool {
        write(self.indicator.update(I::read(candle, open_time, self.source)), out)
    }

    fn peek(&self, candle: &Ohlcv, open_time: i64, out: &mut [f64]) -> bool {
        write(self.indicator.peek(I::read(candle, open_time, self.source)), out)
    }

    fn value(&self, out: &mut [f64]) -> bool {
        write(self.indicator.value(), out)
    }

    fn warmup(&self) -> usize {
        self.indicator.warmup()
    }

    fn reset(&mut self) {
        self.indicator.reset();
    }

    fn batch(&self, candles: Candles<'_>, open_times: &[i64], out: &mut [&mut [f64]]) {
        if let Some(sweep) = self.sweep {
            return sweep(&self.indicator, candles, out);
        }
        let mut indicator = self.indicator.clone();
        indicator.reset();
        for (i, open_time) in open_times.iter().enumerate() {
            let candle = <Ohlcv as Admit>::at(candles, i);
            match indicator.update(I::read(&candle, *open_time, self.source)) {
                Some(row) => row.put(out, i),
                None => out.iter_mut().for_each(|column| column[i] = f64::NAN),
            }
        }
    }

    fn save(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(&self.indicator)
    }

    fn restore(&mut self, state: &Value) -> Result<(), serde_json::Error> {
        self.indicator = T::deserialize(state)?;
        Ok(())
    }

    fn boxed(&self) -> Box<dyn Kernel> {
        let (indicator, source, sweep) = (self.indicator.clone(), self.source, self.sweep);
        Box::new(Self { indicator, source, sweep, input: PhantomData })
    }
}
