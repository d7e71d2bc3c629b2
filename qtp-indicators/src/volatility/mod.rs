//! Volatility: how far the price moves, and the bands and stops made of it.

pub(crate) mod atr;
pub(crate) mod bands;
pub(crate) mod bollinger;
pub(crate) mod channel;
pub(crate) mod chop;
pub(crate) mod range;
pub(crate) mod realised;
pub(crate) mod sar;
pub(crate) mod stddev;
pub(crate) mod stops;
pub(crate) mod true_range;
pub(crate) mod ulcer;

pub use atr::{Atr, Natr, atr, natr};
pub use bands::{AccBands, Donchian, Keltner, SuperTrend, accbands, donchian, kc, supertrend};
pub use bollinger::{BollingerBands, BollingerOutput, bbands};
pub use channel::{BollingerPlace, Envelope, KeltnerClose, Starc, bb_place, envelope, keltner, starc};
pub use chop::{Chop, chop};
pub use range::{Adr, Cvi, MassIndex, Rvi, adr, cvi, massi, rvi};
pub use realised::{Estimator, RealisedVolatility, realised_volatility};
pub use sar::{Sar, SarExt, SarParams, SarSide, sar, sarext};
pub use stddev::{StdDev, Var, stddev, var};
pub use stops::{AtrStop, Chandelier, VolatilityStop, atr_stop, chandelier, volatility_stop};
pub use true_range::{TrueRange, trange};
pub use ulcer::{Ulcer, ulcer};
