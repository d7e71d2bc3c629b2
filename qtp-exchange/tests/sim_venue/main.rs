//! The simulated venue, rule by rule.

mod rig;
mod sim_account;
mod sim_bracket;
mod sim_candle;
mod sim_orders;
mod sim_property;
mod sim_state;
mod sim_tape;
