//! MESA adaptive moving average.

use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    cycle::hilbert::{Cycle, DEGREES, Hilbert},
    error::check_real,
    node::{Gate, Node, indicator, peek_by_copy},
    registry::{Entry, OutputInfo, ParamInfo, over},
    sweep,
};

/// The average whose speed follows the rate of change of the phase, and the one that follows it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mesa {
    hilbert: Hilbert,
    fast: f64,
    slow: f64,
    phase: f64,
    mama: f64,
    fama: f64,
}

const WARMUP: usize = 33;

impl Mesa {
    pub(crate) fn new(fast: f64, slow: f64) -> Self {
        Self { hilbert: Hilbert::new(12), fast, slow, phase: 0.0, mama: 0.0, fama: 0.0 }
    }

    fn checked(fast: f64, slow: f64) -> Result<Self, SpecError> {
        Ok(Self::new(check_real("fast", fast, 0.01, 0.99)?, check_real("slow", slow, 0.01, 0.99)?))
    }
}

impl Mesa {
    /// The averages after `x`, whose cycle this is.
    #[inline(always)]
    fn follow(&mut self, cycle: &Cycle, x: f64, atan: impl Fn(f64) -> f64) -> [f64; 2] {
        let phase = if cycle.inphase == 0.0 { 0.0 } else { atan(cycle.quadrature / cycle.inphase) * DEGREES };
        let change = self.phase - phase;
        self.phase = phase;
        let mut k = if change > 1.0 { (self.fast / change).max(self.slow) } else { self.fast };
        self.mama = k * x + (1.0 - k) * self.mama;
        k *= 0.5;
        self.fama = k * self.mama + (1.0 - k) * self.fama;
        [self.mama, self.fama]
    }
}

impl Node for Mesa {
    type In = f64;
    type Out = [f64; 2];

    fn next(&mut self, x: f64) -> Option<[f64; 2]> {
        let cycle = self.hilbert.step(x)?;
        let row = self.follow(&cycle, x, libm::atan);
        (self.hilbert.count() >= WARMUP).then_some(row)
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        WARMUP
    }

    fn reset(&mut self) {
        *self = Self::new(self.fast, self.slow);
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        let [mama, fama] = out else { return };
        let mut mesa = Self::new(self.fast, self.slow);
        self.hilbert.run(input, |i, cycle| [mama[i], fama[i]] = mesa.follow(&cycle, input[i], f64::atan));
        sweep::chill(mama, WARMUP - 1);
        sweep::chill(fama, WARMUP - 1);
    }
}

indicator! {
    /// MESA adaptive average and its follower, `[mama, fama]`; both limits 0.01 to 0.99 (J. Ehlers, *Rocket Science for
    /// Traders*).
    Mama(fast_limit: f64, slow_limit: f64) = Mesa::checked => Mesa, f64 => [f64; 2];
    mama(&[f64]) -> 2
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "talib.mama",
    "TA-Lib MAMA: MESA adaptive moving average",
    &[ParamInfo::real("fastlimit", 0.01, 0.99, 0.5), ParamInfo::real("slowlimit", 0.01, 0.99, 0.05)],
    &[OutputInfo::new("mama", "unit of the source"), OutputInfo::new("fama", "unit of the source")],
    "33",
    |args| Ok(over(Mama::new(args.real(0), args.real(1))?.0.node, args.source())),
)];
