//! Order books: the longest message, with every block, and on the way of every order.
//!
//! A reader of its own goes over the text once and takes a fifth of the time of a general one. What it does not know,
//! errors included, is left to the general one.

use qtp_core::{BookLevel, ExchangeError, InstrumentId, OrderBook, Price, Quantity};
use serde::Deserialize;

use super::market::Level;
use super::{parse, time};

#[derive(Deserialize)]
struct Book<'a> {
    time: i64,
    #[serde(borrow)]
    levels: (Vec<Level<'a>>, Vec<Level<'a>>),
}

/// `l2Book`: the best `depth` levels a side.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn book(text: &str, instrument: &InstrumentId, depth: usize) -> Result<OrderBook, ExchangeError> {
    let mut cursor = Cursor { text, at: 0 };
    match cursor.book(depth).filter(|_| cursor.is_done()) {
        Some(read) => Ok(read.of(instrument)),
        None => any_book(text, instrument, depth),
    }
}

fn any_book(text: &str, instrument: &InstrumentId, depth: usize) -> Result<OrderBook, ExchangeError> {
    const OPERATION: &str = "order_book";
    let Book { time: millis, levels: (bids, asks) } = parse(OPERATION, "l2Book", text)?;
    let side = |levels: &[Level<'_>]| -> Result<Vec<BookLevel>, ExchangeError> {
        levels.iter().take(depth).map(|level| level.read(OPERATION, instrument)).collect()
    };
    let (bids, asks) = (side(&bids)?, side(&asks)?);
    Ok(OrderBook { instrument: instrument.clone(), time: time(millis), bids, asks })
}

/// A book that was read before it is known which instrument it is of.
#[derive(Debug, Default)]
pub struct CoinBook<'a> {
    coin: Option<&'a str>,
    millis: i64,
    sides: [Vec<BookLevel>; 2],
}

impl<'a> CoinBook<'a> {
    /// A message of the stream, envelope and all, with the best `depth` levels a side. `None` for all that is not a
    /// message of a book in its usual form: another channel, an escape in a text, a field more than is known.
    pub fn of_message(text: &'a str, depth: usize) -> Option<Self> {
        let mut cursor = Cursor { text, at: 0 };
        let (mut channel, mut book) = (None, None);
        cursor.object(|cursor, key| match key {
            "channel" if channel.is_none() => cursor.text().filter(|name| *name == "l2Book").map(|name| {
                channel = Some(name);
            }),
            "data" if book.is_none() => cursor.book(depth).map(|read| book = Some(read)),
            _ => None,
        })?;
        book.filter(|book: &Self| channel.is_some() && book.coin.is_some() && cursor.is_done())
    }

    /// The venue's name of what it is a book of.
    pub fn coin(&self) -> &'a str {
        self.coin.unwrap_or_default()
    }

    /// The book, under our name.
    pub fn of(self, instrument: &InstrumentId) -> OrderBook {
        let [bids, asks] = self.sides;
        OrderBook { instrument: instrument.clone(), time: time(self.millis), bids, asks }
    }
}

/// Reads JSON as books have it: no escapes, no fractions. `None` at whatever it does not know.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn book(&mut self, depth: usize) -> Option<CoinBook<'a>> {
        let (mut coin, mut millis, mut sides) = (None, None, None);
        self.object(|cursor, key| match key {
            "coin" if coin.is_none() => cursor.text().map(|name| coin = Some(name)),
            "time" if millis.is_none() => cursor.integer().map(|time| millis = Some(time)),
            "levels" if sides.is_none() => cursor.sides(depth).map(|read| sides = Some(read)),
            _ => None,
        })?;
        Some(CoinBook { coin, millis: millis?, sides: sides? })
    }

    fn sides(&mut self, depth: usize) -> Option<[Vec<BookLevel>; 2]> {
        self.byte(b'[')?;
        let bids = self.side(depth)?;
        self.byte(b',')?;
        let asks = self.side(depth)?;
        self.byte(b']')?;
        Some([bids, asks])
    }

    fn side(&mut self, depth: usize) -> Option<Vec<BookLevel>> {
        let mut levels = Vec::with_capacity(depth.min(32));
        self.byte(b'[')?;
        if self.peek()? == b']' {
            self.at += 1;
            return Some(levels);
        }
        loop {
            let level = self.level()?;
            if levels.len() < depth {
                levels.push(level);
            }
            match self.next()? {
                b',' => {}
                b']' => return Some(levels),
                _ => return None,
            }
        }
    }

    fn level(&mut self) -> Option<BookLevel> {
        let (mut price, mut quantity, mut orders): (Option<Price>, Option<Quantity>, _) = (None, None, None);
        self.object(|cursor, key| match key {
            "px" if price.is_none() => cursor.text()?.parse().ok().map(|read| price = Some(read)),
            "sz" if quantity.is_none() => cursor.text()?.parse().ok().map(|read| quantity = Some(read)),
            "n" if orders.is_none() => cursor.integer().map(|read| orders = Some(read)),
            _ => None,
        })?;
        Some(BookLevel { price: price?, quantity: quantity? })
    }

    /// An object with one entry at least.
    #[inline]
    fn object(&mut self, mut entry: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        self.byte(b'{')?;
        loop {
            let key = self.text()?;
            self.byte(b':')?;
            entry(self, key)?;
            match self.next()? {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    #[inline]
    fn text(&mut self) -> Option<&'a str> {
        self.byte(b'"')?;
        let start = self.at;
        loop {
            match *self.text.as_bytes().get(self.at)? {
                b'"' => break,
                b'\\' | 0..b' ' => return None,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        self.text.get(start..self.at - 1)
    }

    #[inline]
    fn integer(&mut self) -> Option<i64> {
        let first = self.next()?;
        let start = self.at - 1;
        while self.text.as_bytes().get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        let digits = self.text.get(start..self.at)?;
        let plain = matches!(first, b'1'..=b'9') || digits == "0";
        digits.parse().ok().filter(|_| plain)
    }

    #[inline]
    fn byte(&mut self, wanted: u8) -> Option<()> {
        (self.next()? == wanted).then_some(())
    }

    /// The next byte that is no white space.
    #[inline]
    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.text.as_bytes().get(self.at)? {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    fn is_done(&mut self) -> bool {
        self.peek().is_none()
    }
}

#[cfg(test)]
mod tests;
