//! Pivot points of the session before, and of a window.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use super::middle::Channel;
use crate::{
    Session, TimedOhlcv,
    error::check_period,
    node::{Feed, Lag, Node, Previous, Reads, composite, indicator, peek_by_copy},
    registry::{Args, Entry, OutputInfo, ParamInfo, node, timed_candles},
};

/// Open, high, low and close of a finished session, and the open of the one that follows.
#[derive(Debug, Clone, Copy)]
struct Past {
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    next_open: f64,
}

/// Makes, for each kind of levels, the nodes and public types by session and by window.
macro_rules! kinds {
    ($($session:ident $by_session:ident $session_fn:ident, $window:ident $by_window:ident $window_fn:ident
        $count:literal $formula:expr, $summary:literal;)*) => {$(
        #[doc = $summary]
        #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
        pub(crate) struct $session {
            session: Session,
            number: Option<i64>,
            /// The session so far.
            forming: Ohlcv,
            levels: Option<[f64; $count]>,
            /// Candles before the first levels.
            waited: usize,
        }

        impl Node for $session {
            type In = TimedOhlcv;
            type Out = [f64; $count];

            const READS: Reads = Reads::OHLC;

            fn next(&mut self, input: TimedOhlcv) -> Option<[f64; $count]> {
                let formula: fn(&Past) -> [f64; $count] = $formula;
                let (c, f) = (input.ohlcv, &mut self.forming);
                let number = self.session.number(input.open_time);
                match self.number.replace(number) {
                    Some(last) if last == number => {
                        (f.high, f.low, f.close) = (f.high.max(c.high), f.low.min(c.low), c.close);
                    }
                    last => {
                        if last.is_some() {
                            let Ohlcv { open, high, low, close, .. } = *f;
                            self.levels = Some(formula(&Past { open, high, low, close, next_open: c.open }));
                        }
                        // The volume is not read and may be anything.
                        *f = Ohlcv { volume: 0.0, ..c };
                    }
                }
                self.waited += usize::from(self.levels.is_none());
                self.levels
            }

            peek_by_copy!();

            fn warmup(&self) -> usize {
                // Until a session has ended, the next candle may be the first with levels.
                self.waited + 1
            }

            fn reset(&mut self) {
                (self.number, self.levels, self.waited) = (None, None, 0);
                self.forming = Ohlcv::default();
            }
        }

        indicator! {
            #[doc = $summary]
            ///
            /// Of the last finished session: there is no output before one has ended, and the warm-up is known then.
            $by_session(session: Session) = |session| {
                Ok($session { session, number: None, forming: Ohlcv::default(), levels: None, waited: 0 })
            } => $session, TimedOhlcv => [f64; $count];
            $session_fn((crate::Candles<'_>, &[i64])) -> $count
        }

        #[doc = $summary]
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub(crate) struct $window {
            channel: Channel,
            first: Lag,
            previous: Previous<Ohlcv>,
            past: Previous<(f64, f64)>,
        }

        impl Node for $window {
            type In = Ohlcv;
            type Out = [f64; $count];

            const READS: Reads = Reads::OHLC;

            composite!({ channel, first, previous, past } (c: Ohlcv) -> [f64; $count] {
                let formula: fn(&Past) -> [f64; $count] = $formula;
                let (open, last) = (first.feed(c.open), previous.feed(Ohlcv { volume: 0.0, ..c }));
                let (high, low) = past.feed(channel.feed(c)?)?;
                let (open, close) = (open?, last?.close);
                Some(formula(&Past { open, high, low, close, next_open: c.open }))
            });

            fn warmup(&self) -> usize {
                self.first.warmup()
            }
        }

        indicator! {
            #[doc = $summary]
            ///
            /// Of the `period` candles (1 to 100,000) before this one.
            $by_window(period: usize) = |period| {
                let n = check_period("period", period, 1)?;
                let (previous, past) = (Previous::default(), Previous::default());
                Ok($window { channel: Channel::new(n), first: Lag::new(n), previous, past })
            } => $window, Ohlcv => [f64; $count];
            $window_fn(crate::Candles<'_>) -> $count
        }
    )*};
}

/// Middle and three levels either side, as floor traders computed them.
fn classic(middle: f64, high: f64, low: f64) -> [f64; 7] {
    let range = high - low;
    [
        middle,
        middle * 2.0 - low,
        middle + range,
        high + 2.0 * (middle - low),
        middle * 2.0 - high,
        middle - range,
        low - 2.0 * (high - middle),
    ]
}

fn fibonacci(p: &Past) -> [f64; 7] {
    let (middle, range) = ((p.high + p.low + p.close) / 3.0, p.high - p.low);
    let [near, mid, far] = [0.382, 0.618, 1.0].map(|share| share * range);
    [middle, middle + near, middle + mid, middle + far, middle - near, middle - mid, middle - far]
}

fn camarilla(p: &Past) -> [f64; 9] {
    let (close, range) = (p.close, p.high - p.low);
    let [a, b, c, d] = [12.0, 6.0, 4.0, 2.0].map(|part| 1.1 / part * range);
    [close, close + a, close + b, close + c, close + d, close - a, close - b, close - c, close - d]
}

fn demark(p: &Past) -> [f64; 3] {
    let base = p.high + p.low + p.close;
    let x = if p.close < p.open {
        base + p.low
    } else if p.close > p.open {
        base + p.high
    } else {
        base + p.close
    };
    [x / 4.0, x / 2.0 - p.low, x / 2.0 - p.high]
}

kinds! {
    ClassicSession PivotsClassic pivots_classic, ClassicWindow RollingPivotsClassic rolling_pivots_classic 7
        |p| classic((p.high + p.low + p.close) / 3.0, p.high, p.low),
        "Classic pivot points, `[pp, r1, r2, r3, s1, s2, s3]`.";
    FibonacciSession PivotsFibonacci pivots_fibonacci, FibonacciWindow RollingPivotsFibonacci rolling_pivots_fibonacci 7
        fibonacci,
        "Fibonacci pivot points, `[pp, r1, r2, r3, s1, s2, s3]`.";
    CamarillaSession PivotsCamarilla pivots_camarilla, CamarillaWindow RollingPivotsCamarilla rolling_pivots_camarilla 9
        camarilla,
        "Camarilla pivot points, `[pp, r1, r2, r3, r4, s1, s2, s3, s4]` (N. Stott, 1989); pp is the close.";
    WoodieSession PivotsWoodie pivots_woodie, WoodieWindow RollingPivotsWoodie rolling_pivots_woodie 7
        |p| classic((p.high + p.low + 2.0 * p.next_open) / 4.0, p.high, p.low),
        "Woodie's pivot points, `[pp, r1, r2, r3, s1, s2, s3]`, from the open that follows.";
    DeMarkSession PivotsDeMark pivots_demark, DeMarkWindow RollingPivotsDeMark rolling_pivots_demark 3
        demark,
        "DeMark's pivot points, `[pp, r1, s1]`.";
}

const fn price(name: &'static str) -> OutputInfo {
    OutputInfo::new(name, "price")
}

const SEVEN: &[OutputInfo] =
    &[price("pp"), price("r1"), price("r2"), price("r3"), price("s1"), price("s2"), price("s3")];
const NINE: &[OutputInfo] = &[
    price("pp"),
    price("r1"),
    price("r2"),
    price("r3"),
    price("r4"),
    price("s1"),
    price("s2"),
    price("s3"),
    price("s4"),
];
const THREE: &[OutputInfo] = &[price("pp"), price("r1"), price("s1")];
const BY_SESSION: &[ParamInfo] = &[ParamInfo::choice("session", &Session::NAMES)];
const BY_WINDOW: &[ParamInfo] = &[ParamInfo::integer("period", 1, 20)];
const ENDED: &str = "the first candle after a session";

fn session(args: &Args) -> Session {
    Session::at(args.count(0))
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "pivots_classic",
        "Classic pivot points of the session before",
        BY_SESSION,
        SEVEN,
        ENDED,
        |a| Ok(timed_candles(PivotsClassic::new(session(a))?)),
    ),
    Entry::candles(
        "pivots_fibonacci",
        "Fibonacci pivot points of the session before",
        BY_SESSION,
        SEVEN,
        ENDED,
        |a| Ok(timed_candles(PivotsFibonacci::new(session(a))?)),
    ),
    Entry::candles(
        "pivots_camarilla",
        "Camarilla pivot points of the session before",
        BY_SESSION,
        NINE,
        ENDED,
        |a| Ok(timed_candles(PivotsCamarilla::new(session(a))?)),
    ),
    Entry::candles(
        "pivots_woodie",
        "Woodie's pivot points of the session before",
        BY_SESSION,
        SEVEN,
        ENDED,
        |a| Ok(timed_candles(PivotsWoodie::new(session(a))?)),
    ),
    Entry::candles(
        "pivots_demark",
        "DeMark's pivot points of the session before",
        BY_SESSION,
        THREE,
        ENDED,
        |a| Ok(timed_candles(PivotsDeMark::new(session(a))?)),
    ),
    Entry::candles(
        "rolling_pivots_classic",
        "Classic pivot points of the candles before",
        BY_WINDOW,
        SEVEN,
        "period + 1",
        |a| Ok(node(RollingPivotsClassic::new(a.count(0))?.0.node)),
    ),
    Entry::candles(
        "rolling_pivots_fibonacci",
        "Fibonacci pivot points of the candles before",
        BY_WINDOW,
        SEVEN,
        "period + 1",
        |a| Ok(node(RollingPivotsFibonacci::new(a.count(0))?.0.node)),
    ),
    Entry::candles(
        "rolling_pivots_camarilla",
        "Camarilla pivot points of the candles before",
        BY_WINDOW,
        NINE,
        "period + 1",
        |a| Ok(node(RollingPivotsCamarilla::new(a.count(0))?.0.node)),
    ),
    Entry::candles(
        "rolling_pivots_woodie",
        "Woodie's pivot points of the candles before",
        BY_WINDOW,
        SEVEN,
        "period + 1",
        |a| Ok(node(RollingPivotsWoodie::new(a.count(0))?.0.node)),
    ),
    Entry::candles(
        "rolling_pivots_demark",
        "DeMark's pivot points of the candles before",
        BY_WINDOW,
        THREE,
        "period + 1",
        |a| Ok(node(RollingPivotsDeMark::new(a.count(0))?.0.node)),
    ),
];
