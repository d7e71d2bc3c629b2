//! Nodes that look back.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use super::{Node, peek_by_copy};
use crate::window::Window;

/// The input `n` inputs ago.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lag {
    window: Window,
}

impl Lag {
    pub(crate) fn new(n: usize) -> Self {
        Self { window: Window::new(n) }
    }
}

impl Node for Lag {
    type In = f64;
    type Out = f64;

    #[inline]
    fn next(&mut self, x: f64) -> Option<f64> {
        let old = self.peek(x);
        self.window.push(x);
        old
    }

    #[inline]
    fn peek(&self, _: f64) -> Option<f64> {
        self.window.is_full().then(|| self.window.oldest())
    }

    fn warmup(&self) -> usize {
        self.window.capacity() + 1
    }

    fn reset(&mut self) {
        self.window.clear();
    }
}

/// The input before this one.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Previous<I> {
    last: Option<I>,
}

impl<I> Node for Previous<I>
where
    I: super::Admit + crate::registry::Row + serde::Serialize + serde::de::DeserializeOwned,
{
    type In = I;
    type Out = I;

    #[inline]
    fn next(&mut self, x: I) -> Option<I> {
        self.last.replace(x)
    }

    #[inline]
    fn peek(&self, _: I) -> Option<I> {
        self.last
    }

    fn warmup(&self) -> usize {
        2
    }

    fn reset(&mut self) {
        self.last = None;
    }
}

/// Leaves out the first `n` inputs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Skip<I> {
    n: usize,
    left: usize,
    input: PhantomData<I>,
}

impl<I> Skip<I> {
    pub(crate) fn new(n: usize) -> Self {
        Self { n, left: n, input: PhantomData }
    }
}

impl<I> Node for Skip<I>
where
    I: super::Admit + crate::registry::Row + serde::Serialize + serde::de::DeserializeOwned,
{
    type In = I;
    type Out = I;

    #[inline]
    fn next(&mut self, x: I) -> Option<I> {
        if self.left == 0 {
            return Some(x);
        }
        self.left -= 1;
        None
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        self.n + 1
    }

    fn reset(&mut self) {
        self.left = self.n;
    }
}
