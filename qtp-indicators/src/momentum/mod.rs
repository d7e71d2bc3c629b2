//! Momentum: how fast and which way the price moves.
//!
//! ```
//! let close = [10.0, 13.0, 12.0, 12.0];
//! let mut out = [0.0; 4];
//! qtp_indicators::momentum::rsi(&close, 2, &mut out)?;
//! assert_eq!(out[2..], [75.0, 75.0]);
//! # Ok::<(), qtp_indicators::SpecError>(())
//! ```

pub(crate) mod apo;
pub(crate) mod aroon;
pub(crate) mod cci;
pub(crate) mod change;
pub(crate) mod cmou;
pub(crate) mod connors;
pub(crate) mod directional;
pub(crate) mod fisher;
pub(crate) mod fractal;
pub(crate) mod kst;
pub(crate) mod macd;
pub(crate) mod oscillator;
pub(crate) mod pmo;
pub(crate) mod qqe;
pub(crate) mod range;
pub(crate) mod rsi;
pub(crate) mod sequential;
pub(crate) mod squeeze;
pub(crate) mod stc;
pub(crate) mod stoch;
pub(crate) mod trix;
pub(crate) mod vigor;

pub use apo::{Apo, Ppo, apo, ppo};
pub use aroon::{Aroon, AroonOsc, aroon, aroonosc};
pub use cci::{AvgDev, Cci, avgdev, cci};
pub use change::{Mom, Roc, Rocp, Rocr, Rocr100, mom, roc, rocp, rocr, rocr100};
pub use cmou::{Cmou, Imi, cmou, imi};
pub use connors::{ConnorsRsi, crsi};
pub use directional::{
    Adx, Adxr, Dx, MinusDi, MinusDm, PlusDi, PlusDm, adx, adxr, dx, minus_di, minus_dm, plus_di, plus_dm,
};
pub use fisher::{Fisher, fisher};
pub use fractal::{Fractal, fractal};
pub use kst::{Kst, kst};
pub use macd::{Macd, MacdExt, MacdFix, MacdOutput, macd, macdext, macdfix};
pub use oscillator::{Ac, Ao, Coppock, Dpo, Eri, Qstick, ac, ao, coppock, dpo, eri, qstick};
pub use pmo::{Pmo, pmo};
pub use qqe::{Qqe, qqe};
pub use range::{Bop, UltOsc, Vhf, Vortex, Wad, bop, ultosc, vhf, vortex, wad};
pub use rsi::{Cmo, Rsi, cmo, rsi};
pub use sequential::{TdSetup, td_setup};
pub use squeeze::{Squeeze, SqueezeParams, squeeze};
pub use stc::{Stc, stc};
pub use stoch::{Kdj, Stoch, StochF, StochParams, StochRsi, WillR, kdj, stoch, stochf, stochrsi, willr};
pub use trix::{Smi, Trix, Tsi, smi, trix, tsi};
pub use vigor::{Rvgi, rvgi};
