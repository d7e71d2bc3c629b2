//! Random targets against a venue that answers late, in parts, with refusals, or not at all.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use qtp_core::{
    Bracket, ClientOrderId, Command, Decimal, Event, OperatorAction, Order, OrderReport, OrderRequest,
    OrderRole, OrderStatus, Quantity, Side, Signal, Target, Timestamp,
};

use crate::common::*;

/// Numbers that proptest draws and shrinks.
#[derive(Debug, Clone)]
struct Dice {
    rolls: Vec<u32>,
    next: usize,
}

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        let roll = self.rolls[self.next % self.rolls.len()];
        self.next += 1;
        roll % sides
    }
}

/// An order at the venue.
#[derive(Debug, Clone)]
struct Working {
    order: OrderRequest,
    left: i64,
    /// Candles until it may act.
    wait: u32,
    /// The answer to the submit never came.
    silent: bool,
    open: bool,
}

/// Something on its way to the engine.
enum Mail {
    Open(OrderRequest),
    Ended(OrderRequest, OrderStatus),
    Unknown(ClientOrderId),
    Absent(ClientOrderId),
    Fill(OrderRequest, i64),
}

struct Chaos {
    rig: Rig,
    dice: Dice,
    venue: Vec<Working>,
    lost: Vec<(OrderRequest, u32)>,
    mail: Vec<Mail>,
    timers: Vec<qtp_core::TimerId>,
    /// What the venue counts.
    position: i64,
    /// Ids that were used.
    sent: std::collections::BTreeSet<ClientOrderId>,
    /// What was stated last.
    target: i64,
    /// Share of refused orders, in percent.
    rejects: u32,
    /// Whether the venue says nothing impossible.
    strict: bool,
}

fn whole(quantity: Quantity) -> i64 {
    quantity.get().try_into().unwrap()
}

impl Chaos {
    fn new(rolls: Vec<u32>, rejects: u32) -> Self {
        Self {
            rig: Rig::new(),
            dice: Dice { rolls, next: 0 },
            venue: Vec::new(),
            lost: Vec::new(),
            mail: Vec::new(),
            timers: Vec::new(),
            position: 0,
            sent: std::collections::BTreeSet::new(),
            target: 0,
            rejects,
            strict: true,
        }
    }

    /// Carries out what the engine wants, then delivers what the venue says to it.
    fn settle(&mut self, commands: Vec<Command>) -> Result<(), TestCaseError> {
        self.take(commands)?;
        let mut rounds = 0;
        while !self.mail.is_empty() {
            rounds += 1;
            prop_assert!(rounds < 500, "the engine and the venue talk without end");
            let at = self.dice.roll(self.mail.len() as u32) as usize;
            let commands = match self.mail.remove(at) {
                Mail::Open(order) => self.rig.report(&order, OrderStatus::Open),
                Mail::Ended(order, status) => self.rig.report(&order, status),
                Mail::Unknown(id) => {
                    self.rig.feed(Event::OutcomeUnknown { client_order_id: id, account: account_id() })
                }
                Mail::Absent(id) => {
                    self.rig.feed(Event::OrderAbsent { client_order_id: id, account: account_id() })
                }
                Mail::Fill(order, count) => self.rig.fill(&order, count, "100"),
            };
            self.take(commands)?;
        }
        Ok(())
    }

    fn take(&mut self, commands: Vec<Command>) -> Result<(), TestCaseError> {
        self.timers.extend(timers(&commands));
        for order in submits(&commands) {
            prop_assert!(self.sent.insert(order.client_order_id), "an id was used twice");
            prop_assert!(order.quantity.signum() > 0);
            self.receive(order);
        }
        for cancel in cancels(&commands) {
            let at = self.venue.iter().position(|w| w.order.client_order_id == cancel.client_order_id);
            // A cancel may come too late, too.
            if let Some(at) = at.filter(|_| self.dice.roll(4) > 0) {
                let gone = self.venue.remove(at);
                self.mail.push(Mail::Ended(gone.order, OrderStatus::Canceled));
            } else if let Some(at) = at {
                self.venue[at].wait = 0;
            }
        }
        if self.strict { self.check(&commands) } else { Ok(()) }
    }

    fn receive(&mut self, order: OrderRequest) {
        let (wait, left) = (self.dice.roll(4), whole(order.quantity));
        let id = order.client_order_id;
        if self.dice.roll(100) < self.rejects {
            return self.mail.push(Mail::Ended(order, OrderStatus::Rejected));
        }
        match self.dice.roll(10) {
            // It never arrived, and only a look-up later tells.
            0 => {
                self.mail.push(Mail::Unknown(id));
                self.lost.push((order, 1 + wait));
            }
            // It arrived, but the answer was lost.
            1 => {
                self.mail.push(Mail::Unknown(id));
                self.venue.push(Working { order, left, wait, silent: true, open: false });
            }
            2 | 3 => self.venue.push(Working { order, left, wait, silent: false, open: false }),
            _ => {
                self.mail.push(Mail::Open(order.clone()));
                self.venue.push(Working { order, left, wait, silent: false, open: true });
            }
        }
    }

    /// A candle passes at the venue: late answers, fills in parts, stops that fire.
    fn trade(&mut self) -> Result<(), TestCaseError> {
        let stops_fire = self.dice.roll(12) == 0;
        let orders = std::mem::take(&mut self.venue);
        for mut working in orders {
            if working.wait > 0 {
                working.wait -= 1;
                self.venue.push(working);
                continue;
            }
            if !working.open && self.dice.roll(2) == 0 {
                (working.open, working.silent) = (true, false);
                self.mail.push(Mail::Open(working.order.clone()));
            }
            let protects = matches!(working.order.role, OrderRole::Stop | OrderRole::Target);
            if !protects || stops_fire {
                self.execute(&mut working);
            }
            if working.left > 0 {
                self.venue.push(working);
            }
        }
        let (absent, waiting) =
            std::mem::take(&mut self.lost).into_iter().partition::<Vec<_>, _>(|(_, t)| *t == 0);
        self.lost = waiting.into_iter().map(|(order, candles)| (order, candles - 1)).collect();
        self.mail.extend(absent.into_iter().map(|(order, _)| Mail::Absent(order.client_order_id)));
        self.settle(Vec::new())
    }

    fn execute(&mut self, working: &mut Working) {
        let sign = if working.order.side == Side::Buy { 1 } else { -1 };
        let mut most = working.left;
        if working.order.reduce_only {
            let closable = if self.position * sign < 0 { self.position.abs() } else { 0 };
            most = most.min(closable);
            if most == 0 {
                working.left = 0;
                return self.mail.push(Mail::Ended(working.order.clone(), OrderStatus::Canceled));
            }
        }
        let count = 1 + i64::from(self.dice.roll(most as u32));
        working.left -= count;
        self.position += sign * count;
        self.mail.push(Mail::Fill(working.order.clone(), count));
    }

    fn due_timers(&mut self) -> Result<(), TestCaseError> {
        let now = self.rig.now;
        let (due, later) =
            std::mem::take(&mut self.timers).into_iter().partition::<Vec<_>, _>(|t| t.at <= now);
        self.timers = later;
        for timer in due {
            let commands = self.rig.feed(Event::Timer(timer));
            self.settle(commands)?;
        }
        Ok(())
    }

    fn check(&self, commands: &[Command]) -> Result<(), TestCaseError> {
        let position = whole(self.rig.position());
        let moves = |order: &&Order| matches!(order.request().role, OrderRole::Entry | OrderRole::Exit);
        let size = |order: &Order| whole(order.request().side.signed(order.remaining()));
        let orders = || self.rig.account().orders.values().filter(moves);
        // One need, one direction: nothing that works undoes what else works, unless it was asked to go.
        let kept: Vec<i64> = orders().filter(|order| order.cancel_requested().is_none()).map(size).collect();
        let against = kept.iter().any(|size| *size > 0) && kept.iter().any(|size| *size < 0);
        prop_assert!(!against, "orders against each other: {kept:?}");
        let adds: i64 = orders().filter(|order| !order.request().reduce_only).map(size).sum();
        // Whatever fills and whatever is refused, what was just sent does not go beyond the target.
        if submits(commands).iter().any(|order| !order.reduce_only) {
            let all: i64 = orders().map(size).sum();
            let within = |sum: i64| self.target != 0 && sum * self.target.signum() <= self.target.abs();
            let within = within(position + adds) && within(position + all);
            prop_assert!(within, "position {position} + entries {adds} is beyond {}", self.target);
        }
        Ok(())
    }

    /// Outside the grace a position has its stop or is on its way out.
    fn check_protection(&self) -> Result<(), TestCaseError> {
        let account = self.rig.account();
        let position = self.rig.position();
        let asked = account.targets.get(&btc()).is_some_and(|active| {
            active.signal.bracket.stop.is_some() && active.quantity.signum() * position.signum() > 0
        });
        if !asked {
            return Ok(());
        }
        let rests = account
            .orders
            .values()
            .any(|order| order.request().role == OrderRole::Stop && order.status() != OrderStatus::Pending);
        let leaves = account.orders.values().map(Order::request).any(|order| {
            let closes = order.signed_quantity().signum() * position.signum() < 0;
            closes && matches!(order.role, OrderRole::Entry | OrderRole::Exit)
        });
        let soon = self.timers.iter().any(|timer| timer.at <= self.rig.now + Duration::from_secs(3));
        prop_assert!(
            rests || leaves || soon,
            "naked: {}",
            serde_json::to_string(&self.rig.engine.snapshot()).unwrap()
        );
        Ok(())
    }

    fn state_target(&mut self, count: i64, bracket: Bracket) -> Result<(), TestCaseError> {
        self.target = count;
        let (target, reason) = (Target::Quantity(units(count)), String::new());
        let signal = Signal { instrument: btc(), target, bracket, reason, decided: None };
        self.rig.say(Say::Signal(signal));
        let commands = self.rig.candle("100");
        self.settle(commands)
    }

    fn run(&mut self, steps: u32) -> Result<(), TestCaseError> {
        for _ in 0..steps {
            self.trade()?;
            self.due_timers()?;
            self.check_protection()?;
            match self.dice.roll(12) {
                0..=3 => {
                    let count = i64::from(self.dice.roll(21)) - 10;
                    let bracket = match (self.dice.roll(3), count.signum()) {
                        (0, _) | (_, 0) => Bracket::NONE,
                        (_, 1) => stop_at("90"),
                        _ => stop_at("110"),
                    };
                    self.state_target(count, bracket)?;
                }
                4 => self.state_target(0, Bracket::NONE)?,
                // Said again, the same target needs nothing new while its orders work.
                5..=8 => {
                    let active = self.rig.account().targets.get(&btc()).map(|active| active.signal.clone());
                    if let Some(Signal { target: Target::Quantity(quantity), bracket, .. }) = active {
                        self.state_target(whole(quantity), bracket)?;
                    }
                }
                _ => {
                    let commands = self.rig.candle("100");
                    self.settle(commands)?;
                }
            }
        }
        Ok(())
    }

    /// The venue answers everything from now on; a flat target must be reached, halted or not.
    fn wind_down(&mut self, halted: bool) -> Result<(), TestCaseError> {
        self.rejects = 0;
        if halted {
            let commands = self.rig.operator(OperatorAction::Halt);
            self.settle(commands)?;
        }
        for _ in 0..60 {
            self.state_target(0, Bracket::NONE)?;
            self.trade()?;
            self.due_timers()?;
        }
        prop_assert_eq!(self.position, whole(self.rig.position()));
        prop_assert!(
            self.rig.position().is_zero(),
            "{} stays: {:#?}",
            self.position,
            self.rig.account().orders
        );
        Ok(())
    }
}

fn rolls() -> impl Strategy<Value = Vec<u32>> {
    proptest::collection::vec(any::<u32>(), 200..600)
}

proptest! {
    #[test]
    fn no_order_is_doubled_no_position_is_naked_and_no_exit_is_blocked(
        rolls in rolls(), rejects in 0..60_u32, halted: bool,
    ) {
        let mut chaos = Chaos::new(rolls, rejects);
        chaos.run(60)?;
        chaos.wind_down(halted)?;
    }

    #[test]
    fn the_engine_counts_what_the_venue_filled(rolls in rolls()) {
        let mut chaos = Chaos::new(rolls, 30);
        chaos.run(60)?;
        chaos.settle(Vec::new())?;
        prop_assert_eq!(whole(chaos.rig.position()), chaos.position);
        for order in chaos.rig.account().orders.values() {
            let id = order.request().client_order_id;
            let filled: Decimal = chaos
                .rig
                .records
                .iter()
                .filter_map(|record| match &record.event {
                    Event::Fill(fill) if fill.client_order_id == Some(id) => Some(fill.quantity.get()),
                    _ => None,
                })
                .sum();
            prop_assert_eq!(filled, order.filled().get());
        }
    }

    /// Whatever a venue says, in whatever order, about orders known and unknown: no panic, no endless talk.
    #[test]
    fn no_report_of_a_venue_breaks_the_engine(
        rolls in rolls(),
        noise in proptest::collection::vec((0..8_usize, 0..5_u8, 0..30_i64, 0..4_u64), 1..80),
    ) {
        let mut chaos = Chaos { strict: false, ..Chaos::new(rolls, 10) };
        let mut known: Vec<OrderRequest> = Vec::new();
        for (status, which, count, sequence) in noise {
            chaos.state_target(count - 15, if count > 15 { stop_at("90") } else { Bracket::NONE })?;
            known.extend(chaos.venue.iter().map(|working| working.order.clone()));
            let Some(mut order) = known.get(usize::from(which) % known.len().max(1)).cloned() else { continue };
            if sequence == 3 {
                order.client_order_id = ClientOrderId::from_bits(u128::from(sequence));
            }
            noise_of(&mut chaos, &order, (status, count));
        }
        chaos.rig.operator(OperatorAction::Flatten);
    }
}

fn noise_of(chaos: &mut Chaos, order: &OrderRequest, (status, count): (usize, i64)) {
    use OrderStatus::{Canceled, Denied, Expired, Filled, Open, PartiallyFilled, Pending, Rejected};
    let statuses = [Pending, Open, PartiallyFilled, Filled, Canceled, Expired, Denied, Rejected];
    chaos.rig.feed(Event::OrderReport(OrderReport {
        client_order_id: (count != 7).then_some(order.client_order_id),
        venue_order_id: None,
        account: order.account.clone(),
        instrument: order.instrument.clone(),
        time: Timestamp::EPOCH,
        side: order.side,
        status: statuses[status],
        quantity: units(count),
        filled: units(count / 2),
        price: None,
        reason: None,
    }));
    if count > 20 {
        chaos.rig.fill(order, count, "100");
    }
}
