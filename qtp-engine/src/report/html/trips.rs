//! The round-trip table.

use super::{card, tone};
use crate::report::ReportData;
use crate::report::svg::escape;
use crate::stats::RoundTrip;
use crate::stats::format::{count, date_time, money, number, signed_money, span};

const COLUMNS: usize = 13;

pub(super) fn table(page: &mut String, data: &ReportData) {
    let total = usize::try_from(data.summary.round_trips).unwrap_or(usize::MAX);
    if data.trips.is_empty() {
        return;
    }
    let ends = data.rows.max(1);
    // Trips that were not kept lie between the first and the latest ones.
    let head = data.trips.len().min(ends);
    let tail = (data.trips.len() - head).min(ends);
    let hidden = total.saturating_sub(head + tail);
    let mut rows = String::new();
    for (index, trip) in data.trips.iter().take(head).enumerate() {
        rows.push_str(&row(index + 1, trip));
    }
    if hidden > 0 {
        let hidden = count(hidden as u64);
        rows.push_str(&format!("<tr class=\"gap\"><td colspan=\"{COLUMNS}\">{hidden} more</td></tr>"));
    }
    for (index, trip) in data.trips.iter().skip(data.trips.len() - tail).enumerate() {
        rows.push_str(&row(total - tail + index + 1, trip));
    }
    let head = "<tr><th>#<th class=\"text\">Instrument<th class=\"text\">Side<th>Quantity<th>Entry<th>Exit\
                <th>Held<th>Entry price<th>Exit price<th>Gross<th>Fees<th>Funding<th>Net</tr>";
    let body = format!(
        "<div class=\"scroll tall\"><table class=\"data\"><thead>{head}</thead><tbody>{rows}</tbody></table></div>"
    );
    let unit = &data.summary.currency;
    let note =
        format!("{} closed, flat to flat or to a flip; money in {unit}", count(data.summary.round_trips));
    card(page, "Round trips", &note, &body);
}

fn row(index: usize, trip: &RoundTrip) -> String {
    let net = trip.net.to_f64();
    format!(
        "<tr><td>{index}<td class=\"text\">{}<td class=\"text\"><span class=\"side {side}\">{side}</span>\
         <td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td class=\"{}\"><b>{}</b></tr>",
        escape(trip.instrument.symbol()),
        number(trip.quantity.to_f64()),
        date_time(trip.entry_time),
        date_time(trip.exit_time),
        span(trip.exit_time.since(trip.entry_time).as_secs()),
        number(trip.entry_price.to_f64()),
        number(trip.exit_price.to_f64()),
        signed_money(trip.gross.to_f64()),
        money(trip.fees.to_f64()),
        signed_money(trip.funding.to_f64()),
        tone(net),
        signed_money(net),
        side = trip.side.as_str(),
    )
}
