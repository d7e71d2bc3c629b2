//! Equity, drawdown, prices with their trades, and the costs.

use qtp_core::Timestamp;

use super::card;
use crate::report::svg::{Chart, Frame, Marker, MarkerShape, histogram, waterfall};
use crate::report::{PriceSeries, ReportData};
use crate::stats::format::{count, date_time, money, number, percent, signed_money};
use crate::stats::{CurvePoint, RoundTrip, TripSide};

const WIDTH: f64 = 1160.0;
/// More trades than this on one chart cover the prices.
const MARKED: usize = 400;

pub(super) fn equity(page: &mut String, data: &ReportData) {
    let (Some(first), Some(last)) = (data.equity.first(), data.equity.last()) else { return };
    let unit = data.summary.currency.as_str();
    let times = (first.time, last.time);
    let both = data.equity.iter().chain(&data.hold);
    let frame = Frame { width: WIDTH, height: 340.0, times, values: span(both.map(|point| point.value)) };
    let mut chart = Chart::new(frame);
    chart.axes(tick);
    chart.area("equity", &data.equity, f64::MIN);
    chart.line("hold", &data.hold);
    chart.line("equity", &data.equity);
    chart.hover("Equity", "equity", unit, &data.equity);
    if !data.hold.is_empty() {
        chart.hover("Buy and hold", "hold", unit, &data.hold);
    }
    let mut body = legend(&[("equity", "Equity"), ("hold", "Buy and hold")]);
    body.push_str(&chart.finish("Equity and buy-and-hold over time"));
    body.push_str("<h3 class=\"sub\">Drawdown</h3>");
    body.push_str(&drawdown(&data.equity, times));
    card(
        page,
        "Equity",
        &format!("in {unit}, marked at candle closes, without deposits and withdrawals"),
        &body,
    );
}

fn drawdown(equity: &[CurvePoint], times: (Timestamp, Timestamp)) -> String {
    let mut peak = f64::MIN;
    let fall = |point: &CurvePoint| {
        peak = peak.max(point.value);
        let value = if peak > 0.0 { (point.value / peak - 1.0) * 100.0 } else { 0.0 };
        CurvePoint { time: point.time, value }
    };
    let points: Vec<CurvePoint> = equity.iter().map(fall).collect();
    let low = points.iter().map(|point| point.value).fold(0.0, f64::min);
    let values = (if low < 0.0 { low * 1.08 } else { -1.0 }, 0.0);
    let mut chart = Chart::exact(Frame { width: WIDTH, height: 150.0, times, values });
    chart.axes(|value, decimals| format!("{value:.decimals$} %"));
    chart.area("loss", &points, 0.0);
    chart.line("loss", &points);
    chart.hover("Drawdown", "loss", "%", &points);
    chart.finish("Drawdown over time")
}

pub(super) fn prices(page: &mut String, data: &ReportData) {
    for series in &data.prices {
        let (Some(first), Some(last)) = (series.candles.first(), series.candles.last()) else { continue };
        let of_series = |trip: &&RoundTrip| trip.instrument.as_str() == series.instrument;
        let trips: Vec<&RoundTrip> = data.trips.iter().filter(of_series).collect();
        let step = trips.len().div_ceil(MARKED).max(1);
        let drawn = || trips.iter().copied().step_by(step);
        // Stops and fills between merged candles may lie outside the range of the candles.
        let edges = series
            .candles
            .iter()
            .flat_map(|candle| [candle.low, candle.high])
            .chain(drawn().flat_map(levels));
        let times = (first.time, last.time);
        let frame = Frame { width: WIDTH, height: 420.0, times, values: span(edges) };
        let mut chart = Chart::new(frame);
        chart.axes(tick);
        chart.candles(&series.candles);
        for trip in drawn() {
            draw_trip(&mut chart, trip);
        }
        draw_open(&mut chart, data, series, last.time);
        let closes = series.candles.iter().map(|c| CurvePoint { time: c.time, value: c.close });
        chart.hover("Close", "price", "", &closes.collect::<Vec<_>>());
        let key = [
            ("buy", "Long entry"),
            ("sell", "Short entry"),
            ("exit", "Exit"),
            ("gain", "Trade that won"),
            ("loss", "Trade that lost"),
            ("stop", "Stop"),
        ];
        let body = legend(&key) + &chart.finish(&format!("Prices and trades of {}", series.instrument));
        let note = match step {
            1 => format!("{} closed trades", trips.len()),
            2 => "every second closed trade is drawn".to_owned(),
            step => format!("one closed trade in {step} is drawn"),
        };
        card(page, &series.instrument, &note, &body);
    }
}

fn levels(trip: &RoundTrip) -> impl Iterator<Item = f64> {
    [Some(trip.entry_price), Some(trip.exit_price), trip.stop]
        .into_iter()
        .flatten()
        .map(|price| price.to_f64())
}

fn draw_trip(chart: &mut Chart, trip: &RoundTrip) {
    let entry = CurvePoint { time: trip.entry_time, value: trip.entry_price.to_f64() };
    let exit = CurvePoint { time: trip.exit_time, value: trip.exit_price.to_f64() };
    let result = if trip.is_win() { "gain" } else { "loss" };
    if let Some(stop) = trip.stop {
        let value = stop.to_f64();
        chart.segment("stop", CurvePoint { value, ..entry }, CurvePoint { value, ..exit });
    }
    chart.segment(result, entry, exit);
    let side = trip.side.as_str();
    let net = signed_money(trip.net.to_f64());
    let (size, price) = (number(trip.quantity.to_f64()), number(entry.value));
    let tip = format!("{} {side} {size} at {price}\n{}", entry_word(trip.side), date_time(trip.entry_time));
    draw_entry(chart, trip.side, entry, &tip);
    let tip = format!("Exit {side} at {}\n{}\nnet {net}", number(exit.value), date_time(trip.exit_time));
    let shape = MarkerShape::Dot;
    chart.marker(&Marker { time: exit.time, value: exit.value, shape, class: result, tip: &tip });
}

fn draw_open(chart: &mut Chart, data: &ReportData, series: &PriceSeries, end: Timestamp) {
    for trip in data.open.iter().filter(|trip| trip.instrument.as_str() == series.instrument) {
        let entry = CurvePoint { time: trip.entry_time, value: trip.entry_price.to_f64() };
        if let Some(stop) = trip.last_stop {
            let value = stop.to_f64();
            chart.segment("stop", CurvePoint { value, ..entry }, CurvePoint { time: end, value });
        }
        let (side, size) = (trip.side.as_str(), number(trip.quantity.to_f64()));
        let tip = format!("Open {side} {size} at {}\n{}", number(entry.value), date_time(entry.time));
        draw_entry(chart, trip.side, entry, &tip);
    }
}

fn draw_entry(chart: &mut Chart, side: TripSide, at: CurvePoint, tip: &str) {
    let (shape, class) = match side {
        TripSide::Long => (MarkerShape::Up, "buy"),
        TripSide::Short => (MarkerShape::Down, "sell"),
    };
    chart.marker(&Marker { time: at.time, value: at.value, shape, class, tip });
}

const fn entry_word(side: TripSide) -> &'static str {
    match side {
        TripSide::Long => "Buy",
        TripSide::Short => "Sell",
    }
}

pub(super) fn costs(page: &mut String, data: &ReportData) {
    let summary = &data.summary;
    let steps =
        [("Price profit", summary.price_profit), ("Fees", -summary.fees), ("Funding", summary.funding)];
    let picture = waterfall(&steps, ("Net profit", summary.net_profit), signed_money);
    let share = summary
        .costs_share
        .map_or_else(String::new, |share| format!("costs are {} of gross profit", percent(share)));
    card(page, "From price to profit", &share, &picture);
}

pub(super) fn distribution(page: &mut String, data: &ReportData) {
    let nets: Vec<f64> = data.trips.iter().map(|trip| trip.net.to_f64()).collect();
    let Some(mean) = data.summary.average_trade.filter(|_| !nets.is_empty()) else { return };
    let all = data.summary.round_trips == nets.len() as u64;
    let part = if all { String::new() } else { format!(" of {} kept trips", count(nets.len() as u64)) };
    let note = format!("net{part} in {}; the line is the mean of all", data.summary.currency);
    card(page, "Distribution of trades", &note, &histogram(&nets, mean, tick));
}

fn legend(items: &[(&str, &str)]) -> String {
    let item = |(class, name): &(&str, &str)| format!("<li><i class=\"key {class}\"></i>{name}</li>");
    format!("<ul class=\"legend\">{}</ul>", items.iter().map(item).collect::<String>())
}

fn span(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}

fn tick(value: f64, decimals: usize) -> String {
    if decimals <= 2 {
        let text = money(value);
        let short = text.split_once('.').map_or(text.as_str(), |(whole, _)| whole);
        if decimals == 0 { short.to_owned() } else { text }
    } else {
        format!("{value:.decimals$}")
    }
}
