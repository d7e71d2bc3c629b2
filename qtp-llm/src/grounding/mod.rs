//! Whether what a model gives as its reasons stands in the picture that it was shown.

mod engine;
mod facts;
#[cfg(test)]
mod tests;

pub use engine::Grounded;
pub(crate) use facts::Facts;
