//! After construction neither `update` nor `peek` allocates, and neither does an evaluation of expressions.

#![allow(unsafe_code, reason = "a global allocator that counts can only be written with unsafe code")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use qtp_core::{Expression, ExpressionKind, Ohlcv, Timeframe};
use qtp_indicators::expression::{EvaluatorBuilder, Facts};
use qtp_indicators::{build, catalogue};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is passed on to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from the system allocator with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn updates_do_not_allocate() {
    for info in catalogue() {
        let mut indicator = build(info.name).unwrap();
        let mut row = vec![0.0; indicator.width()];
        let before = ALLOCATIONS.with(Cell::get);
        for i in 0..500_i64 {
            // The spike makes the rolling sums start afresh.
            let close = if i == 250 { 1e12 } else { 100.0 + (i % 17) as f64 };
            let candle = Ohlcv { open: close, high: close + 1.0, low: close - 1.0, close, volume: 5.0 };
            indicator.peek(&candle, i * 3_600_000_000_000, &mut row);
            indicator.update(&candle, i * 3_600_000_000_000, &mut row);
        }
        assert_eq!(ALLOCATIONS.with(Cell::get), before, "{}", info.name);
        assert!(indicator.value(&mut row));
    }
}

#[test]
fn evaluations_do_not_allocate() {
    let rule = r#"{"any": [{"crosses_above": ["ema(5)", "sma(9)@4h"]}, {"not": {"below": [{"previous": ["rsi(7)", 3]}, 45]}}]}"#;
    let rule: Expression = serde_json::from_str(rule).unwrap();
    let mut builder = EvaluatorBuilder::new(Timeframe::H1);
    let handle = builder.add(&rule, ExpressionKind::Condition).unwrap();
    let mut rules = builder.build();
    let before = ALLOCATIONS.with(Cell::get);
    for i in 0..500_i64 {
        let close = 100.0 + (i % 17) as f64;
        let candle = Ohlcv { open: close, high: close + 1.0, low: close - 1.0, close, volume: 5.0 };
        rules.update(&candle, i * 3_600_000_000_000, &Facts::FLAT);
    }
    assert_eq!(ALLOCATIONS.with(Cell::get), before);
    assert!(rules.condition(handle).is_some());
}
