//! What the suites do with an account: build approved orders, send, wait, clean up.

use std::time::Duration;

use qtp_core::port::AccountStream;
use qtp_core::{
    AccountKind, Amount, Approved, CancelRequest, ClientOrderId, Decimal, Event, ExchangeError, Fill,
    Notional, OrderGroup, OrderKind, OrderReport, OrderRequest, OrderRole, OrderSizing, OrderStatus,
    Portfolio, Price, Quantity, Ratio, RiskContext, RiskGate, RiskState, Side, TimeInForce, Timestamp,
    Trigger, TriggerSource,
};

use super::Stage;

/// One suite's session on the account.
pub(super) struct Session<'a> {
    pub(super) stage: &'a dyn Stage,
    stream: AccountStream,
    suite: u16,
    sequence: u64,
    reports: Vec<OrderReport>,
    fills: Vec<Fill>,
}

impl<'a> Session<'a> {
    /// `suite` keeps the order ids of suites apart.
    pub(super) async fn open(stage: &'a dyn Stage, suite: u16) -> Self {
        let stream = stage.exchange().subscribe_account().await.expect("the account stream opens");
        let session = Self { stage, stream, suite, sequence: 0, reports: Vec::new(), fills: Vec::new() };
        assert_eq!(session.position().await, Quantity::ZERO, "the account must be flat before a suite");
        session
    }

    pub(super) fn market(&mut self, side: Side) -> OrderRequest {
        self.order(side, OrderKind::Market)
    }

    pub(super) fn order(&mut self, side: Side, kind: OrderKind) -> OrderRequest {
        self.sequence += 1;
        OrderRequest {
            client_order_id: ClientOrderId::new(self.stage.run_id(), self.suite, self.sequence),
            account: self.stage.exchange().account(),
            instrument: self.stage.instrument().id.clone(),
            side,
            quantity: self.stage.quantity(),
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

    /// A stop at the market that only reduces, by a price that the venue can watch.
    pub(super) fn stop(&mut self, side: Side, price: Price) -> OrderRequest {
        let sources = self.stage.exchange().capabilities().trigger_sources;
        let source = sources.first().copied().unwrap_or(TriggerSource::Last);
        let source = if sources.contains(&TriggerSource::Last) { TriggerSource::Last } else { source };
        let kind = OrderKind::StopMarket { trigger: Trigger { price, source } };
        OrderRequest { reduce_only: true, role: OrderRole::Stop, ..self.order(side, kind) }
    }

    pub(super) async fn submit(&self, order: &OrderRequest) -> Result<(), ExchangeError> {
        self.submit_group(&self.approve(order)).await
    }

    pub(super) async fn submit_group(&self, group: &Approved<OrderGroup>) -> Result<(), ExchangeError> {
        let acks = self.stage.exchange().submit(group).await?;
        let asked: Vec<_> = group.get().orders().map(|order| order.client_order_id).collect();
        let answered: Vec<_> = acks.iter().map(|ack| ack.client_order_id).collect();
        assert_eq!(answered, asked, "a submit answers every order of its group, in order");
        Ok(())
    }

    /// Only a gate builds an `Approved`: not even a suite can go around it.
    pub(super) fn approve(&self, order: &OrderRequest) -> Approved<OrderGroup> {
        let instrument = self.stage.instrument();
        let cash = Amount::new(Decimal::from(1_000_000), instrument.settle);
        let context = RiskContext {
            now: Timestamp::EPOCH,
            instrument,
            portfolio: &Portfolio::new(order.account.clone(), AccountKind::Unconstrained, cash),
            position: Quantity::ZERO,
            working: Quantity::ZERO,
            adds: Quantity::ZERO,
            price: self.stage.price(),
            equity: None,
            exposure: Notional::ZERO,
            rate: Decimal::ONE,
            other_open: 0,
            data_age: Duration::ZERO,
            leverage: Ratio::ONE,
            liquidation: None,
            state: &RiskState::default(),
        };
        let review = RiskGate::without_rules().review(order.clone(), &context);
        review.expect("a gate without rules denies nothing").order
    }

    pub(super) async fn cancel(&self, order: &OrderRequest) -> Result<(), ExchangeError> {
        let (client_order_id, account) = (order.client_order_id, order.account.clone());
        let request = CancelRequest { client_order_id, account, instrument: order.instrument.clone() };
        self.stage.exchange().cancel(&request).await
    }

    /// Cancels an order and lets the market move on: what is on its way arrives then.
    pub(super) async fn withdraw(&self, order: &OrderRequest) {
        self.cancel(order).await.expect("an order can be cancelled");
        self.stage.trade(self.stage.price()).await;
    }

    /// What the venue knows of an order.
    pub(super) async fn look_up(&self, order: &OrderRequest) -> Option<OrderReport> {
        self.stage.exchange().order(&order.client_order_id).await.expect("an order can be looked up")
    }

    pub(super) async fn rests(&self, order: &OrderRequest) -> bool {
        let open = self.stage.exchange().open_orders().await.expect("open orders can be read");
        open.iter().any(|report| report.client_order_id == Some(order.client_order_id))
    }

    pub(super) async fn position(&self) -> Quantity {
        let snapshot = self.stage.exchange().account_snapshot().await.expect("the account can be read");
        snapshot.positions.get(&self.stage.instrument().id).copied().unwrap_or(Quantity::ZERO)
    }

    /// Waits until the stream has told that an order has this status.
    pub(super) async fn told(&mut self, order: &OrderRequest, status: OrderStatus, rule: &str) {
        let id = Some(order.client_order_id);
        while !self.reports.iter().any(|report| report.client_order_id == id && report.status == status) {
            self.next(rule).await;
        }
    }

    /// Waits until the fills of an order on the stream come to its quantity, and returns them.
    pub(super) async fn filled(&mut self, order: &OrderRequest, rule: &str) -> Vec<Fill> {
        loop {
            let id = Some(order.client_order_id);
            let fills: Vec<Fill> =
                self.fills.iter().filter(|fill| fill.client_order_id == id).cloned().collect();
            let sum: Quantity = fills.iter().map(|fill| fill.quantity).sum();
            assert!(
                sum <= order.quantity,
                "an order fills no more than its size: {sum} of {}",
                order.quantity
            );
            if sum == order.quantity {
                return fills;
            }
            self.next(rule).await;
        }
    }

    async fn next(&mut self, rule: &str) {
        let next = tokio::time::timeout(self.stage.patience(), self.stream.next()).await;
        match next.ok().flatten() {
            Some((_, Event::OrderReport(report))) => self.reports.push(report),
            Some((_, Event::Fill(fill))) => self.fills.push(fill),
            Some(_) => {}
            None => panic!("{rule}: the account stream did not say so in time"),
        }
    }

    /// Enters at the market and returns the entry; `None` if this market cannot be moved.
    pub(super) async fn enter(&mut self, side: Side, scenario: &str) -> Option<OrderRequest> {
        if !super::moves(self.stage, scenario, 0).await {
            return None;
        }
        let entry = self.market(side);
        self.submit(&entry).await.expect("a market order is taken");
        super::moves(self.stage, scenario, 0).await;
        self.filled(&entry, "a market order fills at the next trade").await;
        Some(entry)
    }

    /// Closes what is open and cancels what rests.
    pub(super) async fn close(mut self, scenario: &str) {
        let account = self.stage.exchange().account();
        let open = self.stage.exchange().open_orders().await.expect("open orders can be read");
        for report in open.into_iter().filter(|report| report.instrument == self.stage.instrument().id) {
            let Some(client_order_id) = report.client_order_id else { continue };
            let (account, instrument) = (account.clone(), report.instrument);
            let request = CancelRequest { client_order_id, account, instrument };
            self.stage.exchange().cancel(&request).await.expect("an order can be cancelled");
        }
        self.stage.trade(self.stage.price()).await;
        let position = self.position().await;
        if let Some(side) = Side::of(-position) {
            let exit = OrderRequest { quantity: position.abs(), reduce_only: true, ..self.market(side) };
            self.submit(&exit).await.expect("an exit is taken");
            super::moves(self.stage, scenario, 0).await;
            self.filled(&exit, "an exit fills").await;
        }
        assert_eq!(self.position().await, Quantity::ZERO, "{scenario}: the account is flat again");
    }
}
