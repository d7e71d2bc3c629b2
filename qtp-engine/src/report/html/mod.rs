//! The page.

mod charts;
mod head;
mod tables;
mod trips;

use super::ReportData;
use super::svg::escape;

const STYLE: &str = include_str!("../assets/report.css");
const SCRIPT: &str = include_str!("../assets/report.js");

/// One HTML page with everything in it: it needs no network, and asks for none.
///
/// Text from outside (names, reasons, notices) is escaped, and a content policy keeps the page from loading
/// anything even if a browser were fooled.
///
/// ```
/// use qtp_engine::report::{ReportData, render};
/// let page = render(&ReportData { title: "<b>".to_owned(), ..ReportData::default() });
/// assert!(page.contains("&lt;b&gt;") && !page.contains("<b>"));
/// ```
pub fn render(data: &ReportData) -> String {
    let title = escape(if data.title.is_empty() { &data.summary.strategy } else { &data.title });
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\
         <title>{title}</title><style>{STYLE}</style></head><body>\n"
    );
    head::header(&mut page, data, &title);
    page.push_str("<main>\n");
    head::tiles(&mut page, &data.summary);
    head::evidence(&mut page, &data.summary);
    charts::equity(&mut page, data);
    charts::prices(&mut page, data);
    page.push_str("<div class=\"pair\">\n");
    charts::costs(&mut page, data);
    charts::distribution(&mut page, data);
    page.push_str("</div>\n");
    tables::months(&mut page, data);
    trips::table(&mut page, data);
    tables::decisions(&mut page, data);
    tables::notices(&mut page, data);
    page.push_str("<div class=\"pair\">\n");
    tables::assumptions(&mut page, &data.summary);
    tables::facts(&mut page, &data.summary);
    page.push_str("</div>\n</main>\n");
    page.push_str("<div id=\"tip\" role=\"status\" hidden></div>\n<script>");
    page.push_str(SCRIPT);
    page.push_str("</script></body></html>\n");
    page
}

/// A titled block; `body` is markup.
fn card(page: &mut String, title: &str, note: &str, body: &str) {
    let note =
        if note.is_empty() { String::new() } else { format!("<p class=\"note\">{}</p>", escape(note)) };
    page.push_str(&format!("<section class=\"card\"><header><h2>{}</h2>{note}</header>", escape(title)));
    page.push_str(body);
    page.push_str("</section>\n");
}

/// `gain`, `loss` or nothing.
const fn tone(value: f64) -> &'static str {
    if value > 0.0 {
        "gain"
    } else if value < 0.0 {
        "loss"
    } else {
        ""
    }
}
