//! Volatility: how far the price moves, and the bands and stops made of it.

pub(crate) mod atr;
pub(crate) mod bands;
pub(crate) mod bollinger;
pub(crate) mod range;
pub(crate) mod sar;
pub(crate) mod stddev;
pub(crate) mod true_range;

pub use atr::{Atr, Natr, atr, natr};
pub use bands::{AccBands, Donchian, Keltner, SuperTrend, accbands, donchian, kc, supertrend};
pub use bollinger::{BollingerBands, BollingerOutput, bbands};
pub use range::{Adr, Cvi, MassIndex, Rvi, adr, cvi, massi, rvi};
pub use sar::{Sar, SarExt, SarParams, SarSide, sar, sarext};
pub use stddev::{StdDev, Var, stddev, var};
pub use true_range::{TrueRange, trange};
