//! A book that is kept by changes, against the venue's own best bid and ask over some minutes of its busiest symbols.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};

use qtp_core::{Price, Quantity, Timestamp};
use qtp_exchange::binance::wire::{Depth, DepthUpdate, MarketUpdate, depth, market_update};
use qtp_exchange::binance::{DepthBook, Product, Step};

use crate::fixtures::{path, symbols};

/// The messages of a recording.
fn messages(file: &str) -> Option<impl Iterator<Item = String>> {
    let Ok(open) = std::fs::File::open(path(file)) else {
        println!("skipped: {file} is not there");
        return None;
    };
    let lines = BufReader::new(flate2::read::GzDecoder::new(open)).lines();
    Some(lines.map(|line| line.unwrap().split_once(' ').unwrap().1.to_owned()))
}

/// Best bid and ask by the update id after which the venue said so. The stream of these runs beside that of the
/// changes, so one may come later than the change that it belongs to.
fn best_levels(messages: impl Iterator<Item = String>) -> BTreeMap<u64, (Price, Price)> {
    let of = |message: String| {
        let value: serde_json::Value = serde_json::from_str(&message).unwrap();
        let data = &value["data"];
        let price = |name: &str| data[name].as_str().unwrap().parse().unwrap();
        (data["u"].as_u64().unwrap(), (price("b"), price("a")))
    };
    messages.filter(|message| message.contains("@bookTicker")).map(of).collect()
}

/// Plays a recording into a book. How many changes were applied, and how often its best levels were compared.
fn play(file: &str, product: Product) -> Option<(usize, usize)> {
    let symbols = symbols("b");
    let best = best_levels(messages(file)?);
    let mut book = DepthBook::new(product);
    let (mut applied, mut compared) = (0, 0);
    for message in messages(file)? {
        if message.starts_with("{\"lastUpdateId\"") {
            assert_eq!(book.on_snapshot(&depth(&message).unwrap(), 1000), Step::InSync);
        } else if let MarketUpdate::Depth { update, .. } =
            market_update(&message, &symbols, Timestamp::EPOCH).unwrap()
        {
            let last = update.last;
            if book.on_update(update) != Step::InSync {
                continue;
            }
            applied += 1;
            let Some((id, (bid, ask))) = best.range(..=last).next_back() else { continue };
            let ours = book.levels().unwrap().0.best();
            assert_eq!((ours.0.unwrap().price, ours.1.unwrap().price), (*bid, *ask), "{id} {last}");
            compared += 1;
        }
    }
    Some((applied, compared))
}

#[test]
fn spot_book_agrees_with_the_venues_best_bid_and_ask() {
    if let Some(counts) = play("hftbacktest/binance-spot_btcusdt_20240808.gz", Product::Spot) {
        println!("{counts:?}");
        assert!(counts.0 > 1000 && counts.1 > 1000, "{counts:?}");
    }
}

#[test]
fn futures_book_agrees_with_the_venues_best_bid_and_ask() {
    if let Some(counts) = play("hftbacktest/binance-usdm_btcusdt_20240808.gz", Product::UsdMargin) {
        println!("{counts:?}");
        assert!(counts.0 > 1000 && counts.1 > 1000, "{counts:?}");
    }
}

fn update(first: u64, last: u64, previous: Option<u64>) -> DepthUpdate {
    let level = |price: &str, quantity: &str| (price.parse().unwrap(), quantity.parse().unwrap());
    let bids = vec![level(&last.to_string(), "1")];
    DepthUpdate { first, last, previous, time: Timestamp::EPOCH, bids, asks: vec![level("900", "0")] }
}

fn snapshot(last: u64) -> Depth {
    let one: Quantity = "1".parse().unwrap();
    let level = |price: &str| (price.parse().unwrap(), one);
    Depth { last, time: None, bids: vec![level("1")], asks: vec![level("1000")] }
}

fn best_bid(book: &DepthBook) -> String {
    book.levels().unwrap().0.best().0.unwrap().price.to_string()
}

#[test]
fn changes_before_the_snapshot_wait_and_older_ones_are_dropped() {
    let mut book = DepthBook::new(Product::Spot);
    for (first, last) in [(1, 5), (6, 10), (11, 12)] {
        assert_eq!(book.on_update(update(first, last, None)), Step::NeedsSnapshot);
    }
    assert!(book.levels().is_none());
    assert_eq!(book.on_snapshot(&snapshot(7), 5), Step::InSync);
    assert_eq!(best_bid(&book), "12");
    assert_eq!(book.on_update(update(11, 12, None)), Step::Old);
    assert_eq!(book.on_update(update(13, 13, None)), Step::InSync);
}

#[test]
fn a_snapshot_from_before_the_first_change_leaves_a_hole() {
    let mut book = DepthBook::new(Product::Spot);
    book.on_update(update(11, 12, None));
    assert_eq!(book.on_snapshot(&snapshot(9), 5), Step::NeedsSnapshot);
    assert_eq!(book.on_snapshot(&snapshot(10), 5), Step::InSync);
    assert_eq!(best_bid(&book), "12");
}

#[test]
fn a_gap_drops_the_book_until_the_next_snapshot() {
    for (product, previous) in [(Product::Spot, None), (Product::UsdMargin, Some(13))] {
        let mut book = DepthBook::new(product);
        book.on_snapshot(&snapshot(10), 5);
        assert_eq!(book.on_update(update(9, 12, Some(8))), Step::InSync);
        assert_eq!(book.on_update(update(14, 15, previous)), Step::Gap, "{product:?}");
        assert!(book.levels().is_none());
        assert_eq!(book.on_update(update(16, 17, Some(15))), Step::NeedsSnapshot);
        assert_eq!(book.on_snapshot(&snapshot(14), 5), Step::InSync, "{product:?}");
        assert_eq!(best_bid(&book), "17");
    }
}

#[test]
fn a_book_that_left_its_snapshot_needs_another_one() {
    let one: Quantity = "1".parse().unwrap();
    let level = |price: u64| (price.to_string().parse().unwrap(), one);
    let bids: Vec<(Price, Quantity)> = (96..=100).rev().map(level).collect();
    let whole = Depth { last: 10, time: None, bids: bids.clone(), asks: vec![level(101)] };
    for (limit, reaches) in [(5, false), (6, true)] {
        let mut book = DepthBook::new(Product::Spot);
        book.on_snapshot(&whole, limit);
        assert!(book.reaches(5), "a side that the snapshot has whole is known to its end");
        // The price falls: what lies below 96 was never told, unless the snapshot had everything.
        let gone = bids.iter().take(3).map(|(price, _)| (*price, Quantity::ZERO)).collect();
        let fall = DepthUpdate { bids: gone, asks: Vec::new(), ..update(11, 11, None) };
        assert_eq!(book.on_update(fall), Step::InSync);
        let lower = DepthUpdate { bids: (90..=93).map(level).collect(), ..update(12, 12, None) };
        book.on_update(lower);
        assert!(book.reaches(2));
        assert_eq!(book.reaches(5), reaches, "{limit}");
    }
}
