//! A strategy that takes orders through their whole life, step by step, again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use qtp_core::port::Strategy;
use qtp_core::{
    Bracket, ClientOrderId, Context, Decimal, InstrumentId, MarketTopic, Order, OrderDraft, OrderKind,
    OrderRole, OrderStatus, Price, Quantity, Ratio, Rounding, Side, StrategyError, StrategyId, Target,
    TimeInForce,
};

/// How often it acts.
const TICK: Duration = Duration::from_millis(500);
/// Ticks for which an order rests untouched.
const HOLD: u32 = 6;

/// A step in the life of orders: the columns of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A limit order below the market is sent.
    Submit,
    /// It rests.
    Resting,
    /// It is cancelled.
    Cancel,
    /// A position is opened at the market.
    Enter,
    /// Its stop is sent.
    Protect,
    /// The stop rests.
    Guarded,
    /// The stop is moved: a new one, then the end of the old one.
    Move,
    /// The position is closed, and its stop cancelled.
    Exit,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::Submit,
        Self::Resting,
        Self::Cancel,
        Self::Enter,
        Self::Protect,
        Self::Guarded,
        Self::Move,
        Self::Exit,
    ];

    /// As the table has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Resting => "rests",
            Self::Cancel => "cancel",
            Self::Enter => "enter",
            Self::Protect => "stop",
            Self::Guarded => "guarded",
            Self::Move => "move stop",
            Self::Exit => "exit",
        }
    }

    /// The step of the strategy in which it happens: the stop is sent by what its entry filled.
    pub(super) const fn phase(self) -> Self {
        match self {
            Self::Protect => Self::Enter,
            other => other,
        }
    }

    /// True if nothing is sent in it.
    pub(super) const fn is_quiet(self) -> bool {
        matches!(self, Self::Resting | Self::Guarded)
    }

    /// True if a position stands in it.
    pub(super) const fn has_position(self) -> bool {
        matches!(self, Self::Protect | Self::Guarded | Self::Move | Self::Exit)
    }
}

/// Where a life stands, for those who watch. The strategy itself never reads it.
#[derive(Debug, Clone, Default)]
pub(super) struct Probe(Arc<AtomicU64>);

impl Probe {
    fn show(&self, cycle: u64, step: Step) {
        self.0.store(cycle << 8 | (step as u64 + 1), Ordering::SeqCst);
    }

    /// Lives that ended, and the step of the present one; none before the first.
    pub(super) fn at(&self) -> (u64, Option<Step>) {
        let told = self.0.load(Ordering::SeqCst);
        let step = usize::try_from(told & 0xFF).ok().and_then(|step| step.checked_sub(1));
        (told >> 8, step.and_then(|step| Step::ALL.get(step)).copied())
    }
}

/// The strategy. Its steps follow from what the engine knows alone, so that a run which goes on takes them again.
#[derive(Debug)]
pub(super) struct OrderLife {
    id: StrategyId,
    instrument: InstrumentId,
    size: Quantity,
    lives: u64,
    probe: Probe,
    step: Step,
    ticks: u32,
    cycle: u64,
    timers: u64,
    /// The limit order.
    order: Option<ClientOrderId>,
    /// Where the stop is to be.
    stop: Option<Price>,
}

impl OrderLife {
    /// So many lives, each with a position of this size.
    pub(super) fn new(
        id: StrategyId,
        instrument: InstrumentId,
        size: Quantity,
        (lives, probe): (u64, Probe),
    ) -> Self {
        let (step, ticks, cycle, timers) = (Step::Submit, 0, 0, 0);
        Self { id, instrument, size, lives, probe, step, ticks, cycle, timers, order: None, stop: None }
    }

    fn go(&mut self, step: Step) {
        (self.step, self.ticks) = (step, 0);
        self.probe.show(self.cycle, step);
    }

    fn turn(&mut self, context: &mut Context<'_>) {
        let instrument = self.instrument.clone();
        let held = context.position(&instrument);
        let Some(price) = context.price(&instrument) else { return };
        if self.cycle >= self.lives {
            return;
        }
        self.ticks += 1;
        if self.ticks == 1 {
            // A tick between saying and doing, for whoever wants to be there in time.
            return self.probe.show(self.cycle, self.step);
        }
        let order =
            self.order.and_then(|id| context.open_orders(&instrument).find(|order| id_of(order) == id));
        let rests = order.is_some_and(|order| order.status() != OrderStatus::Pending);
        let gone = order.is_none();
        match self.step {
            // Somebody gave us a position.
            Step::Submit | Step::Resting | Step::Cancel if !held.is_zero() => self.go(Step::Exit),
            Step::Submit if rests => self.go(Step::Resting),
            Step::Submit if gone => self.order = self.submit(price, context),
            Step::Resting if gone || self.ticks > HOLD => self.go(Step::Cancel),
            Step::Cancel if gone => self.go(Step::Enter),
            Step::Cancel => self.cancel(context),
            Step::Enter => self.enter(price, context),
            Step::Guarded if held.is_zero() => self.go(Step::Exit),
            Step::Guarded if self.ticks > HOLD => {
                self.stop = below(context, &instrument, price, 9);
                self.go(Step::Move);
            }
            Step::Move if held.is_zero() => self.go(Step::Exit),
            Step::Move => self.move_stop(context),
            Step::Exit => self.exit(held, context),
            _ => {}
        }
    }

    fn submit(&self, price: Price, context: &mut Context<'_>) -> Option<ClientOrderId> {
        let level = below(context, &self.instrument, price, 30)?;
        Some(context.submit(OrderDraft {
            instrument: self.instrument.clone(),
            side: Side::Buy,
            quantity: self.size,
            kind: OrderKind::Limit { price: level },
            time_in_force: TimeInForce::Gtc,
            post_only: false,
            reduce_only: false,
            role: OrderRole::Entry,
        }))
    }

    fn cancel(&self, context: &mut Context<'_>) {
        if let Some(order) = self.order {
            context.cancel(order);
        }
    }

    fn enter(&mut self, price: Price, context: &mut Context<'_>) {
        let instrument = self.instrument.clone();
        // A level that the price has left behind protects nothing.
        let kept = self.stop.filter(|stop| *stop < price || !context.position(&instrument).is_zero());
        let stop = kept.or_else(|| below(context, &instrument, price, 10));
        self.stop = stop;
        if context.position(&instrument) == self.size && self.guards(context, stop) {
            return self.go(Step::Guarded);
        }
        let bracket = Bracket { stop, target: None };
        context.set_target_with(&instrument, Target::Quantity(self.size), bracket, "a life begins");
    }

    fn move_stop(&mut self, context: &mut Context<'_>) {
        let stops = context.open_orders(&self.instrument).filter(|order| is_stop(order)).count();
        if stops == 1 && self.guards(context, self.stop) {
            return self.go(Step::Exit);
        }
        context.set_exits(&self.instrument, Bracket { stop: self.stop, target: None });
    }

    fn exit(&mut self, held: Quantity, context: &mut Context<'_>) {
        let instrument = self.instrument.clone();
        if held.is_zero() && context.open_orders(&instrument).next().is_none() {
            (self.order, self.stop) = (None, None);
            self.cycle += 1;
            return self.go(Step::Submit);
        }
        self.cancel(context);
        context.set_target_with(&instrument, Target::FLAT, Bracket::NONE, "a life ends");
    }

    /// True if a stop rests where it should.
    fn guards(&self, context: &Context<'_>, level: Option<Price>) -> bool {
        let here = |order: &&Order| {
            order.request().kind.trigger().map(|trigger| trigger.price) == level
                && order.status() != OrderStatus::Pending
        };
        context.open_orders(&self.instrument).filter(|order| is_stop(order)).any(|order| here(&order))
    }
}

const fn id_of(order: &Order) -> ClientOrderId {
    order.request().client_order_id
}

fn is_stop(order: &Order) -> bool {
    order.request().role == OrderRole::Stop
}

/// A legal price some thousandths below another one.
fn below(context: &Context<'_>, instrument: &InstrumentId, price: Price, thousandths: i64) -> Option<Price> {
    let share = Ratio::new(Decimal::new(-thousandths, 3)).ok()?;
    context.instrument(instrument)?.round_price(price.shifted(share)?, Rounding::Up)
}

impl Strategy for OrderLife {
    fn id(&self) -> StrategyId {
        self.id.clone()
    }

    fn topics(&self) -> Vec<MarketTopic> {
        vec![MarketTopic::Mark(self.instrument.clone())]
    }

    fn on_start(&mut self, context: &mut Context<'_>) -> Result<(), StrategyError> {
        context.set_timer(self.timers, context.now() + TICK);
        Ok(())
    }

    fn on_timer(&mut self, _: u64, context: &mut Context<'_>) -> Result<(), StrategyError> {
        self.timers += 1;
        context.set_timer(self.timers, context.now() + TICK);
        self.turn(context);
        Ok(())
    }
}
