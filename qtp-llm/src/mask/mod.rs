//! A picture in which a model cannot recognise a market that it may remember: other names, other dates, another scale of
//! prices. What it answers is turned back.

mod engine;
mod plan;
mod scale;
#[cfg(test)]
mod tests;

pub(crate) use engine::Masked;
