//! What makes two records the same, for every back end.

use qtp_core::Fill;

/// The order that a fill belongs to: the venue's id, which every message about a fill bears, else ours, else
/// nothing.
pub(crate) fn order_key(fill: &Fill) -> String {
    let ours = || fill.client_order_id.map(|id| id.to_string()).unwrap_or_default();
    fill.venue_order_id.as_ref().map_or_else(ours, ToString::to_string)
}
