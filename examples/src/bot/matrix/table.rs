//! The matrix in words.

use std::fmt::Write as _;
use std::time::Duration;

use super::life::Step;
use super::{Outcome, is_well};

/// Width of a fault's name and of a step's column.
const NAME: usize = 24;
const CELL: usize = 10;

/// Rows of faults, columns of steps: seconds from the venue's recovery to the next order, `-` where there is nothing to
/// strike, `FAILED` where something was lost; below it the words of what failed.
pub(super) fn table(outcomes: &[Outcome]) -> String {
    let mut text = format!("{:NAME$}", "");
    for step in Step::ALL {
        let _ = write!(text, "{:>CELL$}", step.name());
    }
    text.push('\n');
    let mut names: Vec<&str> = outcomes.iter().map(|(fault, ..)| fault.name).collect();
    names.dedup();
    for name in names {
        let _ = write!(text, "{name:NAME$}");
        for step in Step::ALL {
            let cell = outcomes.iter().find(|(fault, at, _)| fault.name == name && *at == step);
            let _ = write!(text, "{:>CELL$}", cell.map_or_else(String::new, word));
        }
        text.push('\n');
    }
    summary(outcomes, &mut text);
    text
}

fn word(outcome: &Outcome) -> String {
    match &outcome.2 {
        _ if !is_well(outcome) => "FAILED".to_owned(),
        Ok(Some(verdict)) => {
            verdict.traded_after.map_or_else(String::new, |time| format!("{:.1} s", time.as_secs_f64()))
        }
        _ => "-".to_owned(),
    }
}

fn summary(outcomes: &[Outcome], text: &mut String) {
    let verdicts = || outcomes.iter().filter_map(|(_, _, ran)| ran.as_ref().ok()?.as_ref());
    let struck = verdicts().count() + outcomes.iter().filter(|(_, _, ran)| ran.is_err()).count();
    let well = outcomes.iter().filter(|outcome| is_well(outcome) && matches!(outcome.2, Ok(Some(_)))).count();
    let slowest = verdicts().filter_map(|verdict| verdict.traded_after).max().unwrap_or_default();
    let naked = outcomes.iter().filter_map(|(fault, step, ran)| {
        Some((ran.as_ref().ok()?.as_ref()?.naked?, format!("{}, {}", fault.name, step.name())))
    });
    let (naked, naked_at) = naked.max().unwrap_or_default();
    let seconds = |time: Duration| time.as_secs_f64();
    let _ = writeln!(
        text,
        "\n{well} of {struck} cells well; slowest to trade on {:.1} s; longest without a stop {:.1} s ({naked_at})",
        seconds(slowest),
        seconds(naked)
    );
    for (fault, step, ran) in outcomes {
        let problems = match ran {
            Ok(Some(verdict)) => verdict.problems.join("; "),
            Ok(None) => continue,
            Err(error) => error.clone(),
        };
        if !problems.is_empty() {
            let _ = writeln!(text, "{}, {}: {problems}", fault.name, step.name());
        }
    }
}
