//! Patterns of one candle, measured against the ten before it.

use super::{
    BodyDoji, BodyLong, BodyShort, Near, ShadowLong, ShadowShort, ShadowVeryLong, ShadowVeryShort,
    define::patterns, when,
};

patterns! {
    Doji, "doji", 10, [BodyDoji @ 0], "Doji: open and close nearly equal", |view| {
        let [a] = view.last();
        when(a.body() <= view.mean::<BodyDoji, 0>(), 100.0)
    };

    DragonflyDoji, "dragonflydoji", 10, [BodyDoji @ 0, ShadowVeryShort @ 0],
    "Dragonfly doji: a doji at the top of its range", |view| {
        let [a] = view.last();
        let short = view.mean::<ShadowVeryShort, 0>();
        when((a.body() <= view.mean::<BodyDoji, 0>()) & (a.upper() < short) & (a.lower() > short), 100.0)
    };

    GravestoneDoji, "gravestonedoji", 10, [BodyDoji @ 0, ShadowVeryShort @ 0],
    "Gravestone doji: a doji at the bottom of its range", |view| {
        let [a] = view.last();
        let short = view.mean::<ShadowVeryShort, 0>();
        when((a.body() <= view.mean::<BodyDoji, 0>()) & (a.lower() < short) & (a.upper() > short), 100.0)
    };

    LongLeggedDoji, "longleggeddoji", 10, [BodyDoji @ 0],
    "Long-legged doji: a doji with a long shadow on either side", |view| {
        let [a] = view.last();
        let long = view.mean::<ShadowLong, 0>();
        when((a.body() <= view.mean::<BodyDoji, 0>()) & ((a.lower() > long) | (a.upper() > long)), 100.0)
    };

    RickshawMan, "rickshawman", 10, [BodyDoji @ 0, Near @ 0],
    "Rickshaw man: a doji near the middle of two long shadows", |view| {
        let [a] = view.last();
        let (long, near, middle) =
            (view.mean::<ShadowLong, 0>(), view.mean::<Near, 0>(), a.low + a.range() / 2.0);
        let doji = (a.body() <= view.mean::<BodyDoji, 0>()) & (a.lower() > long) & (a.upper() > long);
        when(doji & (a.bottom() <= middle + near) & (a.top() >= middle - near), 100.0)
    };

    Takuri, "takuri", 10, [BodyDoji @ 0, ShadowVeryShort @ 0],
    "Takuri line: a dragonfly doji with a very long lower shadow", |view| {
        let [a] = view.last();
        let doji = (a.body() <= view.mean::<BodyDoji, 0>()) & (a.upper() < view.mean::<ShadowVeryShort, 0>());
        when(doji & (a.lower() > view.mean::<ShadowVeryLong, 0>()), 100.0)
    };

    HighWave, "highwave", 10, [BodyShort @ 0], "High-wave candle: a short body between very long shadows", |view| {
        let [a] = view.last();
        let long = view.mean::<ShadowVeryLong, 0>();
        when((a.body() < view.mean::<BodyShort, 0>()) & (a.upper() > long) & (a.lower() > long), 100.0 * a.color())
    };

    SpinningTop, "spinningtop", 10, [BodyShort @ 0],
    "Spinning top: a short body between shadows longer than it", |view| {
        let [a] = view.last();
        let short = a.body() < view.mean::<BodyShort, 0>();
        when(short & (a.upper() > a.body()) & (a.lower() > a.body()), 100.0 * a.color())
    };

    ShortLine, "shortline", 10, [BodyShort @ 0, ShadowShort @ 0],
    "Short line: a short body between short shadows", |view| {
        let [a] = view.last();
        let short = view.mean::<ShadowShort, 0>();
        when((a.body() < view.mean::<BodyShort, 0>()) & (a.upper() < short) & (a.lower() < short), 100.0 * a.color())
    };

    LongLine, "longline", 10, [BodyLong @ 0, ShadowShort @ 0],
    "Long line: a long body between short shadows", |view| {
        let [a] = view.last();
        let short = view.mean::<ShadowShort, 0>();
        when((a.body() > view.mean::<BodyLong, 0>()) & (a.upper() < short) & (a.lower() < short), 100.0 * a.color())
    };

    Marubozu, "marubozu", 10, [BodyLong @ 0, ShadowVeryShort @ 0],
    "Marubozu: a long body with hardly any shadow", |view| {
        let [a] = view.last();
        let short = view.mean::<ShadowVeryShort, 0>();
        when((a.body() > view.mean::<BodyLong, 0>()) & (a.upper() < short) & (a.lower() < short), 100.0 * a.color())
    };

    ClosingMarubozu, "closingmarubozu", 10, [BodyLong @ 0, ShadowVeryShort @ 0],
    "Closing marubozu: a long body with hardly any shadow beyond its close", |view| {
        let [a] = view.last();
        let shadow = if a.white() { a.upper() } else { a.lower() };
        let long = a.body() > view.mean::<BodyLong, 0>();
        when(long & (shadow < view.mean::<ShadowVeryShort, 0>()), 100.0 * a.color())
    };

    BeltHold, "belthold", 10, [BodyLong @ 0, ShadowVeryShort @ 0],
    "Belt hold: a long body with hardly any shadow beyond its open", |view| {
        let [a] = view.last();
        let shadow = if a.white() { a.lower() } else { a.upper() };
        let long = a.body() > view.mean::<BodyLong, 0>();
        when(long & (shadow < view.mean::<ShadowVeryShort, 0>()), 100.0 * a.color())
    };
}
