//! What all accounts see: prices, books, prints, candles and funding of each asset.

mod asset;
mod book;
mod candles;
mod feed;
mod path;

use std::collections::VecDeque;

use qtp_core::{BookLevel, Decimal, OrderBook, Price, Side, Timestamp};
use serde_json::{Value, json};

pub(super) use asset::{Asset, auction, margin_table, meta, spot_meta};
pub(super) use book::{Grouping, level_json, to_json as book_json};
pub(super) use candles::{is_interval, to_json as candle_json};
pub(super) use feed::Feed;

use super::number::{hash, mix, rounded, text};
use candles::Candles;
use path::Path;

/// Prints that `recentTrades` can bring.
const PRINTS: usize = 100;
/// Funding rates that are kept: more than two months.
const RATES: usize = 1_600;
/// The hourly rate where the source has none: 0.01 percent in 8 hours.
pub(super) const BASE_RATE: Decimal = Decimal::from_parts(125, 0, 0, false, 7);

/// A trade on the tape.
#[derive(Debug, Clone, Copy)]
pub(super) struct Print {
    pub time: Timestamp,
    pub price: Price,
    pub size: Decimal,
    pub side: Side,
    pub tid: u64,
}

/// A funding rate that was paid.
#[derive(Debug, Clone, Copy)]
pub(super) struct PaidRate {
    pub time: Timestamp,
    pub rate: Decimal,
}

/// One asset.
#[derive(Debug)]
pub(super) struct Market {
    pub asset: Asset,
    pub price: Option<Price>,
    pub book: Option<OrderBook>,
    pub candles: Candles,
    pub prints: VecDeque<Print>,
    /// Prints that no subscriber got yet.
    pub fresh: Vec<Print>,
    pub rates: VecDeque<PaidRate>,
    /// What the present hour will cost.
    pub rate: Decimal,
    pub halted: bool,
    /// Grows with every tick.
    pub version: u64,
    /// Version that subscribers were told last.
    pub told: u64,
    /// Time of the last tick, and version that the book was made for.
    time: Timestamp,
    drawn: Option<u64>,
    /// The levels of `l2Book` as text, and the version that they are of.
    levels: Option<(u64, String)>,
    depth: Decimal,
    seed: u64,
    /// What an operator made of the tape's price: a factor.
    factor: Decimal,
    path: Option<Path>,
    /// Candles behind the present one.
    ahead: VecDeque<qtp_core::Candle>,
}

impl Market {
    pub(super) fn new(asset: Asset, depth: Decimal, seed: u64) -> Self {
        let seed = mix(seed ^ u64::from(asset.id.0));
        Self {
            asset,
            price: None,
            book: None,
            candles: Candles::default(),
            prints: VecDeque::new(),
            fresh: Vec::new(),
            rates: VecDeque::new(),
            rate: BASE_RATE,
            halted: false,
            version: 0,
            told: 0,
            time: Timestamp::EPOCH,
            drawn: None,
            levels: None,
            depth,
            seed,
            factor: Decimal::ONE,
            path: None,
            ahead: VecDeque::new(),
        }
    }

    /// True once the tape reaches beyond an instant.
    fn covers(&self, time: Timestamp) -> bool {
        let last = self.ahead.back().map(qtp_core::Candle::close_time).or(self.path.as_ref().map(Path::ends));
        last.is_some_and(|last| last > time)
    }

    fn bring(&mut self, candle: &qtp_core::Candle) {
        self.ahead.push_back(candle.clone());
    }

    /// A candle before the venue opened.
    fn remember(&mut self, candle: &qtp_core::Candle) {
        self.candles.remember(candle);
        self.price =
            self.asset.instrument.round_price(candle.close(), qtp_core::Rounding::Nearest).or(self.price);
    }

    fn paid(&mut self, rate: PaidRate) {
        if self.rates.len() >= RATES {
            self.rates.pop_front();
        }
        self.rates.push_back(rate);
    }

    /// Notes that the present rate was paid at a full hour.
    pub(super) fn pay(&mut self, time: Timestamp) -> Decimal {
        self.paid(PaidRate { time, rate: self.rate });
        self.rate
    }

    /// Moves the price to a level by an operator's hand; the tape goes on from there.
    pub(super) fn shift(&mut self, to: Price, now: Timestamp) {
        let Some(from) = self.price else { return };
        self.factor = (self.factor * to.get()).checked_div(from.get()).unwrap_or(Decimal::ONE).round_dp(12);
        self.set(to, now);
        self.refresh();
        self.print(to, self.asset.lot() * Decimal::TEN, Side::Buy, now);
    }

    /// One tick: the price at `now`, its print and its book. `tick` is the time between two, in nanoseconds.
    pub(super) fn tick(&mut self, now: Timestamp, tick: i64) {
        while self.path.as_ref().is_none_or(|path| path.ends() <= now) {
            let Some(candle) = self.ahead.pop_front_if(|candle| candle.open_time() <= now) else {
                self.path = None;
                // Nothing is traded: the book stands as it was.
                self.time = now;
                return;
            };
            self.path = Some(Path::new(candle, tick));
        }
        let Some(path) = &self.path else { return };
        let rule = &self.asset.instrument.price_rule;
        let Some(price) = path.price(now, rule) else { return };
        let ticks = path.ticks();
        let volume = path.candle.volume().get();
        let shifted = Price::new(price.get() * self.factor).ok();
        let price = shifted.and_then(|price| rule.round(price, qtp_core::Rounding::Nearest)).unwrap_or(price);
        let random = mix(self.seed ^ now.as_nanos().unsigned_abs());
        let side = match self.price {
            Some(last) if price > last => Side::Buy,
            Some(last) if price < last => Side::Sell,
            _ if random & 1 == 0 => Side::Buy,
            _ => Side::Sell,
        };
        self.set(price, now);
        if volume > Decimal::ZERO && !self.halted {
            let size = (volume / Decimal::from(ticks)).round_dp(self.asset.sz_decimals).max(self.asset.lot());
            self.print(price, size, side, now);
        }
    }

    fn set(&mut self, price: Price, now: Timestamp) {
        if self.price != Some(price) {
            self.version += 1;
        }
        self.price = Some(price);
        self.time = now;
    }

    /// Makes the book of the present price. Ticks that nobody looks at need none.
    pub(super) fn refresh(&mut self) {
        let (Some(price), version) = (self.price, self.version) else { return };
        if self.drawn != Some(version) {
            let seed = mix(self.seed ^ version);
            self.book = Some(book::around(&self.asset, price, self.depth, self.time, seed));
            self.drawn = Some(version);
        }
        if let Some(book) = &mut self.book {
            book.time = self.time;
        }
    }

    fn print(&mut self, price: Price, size: Decimal, side: Side, time: Timestamp) {
        let tid = mix(self.seed ^ time.as_nanos().unsigned_abs() ^ self.version) >> 14;
        let print = Print { time, price, size, side, tid };
        if self.prints.len() >= PRINTS {
            self.prints.pop_front();
        }
        self.prints.push_back(print);
        if self.fresh.len() < PRINTS {
            self.fresh.push(print);
        }
        self.candles.print(time, price.get(), size);
    }

    /// The same market, with a book that holds no more than a size at the best prices.
    pub(super) fn with_thin_book(&self, size: Decimal) -> Self {
        let mut thin = Self::new(self.asset.clone(), self.depth, self.seed);
        (thin.price, thin.halted, thin.version) = (self.price, self.halted, self.version);
        thin.book = self.book.clone().map(|mut book| {
            for side in [&mut book.bids, &mut book.asks] {
                side.truncate(1);
                for level in side {
                    level.quantity = qtp_core::Quantity::new(size).unwrap_or(level.quantity);
                }
            }
            book
        });
        thin
    }

    /// Middle of the best bid and ask.
    pub(super) fn mid(&self) -> Option<Decimal> {
        let book = self.book.as_ref()?;
        let (bid, ask) = (book.bids.first()?.price.get(), book.asks.first()?.price.get());
        Some((bid + ask) / Decimal::TWO)
    }

    pub(super) fn best(&self) -> (Option<&BookLevel>, Option<&BookLevel>) {
        let book = self.book.as_ref();
        (book.and_then(|book| book.bids.first()), book.and_then(|book| book.asks.first()))
    }

    /// `l2Book` as text. Its levels are written once a version: they are most of the work, and asked for most often.
    pub(super) fn book_text(&mut self, time: i64) -> Option<String> {
        if self.levels.as_ref().is_none_or(|(version, _)| *version != self.version) {
            let levels = book_json(&self.asset.coin, self.book.as_ref()?, None).get("levels")?.to_string();
            self.levels = Some((self.version, levels));
        }
        let (_, levels) = self.levels.as_ref()?;
        Some(format!(r#"{{"coin":"{}","levels":{levels},"time":{time}}}"#, self.asset.coin))
    }

    /// The price that margin, triggers and funding look at. Mark and oracle are the tape's price.
    pub(super) fn mark(&self) -> Decimal {
        self.price.map_or(Decimal::ZERO, Price::get)
    }

    /// A print on the wire.
    pub(super) fn print_json(&self, print: &Print) -> Value {
        let maker = format!("0x{:040x}", mix(print.tid));
        let taker = format!("0x{:040x}", mix(print.tid ^ 1));
        let (side, users) = match print.side {
            Side::Buy => ("B", [taker, maker]),
            Side::Sell => ("A", [maker, taker]),
        };
        json!({"coin": self.asset.coin, "side": side, "px": text(print.price.get()), "sz": text(print.size),
            "hash": hash(print.tid), "time": print.time.as_millis(), "tid": print.tid, "users": users})
    }

    /// `activeAssetCtx`'s numbers.
    pub(super) fn context(&self, now: Timestamp) -> Value {
        let mark = text(self.mark());
        let mid = self.mid().map(text);
        let (before, base, quote) =
            self.candles.day(now.as_millis()).unwrap_or((self.mark(), Decimal::ZERO, Decimal::ZERO));
        let (before, quote, base) = (text(before), rounded(quote), rounded(base));
        if self.asset.is_spot() {
            return json!({"prevDayPx": before, "dayNtlVlm": quote, "dayBaseVlm": base, "markPx": mark, "midPx": mid,
                "circulatingSupply": "1000000000.0", "totalSupply": "1000000000.0", "coin": self.asset.coin});
        }
        let impact = self.book.as_ref().and_then(|book| {
            Some([text(book.bids.get(1)?.price.get()), text(book.asks.get(1)?.price.get())])
        });
        json!({"funding": text(self.rate), "openInterest": base,
            "prevDayPx": before, "dayNtlVlm": quote, "dayBaseVlm": base, "premium": "0.0", "oraclePx": mark,
            "markPx": mark, "midPx": mid, "impactPxs": impact})
    }
}
