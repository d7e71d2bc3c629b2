//! Settings of the bot: file, environment, flags; what is wrong is said at once, before a folder is made.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a failed set-up fails the test")]

mod common;

use common::*;
use serde_json::Value;

/// Starts a short run with a file and an environment.
fn bot(runs: &Runs, toml: &str, environment: &[(&str, &str)], args: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let file = candles::write(folder.path(), "bot.toml", toml);
    let config = ["--config", file.to_str().unwrap(), "--duration", "1m"];
    let mut command = runs.bot(&[&config[..], args].concat());
    command.envs(environment.iter().copied());
    Running::start(command).finish()
}

/// What a run was set to.
fn settings(toml: &str, environment: &[(&str, &str)], args: &[&str]) -> Value {
    let runs = Runs::new();
    bot(&runs, toml, environment, args).ok();
    let manifest: Value = serde_json::from_str(&runs.run().read("manifest.json")).unwrap();
    manifest["settings"].clone()
}

#[track_caller]
fn refused(toml: &str, environment: &[(&str, &str)], args: &[&str], words: &[&str]) {
    let runs = Runs::new();
    let ran = bot(&runs, toml, environment, args);
    let said = ran.refusal();
    for word in words {
        assert!(said.contains(word), "{word:?} in {said}");
    }
    assert_eq!(runs.count(), 0, "a run folder was made");
}

#[test]
fn flags_come_before_the_environment_and_that_before_the_file() {
    let toml =
        "[trading]\ninterval = \"30m\"\nassets = [\"SOL\"]\ncash = \"5000\"\n[risk]\nmax_leverage = 1\n";
    let file = settings(toml, &[], &[]);
    assert_eq!(file["trading"]["interval"], "30m");
    assert_eq!(file["trading"]["assets"][0], "SOL");
    assert_eq!(file["trading"]["cash"], "5000");
    assert_eq!(file["risk"]["max_leverage"], "1");
    let environment = [("INTERVAL", "15m"), ("QTP__RISK__MAX_LEVERAGE", "1.5"), ("ASSETS", "BTC, ETH")];
    let above = settings(toml, &environment, &[]);
    assert_eq!(above["trading"]["interval"], "15m");
    assert_eq!(above["risk"]["max_leverage"], "1.5");
    assert_eq!(above["trading"]["assets"], serde_json::json!(["BTC", "ETH"]));
    assert_eq!(above["trading"]["cash"], "5000");
    let flags = settings(toml, &environment, &["--interval", "5m", "--assets", "BTC", "--seed", "9"]);
    assert_eq!(flags["trading"]["interval"], "5m");
    assert_eq!(flags["trading"]["assets"], serde_json::json!(["BTC"]));
    assert_eq!(flags["run"]["seed"], 9);
}

#[test]
fn short_names_are_honoured() {
    let environment = [
        ("TRADING_MODE", "manual"),
        ("LLM_MODEL", "rules"),
        ("MAX_LEVERAGE", "1.25"),
        ("MAX_DAILY_LOSS", "0.03"),
        ("MAX_POSITION_SIZE", "2500"),
        ("STOP_LOSS_PCT", "2"),
        ("QTP__RUN__SEED", "7"),
    ];
    let set = settings("", &environment, &[]);
    assert_eq!(set["trading"]["approve"], "manual");
    assert_eq!(set["trading"]["llm"], "rules");
    assert_eq!(set["trading"]["stop_loss"], "0.02");
    assert_eq!(set["risk"]["max_leverage"], "1.25");
    assert_eq!(set["risk"]["max_daily_loss"], "0.03");
    assert_eq!(set["risk"]["max_position_notional"], "2500");
    assert_eq!(set["run"]["seed"], 7);
    let share = settings("", &[("MAX_POSITION_SIZE", "0.5")], &[]);
    assert_eq!(share["risk"]["max_position"], "0.5");
}

#[test]
fn unknown_keys_and_bad_values_are_named() {
    refused("[trading]\nassetz = [\"BTC\"]\n", &[], &[], &["bot.toml", "assetz"]);
    refused("[tradign]\n", &[], &[], &["bot.toml", "tradign"]);
    refused("[trading]\ncash = \"much\"\n", &[], &[], &["bot.toml", "trading.cash"]);
    refused("[trading\n", &[], &[], &["bot.toml", "line 1"]);
    refused("", &[("QTP__RISK__MAX_LEVERAGE", "high")], &[], &["risk.max_leverage", "high"]);
    refused("", &[("QTP__RISK__NONSENSE", "1")], &[], &["nonsense"]);
    refused("", &[("QTP__RISK", "1")], &[], &["QTP__RISK"]);
    refused("", &[("STOP_LOSS_PCT", "150")], &[], &["STOP_LOSS_PCT", "150"]);
    refused("", &[("MAX_POSITION_SIZE", "huge")], &[], &["MAX_POSITION_SIZE", "huge"]);
    refused("", &[], &["--funding", "BTC=rates.csv"], &["trading.funding", "candles"]);
    let of_two = ["--candles", "BTC=a.csv", "--candles", "ETH=b.csv", "--funding", "BTC=rates.csv"];
    refused("", &[], &of_two, &["trading.funding: there is no file of ETH"]);
    refused("", &[], &["--assets", "DOGE"], &["trading.assets", "DOGE"]);
    refused("", &[], &["--strategy", "gut-feeling"], &["trading.strategy", "gut-feeling"]);
    refused("", &[], &["--interval", "90s"], &["trading.interval"]);
    let runs = Runs::new();
    for speed in ["0", "0.5", "fast", "1e99", "NaN"] {
        let ran = Running::start(runs.paced_bot(speed, &["--duration", "1m"])).finish();
        assert_ne!(ran.code(), Some(0), "{speed}");
        assert!(ran.stderr.contains("speed"), "{ran:?}");
    }
    assert_eq!(runs.count(), 0);
}

#[test]
fn every_problem_is_listed_at_once() {
    let toml = "[trading]\ncash = \"-1\"\nleverage = \"0.5\"\nassets = [\"DOGE\", \"BTC\", \"PEPE\"]\n\
                [risk]\nmax_leverage = -3\nmax_daily_loss = 7\n";
    let words =
        ["trading.cash", "trading.leverage", "DOGE", "PEPE", "risk.max_leverage", "risk.max_daily_loss"];
    refused(toml, &[], &["--mode", "live"], &words);
    refused(toml, &[], &["--mode", "live"], &["trading.network", "trading.mode"]);
    refused("", &[("QTP__TRADING__NETWORK", "moon")], &[], &["trading.network", "moon", "testnet"]);
}

#[test]
fn live_is_refused_with_a_reason() {
    refused("", &[], &["--mode", "live"], &["trading.mode", "live needs a venue"]);
    refused("", &[], &["--mode", "live", "--venue", "moon"], &["trading.venue", "moon", "trading.network"]);
}

#[test]
fn secrets_are_nowhere() {
    let secrets = [
        ("HYPERLIQUID_PRIVATE_KEY", "0xsecretsecretsecret"),
        ("OPENROUTER_API_KEY", "sk-or-secretsecretsecret"),
        ("TAAPI_API_KEY", "taapi-secretsecretsecret"),
    ];
    let runs = Runs::new();
    let ran = bot(&runs, "", &secrets, &[]).ok();
    assert!(!ran.stdout.contains("secretsecret") && !ran.stderr.contains("secretsecret"));
    for (path, bytes) in runs.run().contents() {
        let found = bytes.windows(12).any(|window| window == b"secretsecret");
        assert!(!found, "{}", path.display());
    }
}

#[test]
fn how_a_run_is_kept_is_checked_and_makes_no_other_run() {
    for (toml, words) in [
        ("[journal]\nsegment_kib = 1\n", &["journal.segment_kib", "64 to 4194304"][..]),
        ("[journal]\nkeep_mib = 0\nkeep_days = 0\n", &["journal.keep_mib", "journal.keep_days"]),
        ("[journal]\nkeep_days = 7\ncheckpoint_every = 0\n", &["journal.checkpoint_every"]),
        ("[journal]\ncheckpoint = 7\n", &["unknown field `checkpoint`"]),
        ("[journal]\nmin_free_mib = -1\n", &["min_free_mib"]),
    ] {
        refused(toml, &[], &[], words);
    }
    refused("", &[("QTP__JOURNAL__SEGMENT_KIB", "many")], &[], &["segment_kib"]);
    let runs = Runs::new();
    bot(&runs, "", &[], &[]).ok();
    bot(&runs, "[journal]\ncheckpoint_every = 7\n", &[("QTP__JOURNAL__KEEP_MIB", "9")], &[]).ok();
    assert_eq!(runs.count(), 1, "the same run");
    assert!(!runs.run().read("manifest.json").contains("checkpoint_every"));
}
