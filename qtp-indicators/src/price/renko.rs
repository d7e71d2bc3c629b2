//! Renko bricks.

use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    error::{check_integer, check_real},
    node::{Node, indicator, peek_by_copy},
    registry::{Entry, OutputInfo, ParamInfo, over},
};

/// Where the last brick closed, counted in bricks from the anchor so that no rounding adds up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Wall {
    anchor: f64,
    height: f64,
    /// 1 or -1; 0 before the first brick.
    direction: f64,
}

/// Bricks that the price completes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bricks {
    size: f64,
    /// Bricks to the first one the other way.
    reversal: f64,
    wall: Option<Wall>,
}

impl Bricks {
    fn new(size: f64, reversal: usize) -> Result<Self, SpecError> {
        let size = check_real("size", size, 1e-12, 1e12)?;
        Ok(Self { size, reversal: check_integer("reversal", reversal, 1, 1_000)? as f64, wall: None })
    }
}

impl Node for Bricks {
    type In = f64;
    type Out = [f64; 3];

    fn next(&mut self, x: f64) -> Option<[f64; 3]> {
        // The wall stands on whole multiples of the brick.
        let anchor = libm::round(x / self.size) * self.size;
        let mut wall = self.wall.unwrap_or(Wall { anchor, height: 0.0, direction: 0.0 });
        let away = (x - wall.anchor) / self.size - wall.height;
        let whole = libm::trunc(away);
        let turns = whole * wall.direction < 0.0;
        let bricks = if !turns {
            whole
        } else if whole.abs() >= self.reversal {
            whole - whole.signum() * (self.reversal - 1.0)
        } else {
            0.0
        };
        if bricks != 0.0 {
            wall.height += whole;
            wall.direction = whole.signum();
        }
        self.wall = Some(wall);
        Some([bricks, wall.direction, wall.anchor + wall.height * self.size])
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        1
    }

    fn reset(&mut self) {
        self.wall = None;
    }
}

indicator! {
    /// Renko, `[bricks, direction, close]`: how many bricks of `size` (1e-12 to 1e12, in units of the input) this input
    /// completed, negative if down; the direction of the last brick (0 before the first); and where it closed.
    ///
    /// The wall starts on the multiple of the brick nearest to the first input. A brick the other way needs the input to
    /// come back by `reversal` bricks (1 to 1000, usually 2).
    ///
    /// ```
    /// use qtp_indicators::price::renko;
    ///
    /// let (mut bricks, mut direction, mut close) = ([0.0; 4], [0.0; 4], [0.0; 4]);
    /// let out = [&mut bricks[..], &mut direction, &mut close];
    /// renko(&[100.0, 102.5, 101.4, 99.9], 1.0, 2, out)?;
    /// assert_eq!(bricks, [0.0, 2.0, 0.0, -1.0]);
    /// assert_eq!(close, [100.0, 102.0, 102.0, 100.0]);
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    Renko(size: f64, reversal: usize) = Bricks::new => Bricks, f64 => [f64; 3];
    renko(&[f64]) -> 3
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "renko",
    "Renko: bricks of a fixed size that the price completes",
    &[ParamInfo::real("size", 1e-12, 1e12, 1.0), ParamInfo::integer_to("reversal", 1, 1_000, 2)],
    &[
        OutputInfo::new("bricks", "count, negative if down"),
        OutputInfo::new("direction", "1 or -1, 0 before the first brick"),
        OutputInfo::new("close", "unit of the source"),
    ],
    "1",
    |args| Ok(over(Renko::new(args.real(0), args.count(1))?.0.node, args.source())),
)];
