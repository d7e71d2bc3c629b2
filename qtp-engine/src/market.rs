//! Market events into the market state, and on to the strategies.

use qtp_core::{CandleBatch, Event, MarketTopic, Notice};

use crate::engine::Engine;

impl Engine {
    /// All candles enter the market state before any strategy is called.
    pub(crate) fn on_candles(&mut self, batch: &CandleBatch) {
        let now = self.state.now;
        for candle in &batch.candles {
            self.state.market.on_candle(candle, now);
        }
        self.on_new_time();
        self.warming = batch.warmup;
        for candle in &batch.candles {
            let Some(route) = self.router.candle_route(candle.instrument(), candle.timeframe()) else {
                continue;
            };
            let mut index = 0;
            while let Some(owner) = self.router.listener(route, index) {
                self.call(usize::from(owner), |strategy, context| strategy.on_candle(candle, context));
                index += 1;
            }
        }
        self.warming = false;
    }

    /// One quote, trade, book, mark or funding rate.
    pub(crate) fn on_tick(&mut self, event: &Event) {
        let now = self.state.now;
        self.on_new_time();
        let topic = match event {
            Event::Trade(trade) => {
                self.state.market.on_trade(trade, now);
                MarketTopic::Trades(trade.instrument.clone())
            }
            Event::Quote(quote) => {
                self.state.market.on_quote(quote, now);
                MarketTopic::Quotes(quote.instrument.clone())
            }
            Event::Book(book) => {
                self.state.market.on_book(book, now);
                MarketTopic::Book(book.instrument.clone())
            }
            Event::Mark(mark) => return self.state.market.on_mark(mark, now),
            Event::FundingRate(rate) => return self.state.market.on_funding(rate, now),
            Event::OpenInterest(open) => return self.state.market.on_open_interest(open, now),
            _ => return,
        };
        for owner in self.router.listeners(&topic) {
            self.call(usize::from(owner), |strategy, context| match event {
                Event::Trade(trade) => strategy.on_trade(trade, context),
                Event::Quote(quote) => strategy.on_quote(quote, context),
                Event::Book(book) => strategy.on_book(book, context),
                _ => Ok(()),
            });
        }
    }

    /// Begins a new risk day where one began, and ends the halts that last until then.
    fn on_new_time(&mut self) {
        let now = self.state.now;
        let mut ended = 0;
        for account in &mut self.state.accounts {
            let (portfolio, market, instruments) =
                (&account.portfolio, &self.state.market, &self.state.instruments);
            if account.risk.on_time(now, || portfolio.equity(market, instruments)) {
                ended += 1;
            }
        }
        for _ in 0..ended {
            self.publish(Notice::Resumed { scope: "engine".to_owned() });
        }
    }
}
