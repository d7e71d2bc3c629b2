//! Drivers: I/O and time around the one engine.

mod command_hash;
mod compare;
#[cfg(feature = "backtest")]
mod lab;
mod labs;
#[cfg(feature = "live")]
pub mod live;
mod recorder;
#[cfg(feature = "backtest")]
mod replay;
#[cfg(feature = "backtest")]
mod simulation;

pub use command_hash::CommandHash;
#[cfg(feature = "backtest")]
pub use lab::{CandleLab, CandleLabSetup};
pub use labs::CandleLabs;
pub use recorder::{EquitySink, Recorder, RecorderSettings, RecorderState};
#[cfg(feature = "backtest")]
pub use replay::{Replay, ReplayOutcome};
#[cfg(feature = "backtest")]
pub use simulation::{Decider, Simulation, SimulationSetup};

use qtp_core::{Command, EventRecord};

use crate::engine::Engine;

/// Watches a run: reports, screens, stores. Nothing that it does reaches the engine.
pub trait Observer {
    /// A fact was taken in.
    fn on_event(&mut self, record: &EventRecord, engine: &Engine) {
        let _ = (record, engine);
    }

    /// The engine wanted something because of the last fact. It has sequence number `seq`.
    fn on_command(&mut self, seq: u64, command: &Command, engine: &Engine) {
        let _ = (seq, command, engine);
    }

    /// Its state for a checkpoint, as JSON text, once what it passed on is safe. `None`: there can be no
    /// checkpoint now. An observer whose state nobody misses has `null`.
    fn save(&mut self) -> Option<String> {
        Some("null".to_owned())
    }
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoObserver;

impl Observer for NoObserver {}
