//! The dominant cycle after Ehlers: its period, phase, and the trend without it.

pub(crate) mod hilbert;
pub(crate) mod ht;
mod phase;
pub(crate) mod sine_wave;
mod turns;

pub use ht::{
    HtDcPeriod, HtDcPhase, HtPhasor, HtSine, HtTrendMode, HtTrendline, ht_dcperiod, ht_dcphase, ht_phasor,
    ht_sine, ht_trendline, ht_trendmode,
};
pub use sine_wave::{Msw, msw};
