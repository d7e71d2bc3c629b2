//! Stops and targets at a distance from the price, made legal by the one rounding module.

use qtp_core::money::price_from_f64;
use qtp_core::{Bracket, Context, InstrumentId, Price, PriceRule, Ratio, Rounding};

/// A bracket `stop` and `target` away from `close`; a distance of zero leaves the level out.
pub(super) fn bracket_at(
    context: &Context<'_>,
    instrument: &InstrumentId,
    close: f64,
    direction: i8,
    (stop, target): (f64, f64),
) -> Bracket {
    let side = f64::from(direction);
    let rule = context.instrument(instrument).map_or(PriceRule::Any, |rules| rules.price_rule);
    let level = |distance: f64, rounding| price_from_f64(close + distance, &rule, rounding);
    let (near, far) =
        if direction > 0 { (Rounding::Up, Rounding::Down) } else { (Rounding::Down, Rounding::Up) };
    Bracket {
        stop: if stop > 0.0 { level(-side * stop, near) } else { None },
        target: if target > 0.0 { level(side * target, far) } else { None },
    }
}

/// A bracket at shares of the price: 0.02 is two percent.
pub(super) fn bracket_by_ratio(
    close: Price,
    direction: i8,
    (stop, target): (Option<Ratio>, Option<Ratio>),
) -> Bracket {
    let towards = |ratio: Ratio| if direction > 0 { ratio } else { -ratio };
    Bracket {
        stop: stop.and_then(|stop| close.shifted(-towards(stop))),
        target: target.and_then(|target| close.shifted(towards(target))),
    }
}

/// The stop that protects more of the two, for a position in `direction`.
pub(super) fn tighter(direction: i8, present: Option<Price>, offered: Option<Price>) -> Option<Price> {
    match (present, offered) {
        (Some(present), Some(offered)) if direction > 0 => Some(present.max(offered)),
        (Some(present), Some(offered)) => Some(present.min(offered)),
        (present, offered) => present.or(offered),
    }
}
