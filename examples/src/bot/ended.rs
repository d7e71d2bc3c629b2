//! A run that has ended, whoever drove it.

use qtp_engine::Engine;
use qtp_engine::driver::{CommandHash, Simulation};
use qtp_exchange::sim::SimVenueConfig;

/// What the reports need of a run.
pub(super) enum Ended {
    /// In simulated time.
    Simulated(Box<Simulation>),
    /// In real time, over a paper exchange.
    Live { engine: Box<Engine>, hash: CommandHash, venue: Box<SimVenueConfig> },
}

impl Ended {
    pub(super) fn engine(&self) -> &Engine {
        match self {
            Self::Simulated(simulation) => simulation.engine(),
            Self::Live { engine, .. } => engine,
        }
    }

    /// Settings of the simulated venue.
    pub(super) fn venue(&self) -> &SimVenueConfig {
        match self {
            Self::Simulated(simulation) => simulation.venue().config(),
            Self::Live { venue, .. } => venue,
        }
    }

    pub(super) fn command_hash(&self) -> &CommandHash {
        match self {
            Self::Simulated(simulation) => simulation.command_hash(),
            Self::Live { hash, .. } => hash,
        }
    }
}
