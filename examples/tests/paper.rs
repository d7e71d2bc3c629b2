//! Paper mode: the driver for real time, here many times as fast.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a failed set-up fails the test")]

mod common;

use common::*;

const PAPER: [&str; 4] = ["--mode", "paper", "--duration", "30m"];

#[test]
fn a_paper_run_ends_goes_on_and_is_verified() {
    let runs = Runs::new();
    Running::start(runs.paced_bot("300", &PAPER)).finish().ok();
    let first = runs.run();
    let candles = first.summary()["candles"].as_u64().unwrap();
    assert!(candles > 0);
    assert!(first.read("report.html").contains("<svg"));
    let again = Running::start(runs.paced_bot("300", &PAPER)).finish().ok();
    assert!(again.stdout.contains("resumed at record"), "{}", again.stdout);
    assert!(!again.stderr.contains("did not come out again"), "{}", again.stderr);
    assert!(runs.run().summary()["candles"].as_u64().unwrap() > candles);
    let journal = runs.run().file("journal");
    verify(&journal).ok();
}

#[test]
fn paper_mode_keeps_a_clock_and_refuses_to_run_without_one() {
    let runs = Runs::new();
    let ran = Running::start(runs.paced_bot("max", &PAPER)).finish();
    assert_eq!(ran.code(), Some(1));
    assert!(ran.stderr.contains("paper mode keeps a clock"), "{}", ran.stderr);
}
