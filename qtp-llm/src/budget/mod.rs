//! What models may cost: reserved before a call, settled after it, and never more than the caps.

mod ledger;
mod model;
#[cfg(test)]
mod tests;

pub use ledger::{Ledger, Spent};
pub use model::Budgeted;
