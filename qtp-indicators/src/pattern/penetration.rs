//! Patterns whose last candle must reach a given part of the first body; in a rule `a` is the oldest.

use super::{Bar, BodyDoji, BodyLong, BodyShort, define::penetrations, either, when};

/// A body gap up and then a black close into the first white body.
#[inline(always)]
fn evening(a: &Bar, b: &Bar, c: &Bar, penetration: f64) -> bool {
    a.white() & b.body_gaps_up(a) & c.black() & (c.close < a.close - a.body() * penetration)
}

/// A body gap down and then a white close into the first black body.
#[inline(always)]
fn morning(a: &Bar, b: &Bar, c: &Bar, penetration: f64) -> bool {
    a.black() & b.body_gaps_down(a) & c.white() & (c.close > a.close + a.body() * penetration)
}

penetrations! {
    DarkCloudCover, "darkcloudcover", 11, 0.5, [BodyLong @ 1],
    "Dark cloud cover: opens above the previous high and closes well into the long white body",
    |view, penetration| {
        let [a, b] = view.last();
        let long = a.white() & (a.body() > view.mean::<BodyLong, 1>());
        let close = (b.close > a.open) & (b.close < a.close - a.body() * penetration);
        when(long & b.black() & (b.open > a.high) & close, -100.0)
    };

    MorningStar, "morningstar", 12, 0.3, [BodyLong @ 2, BodyShort @ 1, BodyShort @ 0],
    "Morning star: a long black body, a short one below, a white one back up", |view, penetration| {
        let [a, b, c] = view.last();
        let sizes = (a.body() > view.mean::<BodyLong, 2>()) & (b.body() <= view.mean::<BodyShort, 1>())
            & (c.body() > view.mean::<BodyShort, 0>());
        when(sizes & morning(&a, &b, &c, penetration), 100.0)
    };

    EveningStar, "eveningstar", 12, 0.3, [BodyLong @ 2, BodyShort @ 1, BodyShort @ 0],
    "Evening star: a long white body, a short one above, a black one back down", |view, penetration| {
        let [a, b, c] = view.last();
        let sizes = (a.body() > view.mean::<BodyLong, 2>()) & (b.body() <= view.mean::<BodyShort, 1>())
            & (c.body() > view.mean::<BodyShort, 0>());
        when(sizes & evening(&a, &b, &c, penetration), -100.0)
    };

    MorningDojiStar, "morningdojistar", 12, 0.3, [BodyLong @ 2, BodyDoji @ 1, BodyShort @ 0],
    "Morning doji star: a morning star whose middle is a doji", |view, penetration| {
        let [a, b, c] = view.last();
        let sizes = (a.body() > view.mean::<BodyLong, 2>()) & (b.body() <= view.mean::<BodyDoji, 1>())
            & (c.body() > view.mean::<BodyShort, 0>());
        when(sizes & morning(&a, &b, &c, penetration), 100.0)
    };

    EveningDojiStar, "eveningdojistar", 12, 0.3, [BodyLong @ 2, BodyDoji @ 1, BodyShort @ 0],
    "Evening doji star: an evening star whose middle is a doji", |view, penetration| {
        let [a, b, c] = view.last();
        let sizes = (a.body() > view.mean::<BodyLong, 2>()) & (b.body() <= view.mean::<BodyDoji, 1>())
            & (c.body() > view.mean::<BodyShort, 0>());
        when(sizes & evening(&a, &b, &c, penetration), -100.0)
    };

    AbandonedBaby, "abandonedbaby", 12, 0.3, [BodyLong @ 2, BodyDoji @ 1, BodyShort @ 0],
    "Abandoned baby: a doji that gaps away with its shadows on both sides", |view, penetration| {
        let [a, b, c] = view.last();
        let sizes = (a.body() > view.mean::<BodyLong, 2>()) & (b.body() <= view.mean::<BodyDoji, 1>())
            & (c.body() > view.mean::<BodyShort, 0>());
        let reach = a.body() * penetration;
        let falls = c.black() & (c.close < a.close - reach) & b.gaps_up(&a) & c.gaps_down(&b);
        let rises = c.white() & (c.close > a.close + reach) & b.gaps_down(&a) & c.gaps_up(&b);
        when(sizes & either(a.white(), falls, rises), 100.0 * c.color())
    };

    MatHold, "mathold", 14, 0.5, [BodyLong @ 4, BodyShort @ 3, BodyShort @ 2, BodyShort @ 1],
    "Mat hold: a long white body, three short ones that hold most of it, and on up", |view, penetration| {
        let [a, b, c, d, e] = view.last();
        let short = (b.body() < view.mean::<BodyShort, 3>()) & (c.body() < view.mean::<BodyShort, 2>())
            & (d.body() < view.mean::<BodyShort, 1>());
        let start = a.white() & (a.body() > view.mean::<BodyLong, 4>()) & b.black() & b.body_gaps_up(&a);
        let floor = a.close - a.body() * penetration;
        let hold = (c.bottom() < a.close) & (d.bottom() < a.close) & (c.bottom() > floor) & (d.bottom() > floor);
        let fall = (c.top() < b.open) & (d.top() < c.top());
        let on = e.white() & (e.open > d.close) & (e.close > b.high) & (e.close > c.high) & (e.close > d.high);
        when(short & start & hold & fall & on, 100.0)
    };
}
