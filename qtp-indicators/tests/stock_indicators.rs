//! Agreement with a .NET library on its recorded results: daily candles, one file a function.
//!
//! Where theirs and ours start their smoothing differently, rows count from where that is forgotten.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::{fs::File, io::Read, path::PathBuf};

use qtp_core::Ohlcv;
use qtp_indicators::{Spec, batch_spec, statistic};
use serde_json::Value;

const TOLERANCE: f64 = 1e-9;
const DAY: i64 = 86_400_000_000_000;

/// A file of theirs, a spec of ours, and a column of each.
struct Pair {
    file: &'static str,
    spec: &'static str,
    output: &'static str,
    field: &'static str,
    /// Ours comes this many candles after theirs.
    later: i64,
    /// First row of theirs that counts.
    from: usize,
}

const fn same(file: &'static str, spec: &'static str, output: &'static str, field: &'static str) -> Pair {
    Pair { file, spec, output, field, later: 0, from: 0 }
}

impl Pair {
    const fn from(self, from: usize) -> Self {
        Self { from, ..self }
    }

    const fn later(self, later: i64) -> Self {
        Self { later, ..self }
    }
}

#[rustfmt::skip]
const PAIRS: &[Pair] = &[
    same("adl", "talib.ad", "real", "adl"),
    same("adx", "tv.dmi(14,14)", "plus", "pdi").from(27),
    same("adx", "tv.dmi(14,14)", "minus", "mdi").from(27),
    same("adx", "tv.dmi(14,14)", "adx", "adx"),
    same("alligator", "alligator", "jaw", "jaw"),
    same("alligator", "alligator", "teeth", "teeth").from(20),
    same("alligator", "alligator", "lips", "lips").from(20),
    same("alma", "alma(9,0.85,6)", "alma", "alma"),
    same("atr", "atr(14)", "atr", "atr"),
    same("atr", "talib.natr(14)", "real", "atrp"),
    same("atr-stop", "atr_stop(21,3)", "stop", "atrStop"),
    same("awesome", "talib.ao(5,34)", "real", "oscillator"),
    same("bb", "bbands(20,2)", "upper", "upperBand"),
    same("bb", "bbands(20,2)", "lower", "lowerBand"),
    same("bb", "bb_place(20,2)", "percent", "percentB"),
    same("bb", "bb_place(20,2)", "width", "width"),
    same("bb", "zscore(20)", "zscore", "zScore"),
    same("cci", "talib.cci(20)", "real", "cci"),
    same("chaikin-osc", "talib.adosc(3,10)", "real", "oscillator").from(250),
    same("chexit", "chandelier(22,3)", "long", "chandelierExit"),
    same("chop", "chop(14,gaps)", "chop", "chop"),
    same("cmf", "talib.cmf(20)", "real", "cmf"),
    same("cmo", "tv.cmo(14)", "cmo", "cmo"),
    same("cmo", "talib.cmou(14)", "real", "cmo"),
    same("crsi", "crsi(3,2,100)", "crsi", "connorsRsi"),
    same("dema", "talib.dema(14)", "real", "dema").from(400),
    same("donchian", "talib.donchian(20)", "upperband", "upperBand").later(-1),
    same("donchian", "talib.donchian(20)", "lowerband", "lowerBand").later(-1),
    same("donchian", "talib.donchian(20)", "middleband", "centerline").later(-1),
    same("dpo", "talib.dpo(14)", "real", "dpo").later(8),
    same("dynamic", "mcginley(14)", "mcginley", "dynamic"),
    same("elder-ray", "talib.eri(13)", "bullpower", "bullPower"),
    same("elder-ray", "talib.eri(13)", "bearpower", "bearPower"),
    same("ema", "ema(20)", "ema", "ema"),
    same("epma", "talib.linearreg(10)", "real", "epma"),
    same("fcb", "swing(2,2)", "high", "upperBand"),
    same("fcb", "swing(2,2)", "low", "lowerBand"),
    same("fisher", "fisher(10)", "fisher", "fisher").from(100),
    same("fisher", "fisher(10)", "trigger", "trigger").from(100),
    same("force", "talib.efi(2)", "real", "forceIndex"),
    same("gator", "gator", "upper", "upper"),
    same("gator", "gator", "lower", "lower").from(20),
    same("heikinashi", "talib.ha", "haopen", "open"),
    same("heikinashi", "talib.ha", "hahigh", "high"),
    same("heikinashi", "talib.ha", "halow", "low"),
    same("heikinashi", "talib.ha", "haclose", "close"),
    same("hma", "talib.hma(14)", "real", "hma"),
    same("hurst", "hurst(100)", "hurst", "hurstExponent"),
    same("ichimoku", "ichimoku", "conversion", "tenkanSen").from(77),
    same("ichimoku", "ichimoku", "base", "kijunSen").from(77),
    same("ichimoku", "ichimoku", "span_a", "senkouSpanA").from(77),
    same("ichimoku", "ichimoku", "span_b", "senkouSpanB"),
    same("kama", "talib.kama(10)", "real", "kama").from(300),
    same("kama", "talib.er(10)", "real", "er"),
    same("keltner", "keltner(20,2,10)", "upper", "upperBand"),
    same("keltner", "keltner(20,2,10)", "middle", "centerline"),
    same("keltner", "keltner(20,2,10)", "lower", "lowerBand"),
    same("kvo", "kvo(34,55,13)", "kvo", "oscillator").from(68),
    same("kvo", "kvo(34,55,13)", "signal", "signal"),
    same("ma-env", "envelope(20,2.5)", "upper", "upperEnvelope"),
    same("ma-env", "envelope(20,2.5)", "middle", "centerline"),
    same("ma-env", "envelope(20,2.5)", "lower", "lowerEnvelope"),
    same("macd", "macd(12,26,9)", "macd", "macd").from(250),
    same("macd", "macd(12,26,9)", "signal", "signal").from(250),
    same("macd", "macd(12,26,9)", "histogram", "histogram").from(250),
    same("macd", "tv.macd(12,26,9)", "macd", "macd").from(350),
    same("mfi", "talib.mfi(14)", "real", "mfi"),
    same("pivot-points", "pivots_classic(month)", "pp", "pp"),
    same("pivot-points", "pivots_classic(month)", "r1", "r1"),
    same("pivot-points", "pivots_classic(month)", "r2", "r2"),
    same("pivot-points", "pivots_classic(month)", "r3", "r3"),
    same("pivot-points", "pivots_classic(month)", "s1", "s1"),
    same("pivot-points", "pivots_classic(month)", "s2", "s2"),
    same("pivot-points", "pivots_classic(month)", "s3", "s3"),
    same("pmo", "pmo(35,20,10)", "pmo", "pmo").from(63),
    same("pmo", "pmo(35,20,10)", "signal", "signal"),
    same("pvo", "talib.pvo(12,26,1)", "real", "pvo").from(250),
    same("roc", "talib.roc(14)", "real", "roc"),
    same("roc", "talib.mom(14)", "real", "momentum"),
    same("rolling-pivots", "rolling_pivots_classic(20)", "pp", "pp"),
    same("rolling-pivots", "rolling_pivots_classic(20)", "r1", "r1"),
    same("rolling-pivots", "rolling_pivots_classic(20)", "r2", "r2"),
    same("rolling-pivots", "rolling_pivots_classic(20)", "r3", "r3"),
    same("rolling-pivots", "rolling_pivots_classic(20)", "s1", "s1"),
    same("rolling-pivots", "rolling_pivots_classic(20)", "s2", "s2"),
    same("rolling-pivots", "rolling_pivots_classic(20)", "s3", "s3"),
    same("rsi", "rsi(14)", "rsi", "rsi"),
    same("rsi", "tv.rsi(14)", "rsi", "rsi"),
    same("slope", "talib.linearreg_slope(14)", "real", "slope"),
    same("slope", "stddev(14)", "stddev", "stdDev"),
    same("sma", "sma(20)", "sma", "sma"),
    same("sma-analysis", "talib.avgdev(20)", "real", "mad"),
    same("sma-analysis", "talib.var(20)", "real", "mse"),
    same("smi", "talib.smi(13,2,25,3)", "smi", "smi").from(400),
    same("smma", "talib.rma(20)", "real", "smma"),
    same("starc", "starc(5,2,10)", "upper", "upperBand"),
    same("starc", "starc(5,2,10)", "middle", "centerline").from(10),
    same("starc", "starc(5,2,10)", "lower", "lowerBand"),
    same("stdev", "stddev(14)", "stddev", "stdDev"),
    same("stdev", "tv.stdev(14)", "stdev", "stdDev"),
    same("stdev", "zscore(14)", "zscore", "zScore"),
    same("stoch", "talib.stoch(14,3,0,3,0)", "slowk", "k").from(17),
    same("stoch", "talib.stoch(14,3,0,3,0)", "slowd", "d"),
    same("stoch-rsi", "talib.stochrsi(14,14,3)", "fastk", "stochRsi").from(29),
    same("stoch-rsi", "talib.stochrsi(14,14,3)", "fastd", "signal"),
    same("supertrend", "talib.supertrend(10,3)", "supertrend", "superTrend"),
    same("supertrend", "tv.supertrend(3,10)", "supertrend", "superTrend").from(400),
    same("t3", "talib.t3(5,0.7)", "real", "t3").from(250),
    same("tema", "talib.tema(20)", "real", "tema").from(450),
    same("tr", "trange", "trange", "tr"),
    same("trix", "talib.trix(14)", "real", "trix").from(450),
    same("tsi", "talib.tsi(25,13)", "real", "tsi"),
    same("ulcer", "ulcer(14)", "ulcer", "ulcerIndex"),
    same("uo", "talib.ultosc(7,14,28)", "real", "ultimate"),
    same("vol-stop", "volatility_stop(7,3)", "stop", "sar"),
    same("vortex", "talib.vortex(14)", "plusvi", "pvi"),
    same("vortex", "talib.vortex(14)", "minusvi", "nvi"),
    same("vwap", "talib.vwap", "real", "vwap"),
    same("vwap", "vwap_anchored(0)", "vwap", "vwap"),
    same("vwma", "talib.vwma(14)", "real", "vwma"),
    same("willr", "talib.willr(14)", "real", "williamsR"),
    same("wma", "wma(14)", "wma", "wma"),
];

fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/stock-indicators"));
    let present = folder.join("parameters.json").is_file();
    if !present {
        println!("skipped: no recorded results at {}", folder.display());
    }
    present.then_some(folder)
}

fn text(path: PathBuf) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text
}

/// Days since 1970-01-01 of `YYYY-MM-DD`, counted one by one.
fn days(date: &str) -> i64 {
    let parts: Vec<i64> = date.get(..10).unwrap().split('-').map(|part| part.parse().unwrap()).collect();
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = |year| [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let years: i64 = (1970..parts[0]).map(|year| if leap(year) { 366 } else { 365 }).sum();
    years + lengths(parts[0])[..parts[1] as usize - 1].iter().sum::<i64>() + parts[2] - 1
}

fn quotes(folder: &std::path::Path, name: &str) -> (Vec<Ohlcv>, Vec<i64>) {
    let row = |line: &str| {
        let fields: Vec<&str> = line.trim().trim_start_matches('\u{feff}').split(',').collect();
        let [open, high, low, close, volume] = [1, 2, 3, 4, 5].map(|i| fields[i].parse().unwrap());
        (Ohlcv { open, high, low, close, volume }, days(fields[0]) * DAY)
    };
    text(folder.join(format!("quotes/{name}.csv.gz"))).lines().skip(1).map(row).unzip()
}

fn results(folder: &std::path::Path, name: &str) -> Vec<Value> {
    let text = text(folder.join(format!("results/{name}.standard.json.gz")));
    serde_json::from_str(&text).unwrap()
}

fn column(spec: &str, output: &str, (candles, times): &(Vec<Ohlcv>, Vec<i64>)) -> Vec<f64> {
    let spec: Spec = spec.parse().unwrap();
    let names: Vec<&str> = spec.info().outputs.iter().map(|output| output.name).collect();
    let mut columns = vec![vec![0.0; candles.len()]; names.len()];
    let mut views: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
    batch_spec(&spec, candles, times, &mut views).unwrap();
    let index = names.iter().position(|name| *name == output).unwrap();
    columns.swap_remove(index)
}

/// Counts the rows that agree; the first one that does not is an error.
fn compare(expected: &[(usize, f64)], actual: &[f64], later: i64) -> Result<usize, String> {
    let mut rows = 0;
    for (i, expected) in expected {
        let Some(actual) = usize::try_from(*i as i64 + later).ok().and_then(|i| actual.get(i)) else {
            continue;
        };
        let near = (actual - expected).abs() <= TOLERANCE * expected.abs().max(1.0);
        if !near {
            return Err(format!("row {i}: {actual} for {expected}"));
        }
        rows += 1;
    }
    Ok(rows)
}

fn field(rows: &[Value], field: &str) -> Vec<(usize, f64)> {
    rows.iter().enumerate().filter_map(|(i, row)| Some((i, row.get(field)?.as_f64()?))).collect()
}

#[test]
fn recorded_results_are_met() {
    let Some(folder) = folder() else { return };
    let quotes = quotes(&folder, "default");
    let mut failures = Vec::new();
    for pair in PAIRS {
        let mut expected = field(&results(&folder, pair.file), pair.field);
        expected.retain(|(i, _)| *i >= pair.from);
        let actual = column(pair.spec, pair.output, &quotes);
        match compare(&expected, &actual, pair.later) {
            Ok(rows) if rows > 40 => println!("{} {}.{}: {rows} rows", pair.file, pair.spec, pair.output),
            Ok(rows) => failures.push(format!("{} {}: only {rows} rows", pair.file, pair.spec)),
            Err(error) => failures.push(format!("{} {}.{}: {error}", pair.file, pair.spec, pair.output)),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn balance_of_power_is_met_after_their_mean() {
    let Some(folder) = folder() else { return };
    let raw = column("talib.bop", "real", &quotes(&folder, "default"));
    let mut smooth = vec![0.0; raw.len()];
    qtp_indicators::average::sma(&raw, 14, &mut smooth).unwrap();
    assert_eq!(compare(&field(&results(&folder, "bop"), "bop"), &smooth, 0), Ok(489));
}

#[test]
fn two_instruments_are_met() {
    let Some(folder) = folder() else { return };
    let closes = |name| quotes(&folder, name).0.iter().map(|c| c.close).collect::<Vec<f64>>();
    let (bars, other) = (closes("default"), closes("compare"));
    let mut out = vec![0.0; bars.len()];
    statistic::correl((&bars, &other), 20, &mut out).unwrap();
    assert_eq!(compare(&field(&results(&folder, "corr"), "correlation"), &out, 0), Ok(483));
    statistic::beta((&bars, &other), 50, &mut out).unwrap();
    assert_eq!(compare(&field(&results(&folder, "beta"), "beta"), &out, 0), Ok(452));
}

#[test]
fn fractals_are_met_on_the_candle_that_confirms_them() {
    let Some(folder) = folder() else { return };
    let quotes = quotes(&folder, "default");
    let rows = results(&folder, "fractal");
    for (output, name) in [("swinghigh", "fractalBear"), ("swinglow", "fractalBull")] {
        let ours = column("talib.fractal(2,2)", output, &quotes);
        let confirmed: Vec<usize> = (0..ours.len()).filter(|i| ours[*i] == 100.0).map(|i| i - 2).collect();
        let theirs: Vec<usize> = field(&rows, name).into_iter().map(|(i, _)| i).collect();
        assert_eq!(confirmed, theirs, "{output}");
    }
}

#[test]
fn zigzag_turns_are_met() {
    let Some(folder) = folder() else { return };
    let quotes = quotes(&folder, "default");
    for (file, spec) in [("zigzag", "zigzag(5,close)"), ("zigzag-close", "zigzag(5,close)")] {
        let kind = |row: &Value| match row["pointType"].as_str()? {
            "H" => Some(1.0),
            _ => Some(-1.0),
        };
        let rows = results(&folder, file);
        let theirs: Vec<(usize, f64, f64)> =
            (0..rows.len()).filter_map(|i| Some((i, rows[i]["zigZag"].as_f64()?, kind(&rows[i])?))).collect();
        let [turn, pivot, age] = ["turn", "pivot", "age"].map(|output| column(spec, output, &quotes));
        // Theirs starts from the first candle, whatever it is, and does not report it.
        let ours: Vec<(usize, f64, f64)> = (0..turn.len())
            .filter(|i| turn[*i] != 0.0)
            .map(|i| (i - age[i] as usize, pivot[i], turn[i]))
            .skip(1)
            .collect();
        assert_eq!(ours, theirs, "{file}");
    }
}

#[test]
fn renko_bricks_are_met() {
    let Some(folder) = folder() else { return };
    let quotes = quotes(&folder, "default");
    let [bricks, close] = ["bricks", "close"].map(|output| column("renko(1,2)", output, &quotes));
    let mut ours = Vec::new();
    for (i, count) in bricks.iter().enumerate() {
        let back = |k: i64| close[i] - count.signum() * k as f64;
        ours.extend((0..count.abs() as i64).rev().map(|k| (quotes.1[i] / DAY, back(k), *count > 0.0)));
    }
    let theirs: Vec<(i64, f64, bool)> = results(&folder, "renko")
        .iter()
        .map(|row| {
            let date = days(row["date"].as_str().unwrap());
            (date, row["close"].as_f64().unwrap(), row["isUp"].as_bool().unwrap())
        })
        .collect();
    assert_eq!(ours, theirs);
}

/// Values that the library's own tests name, to the digits that they give.
#[test]
fn published_pivots_are_met() {
    let Some(folder) = folder() else { return };
    let (daily, intraday) = (quotes(&folder, "default"), quotes(&folder, "intraday"));
    let newest = daily.0.len() - 38;
    let last = (daily.0[newest..].to_vec(), daily.1[newest..].to_vec());
    for (spec, candles, output, rows) in [
        ("pivots_demark(month)", &daily, "pp", [(20, 215.13), (149, 234.3475), (501, 268.605)]),
        ("pivots_demark(month)", &daily, "r1", [(20, 218.74), (149, 239.535), (501, 280.53)]),
        ("pivots_demark(month)", &daily, "s1", [(20, 213.24), (149, 232.225), (501, 262.82)]),
        ("pivots_camarilla(week)", &last, "pp", [(5, 271.02), (22, 268.96), (37, 243.15)]),
        ("pivots_camarilla(week)", &last, "r3", [(5, 273.66825), (22, 271.89425), (37, 247.91025)]),
        ("pivots_camarilla(week)", &last, "r4", [(5, 276.3165), (22, 274.8285), (37, 252.6705)]),
        ("pivots_camarilla(week)", &last, "s1", [(5, 270.13725), (22, 267.9819), (37, 241.56325)]),
        ("pivots_camarilla(week)", &last, "s4", [(5, 265.7235), (22, 263.0915), (37, 233.6295)]),
        ("pivots_woodie(day)", &intraday, "pp", [(391, 368.7875), (1172, 370.9769), (1563, 371.3625)]),
        ("pivots_woodie(day)", &intraday, "r3", [(391, 375.325), (1172, 375.3786), (1563, 373.085)]),
        ("pivots_woodie(day)", &intraday, "s2", [(391, 365.1175), (1172, 368.6845), (1563, 369.9525)]),
    ] {
        let actual = column(spec, output, candles);
        for (row, expected) in rows {
            assert!((actual[row] - expected).abs() <= 5.1e-5, "{spec}.{output} at {row}: {}", actual[row]);
        }
    }
}
