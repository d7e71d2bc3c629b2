//! Squeeze momentum: Bollinger Bands inside a Keltner channel, and where the price leans meanwhile.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    average::sma::Mean,
    error::{check_deviations, check_period},
    node::{Feed, Node, composite, indicator},
    price::middle::Channel,
    registry::{Entry, OutputInfo, ParamInfo, node},
    statistic::regression::End,
    volatility::{stddev::Deviation, true_range::Ranges},
};

/// Bands, channel and the trend of the distance from the middle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Squeezed {
    bands: Mean,
    deviation: Deviation,
    centre: Mean,
    ranges: Ranges,
    width: Mean,
    channel: Channel,
    trend: End,
    factors: (f64, f64),
}

/// Periods and widths of [`Squeeze`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SqueezeParams {
    /// Period (2 to 100,000) and standard deviations of the bands.
    pub bands: (usize, f64),
    /// Period (2 to 100,000) and mean true ranges of the channel; the momentum has the same period.
    pub channel: (usize, f64),
}

impl Squeezed {
    fn new(SqueezeParams { bands, channel }: SqueezeParams) -> Result<Self, SpecError> {
        let (b, n) = (check_period("bands", bands.0, 2)?, check_period("channel", channel.0, 2)?);
        let factors = (check_deviations("deviations", bands.1)?, check_deviations("ranges", channel.1)?);
        Ok(Self {
            bands: Mean::new(b),
            deviation: Deviation::new(b, 1.0),
            centre: Mean::new(n),
            ranges: Ranges::default(),
            width: Mean::new(n),
            channel: Channel::new(n),
            trend: End::new(n),
            factors,
        })
    }
}

impl Node for Squeezed {
    type In = Ohlcv;
    type Out = [f64; 2];

    composite!({ bands, deviation, centre, ranges, width, channel, trend } with { factors }
        (c: Ohlcv) -> [f64; 2] {
        let (bands, deviation) = (bands.feed(c.close), deviation.feed(c.close));
        let (centre, extremes) = (centre.feed(c.close), channel.feed(c));
        let range = ranges.feed(c).and_then(|range| width.feed(range));
        let (middle, (high, low)) = (centre?, extremes?);
        let momentum = trend.feed(c.close - ((high + low) / 2.0 + middle) / 2.0);
        let (bands, spread) = (bands?, factors.0 * deviation?);
        let (width, momentum) = (factors.1 * range?, momentum?);
        let above = (bands - spread) - (middle - width);
        let below = (bands + spread) - (middle + width);
        let state = if above > 0.0 && below < 0.0 {
            1.0
        } else if above < 0.0 && below > 0.0 {
            -1.0
        } else {
            0.0
        };
        Some([momentum, state])
    });

    fn warmup(&self) -> usize {
        let channel = self.centre.warmup();
        (channel + self.trend.warmup() - 1).max(channel + 1).max(self.bands.warmup())
    }
}

indicator! {
    /// Squeeze momentum, `[momentum, state]`: the end of the least-squares line through the distances of the close from
    /// the mean of channel middle and average (in price units), and 1 while the Bollinger Bands lie inside the Keltner
    /// channel (squeezed), -1 while they lie outside (released), else 0.
    ///
    /// After J. Carter's TTM Squeeze, with the momentum in LazyBear's form.
    Squeeze(params: SqueezeParams) = Squeezed::new => Squeezed, Ohlcv => [f64; 2];
    squeeze(crate::Candles<'_>) -> 2
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::candles(
    "squeeze",
    "Squeeze momentum: whether Bollinger Bands lie inside the Keltner channel, and which way the price leans",
    &[
        ParamInfo::integer("bands", 2, 20),
        ParamInfo::deviations("deviations", 2.0),
        ParamInfo::integer("channel", 2, 20),
        ParamInfo::deviations("ranges", 1.5),
    ],
    &[OutputInfo::new("momentum", "price"), OutputInfo::new("state", "1 squeezed, -1 released, 0 neither")],
    "max(bands, 2 * channel - 1, channel + 1)",
    |args| {
        let params =
            SqueezeParams { bands: (args.count(0), args.real(1)), channel: (args.count(2), args.real(3)) };
        Ok(node(Squeeze::new(params)?.0.node))
    },
)];
