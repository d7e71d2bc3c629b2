//! The generator's loop: thresholds, what the model is told and what not, and how trials are counted.
#![cfg(feature = "chat")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use qtp_core::port::{LabError, LabResult, Sample, StrategyLab};
use qtp_core::{DecisionError, StrategyFile, StrategyFileError, Timestamp};
use qtp_llm::{
    AttemptOutcome, CallContext, ChatModel, ChatReply, ChatRequest, Finish, Generator, GeneratorReport,
    GeneratorSettings, Message, TokenUsage,
};

/// Hands in what it was given, in order; then its budget is used up.
#[derive(Default)]
struct Author {
    replies: Mutex<VecDeque<String>>,
    asked: Mutex<Vec<ChatRequest>>,
}

#[async_trait]
impl ChatModel for Author {
    fn provider(&self) -> &str {
        "scripted"
    }

    fn model(&self) -> &str {
        "author"
    }

    async fn complete(&self, request: &ChatRequest, _: &CallContext) -> Result<ChatReply, DecisionError> {
        self.asked.lock().unwrap().push(request.clone());
        let spent = || DecisionError::Budget { engine: "scripted".into(), budget: "run".into() };
        let text = self.replies.lock().unwrap().pop_front().ok_or_else(spent)?;
        let usage = TokenUsage::default();
        Ok(ChatReply {
            text,
            calls: Vec::new(),
            finish: Finish::Stop,
            usage,
            model: String::new(),
            carry: None,
        })
    }
}

/// Gives each document the result that its description names: `trips return drawdown` in and out of sample.
struct Table;

fn result(words: &str, scale: f64) -> LabResult {
    let numbers: Vec<f64> = words.split(' ').map(|word| word.parse().unwrap()).collect();
    let day = |index: i32| numbers[1] / 100.0 + 0.01 * scale * f64::from(index % 7 - 3);
    LabResult {
        candles: 1_000,
        round_trips: numbers[0] as u64,
        total_return: numbers[1],
        max_drawdown: numbers[2],
        daily_returns: (0..100).map(day).collect(),
        ..LabResult::default()
    }
}

impl StrategyLab for Table {
    fn description(&self) -> String {
        "a table".into()
    }

    fn as_of(&self) -> Timestamp {
        Timestamp::from_secs(1_700_000_000)
    }

    fn check(&self, text: &str) -> Result<StrategyFile, StrategyFileError> {
        StrategyFile::parse(text)
    }

    fn run(&self, file: &StrategyFile, sample: Sample) -> Result<LabResult, LabError> {
        let (inside, outside) = file.description.split_once('/').unwrap();
        Ok(result(if sample == Sample::InSample { inside } else { outside }, file.name.len() as f64))
    }
}

fn document(name: &str, results: &str, level: u32) -> String {
    format!(
        r#"{{"version": 1, "name": "{name}", "description": "{results}", "entry": {{"long": {{"above": ["close", {level}]}}}},
            "stop": {{"percent": 2}}}}"#
    )
}

fn run(replies: Vec<String>, settings: GeneratorSettings) -> (GeneratorReport, Vec<ChatRequest>) {
    let author = Arc::new(Author { replies: Mutex::new(replies.into()), ..Author::default() });
    let generator = Generator::new(author.clone(), settings).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let report = runtime.block_on(generator.run("an idea", &Table, |_| {})).unwrap();
    (report, author.asked.lock().unwrap().clone())
}

fn last(request: &ChatRequest) -> &str {
    match request.messages.last().unwrap() {
        Message::User(text) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_threshold_rejects_and_of_later_data_no_figure_is_told() {
    let (report, asked) = run(
        vec![
            document("few", "29 0.5 0.1/20 0.5 0.1", 1),
            document("loses", "50 0.0 0.1/20 0.5 0.1", 2),
            document("falls", "50 0.5 0.26/20 0.5 0.1", 3),
            document("few-later", "50 0.5 0.1/9 0.5 0.1", 4),
            document("fades", "50 0.5 0.1/20 0.1777 0.1", 5),
            document("falls-later", "50 0.5 0.1/20 0.5 0.2666", 6),
            document("holds", "50 0.5 0.1/20 0.4 0.1", 7),
        ],
        GeneratorSettings::default(),
    );
    let reasons: Vec<_> = report
        .attempts
        .iter()
        .map(|attempt| match &attempt.outcome {
            AttemptOutcome::Rejected { reasons, .. } => reasons.join("; "),
            AttemptOutcome::Accepted { name, .. } => format!("accepted {name}"),
            other => format!("{other:?}"),
        })
        .collect();
    for (given, words) in reasons.iter().zip([
        "29 round trips, at least 30",
        "return after costs 0.00 %, above 0.00 %",
        "drawdown 26.00 %, at most 25.00 %",
        "out of sample: 9 round trips, at least 10",
        "out of sample: growth for each candle is 0.40 of that in sample",
        "out of sample: drawdown 26.66 %",
        "accepted holds",
    ]) {
        assert!(given.contains(words), "{given}");
    }
    let told: Vec<&str> = asked.iter().map(last).collect();
    assert!(told[1].contains("29 round trips") && told[4].contains("did not hold on later data"));
    for text in &told {
        assert!(!text.contains("17.77") && !text.contains("0.40") && !text.contains("26.66"), "{text}");
    }
    assert!(told[6].contains("attempt 1: 29 round trips"), "{}", told[6]);
    let tested = &report.multiple_testing;
    assert_eq!((tested.trials, tested.out_of_sample_looks), (7, 4));
    assert!(tested.expected_best_sharpe.unwrap() > 0.0 && tested.deflated_sharpe.is_some(), "{tested:?}");
    assert!(tested.sentence.contains("7 documents were tried; the later data was looked at 4 times"));
    assert_eq!(report.accepted.unwrap().name, "holds");
}

#[test]
fn more_trials_make_the_same_result_less_believable() {
    let tried = |count: u32| {
        // Half of them lose little, half much: the spread of the trials stays the same.
        let bad = |i: u32| {
            let loss = if i.is_multiple_of(2) { "-0.1" } else { "-0.9" };
            document(&format!("x{i:04}"), &format!("50 {loss} 0.2/20 0.5 0.1"), i)
        };
        let mut replies: Vec<_> = (1..count).map(bad).collect();
        replies.push(document("holds", "50 0.1 0.1/20 0.1 0.1", 99));
        let settings = GeneratorSettings { attempts: 40, ..GeneratorSettings::default() };
        run(replies, settings).0.multiple_testing.deflated_sharpe.unwrap()
    };
    let (one, few, many) = (tried(1), tried(5), tried(30));
    assert!(one > few && few > many, "{one} {few} {many}");
}

#[test]
fn what_is_no_new_document_is_named_and_a_spent_budget_ends_the_run() {
    let same = document("one", "1 0.5 0.1/1 0.5 0.1", 1);
    let renamed = same.replace("\"one\"", "\"two\"");
    let unprotected = same.replace(",\n            \"stop\": {\"percent\": 2}", "");
    let (report, _) = run(
        vec![same.clone(), renamed, unprotected, "{}".into(), format!("{same}{same}")],
        GeneratorSettings::default(),
    );
    let outcome = |index: usize| &report.attempts[index].outcome;
    assert_eq!(outcome(1), &AttemptOutcome::Repeated { of: 1 });
    for (index, words) in
        [(2, "a protective stop is needed"), (3, "no complete JSON object"), (4, "several answers")]
    {
        assert!(matches!(outcome(index), AttemptOutcome::Invalid { problem } if problem.contains(words)));
    }
    assert!(report.stopped.unwrap().contains("budget"));
    assert_eq!((report.multiple_testing.trials, report.accepted), (1, None));
}

#[test]
fn attempts_are_bounded_and_settings_checked() {
    let replies = vec!["nothing".to_owned(); 9];
    let (report, asked) = run(replies, GeneratorSettings { attempts: 3, ..GeneratorSettings::default() });
    assert_eq!((report.attempts.len(), asked.len(), report.stopped), (3, 3, None));
    let Message::System(system) = &asked[0].messages[0] else { panic!("no system part") };
    assert!(system.contains("\"$defs\"") && system.contains("\nema(period=") && !system.contains("an idea"));
    let wrong = GeneratorSettings { attempts: 0, max_drawdown: 2.0, ..GeneratorSettings::default() };
    let error = Generator::new(Arc::new(Author::default()), wrong).unwrap_err().to_string();
    assert!(error.contains("attempts") && error.contains("max_drawdown"), "{error}");
}
