//! kand: it returns every intermediate series.

use kand::ohlcv::{adx, atr, bbands, cci, ema, macd, mfi, obv, rsi, sma, stoch, vwap, wma};

use crate::market::{Market, Outputs};

pub fn run(name: &str, m: &Market, outputs: &mut Outputs) -> Option<()> {
    let (high, low, close, volume) = (&m.high, &m.low, &m.close, &m.volume);
    let [a, b, c, d, e, f, g, _] = outputs;
    match name {
        "SMA" => sma::sma(close, 20, a),
        "EMA" => ema::ema(close, 20, None, a),
        "RSI" => rsi::rsi(close, 14, a, b, c),
        "MACD" => macd::macd(close, 12, 26, 9, a, b, c, d, e),
        "ATR" => atr::atr(high, low, close, 14, a),
        "BBANDS" => bbands::bbands(close, 20, 2.0, 2.0, a, b, c, d, e, f, g),
        "STOCH" => stoch::stoch(high, low, close, 14, 3, 3, a, b, c),
        "ADX" => adx::adx(high, low, close, 14, a, b, c, d),
        "OBV" => obv::obv(close, volume, a),
        "MFI" => mfi::mfi(high, low, close, volume, 14, a, b, c, d, e),
        "CCI" => cci::cci(high, low, close, 20, a, b, c, d),
        "WMA" => wma::wma(close, 20, a),
        "VWAP" => vwap::vwap(high, low, close, volume, a, b, c),
        _ => return None,
    }
    .ok()
}
