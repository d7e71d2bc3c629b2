//! From the text of a spec to its parts; every error names its place.

use std::str::FromStr;

use qtp_core::nearest;

use super::{
    IndicatorInfo, ParamInfo, ParamKind, Spec, Timeframe, catalogue, find, lexer::Cursor, spec::Args,
};
use crate::{Source, SpecError};

impl FromStr for Spec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let mut cursor = Cursor::new(text);
        let info = indicator(&mut cursor)?;
        let args = arguments(&mut cursor, info)?;
        let mut spec = Self { text: text.trim().to_owned(), info, args, output: None, timeframe: None };
        while !cursor.is_done() {
            let at = cursor.at();
            if cursor.eat('.') {
                let output = output(&mut cursor, info)?;
                set_once(&mut spec.output, output, "output", at)?;
            } else if cursor.eat('@') {
                let timeframe = timeframe(&mut cursor)?;
                set_once(&mut spec.timeframe, timeframe, "timeframe", at)?;
            } else {
                return Err(cursor.syntax("`.output`, `@timeframe` or the end"));
            }
        }
        Ok(spec)
    }
}

/// What may stand before a name: whose definition is meant.
const DIALECTS: [&str; 2] = ["talib", "tv"];

fn indicator(cursor: &mut Cursor<'_>) -> Result<&'static IndicatorInfo, SpecError> {
    let at = cursor.at();
    let mut name = cursor.word("the name of an indicator")?.to_lowercase();
    if DIALECTS.contains(&name.as_str()) && cursor.eat('.') {
        name = format!("{name}.{}", cursor.word("the name of a function")?.to_lowercase());
    }
    let unknown = |name: &str| {
        // A bare name may mean TA-Lib's function.
        let bare = catalogue().filter_map(|info| info.name.strip_prefix("talib."));
        let suggestion = nearest(name, catalogue().map(|info| info.name).chain(bare)).map(str::to_owned);
        SpecError::Unknown { at, what: "indicator", name: name.to_owned(), suggestion }
    };
    find(&name).ok_or_else(|| unknown(&name))
}

fn arguments(cursor: &mut Cursor<'_>, info: &'static IndicatorInfo) -> Result<Args, SpecError> {
    let mut values: Vec<Option<f64>> = vec![None; info.params.len()];
    let mut source = None;
    if cursor.eat('(') && !cursor.eat(')') {
        let mut position = Some(0);
        loop {
            argument(cursor, info, &mut position, (&mut values, &mut source))?;
            if cursor.eat(')') {
                break;
            }
            if !cursor.eat(',') {
                return Err(cursor.syntax("`,` or `)`"));
            }
        }
    }
    let values =
        info.params.iter().zip(values).map(|(param, value)| value.unwrap_or(param.default())).collect();
    Ok(Args { values, source: source.unwrap_or_default() })
}

/// Parses one argument; `position` is the next positional index, `None` once a named one was seen.
fn argument(
    cursor: &mut Cursor<'_>,
    info: &'static IndicatorInfo,
    position: &mut Option<usize>,
    (values, source): (&mut [Option<f64>], &mut Option<Source>),
) -> Result<(), SpecError> {
    let at = cursor.at();
    let token = cursor.argument()?;
    if !cursor.eat('=') {
        let Some(index) = *position else {
            let found = format!("`{token}`");
            return Err(SpecError::Syntax { at, expected: "a named parameter after a named one", found });
        };
        let most = info.params.len();
        let param = info.params.get(index).ok_or(SpecError::TooMany { at, name: info.name, most })?;
        values[index] = Some(value(param, token, at)?);
        *position = Some(index + 1);
        return Ok(());
    }
    *position = None;
    let (name, value_at) = (token.to_lowercase(), cursor.at());
    let token = cursor.argument()?;
    if info.sourced && name == "source" {
        let word = token.to_lowercase();
        let found = Source::NAMES.iter().find(|(name, _)| *name == word).map(|(_, source)| *source);
        let names = Source::NAMES.iter().map(|(name, _)| *name);
        return set_once(
            source,
            found.ok_or_else(|| unknown("source", token, value_at, names))?,
            "source",
            at,
        );
    }
    let names = info.params.iter().map(|param| param.name).chain(info.sourced.then_some("source"));
    let index = info.params.iter().position(|param| param.name == name);
    let index = index.ok_or_else(|| unknown("parameter", &name, at, names))?;
    let param = &info.params[index];
    set_once(&mut values[index], value(param, token, value_at)?, param.name, at)
}

fn value(param: &'static ParamInfo, token: &str, at: usize) -> Result<f64, SpecError> {
    let (min, max, whole) = match param.kind {
        ParamKind::Choice { names } => {
            let index = names.iter().position(|name| *name == token.to_lowercase());
            let index = index.ok_or_else(|| unknown("choice", token, at, names.iter().copied()))?;
            return Ok(index as f64);
        }
        ParamKind::Source { .. } => {
            let word = token.to_lowercase();
            let index = Source::NAMES.iter().position(|(name, _)| *name == word);
            let names = Source::NAMES.iter().map(|(name, _)| *name);
            return Ok(index.ok_or_else(|| unknown("source", token, at, names))? as f64);
        }
        ParamKind::Integer { min, max, .. } => (f64::from(min), f64::from(max), true),
        ParamKind::Real { min, max, .. } => (min, max, false),
    };
    let found = || SpecError::Syntax { at, expected: "a number", found: format!("`{token}`") };
    let value: f64 = token.parse().map_err(|_| found())?;
    if !value.is_finite() {
        return Err(found());
    }
    if whole && value.fract() != 0.0 {
        return Err(SpecError::NotWhole { at, name: param.name, value });
    }
    if !(min..=max).contains(&value) {
        return Err(SpecError::OutOfRange { at: Some(at), name: param.name, value, min, max });
    }
    // `-0` is 0: one value, one canonical text.
    Ok(value + 0.0)
}

fn output(cursor: &mut Cursor<'_>, info: &'static IndicatorInfo) -> Result<usize, SpecError> {
    let at = cursor.at();
    let name = cursor.word("the name of an output")?.to_lowercase();
    let names = info.outputs.iter().map(|output| output.name);
    let index = names.clone().position(|output| output == name);
    index.ok_or_else(|| unknown("output", &name, at, names))
}

fn timeframe(cursor: &mut Cursor<'_>) -> Result<Timeframe, SpecError> {
    let at = cursor.at();
    let text = cursor.word("a timeframe such as 5m, 4h or 1d")?;
    let refused =
        || SpecError::Syntax { at, expected: "a timeframe such as 5m, 4h or 1d", found: format!("`{text}`") };
    let unit = text.chars().next_back().ok_or_else(refused)?;
    // `M`, a month, has no fixed width, so letter case matters here.
    let width: u32 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return Err(refused()),
    };
    let count: u32 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| refused())?;
    let seconds = count.checked_mul(width).filter(|seconds| *seconds > 0).ok_or_else(refused)?;
    Ok(Timeframe { text: text.to_owned(), seconds })
}

fn set_once<T>(slot: &mut Option<T>, value: T, name: &str, at: usize) -> Result<(), SpecError> {
    if slot.is_some() {
        return Err(SpecError::Duplicate { at, name: name.to_owned() });
    }
    *slot = Some(value);
    Ok(())
}

fn unknown<'a>(what: &'static str, name: &str, at: usize, known: impl Iterator<Item = &'a str>) -> SpecError {
    SpecError::Unknown {
        at,
        what,
        name: name.to_owned(),
        suggestion: nearest(name, known).map(str::to_owned),
    }
}
