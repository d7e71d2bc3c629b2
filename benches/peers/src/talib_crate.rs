//! The Rust port by TA-Lib's own project.

use ta_lib::{Core, MAType};

use crate::market::{Market, Outputs};

pub fn run(name: &str, m: &Market, outputs: &mut Outputs) -> Option<()> {
    let core = Core::new();
    let last = m.close.len() - 1;
    let (high, low, close, volume) = (&m.high, &m.low, &m.close, &m.volume);
    let [a, b, c, ..] = outputs;
    match name {
        "SMA" => core.sma(0, last, close, 20, a),
        "EMA" => core.ema(0, last, close, 20, a),
        "RSI" => core.rsi(0, last, close, 14, a),
        "MACD" => core.macd(0, last, close, 12, 26, 9, a, b, c),
        "ATR" => core.atr(0, last, high, low, close, 14, a),
        "BBANDS" => core.bbands(0, last, close, 20, 2.0, 2.0, MAType::SMA, a, b, c),
        "STOCH" => core.stoch(0, last, high, low, close, 14, 3, MAType::SMA, 3, MAType::SMA, a, b),
        "ADX" => core.adx(0, last, high, low, close, 14, a),
        "OBV" => core.obv(0, last, close, volume, a),
        "MFI" => core.mfi(0, last, high, low, close, volume, 14, a),
        "CCI" => core.cci(0, last, high, low, close, 20, a),
        "WMA" => core.wma(0, last, close, 20, a),
        "HMA" => core.hma(0, last, close, 20, a),
        "VWAP" => core.vwap(0, last, high, low, close, volume, a),
        _ => return None,
    }
    .ok()
    .map(|_| ())
}
