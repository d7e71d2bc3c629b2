//! What stands around a model: councils, checks of its reasons, masks, its own record.

use qtp_core::money::Ratio;
use serde::{Deserialize, Serialize};

/// What to do about a number or name in a rationale that is not in the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grounding {
    /// Nothing is looked up.
    Off,
    /// It is counted as a finding.
    #[default]
    Count,
    /// It also halves the conviction.
    Lower,
    /// It also turns a buy or sell into a hold. Exits pass.
    Block,
}

/// What a model cannot recognise a market by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MaskSettings {
    /// Other names for the instruments and their venue.
    pub names: bool,
    /// Times are moved back by whole weeks.
    pub dates: bool,
    /// Another scale for the prices of each instrument, and the inverse one for quantities.
    pub prices: bool,
    /// What all of this is drawn from.
    pub seed: u64,
}

impl MaskSettings {
    /// Something is masked.
    pub const fn is_on(&self) -> bool {
        self.names || self.dates || self.prices
    }
}

/// When confidence may scale size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CalibrationSettings {
    /// Scale the size of entries by the calibrated probability, once there is one.
    pub scale_size: bool,
    /// Closed trades from which on the record can speak.
    pub min_trades: usize,
    /// The share of equity that the strategy risks at the stop: what is scaled.
    pub risk_per_trade: Ratio,
}

impl Default for CalibrationSettings {
    fn default() -> Self {
        let risk_per_trade = Ratio::new(qtp_core::Decimal::new(1, 2)).unwrap_or_default();
        Self { scale_size: false, min_trades: 100, risk_per_trade }
    }
}

/// Who decides.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CouncilSettings {
    /// One model, a vote or a debate.
    pub kind: CouncilKind,
    /// The models of a vote. For a debate: `bull`, `bear` or `risk`, where another model than that of the settings speaks.
    pub members: Vec<CouncilMember>,
    /// Share of all weight that an action needs more than; 0.5 by default.
    pub quorum: Option<f64>,
}

/// How a council comes to its decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CouncilKind {
    /// One model decides.
    #[default]
    Off,
    /// Several models vote.
    Vote,
    /// A bull and a bear argue, a risk officer remarks, the model of the settings judges.
    Debate,
}

/// A voice in a council.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CouncilMember {
    /// Its name in logs, recordings and its track record.
    pub name: String,
    /// Its model, a spec such as `openai:MODEL`.
    pub llm: String,
    /// Its weight before its record changes it.
    #[serde(default = "one")]
    pub weight: f64,
}

const fn one() -> f64 {
    1.0
}

#[cfg(feature = "chat")]
impl CouncilSettings {
    /// Every problem, each with its field.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut check = |legal: bool, problem: String| {
            if !legal {
                problems.push(problem);
            }
        };
        let count = self.members.len();
        let enough = self.kind != CouncilKind::Vote || (2..=9).contains(&count);
        check(enough, format!("council.members: a vote takes 2 to 9, not {count}"));
        let quorum = self.quorum.unwrap_or(0.5);
        check((0.0..1.0).contains(&quorum), format!("council.quorum: {quorum} is not from 0 to below 1"));
        for (index, member) in self.members.iter().enumerate() {
            let CouncilMember { name, weight, .. } = member;
            let place = format!("council.members[{index}]");
            let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            let named = !name.is_empty() && name.len() <= 20 && name.bytes().all(legal);
            check(named, format!("{place}.name: use 1 to 20 lower-case letters, digits and `_`"));
            let taken = ["decide", "sanitize"].contains(&name.as_str());
            let twice = self.members.iter().take(index).any(|other| other.name == *name);
            check(!taken && !twice, format!("{place}.name: {name:?} is taken"));
            check(
                (0.01..=100.0).contains(weight),
                format!("{place}.weight: {weight} is not from 0.01 to 100"),
            );
            let role = ["bull", "bear", "risk"].contains(&name.as_str());
            check(
                self.kind != CouncilKind::Debate || role,
                format!("{place}.name: {name:?} is none of bull, bear, risk"),
            );
        }
        problems
    }
}
