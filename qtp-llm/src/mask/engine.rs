//! The mask as a layer around an engine.

use std::sync::Arc;

use async_trait::async_trait;
use qtp_core::port::DecisionEngine;
use qtp_core::{
    AssetView, BookLevel, Candle, CandleParts, Decision, DecisionError, DecisionRequest, OpenInterest,
    OrderBook, ValueError,
};

use super::plan::Sides;
use super::scale::{Scale, moved, name, shift};
use crate::settings::MaskSettings;

/// Shows an engine a masked picture and turns its answer back. Tools see the masked picture too.
pub(crate) struct Masked {
    inner: Arc<dyn DecisionEngine>,
    settings: MaskSettings,
}

impl Masked {
    pub(crate) const fn new(inner: Arc<dyn DecisionEngine>, settings: MaskSettings) -> Self {
        Self { inner, settings }
    }

    /// The picture under the mask.
    pub(super) fn mask(&self, request: &DecisionRequest) -> Result<DecisionRequest, ValueError> {
        let shift = shift(&self.settings);
        let assets =
            request.assets.iter().map(|asset| self.asset(asset, shift)).collect::<Result<Vec<_>, _>>()?;
        Ok(DecisionRequest { as_of: moved(request.as_of, shift), assets, ..request.clone() })
    }

    fn asset(&self, asset: &AssetView, shift: i64) -> Result<AssetView, ValueError> {
        let instrument = name(&asset.instrument, &self.settings)?;
        let scale = Scale::of(&asset.instrument, &self.settings);
        let price = |price| scale.price(price);
        let level = |level: &BookLevel| {
            Ok(BookLevel { price: scale.price(level.price)?, quantity: scale.quantity(level.quantity)? })
        };
        let levels = |levels: &[BookLevel]| levels.iter().map(level).collect::<Result<Vec<_>, ValueError>>();
        let book = |book: &OrderBook| {
            Ok::<_, ValueError>(OrderBook {
                instrument: instrument.clone(),
                time: moved(book.time, shift),
                bids: levels(&book.bids)?,
                asks: levels(&book.asks)?,
            })
        };
        let candle = |candle: &Candle| {
            Candle::new(CandleParts {
                instrument: instrument.clone(),
                timeframe: candle.timeframe(),
                open_time: moved(candle.open_time(), shift),
                open: scale.price(candle.open())?,
                high: scale.price(candle.high())?,
                low: scale.price(candle.low())?,
                close: scale.price(candle.close())?,
                volume: scale.quantity(candle.volume())?,
            })
        };
        let series = asset.candles.iter().map(|(timeframe, candles)| {
            Ok((*timeframe, candles.iter().map(candle).collect::<Result<Vec<_>, ValueError>>()?))
        });
        let last_trade = asset.last_trade.map(|last| {
            let time = moved(last.time, shift);
            qtp_core::risk::TradeOutcome { time, ..last }
        });
        let open = |open: &OpenInterest| {
            let (instrument, time) = (instrument.clone(), moved(open.time, shift));
            Ok(OpenInterest { instrument, time, quantity: scale.quantity(open.quantity)?, value: open.value })
        };
        let masked = AssetView {
            price: scale.price(asset.price)?,
            position: scale.quantity(asset.position)?,
            entry: asset.entry.map(price).transpose()?,
            stop: asset.stop.map(price).transpose()?,
            target: asset.target.map(price).transpose()?,
            unrealized: asset.unrealized.map(|value| scale.money(value)),
            working: scale.quantity(asset.working)?,
            open_interest: asset.open_interest.as_ref().map(open).transpose()?,
            last_trade,
            thesis: None,
            book: asset.book.as_ref().map(book).transpose()?,
            candles: series.collect::<Result<Vec<_>, ValueError>>()?,
            instrument: instrument.clone(),
            ..asset.clone()
        };
        let sides =
            Sides { from: asset, to: &masked, factor: scale.factor(), reciprocal: scale.reciprocal() };
        let thesis = asset.thesis.as_deref().map(|thesis| Box::new(sides.thesis(thesis, shift)));
        Ok(AssetView { thesis, ..masked })
    }

    /// The answer about the real picture, with a note of what the model saw.
    pub(super) fn unmask(
        &self,
        request: &DecisionRequest,
        masked: &DecisionRequest,
        decision: Decision,
    ) -> Result<Decision, String> {
        let mut trades = Vec::with_capacity(decision.trades.len());
        for mut trade in decision.trades {
            let mut pairs = request.assets.iter().zip(&masked.assets);
            let pair = pairs.find(|(_, masked)| masked.instrument == trade.instrument);
            let (asset, seen) =
                pair.ok_or_else(|| format!("{}: no asset bears this masked name", trade.instrument))?;
            let scale = Scale::of(&asset.instrument, &self.settings);
            let back =
                |price| scale.price_back(price).map_err(|error| format!("{}: {error}", asset.instrument));
            trade.stop = trade.stop.map(back).transpose()?;
            trade.target = trade.target.map(back).transpose()?;
            trade.instrument = asset.instrument.clone();
            if let Some(plan) = &mut trade.plan {
                let (factor, reciprocal) = (scale.reciprocal(), scale.factor());
                let (carried, lost) = Sides { from: seen, to: asset, factor, reciprocal }.carry(plan);
                *plan = carried;
                if lost > 0 {
                    trade.rationale.push_str(&format!(
                        " [Not followed: {lost} of the plan's conditions, which compare what the mask changes differently.]"
                    ));
                }
            }
            trades.push(trade);
        }
        let reasoning = format!("{}{}", decision.reasoning, self.legend(request));
        Ok(Decision { reasoning, trades, ..decision })
    }

    /// What stood for what, for people.
    fn legend(&self, request: &DecisionRequest) -> String {
        let row = |asset: &AssetView| {
            let id = &asset.instrument;
            let masked =
                name(id, &self.settings).map_or_else(|_| id.to_string(), |masked| masked.to_string());
            format!(
                "{masked} is {id} with prices times {}",
                Scale::of(id, &self.settings).factor().normalize()
            )
        };
        let weeks = shift(&self.settings) / (7 * 86_400 * 1_000_000_000);
        let rows: Vec<_> = request.assets.iter().map(row).collect();
        format!("\n\n[The model saw a masked picture: {}; times {weeks} weeks earlier.]", rows.join("; "))
    }

    fn invalid(&self, problem: String) -> DecisionError {
        DecisionError::Invalid { engine: self.name().to_owned(), problem: format!("mask: {problem}") }
    }
}

#[async_trait]
impl DecisionEngine for Masked {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn decide(&self, request: &DecisionRequest) -> Result<Decision, DecisionError> {
        let masked = self.mask(request).map_err(|error| self.invalid(error.to_string()))?;
        for (index, asset) in masked.assets.iter().enumerate() {
            if masked.assets[..index].iter().any(|other| other.instrument == asset.instrument) {
                return Err(
                    self.invalid(format!("two assets became {}: take another seed", asset.instrument))
                );
            }
        }
        let decision = self.inner.decide(&masked).await?;
        self.unmask(request, &masked, decision).map_err(|problem| self.invalid(problem))
    }
}
