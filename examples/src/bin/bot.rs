//! The full bot.
fn main() {}
