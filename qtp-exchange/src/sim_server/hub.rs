//! Who listens to what, and the way to them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::extract::ws::Message;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::sync::mpsc::Sender;

use super::account::News;
use super::faults::{Effect, Faults, Point};
use super::market::Grouping;
use crate::hyperliquid::sign::Address;

/// Number of a connection.
pub(super) type ConnectionId = u64;

/// What can be subscribed to. Markets are named by their place.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Topic {
    AllMids,
    Book(usize, Option<Grouping>),
    Trades(usize),
    Candle(usize, String),
    Bbo(usize),
    Context(usize),
    AssetData(Address, usize),
    OrderUpdates(Address),
    UserFills(Address),
    UserEvents(Address),
    UserFundings(Address),
    Ledger(Address),
    WebData(Address),
    Clearinghouse(Address),
    OpenOrders(Address),
    SpotState(Address),
    /// Known to the real venue, but never spoken on here.
    Silent(String),
}

impl Topic {
    pub(super) const fn user(&self) -> Option<Address> {
        match self {
            Self::AssetData(user, _)
            | Self::OrderUpdates(user)
            | Self::UserFills(user)
            | Self::UserEvents(user)
            | Self::UserFundings(user)
            | Self::Ledger(user)
            | Self::WebData(user)
            | Self::Clearinghouse(user)
            | Self::OpenOrders(user)
            | Self::SpotState(user) => Some(*user),
            _ => None,
        }
    }

    pub(super) const fn place(&self) -> Option<usize> {
        match self {
            Self::Book(place, _)
            | Self::Trades(place)
            | Self::Candle(place, _)
            | Self::Bbo(place)
            | Self::Context(place) => Some(*place),
            _ => None,
        }
    }

    /// Name of the channel that it is spoken on.
    pub(super) const fn channel(&self) -> &'static str {
        match self {
            Self::AllMids => "allMids",
            Self::Book(..) => "l2Book",
            Self::Trades(_) => "trades",
            Self::Candle(..) => "candle",
            Self::Bbo(_) => "bbo",
            Self::Context(_) => "activeAssetCtx",
            Self::AssetData(..) => "activeAssetData",
            Self::OrderUpdates(_) => "orderUpdates",
            Self::UserFills(_) => "userFills",
            Self::UserEvents(_) => "user",
            Self::UserFundings(_) => "userFundings",
            Self::Ledger(_) => "userNonFundingLedgerUpdates",
            Self::WebData(_) => "webData2",
            Self::Clearinghouse(_) => "clearinghouseState",
            Self::OpenOrders(_) => "openOrders",
            Self::SpotState(_) => "spotState",
            Self::Silent(_) => "notification",
        }
    }
}

/// One connection.
#[derive(Debug)]
struct Line {
    sender: Sender<Message>,
    topics: Vec<(Topic, Value)>,
    /// A message that a fault holds back until the next one has left.
    held: Option<Message>,
    silent: bool,
    /// Rung when the line is cut from this side.
    notice: Arc<Notify>,
}

/// All connections and subscriptions.
#[derive(Debug, Default)]
pub(super) struct Hub {
    /// Ticks came since the markets were last spoken of.
    pub market_moved: bool,
    lines: BTreeMap<ConnectionId, Line>,
    listeners: HashMap<Topic, Vec<ConnectionId>>,
    last: ConnectionId,
}

impl Hub {
    pub(super) fn connect(&mut self, sender: Sender<Message>) -> ConnectionId {
        self.last += 1;
        self.lines.insert(
            self.last,
            Line { sender, topics: Vec::new(), held: None, silent: false, notice: Arc::default() },
        );
        self.last
    }

    /// Forgets a connection; gives the users whose topics it had.
    pub(super) fn disconnect(&mut self, id: ConnectionId) -> Vec<Address> {
        let Some(line) = self.lines.remove(&id) else { return Vec::new() };
        let mut users: Vec<Address> = line.topics.iter().filter_map(|(topic, _)| topic.user()).collect();
        for (topic, _) in line.topics {
            self.forget(&topic, id);
        }
        users.sort_unstable();
        users.dedup();
        users
    }

    fn forget(&mut self, topic: &Topic, id: ConnectionId) {
        if let Some(listeners) = self.listeners.get_mut(topic) {
            listeners.retain(|listener| *listener != id);
            if listeners.is_empty() {
                self.listeners.remove(topic);
            }
        }
    }

    pub(super) fn notice_of(&self, id: ConnectionId) -> Option<Arc<Notify>> {
        self.lines.get(&id).map(|line| Arc::clone(&line.notice))
    }

    pub(super) fn connections(&self) -> usize {
        self.lines.len()
    }

    /// Number of a connection's topics, and of the users in them.
    pub(super) fn load_of(&self, id: ConnectionId) -> (usize, Vec<Address>) {
        let topics = self.lines.get(&id).map(|line| line.topics.as_slice()).unwrap_or_default();
        let mut users: Vec<Address> = topics.iter().filter_map(|(topic, _)| topic.user()).collect();
        users.sort_unstable();
        users.dedup();
        (topics.len(), users)
    }

    /// False if the connection has the topic already.
    pub(super) fn subscribe(&mut self, id: ConnectionId, topic: &Topic, words: Value) -> bool {
        let Some(line) = self.lines.get_mut(&id) else { return false };
        if line.topics.iter().any(|(own, _)| own == topic) {
            return false;
        }
        line.topics.push((topic.clone(), words));
        self.listeners.entry(topic.clone()).or_default().push(id);
        true
    }

    /// False if the connection does not have the topic.
    pub(super) fn unsubscribe(&mut self, id: ConnectionId, topic: &Topic) -> bool {
        let Some(line) = self.lines.get_mut(&id) else { return false };
        let before = line.topics.len();
        line.topics.retain(|(own, _)| own != topic);
        let had = line.topics.len() < before;
        self.forget(topic, id);
        had
    }

    /// Topics that somebody listens to, in a fixed order.
    pub(super) fn topics(&self) -> Vec<Topic> {
        let mut topics: Vec<Topic> = self.listeners.keys().cloned().collect();
        topics.sort_unstable();
        topics
    }

    /// Says something on a topic.
    pub(super) fn say(&mut self, topic: &Topic, data: &Value, coin: &str, faults: &mut Faults) {
        let Some(listeners) = self.listeners.get(topic).cloned() else { return };
        let message = Self::message(topic, data);
        let channel = topic.channel();
        let user = topic.user();
        for id in listeners {
            let effect = faults.meets(&Point::Message { channel, coin, user });
            self.send(id, &message, effect);
        }
    }

    /// A message on a topic's channel. Spot pairs have a channel of their own.
    pub(super) fn message(topic: &Topic, data: &Value) -> Message {
        let channel = match data.get("ctx").and_then(|ctx| ctx.get("circulatingSupply")) {
            Some(_) => "activeSpotAssetCtx",
            None => topic.channel(),
        };
        Message::Text(json!({"channel": channel, "data": data}).to_string().into())
    }

    pub(super) fn is_heard(&self, topic: &Topic) -> bool {
        self.listeners.contains_key(topic)
    }

    /// Sends to one connection, through a fault.
    pub(super) fn send(&mut self, id: ConnectionId, message: &Message, effect: Option<Effect>) {
        let Some(line) = self.lines.get_mut(&id).filter(|line| !line.silent) else { return };
        let mut messages = vec![message.clone()];
        match effect {
            None => messages.extend(line.held.take()),
            Some(Effect::Gap | Effect::DropReply | Effect::DropRequest) => return,
            Some(Effect::Duplicate) => messages.push(message.clone()),
            Some(Effect::Reorder) => match line.held.take() {
                // Two in a row change places; nothing is lost.
                Some(held) => messages.push(held),
                None => {
                    line.held = Some(message.clone());
                    return;
                }
            },
            Some(Effect::HalfOpen) => {
                line.silent = true;
                return;
            }
            Some(Effect::Truncate) => {
                if let Message::Text(text) = message {
                    let cut: String = text.chars().take(text.len() / 2).collect();
                    messages = vec![Message::Text(cut.into())];
                }
            }
            Some(Effect::Delay(time) | Effect::Late(time)) => {
                let (sender, message) = (line.sender.clone(), message.clone());
                drop(tokio::spawn(async move {
                    tokio::time::sleep(time).await;
                    drop(sender.try_send(message));
                }));
                return;
            }
            Some(Effect::Disconnect | Effect::Status(_)) => {
                self.cut(id);
                return;
            }
        }
        // Whoever does not read is cut off: what he missed he could not know.
        if messages.into_iter().any(|message| line.sender.try_send(message).is_err()) {
            self.cut(id);
        }
    }

    /// True if a fault keeps a connection from hearing anything.
    pub(super) fn is_silent(&self, id: ConnectionId) -> bool {
        self.lines.get(&id).is_some_and(|line| line.silent)
    }

    /// Ends a connection: its task hears the notice and takes its leave.
    pub(super) fn cut(&mut self, id: ConnectionId) {
        if let Some(line) = self.lines.get(&id) {
            line.notice.notify_one();
        }
    }

    /// Ends all connections that have a topic of a user, or all.
    pub(super) fn cut_all(&mut self, user: Option<Address>) -> usize {
        let of = |line: &Line| user.is_none() || line.topics.iter().any(|(topic, _)| topic.user() == user);
        let ids: Vec<ConnectionId> =
            self.lines.iter().filter(|(_, line)| of(line)).map(|(id, _)| *id).collect();
        ids.iter().for_each(|id| self.cut(*id));
        ids.len()
    }

    /// Tells an account's subscribers what happened to it.
    pub(super) fn tell(&mut self, user: Address, news: &[News], faults: &mut Faults) {
        let mut orders = Vec::new();
        let (mut fills, mut payments, mut ledger) = (Vec::new(), Vec::new(), Vec::new());
        for item in news {
            match item {
                News::Order(order) => orders.push(order.clone()),
                News::Fill(fill) => fills.push(fill.json()),
                News::Payment(payment) => payments.push(payment.flat()),
                News::Ledger(record) => ledger.push(record.json()),
                News::NonUserCancel(coin, oid) => {
                    let data = json!({"nonUserCancel": [{"coin": coin, "oid": oid}]});
                    self.say(&Topic::UserEvents(user), &data, coin, faults);
                }
                News::Liquidation(value, left) => {
                    let number = super::number::mix(fills.len() as u64) >> 14;
                    let data = json!({"liquidation": {"lid": number, "liquidator": format!("0x{:040x}", 0),
                        "liquidated_user": user, "liquidated_ntl_pos": super::number::usd(*value),
                        "liquidated_account_value": super::number::usd(*left)}});
                    self.say(&Topic::UserEvents(user), &data, "", faults);
                }
            }
        }
        let coin = |list: &[Value]| {
            list.first()
                .and_then(|first| first.get("coin"))
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        if !orders.is_empty() {
            self.say(&Topic::OrderUpdates(user), &json!(orders), "", faults);
        }
        if !fills.is_empty() {
            let name = coin(&fills);
            self.say(&Topic::UserEvents(user), &json!({"fills": fills}), &name, faults);
            self.say(&Topic::UserFills(user), &json!({"user": user, "fills": fills}), &name, faults);
        }
        if !payments.is_empty() {
            let name = coin(&payments);
            for payment in &payments {
                self.say(&Topic::UserEvents(user), &json!({"funding": payment}), &name, faults);
            }
            self.say(&Topic::UserFundings(user), &json!({"user": user, "fundings": payments}), &name, faults);
        }
        if !ledger.is_empty() {
            let data = json!({"user": user, "nonFundingLedgerUpdates": ledger});
            self.say(&Topic::Ledger(user), &data, "", faults);
        }
    }
}
