//! Bollinger Bands.

use serde::{Deserialize, Serialize};

use super::stddev::{Deviation, Moments};
use crate::{
    SpecError,
    average::ma::Ma,
    error::{check_deviations, check_period},
    node::{Feed, Gate, Node, composite, indicator},
    registry::{BANDS, Entry, OutputInfo, ParamInfo, Row, over},
    sweep,
};

/// The three bands of [`BollingerBands`], in units of the input.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BollingerOutput {
    /// `middle` plus the deviations above.
    pub upper: f64,
    /// Average of the inputs.
    pub middle: f64,
    /// `middle` less the deviations below.
    pub lower: f64,
}

impl Row for BollingerOutput {
    fn write(&self, out: &mut [f64]) {
        crate::registry::fill(out, &[self.upper, self.middle, self.lower]);
    }
}

/// An average with deviations either side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bands {
    /// A simple one is never fed: the mean comes with the deviation.
    average: Ma,
    moments: Moments,
    up: f64,
    down: f64,
}

fn bands(period: usize, up: f64, down: f64, kind: usize) -> Result<Bands, SpecError> {
    let n = check_period("period", period, 2)?;
    let (up, down) = (check_deviations("up", up)?, check_deviations("down", down)?);
    Ok(Bands { average: Ma::new(n, kind, 0)?, moments: Moments::new(n), up, down })
}

impl Node for Bands {
    type In = f64;
    type Out = BollingerOutput;

    composite!({ average, moments } with { up, down } (x: f64) -> BollingerOutput {
        let moments = moments.feed(x);
        let mean = moments.map(|(mean, _)| mean);
        let middle = if matches!(average, Ma::Sma(_)) { mean } else { average.feed(x) };
        let (middle, deviation) = (middle?, libm::sqrt(moments?.1));
        Some(BollingerOutput { upper: middle + deviation * *up, middle, lower: middle - deviation * *down })
    });

    fn warmup(&self) -> usize {
        self.average.warmup().max(self.moments.warmup())
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let [upper, middle, lower] = out else { return };
        if let Ma::Sma(_) = self.average {
            let (n, up, down) = (self.moments.warmup(), self.up, self.down);
            let share = 1.0 / n as f64;
            sweep::spread(n, gate, |at, end, spreads, means| {
                sweep::each(spreads, move |spread| (spread * share).sqrt());
                sweep::map2(means, spreads, &mut upper[at..end], move |mean, deviation| {
                    mean + deviation * up
                });
                sweep::map2(means, spreads, &mut lower[at..end], move |mean, deviation| {
                    mean - deviation * down
                });
                middle[at..end].copy_from_slice(means);
            });
        } else {
            self.average.batch(gate, &mut [&mut *middle]);
            Deviation::new(self.moments.warmup(), 1.0).batch(gate, &mut [&mut *lower]);
            for ((upper, middle), lower) in upper.iter_mut().zip(middle.iter()).zip(lower.iter_mut()) {
                let deviation = *lower;
                (*upper, *lower) = (middle + deviation * self.up, middle - deviation * self.down);
            }
        }
        for column in [&mut **upper, &mut **middle, &mut **lower] {
            sweep::chill(column, self.warmup() - 1);
        }
    }
}

indicator! {
    /// Simple average with population standard deviations either side (J. Bollinger).
    ///
    /// `period` is 2 to 100,000; `up` deviations above and `down` below, -1e6 to 1e6.
    ///
    /// ```
    /// use qtp_indicators::{Indicator, volatility::BollingerBands};
    ///
    /// let mut bands = BollingerBands::new(2, 2.0, 2.0)?;
    /// bands.update(9.0);
    /// let row = bands.update(11.0).unwrap();
    /// assert_eq!((row.upper, row.middle, row.lower), (12.0, 10.0, 8.0));
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    BollingerBands(period: usize, up: f64, down: f64) = |period, up, down| bands(period, up, down, 0)
        => Bands, f64 => BollingerOutput;
    bbands(&[f64]) -> 3
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::series(
        "bbands",
        "Bollinger Bands: simple average with `deviations` population standard deviations either side",
        &[ParamInfo::integer("period", 2, 20), ParamInfo::deviations("deviations", 2.0)],
        &[
            OutputInfo::new("upper", "unit of the source"),
            OutputInfo::new("middle", "unit of the source"),
            OutputInfo::new("lower", "unit of the source"),
        ],
        "period",
        |args| Ok(over(bands(args.count(0), args.real(1), args.real(1), 0)?, args.source())),
    ),
    Entry::series(
        "talib.bbands",
        "TA-Lib BBANDS: Bollinger Bands around an average of the kind `matype`",
        &[
            ParamInfo::integer("timeperiod", 2, 20),
            ParamInfo::deviations("nbdevup", 2.0),
            ParamInfo::deviations("nbdevdn", 2.0),
            ParamInfo::matype("matype", 0),
        ],
        BANDS,
        "timeperiod, or that of the average",
        |args| Ok(over(bands(args.count(0), args.real(1), args.real(2), args.count(3))?, args.source())),
    ),
];
