//! Calls strategies and passes on what they say.

use qtp_core::port::Strategy;
use qtp_core::{
    AccountId, Command, Context, DecisionOutcome, NextOrder, Notice, Reason, StrategyError, StrategyId,
    StrategyOutput, TimerId,
};

use crate::engine::Engine;

/// A strategy and its place in the engine.
pub(crate) struct Slot {
    pub(crate) id: StrategyId,
    pub(crate) account: AccountId,
    pub(crate) strategy: Box<dyn Strategy>,
    /// Number of its next order.
    pub(crate) sequence: u64,
    /// It returned an error: no new risk.
    pub(crate) halted: bool,
}

impl Slot {
    pub(crate) fn new(account: AccountId, strategy: Box<dyn Strategy>) -> Self {
        Self { id: strategy.id(), account, strategy, sequence: 0, halted: false }
    }
}

impl Engine {
    pub(crate) fn start_strategies(&mut self) {
        for owner in 0..self.slots.len() {
            self.call(owner, |strategy, context| strategy.on_start(context));
        }
    }

    pub(crate) fn stop_strategies(&mut self) {
        for owner in 0..self.slots.len() {
            self.call(owner, |strategy, context| strategy.on_stop(context));
        }
    }

    pub(crate) fn on_decision(&mut self, outcome: &DecisionOutcome) {
        self.call(usize::from(outcome.owner), |strategy, context| strategy.on_decision(outcome, context));
    }

    pub(crate) fn on_timer(&mut self, timer: TimerId) {
        if timer.owner == u16::MAX {
            self.on_engine_timer();
        } else {
            self.call(usize::from(timer.owner), |strategy, context| strategy.on_timer(timer.id, context));
        }
    }

    /// Calls a strategy, then carries out what it said.
    pub(crate) fn call(
        &mut self,
        owner: usize,
        callback: impl FnOnce(&mut dyn Strategy, &mut Context<'_>) -> Result<(), StrategyError>,
    ) {
        let Some(slot) = self.slots.get_mut(owner) else { return };
        if slot.halted {
            return;
        }
        let strategy = owner as u16;
        let next = NextOrder { run: self.run_id, strategy, sequence: &mut slot.sequence };
        let mut context = Context::new(&self.state, &slot.account, &mut self.outputs).with_order_ids(next);
        let result = callback(&mut *slot.strategy, &mut context);
        // What a failing call said may still leave, but add nothing.
        slot.halted = result.is_err();
        if !self.outputs.is_empty() {
            self.carry_out(owner);
        }
        if let Err(error) = result {
            let account =
                self.state.accounts.iter().position(|a| *a.portfolio.account() == self.slots[owner].account);
            if let Some(account) = account {
                self.cancel_entries(account, Some(strategy));
            }
            let scope = self.slots[owner].id.to_string();
            let reason = Reason::new("strategy_error", error.to_string());
            self.publish(Notice::Halted { scope, reason });
        }
    }

    fn carry_out(&mut self, owner: usize) {
        let mut outputs = std::mem::take(&mut self.outputs);
        for output in outputs.drain(..) {
            if self.warming {
                self.discarded += 1;
                continue;
            }
            match output {
                StrategyOutput::Signal(signal) => self.on_signal(owner, signal),
                StrategyOutput::Exits { instrument, bracket } => self.on_exits(owner, &instrument, bracket),
                StrategyOutput::Submit(id, draft) => self.on_draft(owner, id, draft),
                StrategyOutput::Cancel(id) => self.cancel_own(owner, id),
                StrategyOutput::Timer { id, at } => {
                    self.push(Command::SetTimer(TimerId { owner: owner as u16, id, at }));
                }
                StrategyOutput::RequestDecision { instruments, theses } => {
                    self.request_decision(owner, &instruments, theses);
                }
                StrategyOutput::Void { instrument, reason } => {
                    self.publish(Notice::Void { instrument, reason })
                }
                StrategyOutput::Say(text) => {
                    let strategy = self.slots[owner].id.clone();
                    self.publish(Notice::Said { strategy, text });
                }
            }
        }
        // Keeps the buffer, so that a call allocates nothing.
        self.outputs = outputs;
    }
}
