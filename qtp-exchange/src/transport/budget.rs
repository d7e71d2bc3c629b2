//! A venue's request limits, kept on our side.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Part of every limit that only cancels, stops and closes may use, in percent.
const RESERVE_PERCENT: u64 = 20;
/// Requests within this part of a window count as one, at the time of the last.
const SLOTS: u32 = 64;
/// Longest pause that a venue can impose: its longest ban.
const PAUSE_MAX: Duration = Duration::from_secs(3 * 86_400);

/// So much weight in any stretch of time of this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Name for errors, such as `weight a minute`.
    pub name: &'static str,
    /// Weight that fits into the window.
    pub capacity: u32,
    /// Length of the window. It slides, so it holds however the venue's own window lies.
    pub window: Duration,
}

/// What a request counts in one of a budget's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// Index into the limits that the budget was made with.
    pub limit: usize,
    /// Weight.
    pub weight: u32,
}

/// Who may use the reserve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Priority {
    /// Reads and orders that open risk: four fifths of every limit.
    #[default]
    Normal,
    /// Cancels, protective stops and closes: all of it.
    Exit,
}

/// A budget that has no room.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("request budget used up: {limit}")]
pub struct Exhausted {
    /// The limit that is used up, or `pause` while the venue has told us to wait.
    pub limit: &'static str,
    /// When there will be room. `None`: never, the request is heavier than the limit.
    pub retry_after: Option<Duration>,
}

/// Request limits of one venue that are counted together: one budget a host and key, shared by reference.
///
/// ```
/// use std::time::Duration;
/// use qtp_exchange::transport::{Budget, Charge, Limit, Priority};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?.block_on(async {
/// let minute = Limit { name: "weight a minute", capacity: 100, window: Duration::from_secs(60) };
/// let budget = Budget::new([minute]);
/// let heavy = [Charge { limit: 0, weight: 80 }];
/// budget.acquire(&heavy, Priority::Normal, Duration::ZERO).await?;
///
/// // What is left is for exits.
/// let light = [Charge { limit: 0, weight: 1 }];
/// assert!(budget.acquire(&light, Priority::Normal, Duration::ZERO).await.is_err());
/// budget.acquire(&light, Priority::Exit, Duration::ZERO).await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Budget {
    state: Mutex<State>,
}

impl Budget {
    /// A budget with nothing used. Charges name the limits by their place in this list.
    pub fn new(limits: impl IntoIterator<Item = Limit>) -> Self {
        let windows = limits.into_iter().map(Window::new).collect();
        Self { state: Mutex::new(State { windows, paused_until: None }) }
    }

    /// A budget without limits.
    pub fn unlimited() -> Self {
        Self::new([])
    }

    /// Takes all the charges at once, as soon as each has room, within `patience`.
    ///
    /// Cancel safe: nothing is taken before it returns. Waiters are not queued: who finds room takes it.
    ///
    /// # Errors
    /// [`Exhausted`] at once if there will be no room within `patience`.
    pub async fn acquire(
        &self,
        charges: &[Charge],
        priority: Priority,
        patience: Duration,
    ) -> Result<(), Exhausted> {
        let deadline = Instant::now() + patience;
        loop {
            let now = Instant::now();
            let Err((limit, ready)) = self.with(|state| state.take(charges, priority, now)) else {
                return Ok(());
            };
            match ready {
                Some(ready) if ready <= deadline => tokio::time::sleep_until(ready).await,
                ready => {
                    return Err(Exhausted { limit, retry_after: ready.map(|ready| ready - now) });
                }
            }
        }
    }

    /// Counts what was not known before: an answer whose length adds to its weight.
    pub fn charge(&self, charge: Charge) {
        self.with(|state| state.add(charge, Instant::now()));
    }

    /// Takes over the venue's own count where it is higher than ours: somebody else uses the same limit.
    ///
    /// A lower one is ignored, because requests under way are not in it.
    pub fn observe(&self, limit: usize, used: u32) {
        let now = Instant::now();
        self.with(|state| {
            let ours = state.windows.get_mut(limit).map_or(0, |window| window.used(now));
            state.add(Charge { limit, weight: used.saturating_sub(ours) }, now);
        });
    }

    /// Nothing leaves for so long, exits included: who goes on after a 429 is banned, and then exits are too.
    pub fn pause(&self, length: Duration) {
        let until = Instant::now() + length.min(PAUSE_MAX);
        self.with(|state| state.paused_until = state.paused_until.max(Some(until)));
    }

    /// Weight that counts in this limit now.
    pub fn used(&self, limit: usize) -> u32 {
        let now = Instant::now();
        self.with(|state| state.windows.get_mut(limit).map_or(0, |window| window.used(now)))
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[derive(Debug)]
struct State {
    windows: Vec<Window>,
    paused_until: Option<Instant>,
}

impl State {
    /// Takes all or nothing. On failure: what is used up, and when it may be tried again.
    fn take(
        &mut self,
        charges: &[Charge],
        priority: Priority,
        now: Instant,
    ) -> Result<(), (&'static str, Option<Instant>)> {
        let mut latest = self.paused_until.filter(|until| *until > now).map(|until| ("pause", until));
        for charge in charges {
            let Some(window) = self.windows.get_mut(charge.limit) else { continue };
            let name = window.limit.name;
            let ready = window.ready(charge.weight, priority, now).ok_or((name, None))?;
            if ready > now && latest.is_none_or(|(_, until)| ready > until) {
                latest = Some((name, ready));
            }
        }
        if let Some((name, ready)) = latest {
            return Err((name, Some(ready)));
        }
        for charge in charges {
            self.add(*charge, now);
        }
        Ok(())
    }

    fn add(&mut self, charge: Charge, now: Instant) {
        if let Some(window) = self.windows.get_mut(charge.limit) {
            window.add(charge.weight, now);
        }
    }
}

#[derive(Debug)]
struct Window {
    limit: Limit,
    used: u32,
    slots: VecDeque<Slot>,
}

/// Requests close to each other. They leave the window together, `window` after the last of them.
#[derive(Debug)]
struct Slot {
    first: Instant,
    last: Instant,
    weight: u32,
}

impl Window {
    fn new(limit: Limit) -> Self {
        Self { limit, used: 0, slots: VecDeque::new() }
    }

    fn used(&mut self, now: Instant) -> u32 {
        while let Some(slot) = self.slots.front().filter(|slot| slot.last + self.limit.window <= now) {
            self.used -= slot.weight;
            self.slots.pop_front();
        }
        self.used
    }

    fn add(&mut self, weight: u32, now: Instant) {
        let weight = weight.min(u32::MAX - self.used(now));
        if weight == 0 {
            return;
        }
        self.used += weight;
        let width = self.limit.window / SLOTS;
        match self.slots.back_mut().filter(|slot| now.duration_since(slot.first) < width) {
            Some(slot) => {
                slot.last = now;
                slot.weight += weight;
            }
            None => self.slots.push_back(Slot { first: now, last: now, weight }),
        }
    }

    /// When there is room for `weight`; `None` if there never is.
    fn ready(&mut self, weight: u32, priority: Priority, now: Instant) -> Option<Instant> {
        let share = match priority {
            Priority::Normal => u64::from(self.limit.capacity) * (100 - RESERVE_PERCENT) / 100,
            Priority::Exit => u64::from(self.limit.capacity),
        };
        let room = share.checked_sub(u64::from(weight))?;
        let mut used = u64::from(self.used(now));
        let mut ready = now;
        for slot in &self.slots {
            if used <= room {
                break;
            }
            used -= u64::from(slot.weight);
            ready = slot.last + self.limit.window;
        }
        Some(ready)
    }
}
