//! The driver: one task, one loop.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use qtp_core::port::{DecisionEngine, OrderAck};
use qtp_core::{
    Candle, ClientOrderId, Command, DecisionOutcome, DecisionRequest, DecisionResult, Event, ExchangeError,
    MarketTopic, Reason, RunStarted, TimerId, Timestamp,
};
use tokio::sync::mpsc;

use super::barrier::{Ask, Barrier};
use super::core::Core;
use super::decide;
use super::handle::{LiveHandle, Request};
use super::inbox::MarketInbox;
use super::link::{Link, Pump};
use super::lookup::Found;
use super::orders::Tracked;
use super::reconcile::View;
use super::recover::Past;
use super::settings::LiveSettings;
use super::setup::{LiveOutcome, LiveSetup, problems};
use crate::connection::STOPPING;
use crate::engine::Engine;
use crate::error::EngineError;

/// Room for account events and answers. Who finds none waits.
const INPUT_ROOM: usize = 1024;

/// What reaches the driver and must not be lost.
pub(super) enum Input {
    Account { link: usize, time: Timestamp, event: Event },
    AccountUp { link: usize },
    AccountDown { link: usize },
    SubmitTimedOut { orders: Vec<ClientOrderId> },
    Submitted { orders: Vec<ClientOrderId>, result: Result<Vec<OrderAck>, ExchangeError> },
    Canceled { order: ClientOrderId, result: Result<(), ExchangeError> },
    LookedUp { order: ClientOrderId, started: Timestamp, found: Result<Found, ExchangeError> },
    Read { link: usize, generation: u64, started: Timestamp, view: Box<Result<View, ExchangeError>> },
    Candles { ask: Ask, candles: Result<Vec<Candle>, ExchangeError> },
    Decided(Box<DecisionOutcome>),
}

/// Runs an engine over exchanges in real time. The module's page says what it promises.
pub struct LiveDriver {
    pub(super) core: Core,
    pub(super) links: Vec<Link>,
    pub(super) settings: LiveSettings,
    pub(super) barrier: Barrier,
    /// Candles that came after their round.
    pub(super) late: Vec<Candle>,
    pub(super) barrier_due: Option<Timestamp>,
    pub(super) tracked: BTreeMap<ClientOrderId, Tracked>,
    pub(super) timers: BTreeMap<(Timestamp, u16, u64), TimerId>,
    /// Facts of the driver itself that wait to be taken in.
    pub(super) queue: VecDeque<(Timestamp, Event)>,
    pub(super) past: Option<Past>,
    pub(super) stopping: Option<Reason>,
    pub(super) sender: mpsc::Sender<Input>,
    pub(super) seed: u64,
    pub(super) start: Option<RunStarted>,
    inputs: mpsc::Receiver<Input>,
    market: Arc<MarketInbox>,
    requests: mpsc::Receiver<Request>,
    handle: LiveHandle,
    decider: Option<Arc<dyn DecisionEngine>>,
    /// Questions under way, with what is taken for their answer if the run ends before it comes.
    deciding: BTreeMap<u64, DecisionOutcome>,
}

impl std::fmt::Debug for LiveDriver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveDriver").field("engine", &self.core.engine).finish_non_exhaustive()
    }
}

impl LiveDriver {
    /// A new run.
    ///
    /// # Errors
    /// [`EngineError::Configuration`] with every problem of settings, engine and exchanges.
    pub fn new(setup: LiveSetup) -> Result<Self, EngineError> {
        let problems = problems(&setup);
        if !problems.is_empty() {
            return Err(EngineError::Configuration { problems });
        }
        let (sender, inputs) = mpsc::channel(INPUT_ROOM);
        let (handle, requests) = LiveHandle::channel();
        let mut all = setup.engine.topics();
        all.extend(setup.topics);
        all.sort();
        all.dedup();
        let mut barrier = Barrier::new(setup.settings.grace);
        let mut links = Vec::new();
        for exchange in setup.exchanges {
            // Of two accounts at one venue the first brings the market.
            let venue = exchange.venue();
            let taken = links.iter().any(|link: &Link| link.exchange.venue() == venue);
            let own = |topic: &&MarketTopic| !taken && topic.instrument().venue_str() == venue.as_str();
            let topics: Vec<MarketTopic> = all.iter().filter(own).cloned().collect();
            for topic in &topics {
                barrier.add(links.len(), topic.clone());
            }
            links.push(Link::new(exchange, topics));
        }
        let seed = setup.engine.run_id().0;
        Ok(Self {
            core: Core::new(setup.engine, setup.journal, setup.clock, setup.observer),
            links,
            barrier,
            late: Vec::new(),
            barrier_due: None,
            tracked: BTreeMap::new(),
            timers: BTreeMap::new(),
            queue: VecDeque::new(),
            past: None,
            stopping: None,
            sender,
            seed,
            start: Some(setup.start),
            inputs,
            market: Arc::new(MarketInbox::new(setup.settings.trade_room)),
            requests,
            handle,
            decider: setup.decider,
            deciding: BTreeMap::new(),
            settings: setup.settings,
        })
    }

    /// The operator's end.
    pub fn handle(&self) -> LiveHandle {
        self.handle.clone()
    }

    /// The engine.
    pub const fn engine(&self) -> &Engine {
        &self.core.engine
    }

    /// Runs until it is stopped. Dropping the future is like a crash: orders that are on their way go on.
    ///
    /// # Errors
    /// [`EngineError::Journal`] if a record could not be written: resting entries are cancelled, nothing else leaves.
    /// [`EngineError::Source`] if the history for the warm-up cannot be read.
    pub async fn run(mut self) -> Result<LiveOutcome, EngineError> {
        if let Err(error) = self.drive().await {
            if matches!(error, EngineError::Journal(_)) {
                self.abandon_entries().await;
            }
            return Err(error);
        }
        let unsettled = self.tracked.values().filter(|order| order.busy()).count();
        Ok(LiveOutcome {
            clamped: self.core.clamped(),
            engine: self.core.engine,
            observer: self.core.observer,
            command_hash: self.core.hash,
            unsettled,
        })
    }

    async fn drive(&mut self) -> Result<(), EngineError> {
        self.begin()?;
        for (link, state) in self.links.iter().enumerate() {
            let pump = Pump {
                link,
                exchange: Arc::clone(&state.exchange),
                topics: state.topics.clone(),
                inputs: self.sender.clone(),
                market: Arc::clone(&self.market),
                limit: self.settings.read_timeout,
                reopen_market: !self.settings.stop_at_market_end,
                seed: self.seed.wrapping_add(link as u64),
            };
            drop(tokio::spawn(pump.run()));
        }
        self.warm_up().await?;
        while self.stopping.is_none() {
            self.turn().await?;
        }
        self.finish().await
    }

    async fn turn(&mut self) -> Result<(), EngineError> {
        self.take_inputs()?;
        self.run_due()?;
        if let Some((link, item)) = self.market.pop() {
            // What came on the account stream before it goes first.
            self.take_inputs()?;
            self.market_item(link, item)?;
            return self.advance_barrier();
        }
        self.advance_barrier()?;
        self.core.sync_owed()?;
        let wait = self.wait();
        tokio::select! {
            biased;
            Some(input) = self.inputs.recv() => self.input(input),
            Some(request) = self.requests.recv() => self.request(request),
            () = self.market.arrived() => Ok(()),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }

    /// Until something is due.
    fn wait(&mut self) -> Duration {
        const LONGEST: Duration = Duration::from_secs(3600);
        let now = self.core.now();
        let timer = self.timers.keys().next().map(|(at, ..)| *at).filter(|_| self.known());
        let orders = self.tracked.values().filter_map(|order| order.due);
        let reads = self.links.iter().filter_map(|link| link.next_reconcile);
        let due = orders.chain(reads).chain(timer).chain(self.barrier_due).min();
        due.map_or(LONGEST, |due| (due.since(now) / self.settings.speed).min(LONGEST))
    }

    fn take_inputs(&mut self) -> Result<(), EngineError> {
        while let Ok(input) = self.inputs.try_recv() {
            self.input(input)?;
        }
        Ok(())
    }

    fn input(&mut self, input: Input) -> Result<(), EngineError> {
        match input {
            Input::Account { link, time, event } => self.account_event(link, time, event),
            Input::AccountUp { link } => self.account_up(link),
            Input::AccountDown { link } => self.account_down(link, "the account stream ended"),
            Input::SubmitTimedOut { orders } => self.submit_timed_out(&orders),
            Input::Submitted { orders, result } => self.submitted(&orders, &result),
            Input::Canceled { order, result } => self.canceled(order, result),
            Input::LookedUp { order, started, found } => self.looked_up(order, started, found),
            Input::Read { link, generation, started, view } => self.read(link, generation, started, *view),
            Input::Candles { ask, candles } => self.candles_answer(&ask, candles),
            Input::Decided(outcome) => {
                // One that was given up has its answer.
                let awaited = self.deciding.remove(&outcome.request).is_some();
                if awaited { self.feed_now(Event::Decision(outcome)) } else { Ok(()) }
            }
        }
    }

    fn request(&mut self, request: Request) -> Result<(), EngineError> {
        match request {
            Request::Act(action, done) => {
                self.feed_now(Event::Operator(action))?;
                self.core.sync()?;
                // Nobody may wait for the answer any more.
                let _ = done.send(());
            }
            Request::Look(look) => look(&self.core.engine),
            Request::Stop(reason) => self.stopping = Some(reason),
        }
        Ok(())
    }

    /// Timers of engine and strategies wait until every account was compared with its venue once.
    fn known(&self) -> bool {
        self.links.iter().all(|link| link.known)
    }

    fn run_due(&mut self) -> Result<(), EngineError> {
        let now = self.core.now();
        while self.known()
            && let Some(entry) = self.timers.first_entry().filter(|entry| entry.key().0 <= now)
        {
            let timer = entry.remove();
            self.feed_now(Event::Timer(timer))?;
        }
        let due = |order: &Tracked| order.due.is_some_and(|due| due <= now);
        let orders: Vec<_> = self.tracked.iter().filter(|(_, order)| due(order)).map(|(id, _)| *id).collect();
        for order in orders {
            self.check(order)?;
        }
        for link in 0..self.links.len() {
            if self.links[link].next_reconcile.is_some_and(|due| due <= now) {
                self.start_reading(link);
            }
        }
        Ok(())
    }

    pub(super) fn feed_now(&mut self, event: Event) -> Result<(), EngineError> {
        let now = self.core.now();
        self.feed(now, event)
    }

    /// Takes in a fact, carries out what it causes, then takes in what the driver made of that.
    pub(super) fn feed(&mut self, time: Timestamp, event: Event) -> Result<(), EngineError> {
        self.queue.push_back((time, event));
        self.drain()
    }

    pub(super) fn drain(&mut self) -> Result<(), EngineError> {
        while let Some((time, event)) = self.queue.pop_front() {
            for command in self.core.take(time, event)? {
                self.dispatch(command);
            }
        }
        Ok(())
    }

    fn dispatch(&mut self, command: Command) {
        match command {
            Command::Submit(group) => self.submit(group),
            Command::Cancel(request) => self.cancel(request),
            Command::Modify(request) => self.modify(request),
            Command::SetLeverage(request) => self.set_leverage(request),
            Command::SetTimer(timer) => self.arm(timer),
            Command::RequestDecision(request) => self.decide(request),
            _ => {}
        }
    }

    pub(super) fn arm(&mut self, timer: TimerId) {
        self.timers.insert((timer.at, timer.owner, timer.id), timer);
    }

    fn decide(&mut self, request: Box<DecisionRequest>) {
        let hold = match &self.decider {
            None => Reason::new("no_engine", "no decision engine is configured"),
            Some(_) if self.deciding.len() >= self.settings.decisions => {
                Reason::new("busy", "too many decisions are under way")
            }
            Some(decider) => {
                let (limit, sender) = (self.settings.decision_timeout, self.sender.clone());
                let ended = Reason::new("stopped", "the run ended before the answer");
                let given_up = decide::outcome(&request, DecisionResult::Hold(ended));
                self.deciding.insert(request.id, given_up);
                let asked = decide::ask(Arc::clone(decider), request, limit);
                drop(tokio::spawn(async move {
                    // If the driver has gone, nobody waits for the answer.
                    let _ = sender.send(Input::Decided(Box::new(asked.await))).await;
                }));
                return;
            }
        };
        let outcome = decide::outcome(&request, DecisionResult::Hold(hold));
        let now = self.core.now();
        self.queue.push_back((now, Event::Decision(Box::new(outcome))));
    }

    /// Entries are cancelled and their ends waited for, then the strategies stop.
    async fn finish(&mut self) -> Result<(), EngineError> {
        let reason = self.stopping.clone().unwrap_or_else(|| Reason::new("stopped", ""));
        for link in 0..self.links.len() {
            self.links[link].told = false;
            let account = Some(self.links[link].account.clone());
            let reason = Reason::new(STOPPING, reason.message.clone());
            self.feed_now(Event::Connection { account, topic: None, healthy: false, reason })?;
        }
        self.settle_down().await?;
        self.give_up_decisions()?;
        self.feed_now(Event::Stopped(reason))?;
        self.settle_down().await?;
        self.core.sync()
    }

    /// Nobody waits for the answers any more, but what was asked until now may be billed: it belongs into the record.
    fn give_up_decisions(&mut self) -> Result<(), EngineError> {
        for (request, mut outcome) in std::mem::take(&mut self.deciding) {
            if let Some(decider) = &self.decider {
                (outcome.calls, outcome.findings) = decider.given_up(request);
            }
            self.feed_now(Event::Decision(Box::new(outcome)))?;
        }
        Ok(())
    }

    /// Waits, with a bound, until every order and cancel on its way has its answer.
    async fn settle_down(&mut self) -> Result<(), EngineError> {
        let limit = self.settings.stop_timeout;
        let quiet = async {
            loop {
                self.take_inputs()?;
                self.run_due()?;
                if !self.tracked.values().any(Tracked::busy) {
                    return Ok(());
                }
                let wait = self.wait();
                tokio::select! {
                    biased;
                    Some(input) = self.inputs.recv() => self.input(input)?,
                    () = tokio::time::sleep(wait) => {}
                }
            }
        };
        tokio::time::timeout(limit, quiet).await.unwrap_or(Ok(()))
    }
}
