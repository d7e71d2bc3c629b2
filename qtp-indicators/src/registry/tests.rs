use super::*;

fn error(spec: &str) -> String {
    build(spec).unwrap_err().to_string()
}

#[test]
fn every_entry_builds_from_its_own_signature() {
    for info in catalogue() {
        let indicator = build(&info.signature()).unwrap();
        let defaults = build(info.name).unwrap();
        assert_eq!(indicator.spec().canonical(), defaults.spec().canonical());
        assert_eq!(indicator.width(), info.outputs.len());
        assert!(info.outputs.len() <= MAX_OUTPUTS && indicator.warmup() >= 1);
        assert!(!info.summary.is_empty() && info.describe().contains(info.name));
    }
}

#[test]
fn names_are_unique() {
    let mut names: Vec<_> = catalogue().map(|info| info.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn every_column_is_itself_a_spec() {
    for spec in ["macd(12,26,9)", "bbands(20,2)@4h", "talib.bbands(5,2,2)", "vwap", "ema(20, source=high)"] {
        for column in build(spec).unwrap().columns() {
            assert_eq!(build(column).unwrap().columns(), [column.as_str()]);
        }
    }
}

#[test]
fn canonical_text_is_a_fixed_point() {
    for spec in
        ["TALIB.MACD(12,26,9).macdhist@1d", "vwap(cumulative)", "stddev(5, factor=-0.5)", "trange@30s"]
    {
        let spec: Spec = spec.parse().unwrap();
        assert_eq!(spec.canonical().parse::<Spec>().unwrap().canonical(), spec.canonical());
    }
}

#[test]
fn talib_names_have_talib_outputs() {
    let columns = |spec: &str| build(spec).unwrap().columns().to_vec();
    assert_eq!(
        columns("talib.MACD(12,26,9)")[1..],
        ["talib.MACD(12,26,9).macdsignal", "talib.MACD(12,26,9).macdhist"]
    );
    assert_eq!(columns("talib.bbands(5,2,2)")[0], "talib.bbands(5,2,2).upperband");
    assert_eq!(columns("talib.ema(30)"), ["talib.ema(30)"]);
}

#[test]
fn timeframe_is_exposed_and_months_are_refused() {
    let spec: Spec = "rsi(14)@4h".parse().unwrap();
    let timeframe = spec.timeframe().unwrap();
    assert_eq!((timeframe.text(), timeframe.seconds()), ("4h", 14_400));
    assert_eq!(error("rsi(14)@1M"), "at character 8: expected a timeframe such as 5m, 4h or 1d, found `1M`");
    assert!(error("rsi@0h").contains("found `0h`"));
    assert!(error("rsi@99999999999999w").contains("timeframe"));
}

#[test]
fn errors_name_the_place_and_the_nearest_name() {
    for (spec, expected) in [
        ("", "at character 0: expected the name of an indicator, found the end"),
        ("rsj(14)", "at character 0: unknown indicator `rsj`; did you mean `rsi`?"),
        ("talib.mcad", "at character 0: unknown indicator `talib.mcad`; did you mean `talib.macd`?"),
        ("ema(20", "at character 6: expected `,` or `)`, found the end"),
        ("ema(20,,)", "at character 7: expected a value, found `,`"),
        ("ema(x)", "at character 4: expected a number, found `x`"),
        ("ema(nan)", "at character 4: expected a number, found `nan`"),
        ("ema(2.5)", "at character 4: `period` = 2.5 must be a whole number"),
        ("ema(0)", "at character 4: `period` = 0 is outside 1 to 100000"),
        ("ema(1,2)", "at character 6: `ema` takes at most 1 parameters"),
        ("ema(perod=3)", "at character 4: unknown parameter `perod`; did you mean `period`?"),
        ("ema(3, period=3)", "at character 7: `period` is given twice"),
        ("ema(period=3, 4)", "at character 14: expected a named parameter after a named one, found `4`"),
        ("ema(source=hihg)", "at character 11: unknown source `hihg`; did you mean `high`?"),
        ("vwap(anchor=sesion)", "at character 12: unknown choice `sesion`; did you mean `session`?"),
        ("bbands(20,2).uper", "at character 13: unknown output `uper`; did you mean `upper`?"),
        ("macd(12,26,9).hist", "at character 14: unknown output `hist`; did you mean `histogram`?"),
        ("ema(20) x", "at character 8: expected `.output`, `@timeframe` or the end, found `x`"),
        ("äma(20)!", "at character 0: unknown indicator `äma`; did you mean `ema`?"),
    ] {
        assert_eq!(error(spec), expected, "{spec}");
    }
}

#[test]
fn snapshot_of_another_spec_is_refused_and_changes_nothing() {
    let mut ema = build("ema(5)").unwrap();
    let before = ema.save().unwrap();
    let other = build("ema(6)").unwrap().save().unwrap();
    assert!(matches!(ema.restore(&other), Err(SpecError::Snapshot { .. })));
    let mut damaged = before.clone();
    damaged["state"]["node"]["seen"] = "x".into();
    assert!(ema.restore(&damaged).is_err());
    assert_eq!(ema.save().unwrap(), before);
}

#[test]
fn catalogue_serialises_without_the_constructor() {
    let text = serde_json::to_string(find("vwap").unwrap()).unwrap();
    assert!(
        text.contains(r#""params":[{"name":"anchor","type":"choice","names":["session","cumulative"]}]"#),
        "{text}"
    );
}

#[test]
fn other_names_lead_to_the_catalogue_and_hide_nothing() {
    for (other, name) in alias::ALIASES {
        assert_eq!(find(other).map(|info| info.name), Some(*name));
        assert!(
            catalogue().all(|info| info.name != *other && info.name.strip_prefix("talib.") != Some(other))
        );
    }
    assert_eq!(build("psar(0.01, 0.1)").unwrap().columns(), ["psar(0.01, 0.1)"]);
}

#[test]
fn dialects_have_their_own_names() {
    assert_eq!(build("TV.ema(20)").unwrap().warmup(), 1);
    assert_eq!(build("ema(20)").unwrap().warmup(), 20);
    assert_eq!(error("tv.emaa"), "at character 0: unknown indicator `tv.emaa`; did you mean `tv.ema`?");
    assert_eq!(error("tv.!"), "at character 3: expected the name of a function, found `!`");
}
