//! The simulated venue.
