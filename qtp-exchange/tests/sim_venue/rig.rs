//! A venue with one instrument and hourly candles.

use qtp_core::{
    AccountKind, Amount, CancelRequest, Candle, CandleParts, ClientOrderId, Currency, Decimal, Event, Fill,
    Instrument, OrderGroup, OrderKind, OrderReport, OrderRequest, OrderRole, OrderSizing, OrderStatus,
    Portfolio, Price, Quantity, RunId, Side, TimeInForce, Timeframe, Timestamp, Trigger, TriggerSource,
};
use qtp_exchange::sim::{SimVenue, SimVenueConfig};

pub(crate) use qtp_core::Side::{Buy, Sell};

pub(crate) const HOUR: i64 = 3600;

pub(crate) fn price(text: &str) -> Price {
    text.parse().unwrap()
}

pub(crate) fn quantity(text: &str) -> Quantity {
    text.parse().unwrap()
}

pub(crate) fn number(text: &str) -> Decimal {
    Decimal::from_str_exact(text).unwrap()
}

pub(crate) fn ratio(text: &str) -> qtp_core::Ratio {
    text.parse().unwrap()
}

pub(crate) struct Rig {
    pub(crate) venue: SimVenue,
    pub(crate) out: Vec<(Timestamp, Event)>,
    pub(crate) instrument: Instrument,
    /// Hours since the start.
    pub(crate) hour: i64,
    next: u64,
}

impl Rig {
    pub(crate) fn new(config: SimVenueConfig) -> Self {
        Self::with(config, AccountKind::Unconstrained, "BTC-USD-PERP@sim", |_| {})
    }

    pub(crate) fn of(kind: AccountKind, config: SimVenueConfig) -> Self {
        let id = if kind == AccountKind::Spot { "BTC-USD@sim" } else { "BTC-USD-PERP@sim" };
        Self::with(config, kind, id, |_| {})
    }

    pub(crate) fn with(
        config: SimVenueConfig,
        kind: AccountKind,
        id: &str,
        change: impl FnOnce(&mut Instrument),
    ) -> Self {
        let mut instrument = Instrument::unrestricted(id.parse().unwrap()).unwrap();
        change(&mut instrument);
        let cash = Amount::new(Decimal::from(10_000), Currency::USD);
        let portfolio = Portfolio::new("main".parse().unwrap(), kind, cash);
        let venue = SimVenue::new(config, portfolio, vec![instrument.clone()]).unwrap();
        Self { venue, out: Vec::new(), instrument, hour: 0, next: 0 }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.hour * HOUR)
    }

    pub(crate) fn request(&mut self, side: Side, size: &str, kind: OrderKind) -> OrderRequest {
        self.next += 1;
        OrderRequest {
            client_order_id: ClientOrderId::new(RunId(1), 0, self.next),
            account: "main".parse().unwrap(),
            instrument: self.instrument.id.clone(),
            side,
            quantity: quantity(size),
            kind,
            time_in_force: TimeInForce::Gtc,
            post_only: false,
            reduce_only: false,
            sizing: OrderSizing::Fixed,
            role: OrderRole::Entry,
            valid_until: None,
            protective_stop: None,
            decision_price: None,
        }
    }

    pub(crate) fn send(&mut self, order: OrderRequest) -> ClientOrderId {
        let id = order.client_order_id;
        self.send_group(OrderGroup::Single(order));
        id
    }

    pub(crate) fn send_group(&mut self, group: OrderGroup) {
        let now = self.now();
        self.venue.submit(&group, now, &mut self.out);
    }

    pub(crate) fn market(&mut self, side: Side, size: &str) -> ClientOrderId {
        let order = self.request(side, size, OrderKind::Market);
        self.send(order)
    }

    pub(crate) fn limit(&mut self, side: Side, size: &str, at: &str) -> ClientOrderId {
        let order = self.request(side, size, OrderKind::Limit { price: price(at) });
        self.send(order)
    }

    pub(crate) fn stop(&mut self, side: Side, size: &str, at: &str) -> ClientOrderId {
        let mut order = self.request(side, size, stop_at(at));
        order.reduce_only = true;
        self.send(order)
    }

    pub(crate) fn target(&mut self, side: Side, size: &str, at: &str) -> ClientOrderId {
        let mut order = self.request(side, size, OrderKind::Limit { price: price(at) });
        order.reduce_only = true;
        self.send(order)
    }

    pub(crate) fn cancel(&mut self, id: ClientOrderId) {
        let now = self.now();
        let (account, instrument) = ("main".parse().unwrap(), self.instrument.id.clone());
        self.venue.cancel(&CancelRequest { client_order_id: id, account, instrument }, now, &mut self.out);
    }

    pub(crate) fn bar(&self, ohlc: [&str; 4], volume: &str) -> Candle {
        let [open, high, low, close] = ohlc.map(price);
        Candle::new(CandleParts {
            instrument: self.instrument.id.clone(),
            timeframe: Timeframe::H1,
            open_time: self.now(),
            open,
            high,
            low,
            close,
            volume: quantity(volume),
        })
        .unwrap()
    }

    /// Opens a candle; `close` must follow.
    pub(crate) fn open(&mut self, ohlc: [&str; 4], volume: &str) -> Candle {
        let candle = self.bar(ohlc, volume);
        self.venue.open_candle(&candle, &mut self.out);
        candle
    }

    /// Closes a candle; the clock goes to its close before the range is worked, as in a driver.
    pub(crate) fn close(&mut self, candle: &Candle) {
        self.hour += 1;
        self.work(candle);
    }

    /// Works the range until it is quiet.
    pub(crate) fn work(&mut self, candle: &Candle) {
        for _ in 0..1_000 {
            let before = self.out.len();
            self.venue.close_candle(candle, &mut self.out);
            if self.out.len() == before {
                return;
            }
        }
        panic!("close_candle never gets quiet");
    }

    pub(crate) fn candle(&mut self, ohlc: [&str; 4]) {
        let candle = self.open(ohlc, "1000");
        self.close(&candle);
    }

    pub(crate) fn fills(&self) -> Vec<&Fill> {
        self.out
            .iter()
            .filter_map(|(_, event)| if let Event::Fill(fill) = event { Some(fill) } else { None })
            .collect()
    }

    /// Side, size and price of every fill, in one line each.
    pub(crate) fn tape(&self) -> Vec<String> {
        let line = |fill: &&Fill| format!("{} {} @ {}", fill.side.as_str(), fill.quantity, fill.price);
        self.fills().iter().map(line).collect()
    }

    pub(crate) fn reports(&self, id: ClientOrderId) -> Vec<&OrderReport> {
        let of = |event| match event {
            &(_, Event::OrderReport(ref report)) if report.client_order_id == Some(id) => Some(report),
            _ => None,
        };
        self.out.iter().filter_map(of).collect()
    }

    /// Status and code of the last report of an order.
    pub(crate) fn last(&self, id: ClientOrderId) -> (OrderStatus, String) {
        let report = self
            .venue
            .order(&id)
            .or_else(|| self.reports(id).last().map(|report| (*report).clone()))
            .unwrap();
        (report.status, report.reason.map(|reason| reason.code).unwrap_or_default())
    }

    pub(crate) fn refused(&self, id: ClientOrderId) -> String {
        let report = self.reports(id).pop().unwrap();
        assert_eq!(report.status, OrderStatus::Rejected, "{report:?}");
        report.reason.clone().unwrap().code
    }

    pub(crate) fn position(&self) -> Quantity {
        self.venue.portfolio().quantity(&self.instrument.id)
    }

    pub(crate) fn cash(&self) -> Decimal {
        self.venue.portfolio().balance(Currency::USD)
    }
}

pub(crate) fn stop_at(at: &str) -> OrderKind {
    OrderKind::StopMarket { trigger: trigger(at) }
}

pub(crate) fn trigger(at: &str) -> Trigger {
    Trigger { price: price(at), source: TriggerSource::Last }
}
