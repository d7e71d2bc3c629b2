//! The numbers and names of a text, and which of another text's are not among them.

use std::collections::BTreeSet;

/// Longest list of what was not found.
const MISSING_MAX: usize = 8;
/// Most numbers of a text that its sums may be over: every two of them are tried for every figure.
const TERMS_MAX: usize = 32;
/// Whole numbers up to this are words more than figures: "two of 3 candles".
const SMALL: f64 = 10.0;
/// Names that say something of the answer itself, or of trading as such.
const COMMON: [&str; 28] = [
    "atr", "ath", "cap", "ema", "sma", "sl", "tp", "usd", "usdc", "usdt", "utc", "long", "short", "buy",
    "sell", "hold", "close", "reduce", "rr", "ok", "ohlc", "ohlcv", "pnl", "htf", "ltf", "roi", "fomo", "i",
];
/// Long names of assets by their base.
const LONG_NAMES: [(&str, &str); 14] = [
    ("bitcoin", "btc"),
    ("ethereum", "eth"),
    ("ether", "eth"),
    ("solana", "sol"),
    ("ripple", "xrp"),
    ("cardano", "ada"),
    ("dogecoin", "doge"),
    ("avalanche", "avax"),
    ("chainlink", "link"),
    ("polkadot", "dot"),
    ("litecoin", "ltc"),
    ("apple", "aapl"),
    ("nvidia", "nvda"),
    ("tesla", "tsla"),
];

/// What a picture says.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Ascending.
    numbers: Vec<f64>,
    words: BTreeSet<String>,
}

impl Facts {
    /// Every number and word of the texts.
    pub(crate) fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut facts = Self::default();
        for text in texts {
            for token in tokens(text) {
                // `100,250` may be one number or two cells of a table.
                let cells = token.split(',').filter(|_| is_grouped(token));
                for part in cells.chain([token]) {
                    match Figure::read(part) {
                        Some(figure) => facts.numbers.push(figure.value),
                        None => {
                            facts.words.insert(part.to_lowercase());
                        }
                    }
                }
            }
        }
        facts.numbers.sort_by(f64::total_cmp);
        facts.numbers.dedup();
        facts
    }

    /// Numbers and names of a text that are not among the facts, each once, in its order. `own` are the levels that the
    /// text is about: the price, the stop, the target.
    ///
    /// A figure may be a simple sum over two numbers that the text itself gives and that are true, or over levels of its own:
    /// a difference, a share, a ratio. The rest of the picture does not count there: among its hundreds of numbers there are
    /// two with any difference.
    pub(crate) fn missing(&self, text: &str, own: &[f64]) -> Vec<String> {
        let own: Vec<Figure> = own.iter().map(|value| Figure::exact(*value)).collect();
        let mut terms = own.clone();
        for figure in tokens(text).filter_map(|token| Figure::of(text, token)) {
            let states = !figure.is_small() && self.has_number(&figure, &own);
            if states && terms.len() < TERMS_MAX && terms.iter().all(|term| term.value != figure.value) {
                terms.push(figure);
            }
        }
        let mut missing: Vec<String> = Vec::new();
        let mut begins = true;
        for token in tokens(text) {
            if missing.len() == MISSING_MAX {
                break;
            }
            let known = match Figure::of(text, token) {
                Some(figure) => {
                    figure.is_small() || self.has_number(&figure, &own) || figure.is_sum_over(&terms)
                }
                None => !is_name(token, begins) || self.has_word(token),
            };
            if !known && !missing.iter().any(|other| other == token) {
                missing.push(token.to_owned());
            }
            begins = ends_sentence(text, token);
        }
        missing
    }

    /// Among the facts once those are rounded to as many digits; a percentage may be written as a share.
    fn has_number(&self, figure: &Figure, own: &[Figure]) -> bool {
        self.near(figure.value, figure.half_step)
            || (figure.percent && self.near(figure.value / 100.0, figure.half_step / 100.0))
            || own.iter().any(|level| figure.is(level.value, 0.0))
    }

    fn near(&self, value: f64, half_step: f64) -> bool {
        let reach = half_step + value * 1e-9;
        let start = self.numbers.partition_point(|known| *known < value - reach);
        self.numbers.get(start).is_some_and(|known| *known <= value + reach)
    }

    fn has_word(&self, token: &str) -> bool {
        let word = token.to_lowercase();
        let long = LONG_NAMES.iter().find(|(long, _)| *long == word);
        self.words.contains(&word)
            || COMMON.contains(&word.as_str())
            || long.is_some_and(|(_, base)| self.words.contains(*base))
    }
}

/// A number as it is written.
#[derive(Debug, Clone, Copy)]
struct Figure {
    /// Without its sign.
    value: f64,
    /// Half of the last digit's worth: a text may round.
    half_step: f64,
    whole: bool,
    percent: bool,
}

impl Figure {
    const fn exact(value: f64) -> Self {
        Self { value: value.abs(), half_step: 0.0, whole: false, percent: false }
    }

    /// A token of a text. The sign or the word for percent may stand apart.
    fn of(text: &str, token: &str) -> Option<Self> {
        let figure = Self::read(token)?;
        let rest = behind(text, token).trim_start();
        let percent =
            figure.percent || ["%", "percent", "per cent"].iter().any(|word| rest.starts_with(word));
        Some(Self { percent, whole: figure.whole && !percent, ..figure })
    }

    /// More a word than a figure.
    fn is_small(&self) -> bool {
        self.whole && self.value <= SMALL
    }

    /// `value` rounds to it; `error` is what is not known of `value` itself.
    fn is(&self, value: f64, error: f64) -> bool {
        (self.value - value).abs() <= self.half_step + error + value.abs() * 1e-9
    }

    /// A difference of two of the terms, or how many percent or times one is of the other. Numbers that are far apart are
    /// not two of a kind: their difference is no more than the larger one, slightly wrong.
    fn is_sum_over(&self, terms: &[Self]) -> bool {
        let over = |a: &Self, b: &Self| {
            let (difference, error) = ((a.value - b.value).abs(), a.half_step + b.half_step);
            let alike = difference <= b.value / 2.0;
            if self.percent {
                return alike && self.is(difference / b.value * 100.0, error / b.value * 100.0);
            }
            (alike && self.is(difference, error)) || self.is(a.value / b.value, error / b.value)
        };
        terms.iter().any(|a| terms.iter().any(|b| b.value > 0.0 && over(a, b)))
    }

    fn read(token: &str) -> Option<Self> {
        let percent = token.ends_with('%');
        let text = token.trim_end_matches('%').replace([',', '_'], "");
        let (digits, scale) = match text.char_indices().last()? {
            (end, 'k' | 'K') => (&text[..end], 1e3),
            (end, 'm' | 'M') => (&text[..end], 1e6),
            (end, 'x' | 'X') => (&text[..end], 1.0),
            _ => (text.as_str(), 1.0),
        };
        if !digits.starts_with(|c: char| c.is_ascii_digit())
            || !digits.ends_with(|c: char| c.is_ascii_digit())
        {
            return None;
        }
        let value: f64 = digits.parse().ok().filter(|value: &f64| value.is_finite())?;
        let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let step = scale * 0.1_f64.powi(i32::try_from(decimals).unwrap_or(i32::MAX));
        let whole = decimals == 0 && scale == 1.0 && !percent;
        Some(Self { value: value * scale, half_step: step / 2.0, whole, percent })
    }
}

/// Words and numbers: letters, digits, and marks between digits.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '.' | ',' | '_' | '%');
    let pieces = text.split(move |c: char| !inside(c)).flat_map(|piece| {
        let cells: Vec<&str> = if is_grouped(piece) { vec![piece] } else { piece.split(',').collect() };
        cells
    });
    pieces.map(|piece| piece.trim_matches(['.', ',', '_'])).filter(|piece| !piece.is_empty())
}

/// Commas part groups of three digits; otherwise they part the cells of a table.
fn is_grouped(piece: &str) -> bool {
    let mut groups = piece.split(',');
    let first = groups.next().is_some_and(|first| (1..=3).contains(&first.len()));
    let three = |group: &str| {
        let digits = group.bytes().take_while(u8::is_ascii_digit).count();
        digits == 3
    };
    first && piece.contains(',') && groups.all(three)
}

/// A ticker, an abbreviation, or a capital letter where no sentence begins.
fn is_name(token: &str, begins: bool) -> bool {
    let letters = token.chars().filter(|c| c.is_alphabetic()).count();
    let capitals = token.chars().filter(|c| c.is_uppercase()).count();
    (capitals >= 2 && capitals == letters)
        || (capitals == 1 && letters > 1 && !begins && token.starts_with(char::is_uppercase))
}

/// What follows a token of a text; the token is a slice of it.
fn behind<'a>(text: &'a str, token: &str) -> &'a str {
    let end = (token.as_ptr() as usize).saturating_sub(text.as_ptr() as usize) + token.len();
    text.get(end..).unwrap_or_default()
}

/// What follows a token of a text begins a sentence.
fn ends_sentence(text: &str, token: &str) -> bool {
    let gap: String = behind(text, token).chars().take_while(|c| !c.is_alphanumeric()).collect();
    gap.contains(['.', '!', '?', ':', ';', '\n', '"', '(', '-'])
}
