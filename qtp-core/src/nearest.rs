//! The name that was meant.

/// The known name that somebody who wrote `name` most likely meant, for an error's text; none if nothing is near.
///
/// That is the one with the fewest slips of the pen between them (Damerau and Levenshtein), at most half of its letters; else
/// the shortest that begins with what was written.
///
/// ```
/// let known = ["macd", "signal", "histogram"];
/// assert_eq!(qtp_core::nearest("singal", known), Some("signal"));
/// assert_eq!(qtp_core::nearest("hist", known), Some("histogram"));
/// assert_eq!(qtp_core::nearest("price", known), None);
/// ```
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let ranked = known.into_iter().filter_map(|known| {
        let slips = strsim::damerau_levenshtein(name, known);
        if slips <= (known.len().max(name.len()) / 2).max(1) {
            return Some(((0, slips), known));
        }
        (!name.is_empty() && known.starts_with(name)).then_some(((1, known.len()), known))
    });
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, known)| known)
}
