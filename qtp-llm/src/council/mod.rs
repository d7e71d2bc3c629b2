//! Several voices for one decision: a vote of models, a debate before a judge, lessons from closed trades.

mod brief;
mod debate;
mod ensemble;
mod reflect;
#[cfg(test)]
mod tests;
mod vote;

pub(crate) use brief::{Briefed, Briefings};
pub(crate) use debate::{Debate, Role};
pub(crate) use ensemble::{Ensemble, Member};
pub(crate) use reflect::Reflecting;
