//! Element-wise functions, arithmetic of series, sums and extremes.
//!
//! ```
//! let mut out = [0.0; 3];
//! qtp_indicators::math::sub((&[3.0, 4.0, 5.0], &[1.0, 1.0, 1.0]), &mut out)?;
//! assert_eq!(out, [2.0, 3.0, 4.0]);
//! # Ok::<(), qtp_indicators::SpecError>(())
//! ```

mod angle;
pub(crate) mod extreme;
pub(crate) mod operator;
mod several;
pub(crate) mod sum;
pub(crate) mod transform;

pub use extreme::{
    Max, MaxIndex, Min, MinIndex, MinMax, MinMaxIndex, max, maxindex, min, minindex, minmax, minmaxindex,
};
pub use operator::{Add, Div, Mult, Sub, add, div, mult, sub};
pub use sum::{CumSum, RollSum, cumsum, sum};
pub use transform::{
    Acos, Asin, Atan, Ceil, Cos, Cosh, Exp, Floor, Ln, Log10, Sin, Sinh, Sqrt, Tan, Tanh, acos, asin, atan,
    ceil, cos, cosh, exp, floor, ln, log10, sin, sinh, sqrt, tan, tanh,
};
