//! The public face of a node: it admits inputs, remembers the last output and runs whole series.

use serde::{Deserialize, Serialize};

use super::{Admit, Gate, Node, columns::same_length};
use crate::SpecError;

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
        let gate = Gate::new(input, N::READS);
        fresh.batch(&gate, out);
        if gate.sound() {
            return Ok(());
        }
        fresh.reset();
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
