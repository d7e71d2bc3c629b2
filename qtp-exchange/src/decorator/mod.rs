//! What can be put around any exchange, yours too: time limits, a circuit breaker, figures, a recording.
//!
//! Each is a [`Layer`] in a [`Decorated`] exchange, which is an exchange itself, so they nest:
//!
//! ```
//! use std::sync::Arc;
//! use qtp_exchange::decorator::{Breaker, BreakerLayer, BreakerLimits, TimeLimits, Timed};
//! # fn wrap<E: qtp_exchange::Exchange>(exchange: E) -> impl qtp_exchange::Exchange {
//! // A call that is too slow counts as a failure, and the failures open the breaker.
//! let timed = Timed::new(exchange, TimeLimits::default());
//! Breaker::new(timed, BreakerLayer::new(BreakerLimits::default()))
//! # }
//! ```

mod breaker;
mod call;
mod decorated;
mod metered;
mod recording;
mod timed;

pub use breaker::{Breaker, BreakerLayer, BreakerLimits};
pub use call::{Call, CallKind, Layer};
pub use decorated::Decorated;
pub use metered::{Meter, Metered, OperationFigures};
pub use recording::{
    Played, Reader, Recorded, Recorder, RecorderFigures, RecorderSettings, Recording, RecordingError, Tail,
    read,
};
pub use timed::{TimeLimits, Timed};
