//! VectorTA, its stable kernels. CCI, MFI and VWAP get the typical price ready made; VWAP begins afresh every day.

use vector_ta::indicators::{
    adx, atr, bollinger_bands as bands, cci, macd, mfi,
    moving_averages::{ema, hma, sma, vwap, wma},
    obv, rsi, stoch,
};

use crate::market::{Market, Outputs};

pub fn run(name: &str, m: &Market, outputs: &mut Outputs) -> Option<()> {
    let (high, low, close, volume) = (&m.high[..], &m.low[..], &m.close[..], &m.volume[..]);
    let [a, b, c, ..] = outputs;
    let period = |n| Some(n);
    match name {
        "SMA" => {
            sma::sma_into(&sma::SmaInput::from_slice(close, sma::SmaParams { period: period(20) }), a).ok()
        }
        "EMA" => {
            ema::ema_into(&ema::EmaInput::from_slice(close, ema::EmaParams { period: period(20) }), a).ok()
        }
        "RSI" => {
            rsi::rsi_into(&rsi::RsiInput::from_slice(close, rsi::RsiParams { period: period(14) }), a).ok()
        }
        "MACD" => {
            macd::macd_into(&macd::MacdInput::from_slice(close, macd::MacdParams::default()), a, b, c).ok()
        }
        "ATR" => {
            let params = atr::AtrParams { length: period(14) };
            atr::atr_into(&atr::AtrInput::from_slices(high, low, close, params), a).ok()
        }
        "BBANDS" => {
            let input = bands::BollingerBandsInput::from_slice(close, bands::BollingerBandsParams::default());
            bands::bollinger_bands_into(&input, a, b, c).ok()
        }
        "STOCH" => {
            let input = stoch::StochInput::from_slices(high, low, close, stoch::StochParams::default());
            stoch::stoch_into(&input, a, b).ok()
        }
        "ADX" => {
            let params = adx::AdxParams { period: period(14) };
            adx::adx_into(&adx::AdxInput::from_slices(high, low, close, params), a).ok()
        }
        "OBV" => obv::obv_into(&obv::ObvInput::from_slices(close, volume, obv::ObvParams), a).ok(),
        "MFI" => {
            let params = mfi::MfiParams { period: period(14) };
            mfi::mfi_into(&mfi::MfiInput::from_slices(&m.typical, volume, params), a).ok()
        }
        "CCI" => {
            cci::cci_into(&cci::CciInput::from_slice(&m.typical, cci::CciParams { period: period(20) }), a)
                .ok()
        }
        "WMA" => {
            wma::wma_into(&wma::WmaInput::from_slice(close, wma::WmaParams { period: period(20) }), a).ok()
        }
        "HMA" => {
            hma::hma_into(&hma::HmaInput::from_slice(close, hma::HmaParams { period: period(20) }), a).ok()
        }
        "VWAP" => {
            let input =
                vwap::VwapInput::from_slice(&m.millis, volume, &m.typical, vwap::VwapParams::default());
            vwap::vwap_into(&input, a).ok()
        }
        _ => None,
    }
}
