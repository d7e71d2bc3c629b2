//! From a document to a strategy: names become values, percent becomes ratios.

use qtp_core::money::decimal_from_f64;
use qtp_core::{
    DocumentProblem, Expression, ExpressionKind, InstrumentId, Level, PositionSize, Quantity, StrategyFile,
    StrategyFileError, StrategyId, Timeframe,
};
use qtp_indicators::expression::{EvaluatorBuilder, Handle};

use super::super::level::{LevelRule, percent_ratio};
use super::filter::Filter;
use super::{FileStrategy, Rules, Sides, Size, State};

type Compiled<T> = Result<T, DocumentProblem>;

impl FileStrategy {
    /// A strategy over candles of one market; `size` where the file says none.
    ///
    /// # Errors
    /// The first problem of the document with its JSON pointer: a name that is not known, an indicator that cannot be
    /// run over these candles, a market that the file is not made for.
    pub fn new(
        id: StrategyId,
        (instrument, timeframe): (InstrumentId, Timeframe),
        file: &StrategyFile,
        size: Size,
    ) -> Result<Self, DocumentProblem> {
        file.check()?;
        check_market(file, &instrument, timeframe)?;
        let mut builder = EvaluatorBuilder::new(timeframe);
        for (name, spec) in &file.indicators {
            let place = format!("/indicators/{name}");
            builder.name(name, spec).map_err(|problem| problem.within(&place))?;
        }
        let rules = rules(&mut builder, file)?;
        let size = file.size.as_ref().map_or(Ok(size), sized)?;
        if matches!(size, Size::Risk(_)) && rules.stop.is_none() {
            let problem = "positions are sized by risk here: a `stop` is needed";
            return Err(DocumentProblem::new("", problem));
        }
        let values = builder.build();
        Ok(Self { id, instrument, timeframe, rules, size, values, state: State::default() })
    }

    /// Reads a file's text and makes the strategy.
    ///
    /// # Errors
    /// The first problem, with line, column and pointer.
    pub fn parse(
        id: StrategyId,
        market: (InstrumentId, Timeframe),
        text: &str,
        size: Size,
    ) -> Result<Self, StrategyFileError> {
        let file = StrategyFile::parse(text)?;
        Self::new(id, market, &file, size).map_err(|problem| StrategyFileError::locate(text, problem))
    }
}

fn check_market(file: &StrategyFile, instrument: &InstrumentId, timeframe: Timeframe) -> Compiled<()> {
    if let Some(wanted) = file.timeframe.filter(|wanted| *wanted != timeframe) {
        let problem = format!("it is made for {wanted} candles, these are {timeframe}");
        return Err(DocumentProblem::new("/timeframe", problem));
    }
    if !file.instruments.is_empty() && !file.instruments.contains(instrument) {
        let problem = format!("it is not made for {instrument}");
        return Err(DocumentProblem::new("/instruments", problem));
    }
    Ok(())
}

fn rules(builder: &mut EvaluatorBuilder, file: &StrategyFile) -> Compiled<Rules> {
    let entry = Sides {
        long: condition(builder, file.entry.long.as_ref(), "/entry/long")?,
        short: condition(builder, file.entry.short.as_ref(), "/entry/short")?,
    };
    let exit = Sides {
        long: condition(builder, file.exit.long.as_ref(), "/exit/long")?,
        short: condition(builder, file.exit.short.as_ref(), "/exit/short")?,
    };
    let mut within = Vec::with_capacity(file.filters.within.len());
    for (index, bounds) in file.filters.within.iter().enumerate() {
        let value = builder.add(&bounds.value, ExpressionKind::Number);
        let value = value.map_err(|problem| problem.within(&format!("/filters/within/{index}/value")))?;
        within.push((value, bounds.min, bounds.max));
    }
    Ok(Rules {
        entry,
        exit,
        allow_flip: file.entry.allow_flip,
        stop: level(builder, file.stop.as_ref(), "/stop")?,
        take_profit: level(builder, file.take_profit.as_ref(), "/take_profit")?,
        trailing_stop: level(builder, file.trailing_stop.as_ref(), "/trailing_stop")?,
        time_stop: file.time_stop_candles,
        filter: Filter {
            hours: file.filters.hours_utc,
            weekdays: file.filters.weekdays.clone(),
            within,
            cooldown: file.filters.cooldown_candles,
        },
    })
}

fn condition(
    builder: &mut EvaluatorBuilder,
    condition: Option<&Expression>,
    place: &str,
) -> Compiled<Option<Handle>> {
    let Some(condition) = condition else { return Ok(None) };
    let handle = builder.add(condition, ExpressionKind::Condition);
    handle.map(Some).map_err(|problem| problem.within(place))
}

fn level(builder: &mut EvaluatorBuilder, level: Option<&Level>, place: &str) -> Compiled<Option<LevelRule>> {
    let Some(level) = level else { return Ok(None) };
    LevelRule::new(builder, level).map(Some).map_err(|problem| problem.within(place))
}

fn sized(size: &PositionSize) -> Compiled<Size> {
    let percent = |percent: f64, place: &str| percent_ratio(percent).map_err(|problem| problem.within(place));
    Ok(match size {
        PositionSize::Units(units) => {
            let quantity = decimal_from_f64(*units).and_then(|units| Quantity::new(units).ok());
            let unusable = || DocumentProblem::new("/size/units", format!("{units} is no quantity"));
            Size::Units(quantity.ok_or_else(unusable)?)
        }
        PositionSize::Equity { percent: share, whole_units } => {
            Size::EquityShare { share: percent(*share, "/size/equity/percent")?, whole_units: *whole_units }
        }
        PositionSize::Risk { percent: risk } => Size::Risk(percent(*risk, "/size/risk/percent")?),
    })
}
