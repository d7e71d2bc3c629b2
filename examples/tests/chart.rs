//! `indicators --chart`: which candles are drawn, into which file, and what is refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a failed set-up fails the test")]

mod common;

use std::fs;

use common::candles::{HEADER, walk, write};
use common::*;
use tempfile::TempDir;

fn setup() -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    let file = write(folder.path(), "candles.csv", walk(900));
    let file = file.to_str().unwrap().to_owned();
    (folder, file)
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

fn chart(candles: &str, out: &str, more: &[&str]) -> Ran {
    let mut args = vec!["--candles", candles, "--chart", out];
    args.extend(more);
    run(INDICATORS, &args)
}

/// How many candles an SVG of these candles holds: one bar of volume each.
fn drawn(svg: &str) -> usize {
    let volume = svg.lines().filter(|line| line.contains(r#"fill-opacity="0.32""#));
    volume.map(|line| line.matches('Z').count()).sum()
}

#[test]
fn two_hundred_candles_are_drawn_unless_others_are_asked_for() {
    let (folder, candles) = setup();
    let out = path(&folder, "out.svg");
    for (more, count) in [
        (vec![], 200),
        (vec!["--last", "7"], 7),
        (vec!["--from", "2024-01-01T14:00:00Z"], 60),
        (vec!["--to", "2024-01-01T00:30:00Z"], 30),
        (vec!["--from", "2024-01-01", "--to", "2024-01-01T03:00:00Z", "--last", "90"], 90),
    ] {
        chart(&candles, &out, &more).ok();
        assert_eq!(drawn(&fs::read_to_string(&out).unwrap()), count, "{more:?}");
    }
    let ran = chart(&candles, &out, &["--from", "2024-01-01", "--width", "600", "--profile"]);
    assert!(ran.stderr.contains("do not fit"), "{ran:?}");
    assert!(drawn(&fs::read_to_string(&out).unwrap()) > 200);
}

#[test]
fn a_chart_and_columns_come_from_one_run() {
    let (folder, candles) = setup();
    let (out, columns) = (path(&folder, "out.svg"), path(&folder, "out.csv"));
    let specs = ["--indicator", "ema(20)", "--indicator", "macd(12,26,9)", "--profile", "--theme", "dark"];
    chart(&candles, &out, &[&specs[..], &["--out", &columns, "--title", "A <title>"]].concat()).ok();
    let svg = fs::read_to_string(&out).unwrap();
    for text in ["ema(20)", "macd(12,26,9)", "POC", "A &lt;title&gt;", "width=\"1280\" height=\"720\""] {
        assert!(svg.contains(text), "{text}");
    }
    assert_eq!(fs::read_to_string(&columns).unwrap().lines().count(), 901);
}

#[cfg(feature = "png")]
#[test]
fn png_has_the_size_asked_for() {
    let (folder, candles) = setup();
    let out = path(&folder, "out.PNG");
    chart(&candles, &out, &["--width", "400", "--height", "300", "--scale", "2"]).ok();
    let png = fs::read(&out).unwrap();
    assert_eq!(
        (&png[1..4], &png[16..20], &png[20..24]),
        (&b"PNG"[..], &[0, 0, 3, 32][..], &[0, 0, 2, 88][..])
    );
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let (folder, candles) = setup();
    let out = path(&folder, "out.svg");
    let empty = write(folder.path(), "empty.csv", HEADER);
    for (file, more, word) in [
        (candles.as_str(), ["--from", "2025-01-01"], "no candle is in the range"),
        (empty.to_str().unwrap(), ["--last", "5"], "empty.csv"),
    ] {
        let ran = chart(file, &out, &more);
        let said = ran.refusal();
        assert!(said.contains(word), "{said}");
    }
    for more in
        [["--width", "3"], ["--theme", "red"], ["--last", "0"], ["--from", "yesterday"], ["--scale", "9"]]
    {
        assert_eq!(chart(&candles, &out, &more).code(), Some(2), "{more:?}");
    }
    assert_eq!(chart(&candles, "out.gif", &[]).code(), Some(2));
    assert_eq!(run(INDICATORS, &["--candles", &candles, "--indicator", "ema(2)"]).code(), Some(2));
    assert!(!std::path::Path::new(&out).exists());
}
