//! Patterns of two candles; in a rule `a` is the earlier, `b` the newest.

use super::{
    Bar, BodyDoji, BodyLong, BodyShort, Equal, Near, ShadowLong, ShadowVeryShort, define::patterns, either,
    when,
};

/// Within `reach` of `level` on either side.
#[inline(always)]
fn at(price: f64, level: f64, reach: f64) -> bool {
    (price <= level + reach) & (price >= level - reach)
}

/// Engulfed from end to end: 100; with one end in common: 80; else 0.
#[inline(always)]
fn engulfed(inner: &Bar, outer: &Bar) -> f64 {
    if (inner.top() < outer.top()) & (inner.bottom() > outer.bottom()) {
        100.0
    } else if (inner.top() <= outer.top()) & (inner.bottom() >= outer.bottom()) {
        80.0
    } else {
        0.0
    }
}

/// A long body whose shadows are both very short.
#[inline(always)]
fn marubozu(bar: &Bar, long: f64, short: f64) -> bool {
    (bar.body() > long) & (bar.upper() < short) & (bar.lower() < short)
}

/// Two marubozu of opposite colours with a gap away from the first.
#[inline(always)]
fn kicks(a: &Bar, b: &Bar) -> bool {
    (a.white() != b.white()) & either(a.black(), b.gaps_up(a), b.gaps_down(a))
}

patterns! {
    Hammer, "hammer", 11, [BodyShort @ 0, ShadowVeryShort @ 0, Near @ 1],
    "Hammer: a short body over a long lower shadow, near or below the previous low", |view| {
        let [a, b] = view.last();
        let body = (b.body() < view.mean::<BodyShort, 0>()) & (b.lower() > view.mean::<ShadowLong, 0>());
        let shape = body & (b.upper() < view.mean::<ShadowVeryShort, 0>());
        when(shape & (b.bottom() <= a.low + view.mean::<Near, 1>()), 100.0)
    };

    HangingMan, "hangingman", 11, [BodyShort @ 0, ShadowVeryShort @ 0, Near @ 1],
    "Hanging man: a short body over a long lower shadow, near or above the previous high", |view| {
        let [a, b] = view.last();
        let body = (b.body() < view.mean::<BodyShort, 0>()) & (b.lower() > view.mean::<ShadowLong, 0>());
        let shape = body & (b.upper() < view.mean::<ShadowVeryShort, 0>());
        when(shape & (b.bottom() >= a.high - view.mean::<Near, 1>()), -100.0)
    };

    InvertedHammer, "invertedhammer", 11, [BodyShort @ 0, ShadowVeryShort @ 0],
    "Inverted hammer: a short body under a long upper shadow, after a gap down", |view| {
        let [a, b] = view.last();
        let body = (b.body() < view.mean::<BodyShort, 0>()) & (b.upper() > view.mean::<ShadowLong, 0>());
        when(body & (b.lower() < view.mean::<ShadowVeryShort, 0>()) & b.body_gaps_down(&a), 100.0)
    }, if |bars| bars.ago(0).body_gaps_down(&bars.ago(1));

    ShootingStar, "shootingstar", 11, [BodyShort @ 0, ShadowVeryShort @ 0],
    "Shooting star: a short body under a long upper shadow, after a gap up", |view| {
        let [a, b] = view.last();
        let body = (b.body() < view.mean::<BodyShort, 0>()) & (b.upper() > view.mean::<ShadowLong, 0>());
        when(body & (b.lower() < view.mean::<ShadowVeryShort, 0>()) & b.body_gaps_up(&a), -100.0)
    }, if |bars| bars.ago(0).body_gaps_up(&bars.ago(1));

    Engulfing, "engulfing", 2, [],
    "Engulfing: a body that covers the previous one of the other colour; 80 with one end in common", |view| {
        let [a, b] = view.last();
        let up = ((b.close >= a.open) & (b.open < a.close)) | ((b.close > a.open) & (b.open <= a.close));
        let down = ((b.open >= a.close) & (b.close < a.open)) | ((b.open > a.close) & (b.close <= a.open));
        let covers = (b.white() & a.black() & up) | (b.black() & a.white() & down);
        let strength = if (b.open != a.close) & (b.close != a.open) { 100.0 } else { 80.0 };
        when(covers, strength * b.color())
    };

    Harami, "harami", 11, [BodyLong @ 1, BodyShort @ 0],
    "Harami: a short body inside the previous long one; 80 with one end in common", |view| {
        let [a, b] = view.last();
        let sizes = (a.body() > view.mean::<BodyLong, 1>()) & (b.body() <= view.mean::<BodyShort, 0>());
        when(sizes, -engulfed(&b, &a) * a.color())
    };

    HaramiCross, "haramicross", 11, [BodyLong @ 1, BodyDoji @ 0],
    "Harami cross: a doji inside the previous long body; 80 with one end in common", |view| {
        let [a, b] = view.last();
        let sizes = (a.body() > view.mean::<BodyLong, 1>()) & (b.body() <= view.mean::<BodyDoji, 0>());
        when(sizes, -engulfed(&b, &a) * a.color())
    };

    DojiStar, "dojistar", 11, [BodyLong @ 1, BodyDoji @ 0],
    "Doji star: a doji that gaps away from a long body", |view| {
        let [a, b] = view.last();
        let sizes = (a.body() > view.mean::<BodyLong, 1>()) & (b.body() <= view.mean::<BodyDoji, 0>());
        let gap = either(a.white(), b.body_gaps_up(&a), b.body_gaps_down(&a));
        when(sizes & gap, -100.0 * a.color())
    };

    Piercing, "piercing", 11, [BodyLong @ 1, BodyLong @ 0],
    "Piercing line: opens below the previous low and closes above the middle of the long black body", |view| {
        let [a, b] = view.last();
        let long = (a.body() > view.mean::<BodyLong, 1>()) & (b.body() > view.mean::<BodyLong, 0>());
        let pierces = (b.open < a.low) & (b.close < a.open) & (b.close > a.close + a.body() * 0.5);
        when(a.black() & b.white() & long & pierces, 100.0)
    };

    Kicking, "kicking", 11, [ShadowVeryShort @ 1, ShadowVeryShort @ 0, BodyLong @ 1, BodyLong @ 0],
    "Kicking: two marubozu of opposite colours with a gap between", |view| {
        let [a, b] = view.last();
        let first = marubozu(&a, view.mean::<BodyLong, 1>(), view.mean::<ShadowVeryShort, 1>());
        let second = marubozu(&b, view.mean::<BodyLong, 0>(), view.mean::<ShadowVeryShort, 0>());
        when(first & second & kicks(&a, &b), 100.0 * b.color())
    };

    KickingByLength, "kickingbylength", 11,
    [ShadowVeryShort @ 1, ShadowVeryShort @ 0, BodyLong @ 1, BodyLong @ 0],
    "Kicking by length: kicking with the sign of the longer marubozu", |view| {
        let [a, b] = view.last();
        let first = marubozu(&a, view.mean::<BodyLong, 1>(), view.mean::<ShadowVeryShort, 1>());
        let second = marubozu(&b, view.mean::<BodyLong, 0>(), view.mean::<ShadowVeryShort, 0>());
        let color = if b.body() > a.body() { b.color() } else { a.color() };
        when(first & second & kicks(&a, &b), 100.0 * color)
    };

    MatchingLow, "matchinglow", 6, [Equal @ 1], "Matching low: two black candles with equal closes", |view| {
        let [a, b] = view.last();
        when(a.black() & b.black() & at(b.close, a.close, view.mean::<Equal, 1>()), 100.0)
    };

    HomingPigeon, "homingpigeon", 11, [BodyLong @ 1, BodyShort @ 0],
    "Homing pigeon: a short black body inside the previous long black one", |view| {
        let [a, b] = view.last();
        let sizes = (a.body() > view.mean::<BodyLong, 1>()) & (b.body() <= view.mean::<BodyShort, 0>());
        when(a.black() & b.black() & sizes & (b.open < a.open) & (b.close > a.close), 100.0)
    };

    InNeck, "inneck", 11, [Equal @ 1, BodyLong @ 1],
    "In-neck: a white candle from below the previous low closes at or just above the black close", |view| {
        let [a, b] = view.last();
        let fall = a.black() & (a.body() > view.mean::<BodyLong, 1>()) & b.white() & (b.open < a.low);
        when(fall & (b.close <= a.close + view.mean::<Equal, 1>()) & (b.close >= a.close), -100.0)
    };

    OnNeck, "onneck", 11, [Equal @ 1, BodyLong @ 1],
    "On-neck: a white candle from below the previous low closes at that low", |view| {
        let [a, b] = view.last();
        let fall = a.black() & (a.body() > view.mean::<BodyLong, 1>()) & b.white() & (b.open < a.low);
        when(fall & at(b.close, a.low, view.mean::<Equal, 1>()), -100.0)
    };

    Thrusting, "thrusting", 11, [Equal @ 1, BodyLong @ 1],
    "Thrusting: a white candle from below the previous low closes inside the lower half of the black body", |view| {
        let [a, b] = view.last();
        let fall = a.black() & (a.body() > view.mean::<BodyLong, 1>()) & b.white() & (b.open < a.low);
        let close = (b.close > a.close + view.mean::<Equal, 1>()) & (b.close <= a.close + a.body() * 0.5);
        when(fall & close, -100.0)
    };

    SeparatingLines, "separatinglines", 11, [ShadowVeryShort @ 0, BodyLong @ 0, Equal @ 1],
    "Separating lines: a belt hold that opens where the previous candle of the other colour opened", |view| {
        let [a, b] = view.last();
        let opens = (a.white() != b.white()) & at(b.open, a.open, view.mean::<Equal, 1>());
        let shadow = if b.white() { b.lower() } else { b.upper() };
        let belt = (b.body() > view.mean::<BodyLong, 0>()) & (shadow < view.mean::<ShadowVeryShort, 0>());
        when(opens & belt, 100.0 * b.color())
    };

    Counterattack, "counterattack", 11, [Equal @ 1, BodyLong @ 1, BodyLong @ 0],
    "Counterattack: two long candles of opposite colours with equal closes", |view| {
        let [a, b] = view.last();
        let long = (a.body() > view.mean::<BodyLong, 1>()) & (b.body() > view.mean::<BodyLong, 0>());
        let closes = at(b.close, a.close, view.mean::<Equal, 1>());
        when((a.white() != b.white()) & long & closes, 100.0 * b.color())
    };
}
