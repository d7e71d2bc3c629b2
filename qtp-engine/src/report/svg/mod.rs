//! Charts as inline SVG. Colours come from the classes of the page's style sheet.

mod chart;
mod histogram;
mod scale;
mod waterfall;

pub use chart::{Chart, Frame, Marker, MarkerShape};
pub use histogram::histogram;
pub(crate) use scale::month_name;
pub use scale::{TimeTick, time_ticks, value_ticks};
pub use waterfall::waterfall;

/// Text for an element or a quoted attribute.
///
/// ```
/// assert_eq!(qtp_engine::report::svg::escape("<b a='1'>&"), "&lt;b a=&#39;1&#39;&gt;&amp;");
/// ```
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Not allowed in a page, and some flip the direction of what follows.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            letter if letter.is_control() && letter != '\n' => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}
