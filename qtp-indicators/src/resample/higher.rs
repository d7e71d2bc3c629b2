//! A spec of a higher timeframe over the columns of a lower one.

use qtp_core::Timeframe;

use super::{Alignment, grid::Grid};
use crate::{Candles, SpecError, SpecIndicator};

/// Columns of higher candles, and when each of them ends.
#[derive(Debug, Default)]
struct Higher {
    starts: Vec<i64>,
    ends: Vec<i64>,
    open: Vec<f64>,
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    volume: Vec<f64>,
}

impl Higher {
    fn gather(candles: Candles<'_>, open_times: &[i64], grid: &Grid) -> Self {
        let mut higher = Self::default();
        for (i, time) in open_times.iter().enumerate() {
            let Some((start, end)) = grid.bucket(*time) else { continue };
            if higher.starts.last() == Some(&start) {
                higher.grow(candles, i);
            } else {
                higher.starts.push(start);
                higher.ends.push(end);
                higher.open.push(candles.open[i]);
                higher.high.push(candles.high[i]);
                higher.low.push(candles.low[i]);
                higher.close.push(candles.close[i]);
                higher.volume.push(candles.volume[i]);
            }
        }
        higher
    }

    fn grow(&mut self, candles: Candles<'_>, i: usize) {
        let Some(last) = self.close.len().checked_sub(1) else { return };
        self.high[last] = self.high[last].max(candles.high[i]);
        self.low[last] = self.low[last].min(candles.low[i]);
        self.close[last] = candles.close[i];
        self.volume[last] += candles.volume[i];
    }
}

/// Runs a spec with a timeframe, such as `rsi(14)@4h`, over candles of a lower one.
///
/// Row `i` holds what the last higher candle gave that had ended when candle `i` closed: nothing is seen before its
/// time. It is NaN until there is such a candle and the indicator is warm. Higher candles are aligned as
/// [`Alignment::Utc`]; where candles are missing they are made of those that are there. `open_times` are in nanoseconds
/// since 1970-01-01 UTC. A spec without a timeframe, or with that of the candles, is run as it is.
///
/// # Errors
///
/// [`SpecError::Input`] if the spec's timeframe is no multiple of the candles'; [`SpecError::BufferLength`] if lengths
/// do not agree.
///
/// ```
/// use qtp_indicators::{Candles, build, resample::batch_at};
///
/// let close: Vec<f64> = (0..8).map(f64::from).collect();
/// let times: Vec<i64> = (0..8).map(|i| i * 15 * 60_000_000_000).collect();
/// let mut column = vec![0.0; 8];
/// let candles = Candles::hlc(&close, &close, &close)?;
/// batch_at(&build("sma(1)@1h")?, "15m".parse()?, candles, &times, &mut [&mut column])?;
/// assert!(column[..3].iter().all(|x| x.is_nan()));
/// assert_eq!(column[3..], [3.0, 3.0, 3.0, 3.0, 7.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn batch_at(
    indicator: &SpecIndicator,
    timeframe: Timeframe,
    candles: Candles<'_>,
    open_times: &[i64],
    columns: &mut [&mut [f64]],
) -> Result<(), SpecError> {
    let Some(wanted) = indicator.spec().timeframe() else {
        return indicator.batch(candles, open_times, columns);
    };
    let refused = |reason: String| SpecError::Input { reason };
    let higher: Timeframe = wanted.text().parse().map_err(|error| refused(format!("{error}")))?;
    if higher == timeframe {
        return indicator.batch(candles, open_times, columns);
    }
    if higher.as_nanos() <= timeframe.as_nanos() || higher.as_nanos() % timeframe.as_nanos() != 0 {
        let words = format!("{higher} candles cannot be made of {timeframe} candles");
        return Err(refused(format!("{}: {words}", indicator.spec())));
    }
    // Lengths are checked as for candles of the same timeframe.
    crate::node::same_length("open_times", candles.len(), open_times.len())?;
    crate::node::same_length("columns", indicator.width(), columns.len())?;
    for column in columns.iter() {
        crate::node::same_length("a column", candles.len(), column.len())?;
    }
    let bars = Higher::gather(candles, open_times, &Grid::new(Alignment::Utc, higher)?);
    let table = Candles::new(&bars.open, &bars.high, &bars.low, &bars.close, &bars.volume)?;
    let mut outputs = vec![vec![f64::NAN; bars.ends.len()]; indicator.width()];
    let mut views: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    indicator.batch(table, &bars.starts, &mut views)?;
    let mut ended = 0;
    for (i, time) in open_times.iter().enumerate() {
        let close = time.saturating_add(timeframe.as_nanos());
        while bars.ends.get(ended).is_some_and(|end| *end <= close) {
            ended += 1;
        }
        for (column, output) in columns.iter_mut().zip(&outputs) {
            column[i] = ended.checked_sub(1).and_then(|last| output.get(last)).copied().unwrap_or(f64::NAN);
        }
    }
    Ok(())
}
