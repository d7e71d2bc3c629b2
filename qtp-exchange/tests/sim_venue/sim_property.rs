//! Arbitrary orders against an arbitrary market.

use std::collections::BTreeMap;

use proptest::prelude::*;
use qtp_core::{
    AccountKind, Candle, CandleParts, ClientOrderId, Currency, Decimal, Event, Fill, OrderGroup, OrderKind,
    OrderRequest, OrderSizing, OrderStatus, Price, PriceRule, Quantity, Ratio, Side, SizeRule, TimeInForce,
    Timeframe, TrailingOffset, TriggerSource,
};
use qtp_exchange::sim::{ChildrenRule, Delay, FeeModel, Latency, LimitFill, SimVenueConfig, Slippage};

use crate::rig::{Rig, quantity, ratio};

/// One step of a run, in half units of price and tenths of size.
#[derive(Debug, Clone)]
enum Step {
    Order { buy: bool, size: u32, kind: u8, offset: i32, reduce_only: bool, force: u8 },
    Bracket { buy: bool, size: u32, offset: i32, width: u32 },
    Share { buy: bool, percent: u32 },
    Cancel(u8),
    Candle { gap: i32, up: u32, down: u32, close: u32, volume: u32 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let order = (any::<bool>(), 1..60_u32, 0..7_u8, -20..20_i32, any::<bool>(), 0..4_u8).prop_map(
        |(buy, size, kind, offset, reduce_only, force)| Step::Order {
            buy,
            size,
            kind,
            offset,
            reduce_only,
            force,
        },
    );
    let bracket = (any::<bool>(), 1..60_u32, -20..20_i32, 1..20_u32)
        .prop_map(|(buy, size, offset, width)| Step::Bracket { buy, size, offset, width });
    let share = (any::<bool>(), 1..150_u32).prop_map(|(buy, percent)| Step::Share { buy, percent });
    let candle = (-15..15_i32, 0..20_u32, 0..20_u32, 0..=100_u32, prop_oneof![Just(0), 1..500_u32])
        .prop_map(|(gap, up, down, close, volume)| Step::Candle { gap, up, down, close, volume });
    let step = prop_oneof![4 => order, 1 => bracket, 1 => share, 1 => (0..20_u8).prop_map(Step::Cancel), 5 => candle];
    prop::collection::vec(step, 1..60)
}

fn configs() -> impl Strategy<Value = (SimVenueConfig, AccountKind)> {
    let kinds = prop_oneof![
        Just(AccountKind::Unconstrained),
        Just(AccountKind::Spot),
        Just(AccountKind::CrossMargin),
        Just(AccountKind::IsolatedMargin)
    ];
    let slippage = prop_oneof![
        Just(Slippage::None),
        Just(Slippage::Fixed(ratio("0.003"))),
        Just(Slippage::VolumeShare { impact: ratio("0.1") })
    ];
    let flags = (any::<[bool; 5]>(), 1..6_u32);
    (kinds, slippage, flags).prop_map(
        |(kind, slippage, ([through, share, normal, funds, late], leverage))| {
            let config = SimVenueConfig {
                fees: FeeModel { maker: ratio("-0.0001"), taker: ratio("0.0005"), ..FeeModel::default() },
                slippage,
                limit_fill: if through { LimitFill::Through } else { LimitFill::Touched },
                volume_share: share.then(|| ratio("0.25")),
                children: if normal { ChildrenRule::NormalTpsl } else { ChildrenRule::PositionTpsl },
                require_funds: funds,
                leverage: Ratio::new(leverage.into()).unwrap(),
                latency: Latency {
                    order: if late {
                        Delay::Uniform { min_micros: 1, max_micros: 4_000_000_000 }
                    } else {
                        Delay::None
                    },
                    data: Delay::None,
                },
                ..SimVenueConfig::default()
            };
            (config, kind)
        },
    )
}

/// What a run is checked against.
struct Run {
    rig: Rig,
    last: i64,
    requests: BTreeMap<ClientOrderId, (OrderRequest, bool)>,
    filled: BTreeMap<ClientOrderId, Quantity>,
    position: Quantity,
    cash: Decimal,
    cost: Decimal,
}

impl Run {
    fn new(config: SimVenueConfig, kind: AccountKind) -> Self {
        let id = if kind == AccountKind::Spot { "BTC-USD@sim" } else { "BTC-USD-PERP@sim" };
        let rig = Rig::with(config, kind, id, |instrument| {
            instrument.price_rule = PriceRule::Tick("0.5".parse().unwrap());
            instrument.size_rule = SizeRule::Lot(quantity("0.1"));
        });
        let cash = Decimal::from(10_000);
        let (requests, filled) = (BTreeMap::new(), BTreeMap::new());
        Self { rig, last: 200, requests, filled, position: Quantity::ZERO, cash, cost: Decimal::ZERO }
    }

    fn price(&self, halves: i32) -> Price {
        let halves = (self.last + i64::from(halves)).max(1);
        Price::new(Decimal::from(halves) / Decimal::TWO).unwrap()
    }

    fn remember(&mut self, order: &OrderRequest, child: bool) {
        self.requests.insert(order.client_order_id, (order.clone(), child));
    }

    fn step(&mut self, step: &Step) {
        let side = |buy: bool| if buy { Side::Buy } else { Side::Sell };
        let tenths = |size: u32| Decimal::new(i64::from(size), 1).to_string();
        let before = self.rig.out.len();
        match *step {
            Step::Order { buy, size, kind, offset, reduce_only, force } => {
                let kind = self.kind(kind, offset);
                let mut order = self.rig.request(side(buy), &tenths(size), kind);
                order.reduce_only = reduce_only;
                order.time_in_force =
                    [TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok, self.soon()][usize::from(force)];
                self.remember(&order, false);
                self.rig.send(order);
                self.expect_no_fill(before);
            }
            Step::Bracket { buy, size, offset, width } => {
                let width = i32::try_from(width).unwrap();
                let (down, up) = if buy { (-width, width) } else { (width, -width) };
                let at = |price| OrderKind::Limit { price };
                let trigger = |price| qtp_core::Trigger { price, source: TriggerSource::Last };
                let (entry, size) = (at(self.price(offset)), tenths(size));
                let entry = self.rig.request(side(buy), &size, entry);
                let stop = OrderKind::StopMarket { trigger: trigger(self.price(offset + down)) };
                let stop = self.rig.request(side(!buy), &size, stop);
                let target = at(self.price(offset + up));
                let target = self.rig.request(side(!buy), &size, target);
                self.remember(&entry, false);
                self.remember(&stop, true);
                self.remember(&target, true);
                self.rig.send_group(OrderGroup::Bracket {
                    entry,
                    stop: Some(Box::new(stop)),
                    target: Some(Box::new(target)),
                });
                self.expect_no_fill(before);
            }
            Step::Share { buy, percent } => {
                let mut order = self.rig.request(side(buy), "1", OrderKind::Market);
                let share = Ratio::new(Decimal::new(i64::from(percent), 2)).unwrap();
                order.sizing = OrderSizing::EquityShare { share, whole_units: percent % 2 == 0 };
                self.remember(&order, false);
                self.rig.send(order);
                self.expect_no_fill(before);
            }
            Step::Cancel(nth) => {
                if let Some(id) = self.requests.keys().rev().nth(usize::from(nth)).copied() {
                    self.rig.cancel(id);
                }
                self.expect_no_fill(before);
            }
            Step::Candle { gap, up, down, close, volume } => self.candle(gap, up, down, close, volume),
        }
    }

    fn kind(&self, kind: u8, offset: i32) -> OrderKind {
        let price = self.price(offset);
        let trigger = qtp_core::Trigger { price, source: TriggerSource::Last };
        match kind {
            0 => OrderKind::Market,
            1 => OrderKind::StopMarket { trigger },
            2 => OrderKind::StopLimit { trigger, price: self.price(offset - 1) },
            3 => OrderKind::TakeProfitMarket { trigger },
            4 => OrderKind::TakeProfitLimit { trigger, price: self.price(offset + 1) },
            5 => OrderKind::TrailingStop {
                offset: TrailingOffset::Ratio(ratio("0.05")),
                source: TriggerSource::Mark,
            },
            _ => OrderKind::Limit { price },
        }
    }

    fn soon(&self) -> TimeInForce {
        TimeInForce::Gtd(self.rig.now() + std::time::Duration::from_secs(5_000))
    }

    fn expect_no_fill(&self, before: usize) {
        let filled = self.rig.out[before..].iter().any(|(_, event)| matches!(event, Event::Fill(_)));
        assert!(!filled, "an order filled on the event that brought it");
    }

    fn candle(&mut self, gap: i32, up: u32, down: u32, close: u32, volume: u32) {
        let open = (self.last + i64::from(gap)).max(1);
        let (high, low) = (open + i64::from(up), (open - i64::from(down)).max(1));
        let close = low + (high - low) * i64::from(close) / 100;
        let price = |halves: i64| Price::new(Decimal::from(halves) / Decimal::TWO).unwrap();
        let candle = Candle::new(CandleParts {
            instrument: self.rig.instrument.id.clone(),
            timeframe: Timeframe::H1,
            open_time: self.rig.now(),
            open: price(open),
            high: price(high),
            low: price(low),
            close: price(close),
            volume: Quantity::new(volume.into()).unwrap(),
        })
        .unwrap();
        let before = self.rig.out.len();
        self.rig.venue.open_candle(&candle, &mut self.rig.out);
        self.rig.close(&candle);
        self.last = close;
        let events: Vec<Event> = self.rig.out[before..].iter().map(|(_, event)| event.clone()).collect();
        for event in &events {
            if let Event::Fill(fill) = event {
                assert!(volume > 0, "a candle without volume filled something");
                self.check_fill(fill);
            }
        }
        self.check_account(price(close));
    }

    fn check_fill(&mut self, fill: &Fill) {
        assert!(fill.quantity.signum() > 0);
        assert!(self.rig.instrument.size_rule.allows(fill.quantity), "{fill:?}");
        if fill.external.is_none() {
            assert!(self.rig.instrument.price_rule.allows(fill.price), "{fill:?}");
        }
        let before = self.position;
        self.position += fill.signed_quantity();
        let value = fill.price.notional(fill.signed_quantity()).get();
        self.cash -= value + fill.fee.value;
        self.cost += value;
        let Some(id) = fill.client_order_id else {
            return assert!(self.position.is_zero(), "a liquidation closes the whole position");
        };
        let (request, child) = &self.requests[&id];
        if let Some(limit) = request.kind.limit() {
            let fine = if request.side == Side::Buy { fill.price <= limit } else { fill.price >= limit };
            assert!(fine, "worse than the limit: {fill:?} {request:?}");
        }
        if request.reduce_only || *child {
            let reduced = self.position.abs() < before.abs() && self.position.signum() * before.signum() >= 0;
            assert!(reduced, "reduce-only enlarged or flipped {before} to {}", self.position);
        }
        *self.filled.entry(id).or_default() += fill.quantity;
        let report = self.rig.venue.order(&id).unwrap();
        assert!(self.filled[&id] <= report.quantity);
    }

    fn check_account(&self, close: Price) {
        let portfolio = self.rig.venue.portfolio();
        let id = &self.rig.instrument.id;
        assert_eq!(portfolio.quantity(id), self.position);
        // Balance plus open profit is cash plus position value: up to the rounding of a division.
        let unrealized =
            portfolio.position(id).map_or(Decimal::ZERO, |position| position.unrealized(close).get());
        let equity = portfolio.balance(Currency::USD) + unrealized;
        let expected = self.cash + close.notional(self.position).get();
        assert!((equity - expected).abs() < Decimal::new(1, 15), "{equity} is not {expected}");
        for (order, filled) in &self.filled {
            let report = self.rig.venue.order(order).unwrap();
            assert_eq!(report.filled, *filled);
            assert_eq!(report.status == OrderStatus::Filled, report.filled == report.quantity);
        }
        if portfolio.kind() == AccountKind::Spot {
            assert!(self.position.signum() >= 0, "a spot account is short");
        }
        for report in self.rig.venue.open_orders() {
            assert!(report.filled < report.quantity);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_created_or_lost((config, kind) in configs(), steps in steps()) {
        let mut run = Run::new(config, kind);
        for step in &steps {
            run.step(step);
        }
    }

    #[test]
    fn the_same_calls_give_the_same_events((config, kind) in configs(), steps in steps(), cut in 0..60_usize) {
        let mut one = Run::new(config.clone(), kind);
        let mut other = Run::new(config, kind);
        for (place, step) in steps.iter().enumerate() {
            if place == cut {
                let saved = serde_json::to_string(&other.rig.venue).unwrap();
                other.rig.venue = serde_json::from_str(&saved).unwrap();
            }
            one.step(step);
            other.step(step);
        }
        prop_assert_eq!(one.rig.out, other.rig.out);
    }

    #[test]
    fn a_stop_beats_a_target(width in 1..20_i64, past in 0..10_i64, long in any::<bool>()) {
        let price = |halves: i64| Decimal::from(halves) / Decimal::TWO;
        let mut rig = Rig::new(SimVenueConfig::default());
        let (side, exit) = if long { (Side::Buy, Side::Sell) } else { (Side::Sell, Side::Buy) };
        rig.market(side, "1");
        rig.candle(["100", "100", "100", "100"]);
        let (low, high) = (price(200 - width).to_string(), price(200 + width).to_string());
        let (stop, target) = if long { (&low, &high) } else { (&high, &low) };
        rig.target(exit, "1", target);
        let stop_id = rig.stop(exit, "1", stop);
        let (far_low, far_high) = (price(200 - width - past).to_string(), price(200 + width + past).to_string());
        rig.candle(["100", &far_high, &far_low, "100"]);
        prop_assert_eq!(rig.fills().len(), 2);
        prop_assert_eq!(rig.fills()[1].client_order_id, Some(stop_id));
        prop_assert_eq!(rig.fills()[1].price.to_string(), stop.parse::<Price>().unwrap().to_string());
    }
}
