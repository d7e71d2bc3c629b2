//! Wickra: its fast batch where it has one, else the exact one.

use wickra::{Atr, Cci, Ema, Hma, Indicator as _, Mfi, Obv, Rsi, Sma, Vwap, Wma};

use crate::market::{Market, Outputs};

pub fn run(name: &str, m: &Market, outputs: &mut Outputs) -> Option<()> {
    let out = &mut outputs[0];
    match name {
        "SMA" => Sma::new(20).ok()?.batch_fast_into(&m.close, out),
        "EMA" => Ema::new(20).ok()?.batch_fast_into(&m.close, out),
        "RSI" => Rsi::new(14).ok()?.batch_fast_into(&m.close, out),
        "WMA" => Wma::new(20).ok()?.batch_fast_into(&m.close, out),
        "HMA" => Hma::new(20).ok()?.batch_fast_into(&m.close, out),
        "ATR" => Atr::new(14).ok()?.batch_fast_into(&m.candles, out),
        "OBV" => Obv::new().batch_fast_into(&m.candles, out),
        "MFI" => Mfi::new(14).ok()?.batch_fast_into(&m.candles, out),
        "CCI" => Cci::new(20).ok()?.batch_fast_into(&m.candles, out),
        "VWAP" => Vwap::new().batch_fast_into(&m.candles, out),
        _ => return None,
    }
    Some(())
}
