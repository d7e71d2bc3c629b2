//! Cells of the fault matrix, each fault at a step or two: `bot --break --matrix` runs all of them.
#![allow(clippy::unwrap_used, reason = "helpers of tests: a failed set-up fails the test")]

use std::path::Path;

use qtp_examples::bot::matrix::{FAULTS, Fault, Outcome, Step, cells, is_well};

/// Every fault at two steps, others for each fault; three of the kills, which start processes.
fn sample() -> Vec<(Fault, Step)> {
    let step = |place: usize| Step::ALL[place % Step::ALL.len()];
    let two = |(row, fault): (usize, &Fault)| [(*fault, step(row * 3)), (*fault, step(row * 3 + 4))];
    FAULTS.iter().enumerate().flat_map(two).collect()
}

#[test]
fn whatever_breaks_every_order_and_fill_is_accounted_for_and_the_bot_trades_on() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let wanted = sample();
    let bot = Path::new(env!("CARGO_BIN_EXE_bot"));
    let outcomes = runtime.block_on(cells(bot, wanted, None)).unwrap();
    let bad: Vec<&Outcome> = outcomes.iter().filter(|outcome| !is_well(outcome)).collect();
    assert!(bad.is_empty(), "{bad:#?}");
    let struck = outcomes.iter().filter(|(_, _, ran)| matches!(ran, Ok(Some(_)))).count();
    assert!(struck > FAULTS.len(), "{struck} cells were struck");
}
