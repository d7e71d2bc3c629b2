//! Probabilities from convictions that only say what is more likely than what.

use super::score::Forecast;

/// Isotonic regression (pool adjacent violators, Ayer et al. 1955) of what happened on what was stated; between the points
/// straight lines, beyond them the nearest point.
///
/// ```
/// use qtp_llm::{Forecast, Isotonic};
///
/// let forecast = |stated, happened| Forecast { stated, happened };
/// let fit = Isotonic::fit(&[forecast(0.5, false), forecast(0.6, true), forecast(0.7, false), forecast(0.9, true)]);
/// assert_eq!(fit.apply(0.65), Some(0.5));
/// assert_eq!(fit.apply(0.95), Some(1.0));
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Isotonic {
    /// Ascending in both.
    points: Vec<(f64, f64)>,
}

/// Equal neighbours that were pooled.
struct Block {
    first: f64,
    last: f64,
    sum: f64,
    weight: f64,
}

impl Isotonic {
    /// The best fit that never falls.
    pub fn fit(forecasts: &[Forecast]) -> Self {
        let mut sorted: Vec<(f64, f64)> =
            forecasts.iter().map(|f| (f.stated, if f.happened { 1.0 } else { 0.0 })).collect();
        sorted.sort_by(|left, right| left.0.total_cmp(&right.0));
        let mut blocks: Vec<Block> = Vec::new();
        for (stated, happened) in sorted {
            match blocks.last_mut() {
                // One value has one probability.
                Some(block) if block.last == stated => {
                    block.sum += happened;
                    block.weight += 1.0;
                }
                _ => blocks.push(Block { first: stated, last: stated, sum: happened, weight: 1.0 }),
            }
        }
        let mut pooled: Vec<Block> = Vec::new();
        for block in blocks {
            pooled.push(block);
            while let [.., lower, upper] = pooled.as_slice()
                && lower.sum / lower.weight >= upper.sum / upper.weight
            {
                let upper = pooled.pop();
                if let (Some(lower), Some(upper)) = (pooled.last_mut(), upper) {
                    lower.last = upper.last;
                    lower.sum += upper.sum;
                    lower.weight += upper.weight;
                }
            }
        }
        let ends = |block: &Block| {
            let mean = block.sum / block.weight;
            let last = (block.last > block.first).then_some((block.last, mean));
            [Some((block.first, mean)), last].into_iter().flatten()
        };
        Self { points: pooled.iter().flat_map(ends).collect() }
    }

    /// The probability behind a conviction; `None` without a fit.
    pub fn apply(&self, stated: f64) -> Option<f64> {
        let above = self.points.partition_point(|(x, _)| *x < stated);
        let upper = self.points.get(above).or(self.points.last())?;
        let lower = above.checked_sub(1).and_then(|index| self.points.get(index)).unwrap_or(upper);
        let width = upper.0 - lower.0;
        if width <= 0.0 || stated >= upper.0 {
            return Some(upper.1);
        }
        Some(lower.1 + (upper.1 - lower.1) * (stated - lower.0) / width)
    }
}
