//! What every indicator is built from: nodes that take one input at a time and may be peeked.
//!
//! A node is a state with `next` (takes an input) and `peek` (tells what `next` would give). Nodes compose: the body of
//! a composite is written once over [`Feed`], which is `next` through `&mut` and `peek` through `&`.

mod columns;
mod extreme;
mod face;
mod gate;
mod lag;
mod smooth;
mod spot;
mod sums;

pub use columns::Candles;
pub(crate) use columns::{Admit, Reads, margin, same_length};
pub(crate) use extreme::{Extreme, Side};
pub(crate) use face::{Face, indicator};
pub(crate) use gate::Gate;
pub(crate) use lag::{Lag, Previous, Skip};
pub(crate) use smooth::Smooth;
pub(crate) use spot::Spot;
pub(crate) use sums::Sum;

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};

use crate::registry::Row;

/// A state that takes one input at a time. Inputs are finite and within [`INPUT_LIMIT`](crate::INPUT_LIMIT).
pub(crate) trait Node: Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// One input: a number, a pair of numbers or a candle.
    type In: Admit;
    /// One output.
    type Out: Row + Copy + Debug + Send + Sync + 'static;

    /// Which columns of a candle it reads; the others may hold anything.
    const READS: Reads = Reads::HLC;

    /// Takes an input; `None` until warm.
    fn next(&mut self, x: Self::In) -> Option<Self::Out>;

    /// What `next` would return.
    fn peek(&self, x: Self::In) -> Option<Self::Out>;

    /// Inputs until the first output, at least 1.
    fn warmup(&self) -> usize;

    /// Forgets every input.
    fn reset(&mut self);

    /// What stands in a column until the first output.
    fn cold(_column: usize) -> f64 {
        f64::NAN
    }

    /// The exponential average that this node is, if it is one.
    fn smooth(&mut self) -> Option<&mut Smooth> {
        None
    }

    /// The outputs of a whole series for a fresh state, one slice per column, NaN until warm.
    ///
    /// All slices are of one length. What it leaves of the state is of no use; what it leaves in the columns is neither where
    /// an input is not admissible. The default runs the streaming form.
    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        if let Some(input) = gate.all() {
            stream_part(self, 0..gate.len(), input, out);
        }
    }
}

/// The columns that a node reads.
pub(crate) type Columns<'a, N> = <<N as Node>::In as Admit>::Columns<'a>;

/// Runs the streaming form over the first `count` inputs and returns the state.
pub(crate) fn warm_up<N: Node>(node: &N, count: usize, input: Columns<'_, N>, out: &mut [&mut [f64]]) -> N {
    let mut node = node.clone();
    stream_part(&mut node, 0..count.min(N::In::len(input)), input, out);
    node
}

/// Runs the streaming form until the node is warm; returns where that is.
pub(crate) fn catch_up<N: Node>(node: &mut N, gate: &Gate<'_, N::In>, out: &mut [&mut [f64]]) -> usize {
    let warm = node.warmup().min(gate.len());
    if gate.admits(warm) {
        stream_part(node, 0..warm, gate.columns(), out);
    }
    warm
}

/// Runs the streaming form over a range of columns.
pub(crate) fn stream_part<N: Node>(
    node: &mut N,
    range: std::ops::Range<usize>,
    input: Columns<'_, N>,
    out: &mut [&mut [f64]],
) {
    for i in range {
        match node.next(N::In::at(input, i)) {
            Some(row) => row.put(out, i),
            None => chill::<N>(out, i),
        }
    }
}

/// Writes row `i` of what is not warm yet.
pub(crate) fn chill<N: Node>(out: &mut [&mut [f64]], i: usize) {
    for (k, column) in out.iter_mut().enumerate() {
        column[i] = N::cold(k);
    }
}

/// `next` through `&mut node`, `peek` through `&node`.
pub(crate) trait Feed<I> {
    type Out;
    fn feed(self, x: I) -> Option<Self::Out>;
}

impl<N: Node> Feed<N::In> for &mut N {
    type Out = N::Out;

    #[inline(always)]
    fn feed(self, x: N::In) -> Option<N::Out> {
        self.next(x)
    }
}

impl<N: Node> Feed<N::In> for &N {
    type Out = N::Out;

    #[inline(always)]
    fn feed(self, x: N::In) -> Option<N::Out> {
        self.peek(x)
    }
}

/// Writes `next`, `peek` and `reset` of a node made of parts, from one body that calls `part.feed(..)`.
///
/// In the body the parts are references: mutable in `next`, shared in `peek`.
macro_rules! composite {
    ({ $($part:ident),* $(,)? } $(with { $($field:ident),* $(,)? })? ($x:ident: $in:ty) -> $out:ty $body:block) => {
        #[inline]
        fn next(&mut self, $x: $in) -> Option<$out> {
            let Self { $($part,)* $($($field,)*)? .. } = self;
            $body
        }

        #[inline]
        fn peek(&self, $x: $in) -> Option<$out> {
            let Self { $($part,)* $($($field,)*)? .. } = self;
            $body
        }

        fn reset(&mut self) {
            $(self.$part.reset();)*
        }
    };
}
pub(crate) use composite;

/// As [`composite`], for a node that also keeps one small `Copy + Default` state.
///
/// In the body the state is a mutable reference: to the state itself in `next`, to a copy of it in `peek`.
macro_rules! machine {
    ({ $($part:ident),* $(,)? } $(with { $($field:ident),* $(,)? })? keeps $state:ident
        ($x:ident: $in:ty) -> $out:ty $body:block) => {
        #[inline]
        fn next(&mut self, $x: $in) -> Option<$out> {
            let Self { $($part,)* $($($field,)*)? $state, .. } = self;
            $body
        }

        #[inline]
        fn peek(&self, $x: $in) -> Option<$out> {
            let Self { $($part,)* $($($field,)*)? $state, .. } = self;
            let mut copy = *$state;
            let $state = &mut copy;
            $body
        }

        fn reset(&mut self) {
            $(self.$part.reset();)*
            self.$state = Default::default();
        }
    };
}
pub(crate) use machine;

/// Writes `peek` of a node that is cheap to copy.
macro_rules! peek_by_copy {
    () => {
        #[inline]
        fn peek(&self, x: Self::In) -> Option<Self::Out> {
            self.clone().next(x)
        }
    };
}
pub(crate) use peek_by_copy;

/// `a / b`, 0 where `b` is 0; stays finite.
pub(crate) fn ratio(a: f64, b: f64) -> f64 {
    if b == 0.0 { 0.0 } else { (a / b).clamp(-crate::INPUT_LIMIT, crate::INPUT_LIMIT) }
}

/// Logarithm of `a / b`; 0 where that is not above 0 and finite.
pub(crate) fn log_ratio(a: f64, b: f64) -> f64 {
    let share = a / b;
    if b > 0.0 && share.is_normal() && share > 0.0 { libm::log(share) } else { 0.0 }
}

/// TA-Lib's test for a number that is zero but for rounding.
pub(crate) fn is_zero(x: f64) -> bool {
    x.abs() < 1e-14
}
