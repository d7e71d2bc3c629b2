//! A decision by a model: what it is told, what it may call, and what its answer must look like.

mod check;
mod engine;
mod judge;
mod parse;
mod plan;
mod prompt;
mod sanitize;
mod schema;
#[cfg(test)]
#[cfg(feature = "http")]
mod tests;

pub use engine::{ChatEngine, Usage};
pub(crate) use parse::extract;
