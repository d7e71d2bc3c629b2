//! The whole venue under one lock: markets, accounts and time.

use std::collections::{BTreeSet, HashMap};

use qtp_core::{Decimal, Event, FundingRate, Price, Ratio, Timestamp};
use serde_json::{Value, json};

use super::account::{Account, Counters, LedgerRecord, Out};
use super::build::{Built, TICK, build};
use super::config::{SimServerConfig, SimServerError};
use super::faults::Faults;
use super::hub::Hub;
use super::market::{Feed, Market};
use super::nonce::Nonces;
use crate::hyperliquid::sign::{Address, Network};
use crate::hyperliquid::wire::AssetId;

/// Accounts that there can be.
const ACCOUNTS: usize = 100_000;
/// Largest deposit, in USDC: sums of them stay exact.
const DEPOSIT: i64 = 1_000_000_000_000;
const HOUR: i64 = 3_600_000_000_000;

#[derive(Debug)]
pub(super) struct World {
    pub now: Timestamp,
    pub network: Network,
    pub markets: Vec<Market>,
    pub accounts: HashMap<Address, Account>,
    /// Masters of agents.
    pub agents: HashMap<Address, Address>,
    pub counters: Counters,
    pub nonces: Nonces,
    pub faults: Faults,
    pub hub: Hub,
    /// When subscribers of markets were last told.
    pub published: Timestamp,
    pub schedules: BTreeSet<(Timestamp, Address)>,
    /// A fault fills the next order by this share and cancels the rest.
    pub partial_fill: Option<Decimal>,
    /// What clients see is so many milliseconds ahead of the venue's time.
    pub clock_error: i64,
    places: HashMap<AssetId, usize>,
    coins: HashMap<String, usize>,
    feed: Feed,
    opens: Timestamp,
    /// Accounts that a tick of each market can concern.
    active: Vec<BTreeSet<Address>>,
    ledger_number: u64,
}

impl World {
    pub(super) fn new(config: &SimServerConfig) -> Result<Self, SimServerError> {
        let Built { mut markets, feed, opens } = build(config)?;
        for market in &mut markets {
            market.tick(opens, tick_nanos());
            market.refresh();
        }
        let places = markets.iter().enumerate().map(|(place, market)| (market.asset.id, place)).collect();
        let coins =
            markets.iter().enumerate().map(|(place, market)| (market.asset.coin.clone(), place)).collect();
        let active = markets.iter().map(|_| BTreeSet::new()).collect();
        let mut world = Self {
            now: opens,
            network: config.network,
            markets,
            accounts: HashMap::new(),
            agents: HashMap::new(),
            counters: Counters { oid: 1_000_000, fill: 0 },
            nonces: Nonces::default(),
            faults: Faults::new(config.faults.clone()),
            hub: Hub::default(),
            published: opens,
            schedules: BTreeSet::new(),
            partial_fill: None,
            clock_error: 0,
            places,
            coins,
            feed,
            opens,
            active,
            ledger_number: 0,
        };
        for (address, usdc) in &config.accounts {
            world.fund(*address, *usdc, false)?;
        }
        Ok(world)
    }

    pub(super) fn place_of(&self, asset: AssetId) -> Option<usize> {
        self.places.get(&asset).copied()
    }

    /// Place of a coin by its name (`BTC`, `PURR/USDC`, `@1`) or that of its pair (`HYPE/USDC`).
    pub(super) fn place_named(&self, coin: &str) -> Option<usize> {
        self.coins.get(coin).copied().or_else(|| {
            let base = coin.strip_suffix("/USDC")?;
            self.markets.iter().position(|market| market.asset.is_spot() && market.asset.base == base)
        })
    }

    /// The time that clients see, in milliseconds.
    pub(super) const fn time(&self) -> i64 {
        self.now.as_millis() + self.clock_error
    }

    /// Goes on to an instant, tick by tick. Funding at a full hour comes before the tick of that instant.
    pub(super) fn advance(&mut self, to: Timestamp) {
        let tick = tick_nanos();
        loop {
            let next = Timestamp::from_nanos((self.now.as_nanos().div_euclid(tick) + 1).saturating_mul(tick));
            if next > to {
                break;
            }
            self.now = next;
            self.feed.read_to(next, self.opens, &mut self.markets);
            if next.as_nanos() % HOUR == 0 {
                self.pay_funding();
            }
            for place in 0..self.markets.len() {
                self.tick(place);
            }
            self.run_schedules();
            self.hub.market_moved = true;
        }
        self.now = self.now.max(to);
        self.markets.iter_mut().for_each(Market::refresh);
    }

    fn tick(&mut self, place: usize) {
        let Some(market) = self.markets.get_mut(place) else { return };
        market.tick(self.now, tick_nanos());
        self.show(place);
    }

    /// Shows a market to the accounts that it concerns.
    pub(super) fn show(&mut self, place: usize) {
        let concerned: Vec<Address> = self.active.get(place).into_iter().flatten().copied().collect();
        if let Some(market) = self.markets.get_mut(place).filter(|_| !concerned.is_empty()) {
            market.refresh();
        }
        for address in concerned {
            let (Some(market), Some(account)) = (self.markets.get(place), self.accounts.get_mut(&address))
            else {
                continue;
            };
            let mut out = Out::new();
            account.show(market, self.now, &mut out);
            if !out.is_empty() || account.open.values().any(|order| order.trigger.is_some()) {
                account.absorb(&mut out, market, &mut self.counters, "canceled");
            }
            if !account.news.is_empty() {
                self.settle(address, place);
            }
        }
    }

    /// What follows any change of an account on a market: who hears of it, and who is woken by the next tick.
    pub(super) fn settle(&mut self, address: Address, place: usize) {
        let (Some(account), Some(active)) = (self.accounts.get(&address), self.active.get_mut(place)) else {
            return;
        };
        let Some(market) = self.markets.get(place) else { return };
        if account.is_touched_by(market.asset.id) {
            active.insert(address);
        } else {
            active.remove(&address);
        }
        self.tell(address);
    }

    /// Gives an account's news to its subscribers.
    pub(super) fn tell(&mut self, address: Address) {
        let Some(account) = self.accounts.get_mut(&address) else { return };
        let news = std::mem::take(&mut account.news);
        if !news.is_empty() {
            self.hub.tell(address, &news, &mut self.faults);
            super::publish::account(self, address);
        }
    }

    fn pay_funding(&mut self) {
        for place in 0..self.markets.len() {
            let Some(market) = self.markets.get_mut(place).filter(|market| !market.asset.is_spot()) else {
                continue;
            };
            let rate = market.pay(self.now);
            let event = Event::FundingRate(FundingRate {
                instrument: market.asset.instrument.id.clone(),
                time: self.now,
                rate: Ratio::new(rate).unwrap_or_default(),
                reference: market.price,
            });
            let concerned: Vec<Address> = self.active.get(place).into_iter().flatten().copied().collect();
            for address in concerned {
                let (Some(market), Some(account)) =
                    (self.markets.get(place), self.accounts.get_mut(&address))
                else {
                    continue;
                };
                let mut out = Out::new();
                account.perp.on_market(&event, self.now, &mut out);
                account.absorb(&mut out, market, &mut self.counters, "canceled");
                self.tell(address);
            }
        }
    }

    fn run_schedules(&mut self) {
        while let Some((_, address)) = self.schedules.first().copied().filter(|(time, _)| *time <= self.now) {
            self.schedules.pop_first();
            let Some(account) = self.accounts.get_mut(&address) else { continue };
            account.schedule = None;
            let open: Vec<u64> = account.open.keys().copied().collect();
            for oid in open {
                self.cancel(address, oid, "scheduledCancel");
            }
        }
    }

    /// Cancels one open order.
    pub(super) fn cancel(&mut self, address: Address, oid: u64, because: &'static str) {
        let Some(asset) =
            self.accounts.get(&address).and_then(|account| account.open.get(&oid)).map(|order| order.asset)
        else {
            return;
        };
        let Some(place) = self.place_of(asset) else { return };
        if let (Some(account), Some(market)) = (self.accounts.get_mut(&address), self.markets.get(place)) {
            account.cancel(oid, because, (market, self.now), &mut self.counters);
        }
        self.settle(address, place);
    }

    /// The account of an address, made if it is new.
    pub(super) fn account(&mut self, address: Address) -> Result<&mut Account, SimServerError> {
        if !self.accounts.contains_key(&address) {
            if self.accounts.len() >= ACCOUNTS {
                return Err(qtp_core::ValueError::range("accounts", address, "at most 100000").into());
            }
            let markets = &self.markets;
            let halted = |id| markets.iter().any(|market| market.asset.id == id && market.halted);
            let account = Account::new(address, markets.iter().map(|market| &market.asset), halted)?;
            self.accounts.insert(address, account);
        }
        self.accounts
            .get_mut(&address)
            .ok_or_else(|| qtp_core::ValueError::range("account", address, "one that was just made").into())
    }

    /// A deposit.
    pub(super) fn fund(&mut self, address: Address, usdc: Decimal, spot: bool) -> Result<(), SimServerError> {
        if usdc.abs() > Decimal::from(DEPOSIT) {
            return Err(qtp_core::ValueError::range("USDC", usdc, "at most 1000000000000").into());
        }
        let now = self.now;
        self.account(address)?.pay_in(usdc, spot, now);
        self.note(address, json!({"type": "deposit", "usdc": super::number::text(usdc)}));
        Ok(())
    }

    /// Writes a line into an account's ledger.
    pub(super) fn note(&mut self, address: Address, delta: Value) {
        self.ledger_number += 1;
        let record = LedgerRecord { time: self.now, number: self.ledger_number, delta };
        if let Some(account) = self.accounts.get_mut(&address) {
            account.keep(record);
        }
        self.tell(address);
    }

    /// Moves a market's price.
    pub(super) fn shift(&mut self, place: usize, to: Price) {
        if let Some(market) = self.markets.get_mut(place) {
            market.shift(to, self.now);
        }
        self.show(place);
        self.hub.market_moved = true;
    }
}

fn tick_nanos() -> i64 {
    i64::try_from(TICK.as_nanos()).unwrap_or(i64::MAX)
}
