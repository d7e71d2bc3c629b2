//! A market made from a seed.
