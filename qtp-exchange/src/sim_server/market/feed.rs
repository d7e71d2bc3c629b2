//! Where the tape comes from.

use qtp_core::{CandleBatch, FundingRate, InstrumentId, Timestamp};

use super::{Market, PaidRate};
use crate::candle_file::CandleSource;

/// A source of candles and the markets that walk them. Two markets may share one series: spot and perpetual.
pub(in crate::sim_server) struct Feed {
    source: Box<dyn CandleSource>,
    /// Which markets an instrument of the source feeds.
    wires: Vec<(InstrumentId, usize)>,
    batch: CandleBatch,
    rates: Vec<FundingRate>,
    ended: bool,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("wires", &self.wires).field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Feed {
    pub(in crate::sim_server) fn new(
        source: Box<dyn CandleSource>,
        wires: Vec<(InstrumentId, usize)>,
    ) -> Self {
        Self { source, wires, batch: CandleBatch::default(), rates: Vec::new(), ended: false }
    }

    /// Reads on until every market's tape reaches beyond an instant, or the source ends. Candles that closed by
    /// `opens` are history.
    pub(in crate::sim_server) fn read_to(
        &mut self,
        time: Timestamp,
        opens: Timestamp,
        markets: &mut [Market],
    ) {
        while !self.ended && !markets.iter().all(|market| market.covers(time)) {
            let Some(close) = self.source.next_into(&mut self.batch) else {
                self.ended = true;
                return;
            };
            for candle in &self.batch.candles {
                for (_, place) in self.wires.iter().filter(|wire| wire.0 == *candle.instrument()) {
                    let Some(market) = markets.get_mut(*place) else { continue };
                    if candle.close_time() <= opens { market.remember(candle) } else { market.bring(candle) }
                }
            }
            self.source.funding_until(close, &mut self.rates);
            for rate in self.rates.drain(..) {
                for (_, place) in self.wires.iter().filter(|wire| wire.0 == rate.instrument) {
                    let Some(market) = markets.get_mut(*place) else { continue };
                    if rate.time <= opens {
                        market.paid(PaidRate { time: rate.time, rate: rate.rate.get() });
                    }
                    market.rate = rate.rate.get();
                }
            }
        }
    }
}
