//! Manual mode: what adds risk waits for an operator, exits never do.

use std::time::Duration;

use qtp_core::{Bracket, Command, Notice, OperatorAction, OrderRole, Proposal, Side};
use qtp_engine::{Approval, EngineConfig};

use crate::common::*;

fn manual() -> Rig {
    let config = EngineConfig { approval: Approval::Manual, ..EngineConfig::default() };
    Rig::with(RigSetup { config, ..RigSetup::default() })
}

fn proposed(commands: &[Command]) -> Proposal {
    let mut all = notices(commands).into_iter().filter_map(|notice| match notice {
        Notice::Proposed(proposal) => Some(proposal),
        _ => None,
    });
    let proposal = all.next().unwrap_or_else(|| panic!("no proposal in {commands:#?}"));
    assert!(all.next().is_none());
    proposal
}

#[test]
fn an_entry_waits_as_a_proposal_and_leaves_once_it_is_approved() {
    let mut rig = manual();
    let commands = rig.target(10, stop_at("90"));
    let proposal = proposed(&commands);
    assert!(submits(&commands).is_empty());
    assert_eq!((proposal.id, proposal.price), (1, price("100")));
    assert!(notices(&rig.target(10, stop_at("90"))).is_empty(), "said again, it is the same proposal");
    let commands = rig.operator(OperatorAction::Approve(1));
    assert_eq!(one_submit(&commands).quantity, units(10));
    assert_eq!(ended(&commands), [(1, "approved".to_owned())]);
    assert_eq!(rig.engine.proposals().count(), 0);
    assert!(submits(&rig.operator(OperatorAction::Approve(1))).is_empty(), "only once");
}

#[test]
fn a_rejected_proposal_sends_nothing() {
    let mut rig = manual();
    rig.target(10, Bracket::NONE);
    let commands = rig.operator(OperatorAction::Reject(1));
    assert!(submits(&commands).is_empty());
    assert_eq!(ended(&commands), [(1, "rejected".to_owned())]);
}

#[test]
fn a_proposal_expires_by_its_timer_and_cannot_be_approved_afterwards() {
    let mut rig = manual();
    let commands = rig.target(10, Bracket::NONE);
    assert_eq!(timers(&commands)[0].at, rig.now + Duration::from_secs(600));
    let lapsed = rig.fire_timer(&commands);
    assert_eq!(ended(&lapsed), [(1, "expired".to_owned())]);
    assert!(submits(&rig.operator(OperatorAction::Approve(1))).is_empty());
}

#[test]
fn a_proposal_that_is_approved_at_its_end_is_too_late() {
    let mut rig = manual();
    rig.target(10, Bracket::NONE);
    rig.pass(600);
    let commands = rig.operator(OperatorAction::Approve(1));
    assert!(submits(&commands).is_empty());
    assert_eq!(ended(&commands), [(1, "expired".to_owned())]);
}

#[test]
fn a_proposal_whose_price_drifted_more_than_half_an_average_range_is_void() {
    let mut rig = manual();
    for _ in 0..16 {
        rig.candle("100");
    }
    rig.target(10, Bracket::NONE);
    // The average range of two dollars allows one dollar, a little more with the last candle in it.
    rig.candle("102");
    let commands = rig.operator(OperatorAction::Approve(1));
    assert!(submits(&commands).is_empty());
    assert_eq!(ended(&commands), [(1, "drifted".to_owned())]);
    rig.target(11, Bracket::NONE);
    rig.candle("102.5");
    assert_eq!(one_submit(&rig.operator(OperatorAction::Approve(2))).quantity, units(11));
}

#[test]
fn a_proposal_whose_stop_was_passed_is_void() {
    let mut rig = manual();
    rig.target(10, stop_at("99"));
    rig.candle("98");
    let commands = rig.operator(OperatorAction::Approve(1));
    assert!(submits(&commands).is_empty());
    assert_eq!(ended(&commands), [(1, "bracket_void".to_owned())]);
}

#[test]
fn a_newer_signal_supersedes_a_standing_proposal() {
    let mut rig = manual();
    rig.target(10, Bracket::NONE);
    let commands = rig.target(12, Bracket::NONE);
    assert_eq!(ended(&commands), [(1, "superseded".to_owned())]);
    assert_eq!(proposed(&commands).id, 2);
}

#[test]
fn a_flat_signal_supersedes_a_standing_proposal() {
    let mut rig = manual();
    rig.target(10, Bracket::NONE);
    let commands = rig.target(0, Bracket::NONE);
    assert_eq!(ended(&commands), [(1, "superseded".to_owned())]);
    assert!(submits(&rig.operator(OperatorAction::Approve(1))).is_empty());
}

#[test]
fn an_exit_and_a_reduction_do_not_wait() {
    let mut rig = manual();
    rig.target(10, Bracket::NONE);
    let entry = one_submit(&rig.operator(OperatorAction::Approve(1)));
    rig.fill(&entry, 10, "100");
    let reduction = one_submit(&rig.target(4, Bracket::NONE));
    assert_eq!((reduction.side, reduction.quantity, reduction.reduce_only), (Side::Sell, units(6), true));
    rig.fill(&reduction, 6, "100");
    assert_eq!(one_submit(&rig.target(0, Bracket::NONE)).role, OrderRole::Exit);
}

#[test]
fn a_flip_closes_at_once_and_proposes_the_rest() {
    let mut rig = manual();
    rig.target(10, Bracket::NONE);
    let entry = one_submit(&rig.operator(OperatorAction::Approve(1)));
    rig.fill(&entry, 10, "100");
    let commands = rig.target(-5, Bracket::NONE);
    let close = one_submit(&commands);
    assert_eq!((close.side, close.quantity, close.reduce_only), (Side::Sell, units(10), true));
    assert_eq!(proposed(&commands).id, 2);
    assert!(submits(&rig.target(-5, Bracket::NONE)).is_empty());
    // Approved before the close filled: a second order opens the short.
    let open = one_submit(&rig.operator(OperatorAction::Approve(2)));
    assert_eq!((open.side, open.quantity, open.reduce_only), (Side::Sell, units(5), false));
    rig.fill(&close, 10, "100");
    rig.fill(&open, 5, "100");
    assert_eq!(rig.position(), units(-5));
}

#[test]
fn an_approved_proposal_still_passes_the_gate() {
    let mut rig = manual();
    rig.target(10, Bracket::NONE);
    rig.operator(OperatorAction::Halt);
    let commands = rig.operator(OperatorAction::Approve(1));
    assert!(submits(&commands).is_empty());
    assert_eq!(denials(&commands), ["operator"]);
}
