//! Whether the mean trade can be told from zero.

use qtp_core::Notional;
use serde::Serialize;

use crate::stats::format::money;
use crate::stats::ledger::TripTotals;

/// 97.5 % points of Student's t for 1 to 30 degrees of freedom (Abramowitz and Stegun, table 26.10).
const STUDENT: [f64; 30] = [
    12.706204736,
    4.302652730,
    3.182446305,
    2.776445105,
    2.570581836,
    2.446911851,
    2.364624252,
    2.306004135,
    2.262157163,
    2.228138852,
    2.200985160,
    2.178812830,
    2.160368656,
    2.144786688,
    2.131449546,
    2.119905299,
    2.109815578,
    2.100922040,
    2.093024054,
    2.085963447,
    2.079613845,
    2.073873068,
    2.068657610,
    2.063898562,
    2.059538553,
    2.055529439,
    2.051830516,
    2.048407142,
    2.045229642,
    2.042272456,
];
/// 97.5 % point of the normal distribution.
const NORMAL: f64 = 1.959_963_984_540_054;

/// The number of round trips and a 95 % confidence interval of their mean net.
///
/// The interval is `mean -+ t * s / sqrt(n)` with Student's t at n - 1 degrees of freedom (Student 1908). It
/// takes the trips as independent draws of one distribution, which markets grant only roughly.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Evidence {
    /// Closed round trips.
    pub round_trips: u64,
    /// Mean net of a round trip.
    pub mean_trade: Option<f64>,
    /// Lower end of the interval; `None` below two trips.
    pub ci_low: Option<f64>,
    /// Upper end of the interval.
    pub ci_high: Option<f64>,
    /// Zero lies outside the interval.
    pub distinguishable_from_zero: bool,
    /// All of this in one sentence.
    pub sentence: String,
}

impl Evidence {
    /// The evidence in the closed trips, in words with their currency.
    pub fn new(totals: &TripTotals, currency: &str) -> Self {
        let trips = totals.round_trips;
        let mean_trade = totals.mean().map(Notional::to_f64);
        let (Some(mean), Some(deviation)) = (mean_trade, totals.deviation()) else {
            let sentence = match trips {
                0 => "No round trip closed: nothing can be said about the strategy.",
                _ => "One round trip closed: too few for a confidence interval.",
            };
            return Self { round_trips: trips, mean_trade, sentence: sentence.to_owned(), ..Self::default() };
        };
        let margin = student_95(trips - 1) * deviation / (trips as f64).sqrt();
        let (low, high) = (mean - margin, mean + margin);
        let distinguishable = low > 0.0 || high < 0.0;
        let verdict = match (distinguishable, mean > 0.0) {
            (false, _) => "cannot be told from zero",
            (true, true) => "is above zero",
            (true, false) => "is below zero",
        };
        let sentence = format!(
            "{trips} round trips with a mean of {} {currency} (95 % confidence interval {} to {}, Student's t): \
             the mean trade {verdict}.",
            money(mean),
            money(low),
            money(high),
        );
        Self {
            round_trips: trips,
            mean_trade,
            ci_low: Some(low),
            ci_high: Some(high),
            distinguishable_from_zero: distinguishable,
            sentence,
        }
    }
}

/// The 97.5 % point of Student's t: half the width of a 95 % interval, in standard errors. Above 30 degrees of freedom by the expansion 26.7.5 of Abramowitz and
/// Stegun, to within 3e-8.
pub fn student_95(degrees: u64) -> f64 {
    let listed = usize::try_from(degrees).ok().and_then(|d| STUDENT.get(d.checked_sub(1)?));
    if let Some(value) = listed {
        return *value;
    }
    let n = degrees as f64;
    let z = NORMAL;
    let z2 = z * z;
    let g1 = z * (z2 + 1.0) / 4.0;
    let g2 = z * ((5.0 * z2 + 16.0) * z2 + 3.0) / 96.0;
    let g3 = z * (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / 384.0;
    let g4 = z * ((((79.0 * z2 + 776.0) * z2 + 1482.0) * z2 - 1920.0) * z2 - 945.0) / 92_160.0;
    z + (((g4 / n + g3) / n + g2) / n + g1) / n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn student_matches_scipy() {
        // scipy.stats.t.ppf(0.975, n)
        for (degrees, expected) in [
            (1, 12.706_204_736_432_095),
            (30, 2.042_272_456_301_237),
            (31, 2.039_513_446_396_408),
            (40, 2.021_075_390_306_273),
            (100, 1.983_971_518_523_551_8),
            (1000, 1.962_339_080_826_408_3),
        ] {
            assert!((student_95(degrees) - expected).abs() < 3e-8, "{degrees}");
        }
    }
}
