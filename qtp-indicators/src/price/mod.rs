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

pub(crate) mod heikin_ashi;
pub(crate) mod middle;
pub(crate) mod transform;

pub use heikin_ashi::{HeikinAshi, ha};
pub use middle::{MidPoint, MidPrice, midpoint, midprice};
pub use transform::{AvgPrice, MedPrice, TypPrice, WclPrice, avgprice, medprice, typprice, wclprice};
