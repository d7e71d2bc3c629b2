//! What a strategy is.

use crate::context::Context;
use crate::decision::DecisionOutcome;
use crate::error::StrategyError;
use crate::id::{InstrumentId, StrategyId};
use crate::market::{Candle, MarketTopic, OrderBook, Quote, Trade};
use crate::order::{Fill, OrderReport};
use crate::signal::{StateBlob, Warmup};

/// Rules that turn market events into targets.
///
/// # Contract
/// - Deterministic: the same events give the same outputs. No clock, no I/O, no randomness of its own.
/// - It owns its (account, instrument) pairs alone.
/// - `save` and `restore` carry everything that later outputs depend on; a strategy without state of its own
///   may return `None`.
/// - An error halts the strategy: no new risk, exits stay allowed.
pub trait Strategy: Send {
    /// Name within the engine.
    fn id(&self) -> StrategyId;

    /// What it listens to.
    fn topics(&self) -> Vec<MarketTopic>;

    /// Instruments that it trades: those of its topics unless it says otherwise.
    fn instruments(&self) -> Vec<InstrumentId> {
        let mut all: Vec<_> = self.topics().iter().map(|topic| topic.instrument().clone()).collect();
        all.sort();
        all.dedup();
        all
    }

    /// History that it needs before its first view.
    fn warmup(&self) -> Warmup {
        Warmup::NONE
    }

    /// Candles per topic that the engine keeps for it and for decision requests.
    fn history(&self) -> usize {
        0
    }

    /// Its state, for a checkpoint.
    fn save(&self) -> Option<StateBlob> {
        None
    }

    /// Takes a saved state back.
    ///
    /// # Errors
    /// [`StrategyError::Restore`] if the state does not fit.
    fn restore(&mut self, state: &StateBlob) -> Result<(), StrategyError> {
        let _ = state;
        Ok(())
    }

    /// The run starts or goes on.
    ///
    /// # Errors
    /// Any error halts the strategy; so for every callback.
    fn on_start(&mut self, context: &mut Context<'_>) -> Result<(), StrategyError> {
        let _ = context;
        Ok(())
    }

    /// A candle closed. All candles with the same close time are known already.
    ///
    /// # Errors
    /// Any error halts the strategy.
    fn on_candle(&mut self, candle: &Candle, context: &mut Context<'_>) -> Result<(), StrategyError> {
        let _ = (candle, context);
        Ok(())
    }

    /// A print.
    ///
    /// # Errors
    /// Any error halts the strategy.
    fn on_trade(&mut self, trade: &Trade, context: &mut Context<'_>) -> Result<(), StrategyError> {
        let _ = (trade, context);
        Ok(())
    }

    /// A new best bid or ask.
    ///
    /// # Errors
    /// Any error halts the strategy.
    fn on_quote(&mut self, quote: &Quote, context: &mut Context<'_>) -> Result<(), StrategyError> {
        let _ = (quote, context);
        Ok(())
    }

    /// A new order book.
    ///
    /// # Errors
    /// Any error halts the strategy.
    fn on_book(&mut self, book: &OrderBook, context: &mut Context<'_>) -> Result<(), StrategyError> {
        let _ = (book, context);
        Ok(())
    }

    /// An execution on one of its instruments. Position and orders are updated already.
    ///
    /// # Errors
    /// Any error halts the strategy.
    fn on_fill(&mut self, fill: &Fill, context: &mut Context<'_>) -> Result<(), StrategyError> {
        let _ = (fill, context);
        Ok(())
    }

    /// The venue says something about an order on one of its instruments.
    ///
    /// # Errors
    /// Any error halts the strategy.
    fn on_order(&mut self, report: &OrderReport, context: &mut Context<'_>) -> Result<(), StrategyError> {
        let _ = (report, context);
        Ok(())
    }

    /// The answer to one of its decision requests.
    ///
    /// # Errors
    /// Any error halts the strategy.
    fn on_decision(
        &mut self,
        outcome: &DecisionOutcome,
        context: &mut Context<'_>,
    ) -> Result<(), StrategyError> {
        let _ = (outcome, context);
        Ok(())
    }

    /// A timer that it asked for.
    ///
    /// # Errors
    /// Any error halts the strategy.
    fn on_timer(&mut self, id: u64, context: &mut Context<'_>) -> Result<(), StrategyError> {
        let _ = (id, context);
        Ok(())
    }

    /// The run stops in good order.
    ///
    /// # Errors
    /// Any error is logged.
    fn on_stop(&mut self, context: &mut Context<'_>) -> Result<(), StrategyError> {
        let _ = context;
        Ok(())
    }
}
