//! The trait that every indicator implements.

/// A streaming indicator: one input in, at most one output out.
///
/// `I` is `f64`, [`Ohlcv`](qtp_core::Ohlcv) or [`TimedOhlcv`](crate::TimedOhlcv). The trait is object safe once `I`
/// and `Output` are named: `Box<dyn Indicator<f64, Output = f64>>`.
///
/// # Contract
///
/// - **Order**: inputs arrive oldest first, one per closed candle. An output depends on the inputs so far and on
///   nothing else, so cutting the input short never changes an earlier output.
/// - **Warm-up**: `update` returns `None` for the first `warmup() - 1` inputs and `Some` from then on.
///   What waits for a session to end or an anchor to come counts as it goes: until then `warmup` is one more than the
///   inputs taken.
/// - **Peek**: `peek(x)` returns exactly, bit for bit, what `update(x)` would return, and leaves the state alone; it
///   may be called any number of times while a candle forms.
/// - **Input**: a NaN or infinite input is skipped: the state stays as it was and the call returns `None`. Magnitudes
///   above [`INPUT_LIMIT`](crate::INPUT_LIMIT) are clamped to it and those below 1e-60 count as 0, so a finite
///   input never yields NaN.
/// - **Determinism**: scalar `f64`, fixed order of operations, no fused multiply-add: the same bits on every CPU.
/// - **Cost**: amortised O(1) per update; no allocation after construction, in `peek` neither. One pass over the window
///   is what CCI, AVGDEV, PERCENTILE, PERCENTRANK, Connors' RSI, ALMA, Hurst, Ulcer and MSW take.
/// - **State**: implementations are `Serialize + DeserializeOwned`; a restored copy continues bit for bit.
///
/// # Example
///
/// ```
/// use qtp_indicators::{Indicator, average::Sma};
///
/// let mut sma = Sma::new(3)?;
/// assert_eq!(sma.update(1.0), None);
/// assert_eq!(sma.update(2.0), None);
/// assert_eq!(sma.peek(6.0), Some(3.0)); // the forming candle
/// assert_eq!(sma.update(3.0), Some(2.0)); // the closed one
/// # Ok::<(), qtp_indicators::SpecError>(())
/// ```
pub trait Indicator<I>: Send {
    /// What one update yields once warm.
    type Output;

    /// Takes the next input and returns the output for it, `None` until warm.
    fn update(&mut self, input: I) -> Option<Self::Output>;

    /// Returns what `update` would return for `input`, without taking it.
    fn peek(&self, input: I) -> Option<Self::Output>;

    /// Returns the output of the last input taken, `None` until warm.
    fn value(&self) -> Option<Self::Output>;

    /// Number of inputs until the first output, at least 1.
    fn warmup(&self) -> usize;

    /// Forgets every input, as if newly made.
    fn reset(&mut self);
}
