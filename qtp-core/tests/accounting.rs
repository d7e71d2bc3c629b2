//! Nothing is created or lost: an independent ledger of cash and coins agrees with the portfolio after any sequence.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use qtp_core::{
    AccountKind, Amount, Currency, Decimal, Fill, FundingPayment, Instrument, InstrumentId, Liquidity,
    MarketState, Notional, Portfolio, Position, Price, Quantity, Side, SortedMap, Timestamp, Trade,
};

const BTC: &str = "BTC-USD@test";
const ETH: &str = "ETH-USD-PERP@test";
const BNB: &str = "BNB-USD@test";

#[derive(Debug, Clone, Copy)]
enum FeeIn {
    Quote,
    Base,
    Third,
}

#[derive(Debug, Clone)]
enum Step {
    Fill {
        perp: bool,
        side: Side,
        price: Price,
        quantity: Quantity,
        fee: Decimal,
        fee_in: FeeIn,
        builder: bool,
    },
    CloseAll {
        perp: bool,
        price: Price,
    },
    Funding(Decimal),
    CashFlow(Decimal, bool),
}

fn decimal(range: std::ops::RangeInclusive<i64>, places: u32) -> impl Strategy<Value = Decimal> {
    range.prop_map(move |number| Decimal::new(number, places))
}

fn price() -> impl Strategy<Value = Price> {
    decimal(1..=10_000_000, 2).prop_map(|value| Price::new(value).unwrap())
}

fn step() -> impl Strategy<Value = Step> {
    let quantity = decimal(1..=10_000_000, 5).prop_map(|value| Quantity::new(value).unwrap());
    let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    let fee_in = prop_oneof![Just(FeeIn::Quote), Just(FeeIn::Base), Just(FeeIn::Third)];
    let fill = (any::<bool>(), side, price(), quantity, decimal(-1_000..=100_000, 6), fee_in, any::<bool>());
    prop_oneof![
        8 => fill.prop_map(|(perp, side, price, quantity, fee, fee_in, builder)| {
            Step::Fill { perp, side, price, quantity, fee, fee_in, builder }
        }),
        1 => (any::<bool>(), price()).prop_map(|(perp, price)| Step::CloseAll { perp, price }),
        1 => decimal(-1_000_000..=1_000_000, 6).prop_map(Step::Funding),
        1 => (decimal(-1_000_000..=1_000_000, 2), any::<bool>()).prop_map(|(value, third)| Step::CashFlow(value, third)),
    ]
}

/// What a clerk would write down: cash per currency, units per instrument.
#[derive(Debug, Default)]
struct Ledger {
    cash: SortedMap<Currency, Decimal>,
    units: BTreeMap<InstrumentId, Decimal>,
    paid_in: SortedMap<Currency, Decimal>,
}

impl Ledger {
    fn pay(&mut self, currency: Currency, value: Decimal) {
        *self.cash.entry(currency).or_default() += value;
    }
}

struct Books {
    portfolio: Portfolio,
    ledger: Ledger,
    market: MarketState,
    instruments: SortedMap<InstrumentId, Instrument>,
}

fn id(text: &str) -> InstrumentId {
    text.parse().unwrap()
}

fn currency(text: &str) -> Currency {
    text.parse().unwrap()
}

impl Books {
    fn new() -> Self {
        let opening = Amount::new(Decimal::from(10_000), Currency::USD);
        let mut market = MarketState::default();
        let mut instruments = SortedMap::new();
        for (name, multiplier) in [(BTC, 1), (ETH, 10), (BNB, 1)] {
            let mut instrument = Instrument::unrestricted(id(name)).unwrap();
            instrument.multiplier = Decimal::new(multiplier, 0);
            market.add(&instrument.id);
            instruments.insert(instrument.id.clone(), instrument);
        }
        market.set_rate_instrument(currency("BNB"), id(BNB));
        let portfolio = Portfolio::new("main".parse().unwrap(), AccountKind::CrossMargin, opening);
        let mut books = Self { portfolio, ledger: Ledger::default(), market, instruments };
        books.ledger.pay(Currency::USD, opening.value);
        books.ledger.paid_in.insert(Currency::USD, opening.value);
        books.print(BNB, "321.5".parse().unwrap());
        books
    }

    fn print(&mut self, instrument: &str, price: Price) {
        let trade = Trade {
            instrument: id(instrument),
            time: Timestamp::EPOCH,
            price,
            quantity: "1".parse().unwrap(),
            taker: None,
        };
        self.market.on_trade(&trade, Timestamp::EPOCH);
    }

    fn fill(&mut self, name: &str, side: Side, price: Price, quantity: Quantity, fees: &[Amount]) {
        let instrument = self.instruments[&id(name)].clone();
        let fill = Fill {
            trade_id: "t".parse().unwrap(),
            client_order_id: None,
            venue_order_id: None,
            account: "main".parse().unwrap(),
            instrument: instrument.id.clone(),
            time: Timestamp::EPOCH,
            side,
            price,
            quantity,
            fee: fees[0],
            builder_fee: fees.get(1).copied(),
            liquidity: Liquidity::Taker,
            external: None,
        };
        let before = self.portfolio.quantity(&instrument.id);
        let change = self.portfolio.apply_fill(&fill, &instrument);
        assert_eq!(change.closed + change.opened, quantity);
        assert!(change.closed <= before.abs());
        let signed = fill.signed_quantity().get();
        self.ledger.pay(instrument.settle, -signed * price.get() * instrument.multiplier);
        *self.ledger.units.entry(instrument.id.clone()).or_default() += signed;
        for fee in fees {
            if fee.currency == instrument.base {
                *self.ledger.units.entry(instrument.id.clone()).or_default() -= fee.value;
            } else {
                self.ledger.pay(fee.currency, -fee.value);
            }
        }
        self.print(name, price);
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Fill { perp, side, price, quantity, fee, fee_in, builder } => {
                let name = if *perp { ETH } else { BTC };
                let code = match fee_in {
                    FeeIn::Base if !perp => "BTC",
                    FeeIn::Third => "BNB",
                    _ => "USD",
                };
                let fee = Amount::new(*fee, currency(code));
                let builder = builder.then(|| Amount::new(Decimal::new(5, 3), Currency::USD));
                let fees: Vec<_> = std::iter::once(fee).chain(builder).collect();
                self.fill(name, *side, *price, *quantity, &fees);
            }
            Step::CloseAll { perp, price } => {
                let name = if *perp { ETH } else { BTC };
                let held = self.portfolio.quantity(&id(name));
                if let Some(side) = Side::of(-held) {
                    self.fill(name, side, *price, held.abs(), &[Amount::zero(Currency::USD)]);
                    let position = self.portfolio.position(&id(name)).unwrap();
                    assert!(position.cost().is_zero() && position.average_entry().is_none());
                }
            }
            Step::Funding(value) => {
                let amount = Amount::new(*value, Currency::USD);
                self.portfolio.apply_funding(&FundingPayment {
                    account: "main".parse().unwrap(),
                    instrument: id(ETH),
                    time: Timestamp::EPOCH,
                    amount,
                });
                self.ledger.pay(Currency::USD, *value);
            }
            Step::CashFlow(value, third) => {
                let currency = if *third { currency("BNB") } else { Currency::USD };
                self.portfolio.apply_cash_flow(Amount::new(*value, currency));
                self.ledger.pay(currency, *value);
                *self.ledger.paid_in.entry(currency).or_default() += *value;
            }
        }
    }

    fn in_usd(&self, totals: &SortedMap<Currency, Decimal>) -> Decimal {
        let rate =
            |c: &Currency| if *c == Currency::USD { Decimal::ONE } else { self.market.rate(*c).unwrap() };
        totals.iter().map(|(currency, value)| *value * rate(currency)).sum()
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let mut equity = self.in_usd(&self.ledger.cash);
        for (instrument, units) in &self.ledger.units {
            prop_assert_eq!(self.portfolio.quantity(instrument).get(), *units);
            let price = self.market.get(instrument).unwrap().reference().unwrap().get();
            equity += *units * price * self.instruments[instrument].multiplier;
        }
        let stated = self.portfolio.equity(&self.market, &self.instruments).unwrap();
        prop_assert_eq!(stated.get(), equity, "cash + position value = equity");

        let pnl = self.portfolio.pnl(&self.market, &self.instruments).unwrap();
        prop_assert_eq!((pnl.total() + self.portfolio.paid_in(&self.market).unwrap()).get(), equity);
        prop_assert_eq!(
            self.portfolio.paid_in(&self.market).unwrap().get(),
            self.in_usd(&self.ledger.paid_in)
        );

        // Price profit from its parts: what was realised, and what is open.
        let realized = self.in_usd(self.portfolio.realized());
        let open: Decimal = self
            .portfolio
            .open_positions()
            .map(|position| {
                position
                    .unrealized(self.market.get(position.instrument()).unwrap().reference().unwrap())
                    .get()
            })
            .sum();
        prop_assert_eq!(pnl.price.get(), realized + open, "realised + open = price profit");
        Ok(())
    }
}

proptest! {
    #[test]
    fn cash_and_position_value_are_equity_after_any_sequence(steps in proptest::collection::vec(step(), 1..60)) {
        let mut books = Books::new();
        for step in &steps {
            books.step(step);
            books.check()?;
        }
        let stored = serde_json::to_string(&books.portfolio).unwrap();
        prop_assert_eq!(serde_json::from_str::<Portfolio>(&stored).unwrap(), books.portfolio);
    }

    /// A restart in between changes no later number: what is computed must not depend on trailing zeros.
    #[test]
    fn accounting_is_the_same_after_a_restart(steps in proptest::collection::vec(step(), 2..40), at in 0_usize..40) {
        let (mut steady, mut restarted) = (Books::new(), Books::new());
        for (index, step) in steps.iter().enumerate() {
            if index == at {
                let stored = serde_json::to_string(&restarted.portfolio).unwrap();
                restarted.portfolio = serde_json::from_str(&stored).unwrap();
            }
            steady.step(step);
            restarted.step(step);
        }
        let text = |books: &Books| serde_json::to_string(&books.portfolio).unwrap();
        prop_assert_eq!(text(&steady), text(&restarted));
    }

    #[test]
    fn realised_and_cost_sum_to_the_cash_that_moved(
        fills in proptest::collection::vec((any::<bool>(), 1_i64..1_000_000_000, 1_i64..100_000_000), 1..80),
    ) {
        let mut position = Position::flat(id(BTC), Decimal::ONE);
        let (mut realized, mut paid) = (Notional::ZERO, Decimal::ZERO);
        for (buy, price, quantity) in fills {
            let price = Price::new(Decimal::new(price, 4)).unwrap();
            let quantity = Quantity::new(Decimal::new(if buy { quantity } else { -quantity }, 8)).unwrap();
            realized += position.apply(quantity, price).realized;
            paid += price.get() * quantity.get();
            prop_assert_eq!((position.cost() - realized).get(), paid);
            let same_sign = position.cost().signum() == position.quantity().signum();
            prop_assert!(same_sign || position.quantity().is_zero());
        }
    }

    #[test]
    fn extreme_fills_never_panic(
        fills in proptest::collection::vec((any::<bool>(), 0_u32..=28, 0_u32..=28, 1_i64..=i64::MAX), 1..20),
        multiplier in prop_oneof![Just(Decimal::ONE), Just(Decimal::new(1, 28)), Just(Decimal::from(1_000_000_000_000_000_i64))],
    ) {
        let mut books = Books::new();
        books.instruments.iter_mut().for_each(|(_, instrument)| instrument.multiplier = multiplier);
        let bound = Decimal::from(100_000_000_000_000_i64);
        for (buy, price_places, quantity_places, mantissa) in fills {
            let price = Price::new(Decimal::new(mantissa, price_places).min(bound)).unwrap();
            let quantity = Quantity::new(Decimal::new(mantissa, quantity_places).min(bound)).unwrap();
            let side = if buy { Side::Buy } else { Side::Sell };
            let fill = Fill {
                trade_id: "t".parse().unwrap(),
                client_order_id: None,
                venue_order_id: None,
                account: "main".parse().unwrap(),
                instrument: id(BTC),
                time: Timestamp::EPOCH,
                side,
                price,
                quantity,
                fee: Amount::new(Decimal::MAX, if buy { currency("BNB") } else { currency("BTC") }),
                builder_fee: Some(Amount::new(Decimal::MIN, Currency::USD)),
                liquidity: Liquidity::Maker,
                external: None,
            };
            let instrument = books.instruments[&id(BTC)].clone();
            books.portfolio.apply_fill(&fill, &instrument);
            books.portfolio.apply_cash_flow(Amount::new(Decimal::MAX, Currency::USD));
            books.print(BTC, price);
            books.print(BNB, price);
            let _ = books.portfolio.equity(&books.market, &books.instruments);
            let _ = books.portfolio.exposure(&books.market, &books.instruments);
            let _ = books.portfolio.pnl(&books.market, &books.instruments).map(|pnl| pnl.total());
            let _ = books.portfolio.position(&id(BTC)).and_then(Position::average_entry);
        }
    }
}

#[test]
fn a_fee_in_the_bought_coin_leaves_the_position() {
    let mut books = Books::new();
    let fee = Amount::new("0.001".parse().unwrap(), currency("BTC"));
    books.fill(BTC, Side::Buy, "50000".parse().unwrap(), "1".parse().unwrap(), &[fee]);
    assert_eq!(books.portfolio.quantity(&id(BTC)).to_string(), "0.999");
    let pnl = books.portfolio.pnl(&books.market, &books.instruments).unwrap();
    assert_eq!((pnl.fees.to_string(), pnl.price.to_string()), ("50".to_owned(), "0".to_owned()));
    assert_eq!(books.portfolio.equity(&books.market, &books.instruments).unwrap().to_string(), "9950");
}

#[test]
fn equity_is_unknown_without_a_rate() {
    let mut books = Books::new();
    books.portfolio.apply_cash_flow(Amount::new(Decimal::ONE, currency("XYZ")));
    assert_eq!(books.portfolio.equity(&books.market, &books.instruments), None);
    assert_eq!(books.portfolio.pnl(&books.market, &books.instruments), None);
}
