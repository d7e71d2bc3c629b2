//! From a model's text to an answer whose every field has been read, or the first problem in words.
//!
//! The ladder: drop what precedes the answer (byte order mark, thoughts, prose, code fences), take the outermost JSON
//! object, drop trailing commas, read numbers that were written as text, take `"none"` and the like for null.
//! Nothing else is guessed and no field is dropped: an unknown one is a problem.

use qtp_core::Decimal;
use qtp_core::{DecisionAction, ExitPlan};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::plan::{self, RawPlan};

/// The field that tells the answer from any other JSON.
const MARK: &str = "\"trade_decisions\"";
/// How models mark their thoughts.
const THOUGHTS: [(&str, &str); 4] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
];
/// Opening braces without a partner that are passed over before the search ends.
const TRIES: usize = 64;
/// Longest piece of a model's text that a problem quotes.
const QUOTE_MAX: usize = 60;

/// The answer as it stands in the JSON: values are kept as text, so that no number passes through a float.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAnswer<'a> {
    /// How you came to your decisions, in a few sentences.
    #[serde(borrow)]
    #[schemars(with = "String")]
    reasoning: &'a RawValue,
    /// One entry for each asset.
    #[serde(borrow)]
    trade_decisions: Vec<RawTrade<'a>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawTrade<'a> {
    /// The asset's id, as given.
    #[serde(borrow)]
    #[schemars(with = "String")]
    asset: &'a RawValue,
    /// What to do.
    #[serde(borrow)]
    #[schemars(with = "String")]
    action: &'a RawValue,
    /// From 0 to 1.
    #[serde(borrow)]
    #[schemars(with = "f64", range(min = 0, max = 1))]
    conviction: &'a RawValue,
    /// Cap on the position's value in USD, or null.
    #[serde(borrow, default)]
    #[schemars(with = "Option<f64>")]
    allocation_usd: Option<&'a RawValue>,
    /// Take-profit price, or null.
    #[serde(borrow, default)]
    #[schemars(with = "Option<f64>")]
    tp_price: Option<&'a RawValue>,
    /// Stop-loss price, or null.
    #[serde(borrow, default)]
    #[schemars(with = "Option<f64>")]
    sl_price: Option<&'a RawValue>,
    /// When to leave, in words.
    #[serde(borrow)]
    #[schemars(with = "String")]
    exit_plan: &'a RawValue,
    /// What of the exit plan code is to watch for you, at every close of the shortest candles. It cannot be loosened later.
    #[serde(borrow, default)]
    #[schemars(with = "RawPlan<'_>")]
    exit_rules: Option<&'a RawValue>,
    /// Why, in one or two sentences.
    #[serde(borrow)]
    #[schemars(with = "String")]
    rationale: &'a RawValue,
}

/// An answer whose fields have the right types. Nothing is known yet of whether it makes sense.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) reasoning: String,
    pub(super) trades: Vec<AnswerTrade>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct AnswerTrade {
    pub(super) asset: String,
    pub(super) action: DecisionAction,
    pub(super) conviction: Decimal,
    pub(super) allocation: Option<Decimal>,
    pub(super) stop: Option<Decimal>,
    pub(super) target: Option<Decimal>,
    pub(super) exit_plan: String,
    pub(super) plan: Option<ExitPlan>,
    pub(super) rationale: String,
}

/// Reads a model's text.
pub(super) fn answer(text: &str) -> Result<Answer, String> {
    let object = extract(text, MARK)?;
    let raw: RawAnswer<'_> = serde_json::from_str(&object)
        .map_err(|error| format!("the JSON does not fit the schema: {error}"))?;
    let trades: Result<Vec<_>, String> = raw
        .trade_decisions
        .iter()
        .enumerate()
        .map(|(index, trade)| trade.read().map_err(|problem| format!("trade_decisions[{index}].{problem}")))
        .collect();
    Ok(Answer { reasoning: words(raw.reasoning, "reasoning")?, trades: trades? })
}

impl RawTrade<'_> {
    fn read(&self) -> Result<AnswerTrade, String> {
        let optional = |raw: Option<&RawValue>, field: &str| match raw {
            Some(raw) => number(raw).map_err(|problem| format!("{field}: {problem}")),
            None => Ok(None),
        };
        let conviction = optional(Some(self.conviction), "conviction")?;
        Ok(AnswerTrade {
            asset: words(self.asset, "asset")?.trim().to_owned(),
            action: action(&words(self.action, "action")?)?,
            conviction: conviction.ok_or("conviction: a number is needed")?,
            allocation: optional(self.allocation_usd, "allocation_usd")?,
            stop: optional(self.sl_price, "sl_price")?,
            target: optional(self.tp_price, "tp_price")?,
            exit_plan: words(self.exit_plan, "exit_plan")?,
            plan: plan::read(self.exit_rules).map_err(|problem| format!("exit_rules{problem}"))?,
            rationale: words(self.rationale, "rationale")?,
        })
    }
}

/// The one JSON object that holds the answer, known by a field of it, without trailing commas.
pub(crate) fn extract(text: &str, mark: &str) -> Result<String, String> {
    the_object(text, mark).map(without_trailing_commas)
}

fn the_object<'a>(text: &'a str, mark: &str) -> Result<&'a str, String> {
    let text = answer_part(text.trim_start_matches('\u{feff}').trim())?;
    let mut found = None;
    let (mut from, mut tries) = (0, 0);
    while let Some(start) = text[from..].find('{').map(|offset| from + offset) {
        match balanced(&text[start..]) {
            Some(length) => {
                let object = &text[start..start + length];
                if object.contains(mark) && found.replace(object).is_some() {
                    return Err("there are several answers; give exactly one JSON object".to_owned());
                }
                from = start + length;
            }
            None => {
                tries += 1;
                if tries == TRIES {
                    break;
                }
                from = start + 1;
            }
        }
    }
    found.ok_or_else(|| format!("there is no complete JSON object with {mark}"))
}

/// What follows the model's thoughts. A draft inside them must not be taken for the answer.
fn answer_part(text: &str) -> Result<&str, String> {
    if text.starts_with(['{', '`']) {
        return Ok(text);
    }
    let ends = THOUGHTS.iter().filter_map(|(_, end)| Some(text.rfind(end)? + end.len()));
    match ends.max() {
        Some(end) => Ok(&text[end..]),
        None if THOUGHTS.iter().any(|(start, _)| text.starts_with(start)) => {
            Err("there are thoughts but no answer".to_owned())
        }
        None => Ok(text),
    }
}

/// Length of the object that `text` begins with, or `None` if it does not end.
fn balanced(text: &str) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' if !quoted => depth += 1,
            b'}' if !quoted => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(index + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn without_trailing_commas(json: &str) -> String {
    let mut clean = String::with_capacity(json.len());
    let (mut quoted, mut escaped) = (false, false);
    for (index, letter) in json.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted && json[index + 1..].trim_start().starts_with(['}', ']']) => continue,
            _ => {}
        }
        clean.push(letter);
    }
    clean
}

pub(super) fn words(raw: &RawValue, field: &str) -> Result<String, String> {
    let text: Option<String> =
        serde_json::from_str(raw.get()).map_err(|_| format!("{field}: {} is not text", quote(raw.get())))?;
    // Control characters could move a terminal's cursor; line feeds and tabs are harmless.
    let harmless = |c: char| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c };
    Ok(text.unwrap_or_default().chars().map(harmless).collect())
}

fn action(text: &str) -> Result<DecisionAction, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "buy" => Ok(DecisionAction::Buy),
        "sell" => Ok(DecisionAction::Sell),
        "close" => Ok(DecisionAction::Close),
        "reduce" => Ok(DecisionAction::Reduce),
        "hold" => Ok(DecisionAction::Hold),
        _ => Err(format!("action: {} is none of buy, sell, close, reduce, hold", quote(text))),
    }
}

/// A number from its own digits, or from text that holds nothing else; `None` for null and what stands for it.
pub(super) fn number(raw: &RawValue) -> Result<Option<Decimal>, String> {
    let raw = raw.get();
    let problem = || format!("{} is not a number", quote(raw));
    if raw == "null" {
        return Ok(None);
    }
    if !raw.starts_with('"') {
        return decimal(raw).map(Some).ok_or_else(problem);
    }
    let text: String = serde_json::from_str(raw).map_err(|_| problem())?;
    let text = text.trim();
    if ["", "-", "null", "none", "nil", "n/a", "na"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Ok(None);
    }
    decimal(text.strip_prefix('$').unwrap_or(text)).map(Some).ok_or_else(problem)
}

fn decimal(text: &str) -> Option<Decimal> {
    if text.len() > 64 || !text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) {
        return None;
    }
    if text.contains(['e', 'E']) {
        return Decimal::from_scientific(text).ok();
    }
    Decimal::from_str_exact(text).ok()
}

/// A bounded piece of the model's text.
pub(super) fn quote(text: &str) -> String {
    let short: String = text.chars().take(QUOTE_MAX).collect();
    format!("{short:?}")
}
