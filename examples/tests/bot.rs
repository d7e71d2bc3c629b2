//! The bot as its operator sees it: folders, resuming, signals, `botctl`, and the same figures everywhere.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a failed set-up fails the test")]

mod common;

use std::fs;

use common::store::Sql;
use common::*;
use serde_json::Value;

/// At this time of seed 42 a short position is open.
const WITH_POSITION: [&str; 2] = ["--duration", "430m"];

/// The bot once its operator can reach it, behind its first `args` at full speed.
fn reachable(runs: &Runs, speed: &str, args: &[&str]) -> Running {
    let mut bot = Running::start(runs.paced_bot(speed, args));
    wait_for("the bot to answer", || {
        assert!(!bot.ended(), "the bot ended");
        runs.answers().then_some(())
    });
    bot
}

fn ask(runs: &Runs, what: &str) -> Value {
    runs.botctl(&[what]).ok().json()
}

fn items(value: &Value) -> usize {
    value.as_array().unwrap().len()
}

fn stop(bot: Running) -> Ran {
    bot.terminate();
    bot.finish().ok()
}

#[test]
fn a_recorded_market_is_as_wide_as_its_candles_and_pays_its_funding() {
    let folder = tempfile::tempdir().unwrap();
    let of =
        |name: &str, text: String| format!("BTC={}", candles::write(folder.path(), name, text).display());
    let hourly = (0..500).map(|hour| format!("{},0.0001\n", 1_704_067_200 + hour * 3600));
    let funding = of("funding.csv", format!("time,rate\n{}", hourly.collect::<String>()));
    for (seconds, timeframe, rows) in [(900, "15m", 1500), (3600, "1h", 500)] {
        let candles = of(&format!("{timeframe}.csv"), candles::walk_of(rows, seconds));
        let market = ["--candles", &candles, "--interval", timeframe, "--strategy", "momentum"];
        let run = |more: &[&str]| {
            let runs = Runs::new();
            runs.run_bot(&[&market[..], more].concat()).ok();
            verify(&runs.run().file("journal")).ok();
            runs.run().summary()
        };
        let (free, funded) = (run(&[]), run(&["--funding", &funding]));
        for summary in [&free, &funded] {
            assert_eq!(summary["timeframe"], timeframe);
            assert_eq!(summary["candles"], rows);
        }
        assert!(free["round_trips"].as_u64().unwrap() > 5, "{free}");
        assert_eq!((&free["funding_modelled"], &free["funding"]), (&Value::Bool(false), &Value::from(0.0)));
        assert_eq!(funded["funding_modelled"], true);
        assert!(funded["funding"].as_f64().unwrap() != 0.0, "{funded}");
    }
    let (wide, narrow) = (candles::walk_of(10, 14_400), candles::walk_of(10, 900));
    for (market, words) in [
        (vec![of("wide.csv", wide)], "candles of 4h"),
        (vec![of("narrow.csv", narrow.clone())], "those of 5m"),
        (
            vec![of("a.csv", narrow), of("b.csv", candles::walk_of(10, 300)).replace("BTC=", "ETH=")],
            "ETH has candles of 5m",
        ),
    ] {
        let interval = if market.len() > 1 { "15m" } else { "5m" };
        let mut args = vec!["--interval", interval];
        market.iter().for_each(|file| args.extend(["--candles", file]));
        let ran = Runs::new().run_bot(&args);
        let said = ran.refusal();
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn figures_agree_in_text_json_csv_store_and_html() {
    for duration in [&WITH_POSITION[..], &["--duration", "1d"]] {
        let runs = Runs::new();
        let text = runs.run_bot(duration).ok().stdout;
        let run = runs.run();
        let json = run.summary();
        let number = |key: &str| json[key].as_f64().unwrap();
        let near = |a: f64, b: f64, what: &str| assert!((a - b).abs() < 0.005, "{what}: {a} and {b}");

        let csv = run.read("trades.csv");
        let column = |name: &str| csv.lines().next().unwrap().split(',').position(|n| n == name).unwrap();
        let sum = |name: &str| -> f64 {
            csv.lines()
                .skip(1)
                .map(|row| row.split(',').nth(column(name)).unwrap().parse::<f64>().unwrap())
                .sum()
        };
        assert_eq!(csv.lines().count() as u64 - 1, json["round_trips"].as_u64().unwrap());
        near(sum("net") + number("open_profit"), number("net_profit"), "closed trips and the open one");
        near(number("price_profit") - number("fees") + number("funding"), number("net_profit"), "net");
        near(number("initial_equity") + number("net_profit"), number("final_equity"), "equity");
        let last = run.read("equity.csv").lines().last().unwrap().split(',').nth(1).unwrap().parse().unwrap();
        near(last, number("final_equity"), "equity.csv");

        let mut sql = Sql::open(&run.file("run.sqlite"));
        let total = |texts: Vec<String>| texts.iter().map(|text| text.parse::<f64>().unwrap()).sum::<f64>();
        near(total(sql.texts("SELECT fee FROM fills")), number("fees"), "fees in the store");
        let stored = sql.texts("SELECT equity FROM equity ORDER BY time DESC LIMIT 1");
        near(total(stored), number("final_equity"), "equity in the store");
        let summary = &sql.texts("SELECT value FROM meta WHERE key = 'summary'")[0];
        assert_eq!(serde_json::from_str::<Value>(summary).unwrap(), json);
        assert_eq!(sql.number("SELECT count(*) FROM positions"), json["open_trips"].as_i64().unwrap());
        sql.close();

        let html = run.read("report.html");
        let equity = format!("{:.2}", number("final_equity"));
        let (thousands, rest) = equity.split_at(equity.len() - 6);
        let equity = if thousands.is_empty() { rest.to_owned() } else { format!("{thousands},{rest}") };
        for figure in [equity, format!("{:.2}", number("fees")), format!("{:.2}", number("funding").abs())] {
            assert!(text.contains(&figure), "{figure} on the terminal: {text}");
            assert!(html.contains(&figure), "{figure} in the report");
        }
        assert!(!text.contains("Ratio("), "{text}");
    }
}

#[test]
fn a_run_in_two_parts_ends_as_a_run_in_one() {
    let (whole, parts) = (Runs::new(), Runs::new());
    whole.run_bot(&["--duration", "12h"]).ok();
    parts.run_bot(&WITH_POSITION).ok();
    let said = parts.run_bot(&["--duration", "12h"]).ok().stdout;
    assert!(said.contains("resumed at record") && parts.count() == 1, "{said}");
    let (whole, parts) = (whole.run().summary(), parts.run().summary());
    for figure in
        ["final_equity", "fees", "funding", "fills", "orders", "round_trips", "naked_seconds", "max_drawdown"]
    {
        assert_eq!(whole[figure], parts[figure], "{figure}");
    }
}

#[test]
fn fresh_makes_a_new_folder_and_never_touches_the_old_one() {
    let runs = Runs::new();
    runs.run_bot(&["--duration", "3h"]).ok();
    let old = runs.run();
    let before = old.contents();
    let said = runs.run_bot(&["--duration", "3h", "--fresh"]).ok().stdout;
    assert!(!said.contains("resumed"), "{said}");
    assert_eq!(runs.count(), 2);
    assert_ne!(runs.run().0, old.0);
    assert!(old.contents() == before, "the old run was touched");
    // Other settings are another run; the same settings go on with the newest.
    runs.run_bot(&["--duration", "1h", "--seed", "43"]).ok();
    assert_eq!(runs.count(), 3);
    assert!(runs.run_bot(&["--duration", "4h"]).ok().stdout.contains("resumed"));
    assert_eq!(runs.count(), 3);
    assert!(old.contents() == before, "the old run was touched");
}

#[test]
fn a_signal_ends_the_run_with_its_report() {
    let runs = Runs::new();
    let bot = reachable(&runs, "1000", &[]);
    wait_for("some candles", || (ask(&runs, "status")["record"].as_u64().unwrap() > 5).then_some(()));
    let ran = stop(bot);
    let run = runs.run();
    assert!(ran.stdout.contains("report.html"), "{ran:?}");
    for file in ["report.html", "summary.json", "trades.csv", "equity.csv", "decisions.jsonl"] {
        assert!(run.file(file).exists(), "{file}");
    }
    assert!(!run.file("control.sock").exists());
    assert_eq!(run.records().last().unwrap()["kind"], "stopped");
    verify(&run.0).ok();
    let ran = runs.botctl(&["status"]);
    assert!(ran.refusal().contains("no running bot"), "{ran:?}");
}

#[test]
fn a_second_bot_on_a_running_one_is_refused_and_does_no_harm() {
    let runs = Runs::new();
    let bot = reachable(&runs, "1000", &[]);
    for _ in 0..5 {
        let ran = runs.run_bot(&["--duration", "1h"]);
        assert!(ran.refusal().contains("another writer"), "{ran:?}");
    }
    let before = ask(&runs, "status")["record"].as_u64().unwrap();
    wait_for("the first to go on", || {
        (ask(&runs, "status")["record"].as_u64().unwrap() > before).then_some(())
    });
    stop(bot);
    for journal in ["journal", "run.sqlite"] {
        verify(&runs.run().file(journal)).ok();
    }
}

#[test]
fn botctl_shows_halts_resumes_and_flattens() {
    let runs = Runs::new();
    runs.run_bot(&WITH_POSITION).ok();
    let bot = reachable(&runs, "1000", &[]);
    assert_eq!(ask(&runs, "status")["halted"], Value::Null);
    let positions = ask(&runs, "positions");
    assert_eq!(items(&positions), 1, "{positions}");
    assert!(positions[0]["quantity"].as_str().unwrap().starts_with('-') && positions[0]["stop"].is_string());

    assert_eq!(ask(&runs, "halt")["done"], true);
    let status = ask(&runs, "status");
    assert!(status["halted"].is_string(), "{status}");
    assert_eq!(ask(&runs, "flatten")["done"], true);
    wait_for("the position to close", || (items(&ask(&runs, "positions")) == 0).then_some(()));
    ask(&runs, "resume");
    assert_eq!(ask(&runs, "status")["halted"], Value::Null);
    assert!(runs.botctl(&["close", "DOGE-USD-PERP@synthetic"]).refusal().contains("DOGE-USD-PERP"));
    assert!(runs.botctl(&["approve", "99"]).refusal().contains("proposal 99"));
    stop(bot);
    let kinds: Vec<String> = runs.run().records().iter().map(|record| record["kind"].to_string()).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "\"operator\"").count(), 3, "halt, flatten, resume");
    verify(&runs.run().0).ok();
}

#[test]
fn what_an_operator_was_told_is_done_survives_a_kill() {
    let runs = Runs::new();
    let bot = reachable(&runs, "1000", &[]);
    assert_eq!(ask(&runs, "halt")["done"], true);
    assert!(bot.kill().killed());
    let bot = reachable(&runs, "1000", &[]);
    let status = ask(&runs, "status");
    assert!(status["halted"].is_string(), "{status}");
    stop(bot);
    verify(&runs.run().0).ok();
}

#[test]
fn a_proposal_waits_for_its_approval() {
    let runs = Runs::new();
    let manual = ["--approve", "manual"];
    runs.run_bot(&[&manual[..], &["--duration", "159m"]].concat()).ok();
    let bot = reachable(&runs, "200", &manual);
    let mut seen = 0;
    wait_for("a position by approval", || {
        let proposals = ask(&runs, "proposals");
        seen += items(&proposals);
        for proposal in proposals.as_array().unwrap() {
            // It may have lapsed meanwhile; then the next one is approved.
            runs.botctl(&["approve", &proposal["id"].to_string()]);
        }
        (items(&ask(&runs, "positions")) > 0).then_some(())
    });
    assert!(seen > 0, "a position without a proposal");
    stop(bot);
    let run = runs.run();
    let mut sql = Sql::open(&run.file("run.sqlite"));
    assert!(sql.number("SELECT count(*) FROM proposals WHERE outcome LIKE 'approved%'") > 0);
    sql.close();
    let records = run.records();
    let place = |kind: &str| records.iter().position(|record| record["kind"] == kind);
    assert!(place("operator").unwrap() < place("intent.submit").unwrap(), "an order before its approval");
    verify(&run.0).ok();
}

#[test]
fn without_approval_nothing_is_sent() {
    let runs = Runs::new();
    runs.run_bot(&["--approve", "manual", "--duration", "6h"]).ok();
    let (run, summary) = (runs.run(), runs.run().summary());
    assert_eq!((summary["orders"].as_u64(), summary["fills"].as_u64()), (Some(0), Some(0)));
    let mut sql = Sql::open(&run.file("run.sqlite"));
    assert!(sql.number("SELECT count(*) FROM proposals") > 0);
    sql.close();
}

#[test]
fn a_damaged_journal_stops_the_bot_and_is_left_as_it_is() {
    let runs = Runs::new();
    runs.run_bot(&["--duration", "1h"]).ok();
    let journal = runs.run().journal();
    let damaged = fs::read_to_string(&journal).unwrap().replacen("\"close\":\"", "\"close\":\"9", 1);
    fs::write(&journal, &damaged).unwrap();
    let ran = runs.run_bot(&["--duration", "2h"]);
    assert!(ran.refusal().contains("journal record 1 is damaged"), "{ran:?}");
    assert_eq!(fs::read_to_string(&journal).unwrap(), damaged);
}
