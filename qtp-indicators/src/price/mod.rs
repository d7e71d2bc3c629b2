//! Prices made of prices.
//!
//! ```
//! use qtp_indicators::{Candles, price};
//!
//! let (high, low, close) = ([3.0, 5.0], [1.0, 2.0], [2.0, 5.0]);
//! let mut typical = [0.0; 2];
//! price::typprice(Candles::hlc(&high, &low, &close)?, &mut typical)?;
//! assert_eq!(typical, [2.0, 4.0]);
//! # Ok::<(), qtp_indicators::SpecError>(())
//! ```

pub(crate) mod fibonacci;
pub(crate) mod heikin_ashi;
pub(crate) mod ichimoku;
pub(crate) mod middle;
pub(crate) mod pivots;
pub(crate) mod renko;
pub(crate) mod swing;
pub(crate) mod transform;
pub(crate) mod zigzag;

pub use fibonacci::{FibRetracement, fib_retracement};
pub use heikin_ashi::{HeikinAshi, ha};
pub use ichimoku::{Ichimoku, ichimoku};
pub use middle::{MidPoint, MidPrice, midpoint, midprice};
pub use pivots::{
    PivotsCamarilla, PivotsClassic, PivotsDeMark, PivotsFibonacci, PivotsWoodie, RollingPivotsCamarilla,
    RollingPivotsClassic, RollingPivotsDeMark, RollingPivotsFibonacci, RollingPivotsWoodie, pivots_camarilla,
    pivots_classic, pivots_demark, pivots_fibonacci, pivots_woodie, rolling_pivots_camarilla,
    rolling_pivots_classic, rolling_pivots_demark, rolling_pivots_fibonacci, rolling_pivots_woodie,
};
pub use renko::{Renko, renko};
pub use swing::{Swing, swing};
pub use transform::{AvgPrice, MedPrice, TypPrice, WclPrice, avgprice, medprice, typprice, wclprice};
pub use zigzag::{ZigZag, zigzag};
