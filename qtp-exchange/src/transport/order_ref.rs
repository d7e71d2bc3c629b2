//! How an order is named to its venue.

/// One order at a venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderRef<'a> {
    /// By the venue's id.
    Venue(&'a str),
    /// By ours.
    Client(&'a str),
}
