//! Patterns of four and five candles; in a rule `a` is the oldest.

use super::{Bar, BodyLong, BodyShort, Near, ShadowVeryShort, define::patterns, either, when};

/// Whether a candle opens within `near` of the body of the one before.
#[inline(always)]
fn opens_in(bar: &Bar, before: &Bar, near: f64) -> bool {
    (bar.open >= before.bottom() - near) & (bar.open <= before.top() + near)
}

/// Whether a body overlaps the whole range of `of`.
#[inline(always)]
fn touches(bar: &Bar, of: &Bar) -> bool {
    (bar.bottom() < of.high) & (bar.top() > of.low)
}

patterns! {
    ThreeBlackCrows, "3blackcrows", 13, [ShadowVeryShort @ 2, ShadowVeryShort @ 1, ShadowVeryShort @ 0],
    "Three black crows: three black candles that close ever lower at their lows, below a white high", |view| {
        let [a, b, c, d] = view.last();
        let first = b.black() & (b.lower() < view.mean::<ShadowVeryShort, 2>());
        let second = c.black() & (c.lower() < view.mean::<ShadowVeryShort, 1>());
        let third = d.black() & (d.lower() < view.mean::<ShadowVeryShort, 0>());
        let opens = (c.open < b.open) & (c.open > b.close) & (d.open < c.open) & (d.open > c.close);
        let fall = (a.high > b.close) & (b.close > c.close) & (c.close > d.close);
        when(a.white() & first & second & third & opens & fall, -100.0)
    };

    ThreeLineStrike, "3linestrike", 8, [Near @ 3, Near @ 2],
    "Three-line strike: three candles one way, then one that takes it all back", |view| {
        let [a, b, c, d] = view.last();
        let colors = (a.white() == b.white()) & (b.white() == c.white()) & (d.white() != c.white());
        let opens = opens_in(&b, &a, view.mean::<Near, 3>()) & opens_in(&c, &b, view.mean::<Near, 2>());
        let up = (c.close > b.close) & (b.close > a.close) & (d.open > c.close) & (d.close < a.open);
        let down = (c.close < b.close) & (b.close < a.close) & (d.open < c.close) & (d.close > a.open);
        when(colors & opens & either(c.white(), up, down), 100.0 * c.color())
    };

    ConcealingBabySwallow, "concealbabyswall", 13, [ShadowVeryShort @ 3, ShadowVeryShort @ 2, ShadowVeryShort @ 1],
    "Concealing baby swallow: two black marubozu, a gap down with an upper shadow, all swallowed", |view| {
        let [a, b, c, d] = view.last();
        let (three, two) = (view.mean::<ShadowVeryShort, 3>(), view.mean::<ShadowVeryShort, 2>());
        let blacks = a.black() & b.black() & c.black() & d.black();
        let bare = (a.lower() < three) & (a.upper() < three) & (b.lower() < two) & (b.upper() < two);
        let third = c.body_gaps_down(&b) & (c.upper() > view.mean::<ShadowVeryShort, 1>()) & (c.high > b.close);
        when(blacks & bare & third & (d.high > c.high) & (d.low < c.low), 100.0)
    };

    LadderBottom, "ladderbottom", 14, [ShadowVeryShort @ 1],
    "Ladder bottom: four black candles down, the last with an upper shadow, then a white one above", |view| {
        let [a, b, c, d, e] = view.last();
        let blacks = a.black() & b.black() & c.black() & d.black();
        let steps = (a.open > b.open) & (b.open > c.open) & (a.close > b.close) & (b.close > c.close);
        let fourth = d.upper() > view.mean::<ShadowVeryShort, 1>();
        when(blacks & steps & fourth & e.white() & (e.open > d.open) & (e.close > d.high), 100.0)
    };

    Breakaway, "breakaway", 14, [BodyLong @ 4],
    "Breakaway: a gap that runs on for three candles, then a close back into it", |view| {
        let [a, b, c, d, e] = view.last();
        let colors = (a.white() == b.white()) & (b.white() == d.white()) & (d.white() != e.white());
        let long = a.body() > view.mean::<BodyLong, 4>();
        let down = b.body_gaps_down(&a) & (c.high < b.high) & (c.low < b.low) & (d.high < c.high) & (d.low < c.low)
            & (e.close > b.open) & (e.close < a.close);
        let up = b.body_gaps_up(&a) & (c.high > b.high) & (c.low > b.low) & (d.high > c.high) & (d.low > c.low)
            & (e.close < b.open) & (e.close > a.close);
        when(colors & long & either(a.black(), down, up), 100.0 * e.color())
    };

    RiseFallThreeMethods, "risefall3methods", 14,
    [BodyLong @ 4, BodyShort @ 3, BodyShort @ 2, BodyShort @ 1, BodyLong @ 0],
    "Rising and falling three methods: a long candle, three short ones against it in its range, and on", |view| {
        let [a, b, c, d, e] = view.last();
        let long = (a.body() > view.mean::<BodyLong, 4>()) & (e.body() > view.mean::<BodyLong, 0>());
        let short = (b.body() < view.mean::<BodyShort, 3>()) & (c.body() < view.mean::<BodyShort, 2>())
            & (d.body() < view.mean::<BodyShort, 1>());
        let colors = (a.white() != b.white()) & (b.white() == c.white()) & (c.white() == d.white())
            & (d.white() != e.white());
        let sign = a.color();
        let back = (c.close * sign < b.close * sign) & (d.close * sign < c.close * sign);
        let on = (e.open * sign > d.close * sign) & (e.close * sign > a.close * sign);
        let inside = touches(&b, &a) & touches(&c, &a) & touches(&d, &a);
        when(long & short & colors & inside & back & on, 100.0 * a.color())
    };
}
