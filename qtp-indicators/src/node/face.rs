//! The public face of a node: it admits inputs, remembers the last output and runs whole series.

use serde::{Deserialize, Serialize};

use super::{Admit, Node, columns::same_length};
use crate::{SpecError, registry::MAX_OUTPUTS};

/// A node with its last output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Face<N, O> {
    pub(crate) node: N,
    last: Option<O>,
}

impl<N: Node> Face<N, N::Out> {
    pub(crate) fn new(node: N) -> Self {
        Self { node, last: None }
    }

    #[inline]
    pub(crate) fn update(&mut self, x: N::In) -> Option<N::Out> {
        let x = x.admitted(N::READS)?;
        self.last = self.node.next(x);
        self.last
    }

    #[inline]
    pub(crate) fn peek(&self, x: N::In) -> Option<N::Out> {
        self.node.peek(x.admitted(N::READS)?)
    }

    pub(crate) fn value(&self) -> Option<N::Out> {
        self.last
    }

    pub(crate) fn reset(&mut self) {
        self.node.reset();
        self.last = None;
    }

    /// The outputs of a whole series for a fresh state.
    pub(crate) fn batch(
        &self,
        input: <N::In as Admit>::Columns<'_>,
        out: &mut [&mut [f64]],
    ) -> Result<(), SpecError> {
        for column in out.iter() {
            same_length("an output", N::In::len(input), column.len())?;
        }
        let mut fresh = self.node.clone();
        fresh.reset();
        let done = match fresh.memory() {
            memory if fresh.carries() => {
                let done = carried(&mut fresh, memory.unwrap_or(0), input, out);
                fresh.reset();
                done
            }
            Some(memory) if memory <= MEMORY => pieces(&fresh, memory, input, out),
            _ if N::STATELESS || N::In::admissible(input, N::READS) => {
                fresh.batch(input, out);
                true
            }
            _ => false,
        };
        if done {
            return Ok(());
        }
        // Holes are skipped: only the streaming form knows how.
        let mut face = Self::new(fresh);
        for i in 0..N::In::len(input) {
            match face.update(N::In::at(input, i)) {
                Some(row) => crate::registry::Row::put(&row, out, i),
                None => super::chill::<N>(out, i),
            }
        }
        Ok(())
    }
}

/// Inputs that are checked and then worked on while they are still in the nearest cache: a page of each column.
const PIECE: usize = 512;

/// Where pieces begin afresh, they are this many times as long as what is worked out twice for that.
const SPREAD: usize = 8;

/// The longest memory for which beginning afresh is worth it.
const MEMORY: usize = 128;

/// Runs the batch form piece by piece; `false` at the first piece with an input that is not admissible.
fn pieces<N: Node>(
    node: &N,
    memory: usize,
    input: <N::In as Admit>::Columns<'_>,
    out: &mut [&mut [f64]],
) -> bool {
    let (len, width) = (N::In::len(input), out.len());
    let piece = if memory == 0 { PIECE } else { 4096 };
    let mut kept = Vec::with_capacity(memory * width);
    for at in (0..len).step_by(piece) {
        let (start, end) = (at.saturating_sub(memory), (at + piece).min(len));
        if !N::In::admissible(N::In::part(input, at, end), N::READS) {
            return false;
        }
        // A piece begins cold, on the last outputs of the one before.
        kept.clear();
        let mut views: [&mut [f64]; MAX_OUTPUTS] = Default::default();
        for (view, column) in views.iter_mut().zip(out.iter_mut()) {
            *view = &mut column[start..end];
            kept.extend_from_slice(&view[..at - start]);
        }
        node.batch(N::In::part(input, start, end), &mut views[..width]);
        if at > start {
            for (view, kept) in views.iter_mut().zip(kept.chunks(at - start)) {
                view[..at - start].copy_from_slice(kept);
            }
        }
    }
    true
}

/// Carries the batch form from piece to piece; `false` at the first piece with an input that is not admissible.
fn carried<N: Node>(
    node: &mut N,
    memory: usize,
    input: <N::In as Admit>::Columns<'_>,
    out: &mut [&mut [f64]],
) -> bool {
    let (len, width) = (N::In::len(input), out.len());
    let piece = PIECE.max((SPREAD * memory).next_multiple_of(PIECE));
    for at in (0..len).step_by(piece) {
        let end = (at + piece).min(len);
        if !N::In::admissible(N::In::part(input, at, end), N::READS) {
            return false;
        }
        let mut views: [&mut [f64]; MAX_OUTPUTS] = Default::default();
        for (view, column) in views.iter_mut().zip(out.iter_mut()) {
            *view = &mut column[..end];
        }
        node.carry(N::In::part(input, 0, end), at, &mut views[..width]);
    }
    true
}

/// Makes the public type of a node, its [`Indicator`](crate::Indicator) form and its batch function.
///
/// `Name(arguments) = constructor: Node, In => Out` and then the name of the function, whose output is one slice or an
/// array of them.
macro_rules! indicator {
    (
        $(#[$meta:meta])*
        $name:ident($($arg:ident: $ty:ty),*) = $make:expr => $node:ty, $in:ty => $out:ty;
        $function:ident($input:ty) -> $columns:tt
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $name($crate::node::Face<$node, $out>);

        impl $name {
            /// Makes it, ready for the first input.
            ///
            /// # Errors
            ///
            /// [`SpecError::OutOfRange`](crate::SpecError::OutOfRange) for a parameter outside its range.
            pub fn new($($arg: $ty),*) -> Result<Self, $crate::SpecError> {
                let make: fn($($ty),*) -> Result<$node, $crate::SpecError> = $make;
                Ok(Self($crate::node::Face::new(make($($arg),*)?)))
            }

            /// Writes the outputs of a whole series for a fresh state into one column per output, NaN until warm.
            ///
            /// # Errors
            ///
            /// [`SpecError::BufferLength`](crate::SpecError::BufferLength) if a column is not as long as the input.
            pub fn batch(
                &self,
                input: $input,
                out: $crate::node::indicator!(@columns $columns),
            ) -> Result<(), $crate::SpecError> {
                self.0.batch(input, $crate::node::indicator!(@views out, $columns))
            }
        }

        impl $crate::Indicator<$in> for $name {
            type Output = $out;

            #[inline]
            fn update(&mut self, input: $in) -> Option<$out> {
                self.0.update(input)
            }

            #[inline]
            fn peek(&self, input: $in) -> Option<$out> {
                self.0.peek(input)
            }

            fn value(&self) -> Option<$out> {
                self.0.value()
            }

            fn warmup(&self) -> usize {
                $crate::node::Node::warmup(&self.0.node)
            }

            fn reset(&mut self) {
                self.0.reset();
            }
        }

        #[doc = concat!("[`", stringify!($name), "`] over a whole series: [`", stringify!($name), "::new`] and [`",
            stringify!($name), "::batch`] in one call.")]
        ///
        /// # Errors
        ///
        /// What those two give.
        pub fn $function(
            input: $input,
            $($arg: $ty,)*
            out: $crate::node::indicator!(@columns $columns),
        ) -> Result<(), $crate::SpecError> {
            $name::new($($arg),*)?.batch(input, out)
        }
    };
    (@columns one) => { &mut [f64] };
    (@columns $n:literal) => { [&mut [f64]; $n] };
    (@views $out:ident, one) => { &mut [$out] };
    (@views $out:ident, $n:literal) => { &mut { $out } };
}
pub(crate) use indicator;
