//! Whole series at once, into the caller's buffers.

use qtp_core::Ohlcv;

use crate::{Candles, Indicator, Spec, SpecError, node::same_length};

/// Runs `indicator` over `input` from its present state; `out[i]` is the output of `input[i]`, NaN until warm.
///
/// The numbers are those of the streaming form, bit for bit.
///
/// # Errors
///
/// [`SpecError::BufferLength`] if `out` is not as long as `input`.
///
/// ```
/// use qtp_indicators::{average::Sma, batch};
///
/// let mut out = [0.0; 4];
/// batch(&mut Sma::new(2)?, &[1.0, 2.0, 3.0, 5.0], &mut out)?;
/// assert!(out[0].is_nan());
/// assert_eq!(out[1..], [1.5, 2.5, 4.0]);
/// # Ok::<(), qtp_indicators::SpecError>(())
/// ```
pub fn batch<I, T>(indicator: &mut T, input: &[I], out: &mut [f64]) -> Result<(), SpecError>
where
    I: Copy,
    T: Indicator<I, Output = f64>,
{
    same_length("out", input.len(), out.len())?;
    for (slot, x) in out.iter_mut().zip(input) {
        *slot = indicator.update(*x).unwrap_or(f64::NAN);
    }
    Ok(())
}

/// Runs a spec over candles by its batch form; `columns[c][i]` is column `c` at candle `i`, NaN until warm.
///
/// `open_times` are in nanoseconds since 1970-01-01 UTC, one per candle.
///
/// # Errors
///
/// [`SpecError::BufferLength`] if the lengths do not agree, and what [`Spec::build`] gives.
///
/// ```
/// use qtp_core::Ohlcv;
/// use qtp_indicators::{Spec, batch_spec};
///
/// let candles = [1.0, 3.0].map(|close| Ohlcv { close, ..Ohlcv::default() });
/// let mut column = [0.0; 2];
/// batch_spec(&"sma(2)".parse::<Spec>()?, &candles, &[0, 60_000_000_000], &mut [&mut column])?;
/// assert_eq!(column[1], 2.0);
/// # Ok::<(), qtp_indicators::SpecError>(())
/// ```
pub fn batch_spec(
    spec: &Spec,
    candles: &[Ohlcv],
    open_times: &[i64],
    columns: &mut [&mut [f64]],
) -> Result<(), SpecError> {
    let indicator = spec.build()?;
    let column = |read: fn(&Ohlcv) -> f64| candles.iter().map(read).collect::<Vec<f64>>();
    let (open, high, low) = (column(|c| c.open), column(|c| c.high), column(|c| c.low));
    let (close, volume) = (column(|c| c.close), column(|c| c.volume));
    indicator.batch(Candles::new(&open, &high, &low, &close, &volume)?, open_times, columns)
}
