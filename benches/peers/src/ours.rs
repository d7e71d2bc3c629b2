//! This project's crate, by spec.

use qtp_indicators::{Candles, build};

use crate::market::{Market, Outputs};

pub fn run(name: &str, m: &Market, outputs: &mut Outputs) -> Option<()> {
    let spec = match name {
        "SMA" => "sma(20)",
        "EMA" => "ema(20)",
        "RSI" => "rsi(14)",
        "MACD" => "macd(12,26,9)",
        "ATR" => "atr(14)",
        "BBANDS" => "bbands(20,2)",
        "STOCH" => "talib.stoch(14,3,0,3,0)",
        "ADX" => "talib.adx(14)",
        "OBV" => "talib.obv()",
        "MFI" => "talib.mfi(14)",
        "CCI" => "talib.cci(20)",
        "WMA" => "wma(20)",
        "HMA" => "talib.hma(20)",
        "VWAP" => "talib.vwap()",
        "ICHIMOKU" => "ichimoku(9,26,52)",
        _ => return None,
    };
    let indicator = build(spec).ok()?;
    let candles = Candles::new(&m.open, &m.high, &m.low, &m.close, &m.volume).ok()?;
    let mut views: Vec<&mut [f64]> =
        outputs.iter_mut().take(indicator.width()).map(Vec::as_mut_slice).collect();
    indicator.batch(candles, &m.nanos, &mut views).ok()
}
