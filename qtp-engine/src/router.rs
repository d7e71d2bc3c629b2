//! Which strategies hear of which topic.

use qtp_core::{InstrumentId, MarketTopic, Timeframe};

/// Topics and their listeners, in the order in which strategies were added.
#[derive(Debug, Default)]
pub(crate) struct Router {
    routes: Vec<(MarketTopic, Vec<u16>)>,
}

impl Router {
    pub(crate) fn add(&mut self, topics: &[MarketTopic], owner: u16) {
        for topic in topics {
            match self.routes.iter_mut().find(|(known, _)| known == topic) {
                Some((_, owners)) if owners.contains(&owner) => {}
                Some((_, owners)) => owners.push(owner),
                None => self.routes.push((topic.clone(), vec![owner])),
            }
        }
    }

    pub(crate) fn topics(&self) -> impl Iterator<Item = &MarketTopic> {
        self.routes.iter().map(|(topic, _)| topic)
    }

    /// The route of an instrument's candles, for [`Router::listener`].
    pub(crate) fn candle_route(&self, instrument: &InstrumentId, timeframe: Timeframe) -> Option<usize> {
        self.routes.iter().position(|(topic, _)| match topic {
            MarketTopic::Candles(id, width) => *width == timeframe && id == instrument,
            _ => false,
        })
    }

    /// The `index`-th listener of a route.
    pub(crate) fn listener(&self, route: usize, index: usize) -> Option<u16> {
        self.routes.get(route)?.1.get(index).copied()
    }

    /// The listeners to a topic.
    pub(crate) fn listeners(&self, topic: &MarketTopic) -> Vec<u16> {
        self.routes
            .iter()
            .find(|(known, _)| known == topic)
            .map(|(_, owners)| owners.clone())
            .unwrap_or_default()
    }
}
