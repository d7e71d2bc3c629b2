//! Domain values in one line, to compare a whole folder at a glance.

use qtp_core::{Event, Fill, OrderReport, Quantity, Timestamp};

pub(crate) fn report(report: &OrderReport) -> String {
    let mut text = format!(
        "{} {} {} {:?} {}/{}",
        report.time.as_millis(),
        report.instrument.symbol(),
        report.side.as_str(),
        report.status,
        report.filled,
        report.quantity
    );
    if let Some(price) = report.price {
        text += &format!(" at {price}");
    }
    text += &format!(" #{}", report.venue_order_id.as_ref().unwrap());
    if let Some(id) = report.client_order_id {
        text += &format!(" ours {id}");
    }
    if let Some(reason) = &report.reason {
        text += &format!(" because {}", reason.code);
    }
    text
}

pub(crate) fn fill(fill: &Fill) -> String {
    format!(
        "{} {} {} {} at {} fee {} {:?} trade {} #{} {:?}",
        fill.time.as_millis(),
        fill.instrument.symbol(),
        fill.side.as_str(),
        fill.quantity,
        fill.price,
        fill.fee,
        fill.liquidity,
        fill.trade_id,
        fill.venue_order_id.as_ref().unwrap(),
        fill.external
    )
}

pub(crate) fn event(time: Timestamp, event: &Event) -> String {
    let text = match event {
        Event::OrderReport(order) => format!("report {}", report(order)),
        Event::Fill(execution) => format!("fill {}", fill(execution)),
        Event::Trade(t) => {
            format!("trade {} {} at {} {:?}", t.instrument.symbol(), t.quantity, t.price, t.taker)
        }
        Event::Quote(q) => {
            format!(
                "quote {} {} {} {} {}",
                q.instrument.symbol(),
                q.bid_quantity,
                q.bid,
                q.ask,
                q.ask_quantity
            )
        }
        Event::Mark(m) => format!(
            "mark {} {} index {}",
            m.instrument.symbol(),
            m.mark,
            m.index.map_or_else(|| "none".to_owned(), |index| index.to_string())
        ),
        Event::FundingRate(f) => {
            format!("funding {} {} paid {}", f.instrument.symbol(), f.rate, f.time.as_millis())
        }
        Event::OpenInterest(open) => {
            let worth = open.value.map_or_else(|| "none".to_owned(), |value| value.to_string());
            format!("open interest {} {} worth {worth}", open.instrument.symbol(), open.quantity)
        }
        Event::Candles(batch) => {
            let c = &batch.candles[0];
            let volume: Quantity = c.volume();
            format!(
                "candle {} {} {} {} {} {} {volume}",
                c.open_time().as_millis(),
                c.timeframe(),
                c.open(),
                c.high(),
                c.low(),
                c.close()
            )
        }
        Event::CashFlow { amount, .. } => format!("flow {amount}"),
        other => format!("{other:?}"),
    };
    format!("{}: {text}", time.as_millis())
}

/// Compares folder by folder: what was read of each file with what stands in it.
pub(crate) fn assert_all(folder: &str, actual: &[(String, String)], expected: &[(&str, &str)]) {
    let expected: Vec<(String, String)> =
        expected.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    for pair in actual {
        if !expected.contains(pair) {
            println!("(\"{}\", \"{}\"),", pair.0, pair.1);
        }
    }
    assert_eq!(actual, expected, "{folder}");
}
