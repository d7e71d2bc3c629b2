//! The lab that strategy documents are tried in: the market, account and costs of a backtest.

use qtp_core::{Amount, InstrumentKind, Ratio};
use qtp_engine::driver::{CandleLab, CandleLabSetup};
use qtp_engine::stats::DayCount;
use qtp_exchange::candle_file::CandleFile;

use super::args::BacktestArgs;
use super::build::{funding, instrument, kind, read_files, read_instruments, reporting, size, venue_config};
use crate::exit::Failure;

/// A lab over the one candle file of a backtest's arguments; `in_sample` is the share of it that comes first.
///
/// # Errors
/// As [`build`](super::build); more than one file.
pub fn lab(args: &BacktestArgs, in_sample: f64) -> Result<CandleLab, Failure> {
    let rules = args.instrument_file.as_deref().map(read_instruments).transpose()?.unwrap_or_default();
    let files = read_files(args, &rules)?;
    let Ok([file]) = <[CandleFile; 1]>::try_from(files) else {
        return Err("a lab takes one candle file".into());
    };
    let instrument = instrument(args, &rules, &file)?;
    let currency = reporting(std::slice::from_ref(&instrument))?;
    let stock = instrument.kind == InstrumentKind::Stock;
    let funding = funding(args, &instrument.id)?;
    let paid = match (instrument.kind, funding.is_empty()) {
        (InstrumentKind::Perpetual, true) => ", funding not modelled",
        (InstrumentKind::Perpetual, false) => ", funding as it was paid",
        _ => "",
    };
    let bps = |bps: Option<qtp_core::Decimal>| bps.unwrap_or_default().normalize();
    let setup = CandleLabSetup {
        timeframe: file.timeframe,
        candles: file.candles,
        funding,
        in_sample,
        account: kind(args.account),
        cash: Amount::new(args.cash, currency),
        leverage: args.leverage.unwrap_or(Ratio::ONE),
        venue: venue_config(args)?,
        costs: format!("fee {} bps, slippage {} bps{paid}", bps(args.fee_bps), bps(args.slippage_bps)),
        size: size(args),
        days: if stock { DayCount::Sessions } else { DayCount::Every },
        instrument,
    };
    Ok(CandleLab::new(setup)?)
}
