//! Whether a document makes sense, as far as that can be seen without the registry of indicators.

use super::{
    Filters, Level, MAX_NAMED_INDICATORS, PositionSize, STRATEGY_FILE_VERSION, StrategyFile, Within,
};
use crate::expression::{DocumentProblem, Expression, ExpressionKind};

/// Most candles of a time stop, a cooldown or an average true range.
const MAX_CANDLES: u32 = 100_000;
/// Longest name of a strategy or an indicator.
const MAX_NAME: usize = 40;
/// Longest description.
const MAX_DESCRIPTION: usize = 4_000;

type Checked = Result<(), DocumentProblem>;

fn refused(pointer: &str, problem: impl Into<String>) -> Checked {
    Err(DocumentProblem::new(pointer, problem))
}

impl StrategyFile {
    /// Checks types, ranges and what must go together.
    ///
    /// # Errors
    /// The first problem, with its JSON pointer.
    pub fn check(&self) -> Result<(), DocumentProblem> {
        if self.version != STRATEGY_FILE_VERSION {
            let problem =
                format!("version {} is not known, this build reads {STRATEGY_FILE_VERSION}", self.version);
            return refused("/version", problem);
        }
        name(&self.name).or_else(|problem| refused("/name", problem))?;
        if self.description.len() > MAX_DESCRIPTION {
            return refused("/description", format!("longer than {MAX_DESCRIPTION} bytes"));
        }
        if self.indicators.len() > MAX_NAMED_INDICATORS {
            return refused("/indicators", format!("more than {MAX_NAMED_INDICATORS}"));
        }
        for key in self.indicators.keys() {
            name(key).or_else(|problem| refused(&format!("/indicators/{key}"), problem))?;
        }
        if self.entry.long.is_none() && self.entry.short.is_none() {
            return refused("/entry", "a condition for `long` or `short` is needed");
        }
        for (pointer, condition) in [
            ("/entry/long", &self.entry.long),
            ("/entry/short", &self.entry.short),
            ("/exit/long", &self.exit.long),
            ("/exit/short", &self.exit.short),
        ] {
            if let Some(condition) = condition {
                expression(condition, ExpressionKind::Condition, pointer)?;
            }
        }
        self.check_exits()?;
        self.check_size()?;
        self.check_filters(&self.filters)
    }

    fn check_exits(&self) -> Checked {
        for (pointer, level) in [
            ("/stop", &self.stop),
            ("/take_profit", &self.take_profit),
            ("/trailing_stop", &self.trailing_stop),
        ] {
            let Some(level) = level else { continue };
            level.check().map_err(|problem| problem.within(pointer))?;
            if matches!(level, Level::StopDistance { .. }) {
                if pointer != "/take_profit" {
                    return refused(pointer, "`stop_distance` is for `take_profit` only");
                }
                if self.stop.is_none() {
                    return refused(pointer, "`stop_distance` needs a `stop`");
                }
            }
        }
        candles(self.time_stop_candles, "/time_stop_candles")
    }

    fn check_size(&self) -> Checked {
        match self.size {
            Some(PositionSize::Units(units)) => above_zero(units, 1e12, "/size/units"),
            Some(PositionSize::Equity { percent, .. }) => {
                above_zero(percent, 10_000.0, "/size/equity/percent")
            }
            Some(PositionSize::Risk { .. }) if self.stop.is_none() => refused(
                "/size/risk",
                "a size by risk follows from the distance of the stop: a `stop` is needed",
            ),
            Some(PositionSize::Risk { percent }) => above_zero(percent, 100.0, "/size/risk/percent"),
            None => Ok(()),
        }
    }

    fn check_filters(&self, filters: &Filters) -> Checked {
        if let Some(hours) = filters.hours_utc
            && (hours.from > 23 || hours.to > 24 || hours.from == hours.to)
        {
            let problem = "`from` is 0 to 23, `to` is 0 to 24, and they differ";
            return refused("/filters/hours_utc", problem);
        }
        for (index, Within { value, min, max }) in filters.within.iter().enumerate() {
            let pointer = format!("/filters/within/{index}");
            expression(value, ExpressionKind::Number, &format!("{pointer}/value"))?;
            match (min, max) {
                (None, None) => return refused(&pointer, "`min` or `max` is needed"),
                (Some(min), Some(max)) if min > max => return refused(&pointer, "`min` is above `max`"),
                _ => {}
            }
        }
        if filters.cooldown_candles > 0 && self.entry.allow_flip {
            let problem = "a cooldown needs a flat position between two trades: it excludes `allow_flip`";
            return refused("/filters/cooldown_candles", problem);
        }
        let cooldown = Some(filters.cooldown_candles).filter(|candles| *candles > 0);
        candles(cooldown, "/filters/cooldown_candles")
    }
}

impl Level {
    /// Checks types and ranges.
    ///
    /// # Errors
    /// The first problem, with its JSON pointer.
    pub fn check(&self) -> Result<(), DocumentProblem> {
        match self {
            Self::Percent(percent) => above_zero(*percent, 99.0, "/percent"),
            Self::AverageTrueRange { period, times } => {
                candles(Some(*period), "/atr/period")?;
                above_zero(*times, 1000.0, "/atr/times")
            }
            Self::Distance(distance) => expression(distance, ExpressionKind::Number, "/distance"),
            Self::Price(price) => expression(price, ExpressionKind::Number, "/price"),
            Self::StopDistance { times } => above_zero(*times, 1000.0, "/stop_distance/times"),
        }
    }
}

fn expression(part: &Expression, kind: ExpressionKind, pointer: &str) -> Checked {
    part.check(kind).map_err(|problem| problem.within(pointer))
}

fn above_zero(value: f64, most: f64, pointer: &str) -> Checked {
    if value > 0.0 && value <= most {
        return Ok(());
    }
    refused(pointer, format!("{value} is not above 0 and at most {most}"))
}

fn candles(count: Option<u32>, pointer: &str) -> Checked {
    match count {
        Some(count) if !(1..=MAX_CANDLES).contains(&count) => {
            refused(pointer, format!("{count} is not 1 to {MAX_CANDLES} candles"))
        }
        _ => Ok(()),
    }
}

fn name(name: &str) -> Result<(), String> {
    let letters = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b));
    let first = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
    if letters && first && name.len() <= MAX_NAME {
        return Ok(());
    }
    Err(format!(
        "`{name}` is not a small letter with letters, digits, `-` and `_` after it, {MAX_NAME} at most"
    ))
}
