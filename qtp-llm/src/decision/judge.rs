//! Whether a reply is a decision, and if not whether asking again may help.

use qtp_core::{Decision, DecisionRequest};

use super::{check, parse};
use crate::model::{ChatReply, Finish, cut};

/// What to make of a reply.
#[derive(Debug)]
pub(super) enum Verdict {
    /// A decision.
    Usable(Decision),
    /// Not yet: the text and its first problem.
    AskAgain { text: String, problem: String },
    /// Never: asking again is pointless.
    Final(String),
}

/// Reads a reply and checks it against the picture that it is about.
pub(super) fn judge(
    engine: &str,
    reply: &ChatReply,
    request: &DecisionRequest,
    require_stop: bool,
) -> Verdict {
    let text = || reply.text.clone();
    match &reply.finish {
        Finish::Refused(problem) => return Verdict::Final(problem.clone()),
        Finish::Length => {
            let problem = "it was cut off at the limit of tokens; be shorter".to_owned();
            return Verdict::AskAgain { text: text(), problem };
        }
        Finish::ToolCalls => {
            let problem = "no more tools can be called; decide with what you have".to_owned();
            return Verdict::AskAgain { text: text(), problem };
        }
        Finish::Stop => {}
    }
    match read(engine, &reply.model, &reply.text, request, require_stop) {
        Ok(decision) => Verdict::Usable(decision),
        Err(problem) => Verdict::AskAgain { text: text(), problem: cut(&problem) },
    }
}

/// The decision that a text holds, or its first problem.
pub(super) fn read(
    engine: &str,
    model: &str,
    text: &str,
    request: &DecisionRequest,
    require_stop: bool,
) -> Result<Decision, String> {
    let answer = parse::answer(text)?;
    let trades = check::trades(&answer, request, require_stop)?;
    Ok(Decision {
        engine: engine.to_owned(),
        model: Some(model.to_owned()),
        reasoning: answer.reasoning,
        prompt: None,
        trades,
    })
}
