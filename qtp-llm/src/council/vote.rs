//! One decision out of several: per asset the action that has the weight.

use qtp_core::money::Ratio;
use qtp_core::{AssetView, Decimal, DecisionAction, Price, TradeDecision};

/// What a member says about an asset.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Vote<'a> {
    pub(super) member: &'a str,
    pub(super) weight: f64,
    /// `None`: nothing was said, which is a hold.
    pub(super) trade: Option<&'a TradeDecision>,
}

/// The council's advice on an asset: the action with the most weight, if that is more than `quorum` of `total`; otherwise
/// hold. Of those who agree, the stop and the target that are nearer to the price and the smaller cap count; the conviction
/// is their weighted mean times the share that agrees.
pub(super) fn count(votes: &[Vote<'_>], asset: &AssetView, (quorum, total): (f64, f64)) -> TradeDecision {
    let action = |vote: &Vote<'_>| vote.trade.map_or(DecisionAction::Hold, |trade| trade.action);
    let all = [
        DecisionAction::Hold,
        DecisionAction::Close,
        DecisionAction::Reduce,
        DecisionAction::Buy,
        DecisionAction::Sell,
    ];
    let weight =
        |wanted| votes.iter().filter(|vote| action(vote) == wanted).map(|vote| vote.weight).sum::<f64>();
    let mut best = (DecisionAction::Hold, weight(DecisionAction::Hold));
    for wanted in all {
        // What comes first wins a tie: doing less.
        if weight(wanted) > best.1 {
            best = (wanted, weight(wanted));
        }
    }
    let share = if total > 0.0 { best.1 / total } else { 0.0 };
    let mut agree: Vec<(&Vote<'_>, &TradeDecision)> = votes
        .iter()
        .filter(|vote| action(vote) == best.0)
        .filter_map(|vote| Some((vote, vote.trade?)))
        .collect();
    agree.sort_by(|left, right| right.0.weight.total_cmp(&left.0.weight));
    let tally = tally(votes, &action);
    let Some((_, strongest)) = agree.first().filter(|_| best.0 == DecisionAction::Hold || share > quorum)
    else {
        return hold(asset, tally);
    };
    let mean = weighted(&agree) * share;
    let (stop, target) =
        if best.0 == DecisionAction::Hold { (None, None) } else { exits(&agree, asset.price) };
    TradeDecision {
        conviction: Decimal::try_from(mean)
            .ok()
            .and_then(|m| Ratio::new(m.round_dp(4)).ok())
            .unwrap_or_default(),
        allocation: agree.iter().filter_map(|(_, trade)| trade.allocation).min(),
        stop,
        target,
        rationale: format!("{tally}. {}", strongest.rationale),
        ..(*strongest).clone()
    }
}

fn weighted(agree: &[(&Vote<'_>, &TradeDecision)]) -> f64 {
    let weight: f64 = agree.iter().map(|(vote, _)| vote.weight).sum();
    let sum: f64 = agree.iter().map(|(vote, trade)| vote.weight * trade.conviction.to_f64()).sum();
    if weight > 0.0 { (sum / weight).clamp(0.0, 1.0) } else { 0.0 }
}

/// The exits nearest to the price.
fn exits(agree: &[(&Vote<'_>, &TradeDecision)], price: Price) -> (Option<Price>, Option<Price>) {
    let nearest = |level: fn(&TradeDecision) -> Option<Price>| {
        let levels = agree.iter().filter_map(|(_, trade)| level(trade));
        levels.min_by_key(|level| (level.get() - price.get()).abs())
    };
    (nearest(|trade| trade.stop), nearest(|trade| trade.target))
}

fn tally(votes: &[Vote<'_>], action: &dyn Fn(&Vote<'_>) -> DecisionAction) -> String {
    let words: Vec<_> = votes
        .iter()
        .map(|vote| format!("{} {:?} ({:.2})", vote.member, action(vote), vote.weight).to_lowercase())
        .collect();
    format!("Votes: {}", words.join(", "))
}

fn hold(asset: &AssetView, rationale: String) -> TradeDecision {
    TradeDecision {
        instrument: asset.instrument.clone(),
        action: DecisionAction::Hold,
        conviction: Ratio::default(),
        allocation: None,
        stop: None,
        target: None,
        exit_plan: String::new(),
        plan: None,
        rationale,
    }
}
