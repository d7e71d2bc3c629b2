//! The server: a world under a lock, its clock, and the connections to it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Extension;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use qtp_core::Timestamp;
use qtp_core::port::{Clock, SystemClock};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::config::{Pace, SimServerConfig, SimServerError};
use super::faults::Rule;
use super::limits::Limits;
use super::world::World;
use super::{http, info, publish, strokes};
use crate::hyperliquid::sign::Network;

/// How often the venue looks at its clock.
const BEAT: Duration = Duration::from_millis(50);

/// A venue that can be served. Copies are the same venue.
#[derive(Debug, Clone)]
pub struct SimServer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    world: Mutex<World>,
    pub limits: Mutex<Limits>,
    pub network: Network,
    pub limited: bool,
    pace: Pace,
    opens: Timestamp,
    /// Wall time at which the venue opened.
    started: Timestamp,
}

/// The connection that a request came on.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    pub peer: SocketAddr,
    kill: Arc<Notify>,
}

impl Connection {
    /// Ends the connection without a word more.
    pub(super) fn kill(&self) {
        self.kill.notify_one();
    }
}

impl SimServer {
    /// A venue of these settings.
    ///
    /// # Errors
    /// [`SimServerError`] for a candle file or setting that is not usable.
    pub fn new(config: SimServerConfig) -> Result<Self, SimServerError> {
        let world = World::new(&config)?;
        let (opens, wall) = (world.now, SystemClock.now());
        // A venue that opens now keeps our time.
        let started = if wall.since(opens) < Duration::from_secs(10) && wall >= opens { opens } else { wall };
        let shared = Shared {
            world: Mutex::new(world),
            limits: Mutex::new(Limits::new(config.rate_limits)),
            network: config.network,
            limited: config.rate_limits,
            pace: config.pace,
            opens,
            started,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The venue's time.
    pub fn now(&self) -> Timestamp {
        self.shared.lock().now
    }

    /// Lets time pass on a venue that is stepped, and tells all subscribers. Returns the new time.
    pub fn step(&self, duration: Duration) -> Timestamp {
        self.shared.step(duration)
    }

    /// Number of accounts.
    pub fn accounts(&self) -> usize {
        self.shared.lock().accounts.len()
    }

    /// Lets things go wrong from now on, beside what goes wrong already.
    pub fn inject(&self, rules: Vec<Rule>) {
        self.shared.lock().faults.add(rules);
    }

    /// Forgets all rules; what they did stays. Returns how often they had acted.
    pub fn clear_faults(&self) -> u64 {
        let mut world = self.shared.lock();
        let acted = world.faults.acted();
        world.faults.clear();
        acted
    }

    /// How often the rules in force have acted.
    pub fn faults_acted(&self) -> u64 {
        self.shared.lock().faults.acted()
    }

    /// Does now what rules would do to markets and accounts, whatever point they name.
    ///
    /// # Errors
    /// What a deed needs and does not find, in words.
    pub fn strike(&self, rules: &[Rule]) -> Result<(), String> {
        let mut world = self.shared.lock();
        rules.iter().filter_map(Rule::stroke).try_for_each(|stroke| strokes::run(&mut world, stroke))?;
        publish::markets(&mut world);
        Ok(())
    }

    /// Answers a body of `/info` without a connection: no fault and no limit is in the way. `None` where the venue would
    /// answer with an HTTP error.
    pub fn ask(&self, body: &str) -> Option<String> {
        let query = serde_json::from_str(body).ok()?;
        info::answer_text(&mut self.shared.lock(), &query).ok().map(|(text, _)| text)
    }

    /// Serves until the listener fails. Run it as a task; abort the task to stop.
    ///
    /// # Errors
    /// [`SimServerError::Io`] if no connection can be accepted any more.
    pub async fn serve(self, listener: TcpListener) -> Result<(), SimServerError> {
        let beat = self.clone().beat();
        tokio::select! {
            () = beat => Ok(()),
            served = self.accept(listener) => served,
        }
    }

    /// Looks at the clock again and again.
    async fn beat(self) {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            beat.tick().await;
            let mut world = self.shared.lock();
            publish::markets(&mut world);
        }
    }

    async fn accept(&self, listener: TcpListener) -> Result<(), SimServerError> {
        let router = http::router(Arc::clone(&self.shared));
        loop {
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                // One that went away while it waited is no reason to stop; too many open files pass.
                Err(_) => {
                    tokio::time::sleep(BEAT).await;
                    continue;
                }
            };
            // Answers are small: waiting for more only delays them.
            drop(stream.set_nodelay(true));
            let connection = Connection { peer, kill: Arc::new(Notify::new()) };
            let service = TowerToHyperService::new(router.clone().layer(Extension(connection.clone())));
            drop(tokio::spawn(async move {
                let http = hyper::server::conn::http1::Builder::new();
                let serving = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
                tokio::select! {
                    _ = serving => {}
                    () = connection.kill.notified() => {}
                }
            }));
        }
    }
}

impl Shared {
    /// The world as it is now: time that has passed meanwhile is caught up with.
    pub(super) fn lock(&self) -> MutexGuard<'_, World> {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        if let Pace::Times(speed) = self.pace {
            let passed = SystemClock.now().since(self.started).saturating_mul(speed);
            world.advance(self.opens + passed);
        }
        strokes::run_due(&mut world);
        world
    }

    pub(super) fn limits(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) const fn is_stepped(&self) -> bool {
        matches!(self.pace, Pace::Stepped)
    }

    pub(super) fn step(&self, duration: Duration) -> Timestamp {
        let mut world = self.lock();
        let to = world.now + duration;
        world.advance(to);
        publish::markets(&mut world);
        world.now
    }
}
