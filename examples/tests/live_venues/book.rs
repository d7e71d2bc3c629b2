//! What a venue of a few lines knows: one account, one instrument, one price.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use qtp_core::Decimal;
use qtp_core::port::{Clock as _, SystemClock};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

/// The second half of an entry fills so much later.
const SECOND_HALF: Duration = Duration::from_millis(300);

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    Part,
    Filled,
    Canceled,
}

#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) number: u64,
    pub(crate) id: String,
    pub(crate) buy: bool,
    pub(crate) quantity: Decimal,
    pub(crate) filled: Decimal,
    /// It waits for this price.
    pub(crate) stop: Option<Decimal>,
    pub(crate) state: State,
}

#[derive(Debug, Clone)]
pub(crate) struct Execution {
    pub(crate) number: u64,
    pub(crate) order: Order,
    pub(crate) quantity: Decimal,
    pub(crate) price: Decimal,
    pub(crate) fee: Decimal,
    pub(crate) millis: i64,
}

/// How a venue tells of an order, and of an execution of it.
pub(crate) type Tell = fn(&Order, Option<&Execution>) -> Vec<Value>;

/// How accounts work at a venue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) price: Decimal,
    /// An order that would sell holds what it would sell.
    pub(crate) locks: bool,
    /// Share of a purchase that is taken from what was bought.
    pub(crate) fee_in_base: Decimal,
    pub(crate) tell: Tell,
}

#[derive(Debug)]
struct Account {
    orders: Vec<Order>,
    executions: Vec<Execution>,
    held: Decimal,
    cash: Decimal,
    refused: Vec<String>,
}

/// The venue's side of an account. A clone is the same account.
#[derive(Clone)]
pub(crate) struct Book {
    rules: Rules,
    account: Arc<Mutex<Account>>,
    stream: UnboundedSender<Value>,
}

pub(crate) fn millis() -> i64 {
    SystemClock.now().as_millis()
}

impl Book {
    pub(crate) fn new(rules: Rules, stream: UnboundedSender<Value>) -> Self {
        let (orders, executions, refused) = (Vec::new(), Vec::new(), Vec::new());
        let account = Account { orders, executions, held: Decimal::ZERO, cash: 10_000.into(), refused };
        Self { rules, account: Arc::new(Mutex::new(account)), stream }
    }

    /// Takes an order; `None` if the account has not got what it would sell. A purchase at the market fills in two halves, a
    /// sale whole.
    pub(crate) fn place(
        &self,
        id: &str,
        buy: bool,
        quantity: Decimal,
        stop: Option<Decimal>,
    ) -> Option<Order> {
        let mut account = self.account.lock().unwrap();
        let locks = |order: &&Order| self.rules.locks && !order.buy && order.state == State::Open;
        let locked: Decimal = account.orders.iter().filter(locks).map(|order| order.quantity).sum();
        if !buy && account.held - locked < quantity {
            let words = format!("{id} sells {quantity} of {} less {locked}", account.held);
            account.refused.push(words);
            return None;
        }
        let number = 100 + account.orders.len() as u64;
        let (id, filled, state) = (id.to_owned(), Decimal::ZERO, State::Open);
        let order = Order { number, id, buy, quantity, filled, stop, state };
        account.orders.push(order.clone());
        self.say(&order, None);
        if stop.is_none() {
            let first = if buy { quantity / Decimal::TWO } else { quantity };
            self.fill(&mut account, number, first);
        }
        if stop.is_none() && buy {
            let later = self.clone();
            drop(tokio::spawn(async move {
                tokio::time::sleep(SECOND_HALF).await;
                later.fill(&mut later.account.lock().unwrap(), number, quantity / Decimal::TWO);
            }));
        }
        Some(order)
    }

    /// The price reaches the stop that waits.
    pub(crate) fn reach_the_stop(&self) {
        let mut account = self.account.lock().unwrap();
        let stop =
            account.orders.iter().find(|order| order.stop.is_some() && order.state == State::Open).unwrap();
        let (number, quantity) = (stop.number, stop.quantity);
        self.fill(&mut account, number, quantity);
    }

    fn fill(&self, account: &mut Account, number: u64, quantity: Decimal) {
        let price = self.rules.price;
        let order = account.orders.iter_mut().find(|order| order.number == number).unwrap();
        order.filled += quantity;
        order.state = if order.filled == order.quantity { State::Filled } else { State::Part };
        let order = order.clone();
        let fee = if order.buy { quantity * self.rules.fee_in_base } else { Decimal::ZERO };
        let signed = if order.buy { quantity } else { -quantity };
        account.held += signed - fee;
        account.cash -= signed * price;
        let number = 1_000 + account.executions.len() as u64;
        let execution = Execution { number, order: order.clone(), quantity, price, fee, millis: millis() };
        account.executions.push(execution.clone());
        self.say(&order, Some(&execution));
    }

    /// Cancels by either name; `None` if there is nothing to cancel.
    pub(crate) fn cancel(&self, name: &str) -> Option<Order> {
        let mut account = self.account.lock().unwrap();
        let order = account.orders.iter_mut().find(|order| order.is(name) && order.state == State::Open)?;
        order.state = State::Canceled;
        let order = order.clone();
        self.say(&order, None);
        Some(order)
    }

    /// By either name.
    pub(crate) fn order(&self, name: &str) -> Option<Order> {
        self.account.lock().unwrap().orders.iter().find(|order| order.is(name)).cloned()
    }

    pub(crate) fn open(&self) -> Vec<Order> {
        let mut orders = self.account.lock().unwrap().orders.clone();
        orders.retain(|order| matches!(order.state, State::Open | State::Part));
        orders
    }

    pub(crate) fn executions(&self) -> Vec<Execution> {
        self.account.lock().unwrap().executions.clone()
    }

    /// What is held, and the cash.
    pub(crate) fn balances(&self) -> (Decimal, Decimal) {
        let account = self.account.lock().unwrap();
        (account.held, account.cash)
    }

    /// Orders that it had to refuse.
    pub(crate) fn refused(&self) -> Vec<String> {
        self.account.lock().unwrap().refused.clone()
    }

    fn say(&self, order: &Order, execution: Option<&Execution>) {
        for message in (self.rules.tell)(order, execution) {
            // Nobody may listen any more.
            let _ = self.stream.send(message);
        }
    }
}

impl Order {
    fn is(&self, name: &str) -> bool {
        self.id == name || self.number.to_string() == name
    }
}
