//! Wiring shared by the example binaries.
