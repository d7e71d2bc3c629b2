//! Patterns of three candles; in a rule `a` is the oldest, `c` the newest.

use super::{
    BodyDoji, BodyLong, BodyShort, Equal, Far, Near, ShadowLong, ShadowShort, ShadowVeryShort,
    define::patterns, either, when,
};

patterns! {
    TwoCrows, "2crows", 12, [BodyLong @ 2],
    "Two crows: a gap above a long white body, then a black candle back into it", |view| {
        let [a, b, c] = view.last();
        let star = a.white() & (a.body() > view.mean::<BodyLong, 2>()) & b.black() & b.body_gaps_up(&a);
        let open = c.black() & (c.open < b.open) & (c.open > b.close);
        when(star & open & (c.close > a.open) & (c.close < a.close), -100.0)
    };

    UpsideGapTwoCrows, "upsidegap2crows", 12, [BodyLong @ 2, BodyShort @ 1],
    "Upside gap two crows: two black candles above a long white body, the second around the first", |view| {
        let [a, b, c] = view.last();
        let star = a.white() & (a.body() > view.mean::<BodyLong, 2>()) & b.black();
        let star = star & (b.body() <= view.mean::<BodyShort, 1>()) & b.body_gaps_up(&a);
        when(star & c.black() & (c.open > b.open) & (c.close < b.close) & (c.close > a.close), -100.0)
    };

    ThreeInside, "3inside", 12, [BodyLong @ 2, BodyShort @ 1],
    "Three inside: a harami confirmed by a close beyond the first open", |view| {
        let [a, b, c] = view.last();
        let sizes = (a.body() > view.mean::<BodyLong, 2>()) & (b.body() <= view.mean::<BodyShort, 1>());
        let inside = (b.top() < a.top()) & (b.bottom() > a.bottom());
        let beyond = either(a.white(), c.black() & (c.close < a.open), c.white() & (c.close > a.open));
        when(sizes & inside & beyond, -100.0 * a.color())
    };

    ThreeOutside, "3outside", 3, [], "Three outside: an engulfing confirmed by a close farther on", |view| {
        let [a, b, c] = view.last();
        let up = a.black() & (b.close > a.open) & (b.open < a.close) & (c.close > b.close);
        let down = a.white() & (b.open > a.close) & (b.close < a.open) & (c.close < b.close);
        when(either(b.white(), up, down), 100.0 * b.color())
    };

    ThreeStarsInSouth, "3starsinsouth", 12, [BodyLong @ 2, ShadowVeryShort @ 1, ShadowVeryShort @ 0, BodyShort @ 0],
    "Three stars in the south: three black candles whose falls shrink", |view| {
        let [a, b, c] = view.last();
        let first = a.black() & (a.body() > view.mean::<BodyLong, 2>()) & (a.lower() > view.mean::<ShadowLong, 2>());
        let second = b.black() & (b.body() < a.body()) & (b.open > a.close) & (b.open <= a.high);
        let second = second & (b.low < a.close) & (b.low >= a.low) & (b.lower() > view.mean::<ShadowVeryShort, 1>());
        let short = view.mean::<ShadowVeryShort, 0>();
        let third = c.black() & (c.body() < view.mean::<BodyShort, 0>()) & (c.lower() < short) & (c.upper() < short);
        when(first & second & third & (c.low > b.low) & (c.high < b.high), 100.0)
    };

    ThreeWhiteSoldiers, "3whitesoldiers", 12,
    [ShadowVeryShort @ 2, ShadowVeryShort @ 1, ShadowVeryShort @ 0, Near @ 2, Near @ 1, Far @ 2, Far @ 1, BodyShort @ 0],
    "Three white soldiers: three white candles that close ever higher at their highs", |view| {
        let [a, b, c] = view.last();
        let first = a.white() & (a.upper() < view.mean::<ShadowVeryShort, 2>());
        let second = b.white() & (b.upper() < view.mean::<ShadowVeryShort, 1>());
        let third = c.white() & (c.upper() < view.mean::<ShadowVeryShort, 0>());
        let rise = (c.close > b.close) & (b.close > a.close);
        let opens = (b.open > a.open) & (b.open <= a.close + view.mean::<Near, 2>())
            & (c.open > b.open) & (c.open <= b.close + view.mean::<Near, 1>());
        let bodies = (b.body() > a.body() - view.mean::<Far, 2>()) & (c.body() > b.body() - view.mean::<Far, 1>());
        when(first & second & third & rise & opens & bodies & (c.body() > view.mean::<BodyShort, 0>()), 100.0)
    };

    IdenticalThreeCrows, "identical3crows", 12,
    [ShadowVeryShort @ 2, ShadowVeryShort @ 1, ShadowVeryShort @ 0, Equal @ 2, Equal @ 1],
    "Identical three crows: three black candles, each from the previous close down to its own low", |view| {
        let [a, b, c] = view.last();
        let first = a.black() & (a.lower() < view.mean::<ShadowVeryShort, 2>());
        let second = b.black() & (b.lower() < view.mean::<ShadowVeryShort, 1>());
        let third = c.black() & (c.lower() < view.mean::<ShadowVeryShort, 0>());
        let fall = (a.close > b.close) & (b.close > c.close);
        let (two, one) = (view.mean::<Equal, 2>(), view.mean::<Equal, 1>());
        let opens = (b.open <= a.close + two) & (b.open >= a.close - two)
            & (c.open <= b.close + one) & (c.open >= b.close - one);
        when(first & second & third & fall & opens, -100.0)
    };

    AdvanceBlock, "advanceblock", 12,
    [ShadowShort @ 2, ShadowShort @ 1, ShadowShort @ 0, Near @ 2, Near @ 1, Far @ 2, Far @ 1, BodyLong @ 2],
    "Advance block: three white candles that rise ever less", |view| {
        let [a, b, c] = view.last();
        let rise = a.white() & b.white() & c.white() & (c.close > b.close) & (b.close > a.close);
        let (near2, near1) = (view.mean::<Near, 2>(), view.mean::<Near, 1>());
        let opens = (b.open > a.open) & (b.open <= a.close + near2) & (c.open > b.open) & (c.open <= b.close + near1);
        let first = (a.body() > view.mean::<BodyLong, 2>()) & (a.upper() < view.mean::<ShadowShort, 2>());
        let second_shrinks = (b.body() < a.body() - view.mean::<Far, 2>()) & (c.body() < b.body() + near1);
        let third_shrinks = c.body() < b.body() - view.mean::<Far, 1>();
        let shadows = (c.upper() > view.mean::<ShadowShort, 0>()) | (b.upper() > view.mean::<ShadowShort, 1>());
        let both_shrink = (c.body() < b.body()) & (b.body() < a.body()) & shadows;
        let blocked = (c.body() < b.body()) & (c.upper() > view.mean::<ShadowLong, 0>());
        let weakens = second_shrinks | third_shrinks | both_shrink | blocked;
        when(rise & opens & first & weakens, -100.0)
    };

    StalledPattern, "stalledpattern", 12,
    [BodyLong @ 2, BodyLong @ 1, BodyShort @ 0, ShadowVeryShort @ 1, Near @ 2, Near @ 1],
    "Stalled pattern: two long white candles, then a short one at their top", |view| {
        let [a, b, c] = view.last();
        let rise = a.white() & b.white() & c.white() & (c.close > b.close) & (b.close > a.close);
        let long = (a.body() > view.mean::<BodyLong, 2>()) & (b.body() > view.mean::<BodyLong, 1>());
        let second = (b.upper() < view.mean::<ShadowVeryShort, 1>()) & (b.open > a.open)
            & (b.open <= a.close + view.mean::<Near, 2>());
        let third = (c.body() < view.mean::<BodyShort, 0>()) & (c.open >= b.close - c.body() - view.mean::<Near, 1>());
        when(rise & long & second & third, -100.0)
    };

    Tristar, "tristar", 12, [BodyDoji @ 2], "Tristar: three dojis, the middle one across a gap", |view| {
        let [a, b, c] = view.last();
        let doji = view.mean::<BodyDoji, 2>();
        let dojis = (a.body() <= doji) & (b.body() <= doji) & (c.body() <= doji);
        let falls = b.body_gaps_up(&a) & (c.top() < b.top());
        let rises = b.body_gaps_down(&a) & (c.bottom() > b.bottom());
        when(dojis, if rises { 100.0 } else { when(falls, -100.0) })
    };

    StickSandwich, "sticksandwich", 7, [Equal @ 2],
    "Stick sandwich: a white candle between two black ones with equal closes", |view| {
        let [a, b, c] = view.last();
        let equal = view.mean::<Equal, 2>();
        let colors = a.black() & b.white() & c.black();
        when(colors & (b.low > a.close) & (c.close <= a.close + equal) & (c.close >= a.close - equal), 100.0)
    };

    TasukiGap, "tasukigap", 7, [Near @ 1],
    "Tasuki gap: a gap, then a candle of the other colour and like size that does not close it", |view| {
        let [a, b, c] = view.last();
        let up = b.body_gaps_up(&a) & b.white() & c.black() & (c.open < b.close) & (c.open > b.open)
            & (c.close < b.open) & (c.close > a.top());
        let down = b.body_gaps_down(&a) & b.black() & c.white() & (c.open < b.open) & (c.open > b.close)
            & (c.close > b.open) & (c.close < a.bottom());
        let like = (b.body() - c.body()).abs() < view.mean::<Near, 1>();
        when((up | down) & like, 100.0 * b.color())
    }, if |bars| bars.ago(1).body_gaps(&bars.ago(2));

    GapSideSideWhite, "gapsidesidewhite", 7, [Near @ 1, Equal @ 1],
    "Side-by-side white lines: two alike white candles across a gap", |view| {
        let [a, b, c] = view.last();
        let up = b.body_gaps_up(&a) & c.body_gaps_up(&a);
        let down = b.body_gaps_down(&a) & c.body_gaps_down(&a);
        let (near, equal) = (view.mean::<Near, 1>(), view.mean::<Equal, 1>());
        let sizes = (c.body() >= b.body() - near) & (c.body() <= b.body() + near);
        let opens = (c.open >= b.open - equal) & (c.open <= b.open + equal);
        when((up | down) & b.white() & c.white() & sizes & opens, if up { 100.0 } else { -100.0 })
    }, if |bars| bars.ago(1).body_gaps(&bars.ago(2));

    UniqueThreeRiver, "unique3river", 12, [BodyLong @ 2, BodyShort @ 0],
    "Unique three river: a long black candle, a black one with a new low, a short white one below", |view| {
        let [a, b, c] = view.last();
        let first = a.black() & (a.body() > view.mean::<BodyLong, 2>());
        let second = b.black() & (b.close > a.close) & (b.open <= a.open) & (b.low < a.low);
        when(first & second & c.white() & (c.body() < view.mean::<BodyShort, 0>()) & (c.open > b.low), 100.0)
    };

    GapThreeMethods, "xsidegap3methods", 2, [],
    "Gap three methods: two like candles across a gap that the third closes", |view| {
        let [a, b, c] = view.last();
        let colors = (a.white() == b.white()) & (b.white() != c.white());
        let open = (c.open < b.top()) & (c.open > b.bottom());
        let close = (c.close < a.top()) & (c.close > a.bottom());
        let gap = either(a.white(), b.body_gaps_up(&a), b.body_gaps_down(&a));
        when(colors & open & close & gap, 100.0 * a.color())
    };
}
