//! Moving averages: input units in, the same units out.
//!
//! ```
//! let close = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
//! let mut out = [0.0; 6];
//! qtp_indicators::average::hma(&close, 4, &mut out)?;
//! assert!((out[5] - 6.0).abs() < 1e-12); // no lag on a line
//! # Ok::<(), qtp_indicators::SpecError>(())
//! ```

pub(crate) mod alligator;
pub(crate) mod alma;
pub(crate) mod dema;
pub(crate) mod ema;
pub(crate) mod hma;
pub(crate) mod kama;
pub(crate) mod ma;
pub(crate) mod mama;
pub(crate) mod mavp;
pub(crate) mod mcginley;
pub(crate) mod rma;
pub(crate) mod sma;
pub(crate) mod swma;
pub(crate) mod t3;
pub(crate) mod trima;
pub(crate) mod vidya;
pub(crate) mod vwma;
pub(crate) mod wma;
pub(crate) mod zlema;

pub use alligator::{Alligator, AlligatorParams, Gator, alligator, gator};
pub use alma::{Alma, alma};
pub use dema::{Dema, Tema, dema, tema};
pub use ema::{Ema, ema};
pub use hma::{Hma, hma};
pub use kama::{EfficiencyRatio, Kama, er, kama};
pub use ma::{MovingAverage, ma};
pub use mama::{Mama, mama};
pub use mavp::{Mavp, mavp};
pub use mcginley::{McGinley, mcginley};
pub use rma::{Rma, rma};
pub use sma::{Sma, sma};
pub use swma::{Swma, swma};
pub use t3::{T3, t3};
pub use trima::{Trima, trima};
pub use vidya::{Vidya, vidya};
pub use vwma::{Vwma, vwma};
pub use wma::{Wma, wma};
pub use zlema::{Zlema, zlema};
