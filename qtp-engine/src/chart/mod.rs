//! Trading charts as one SVG picture: candles, volume, overlays, oscillator panes, events and a volume profile.
//!
//! A [`Chart`] is plain data with one value a candle in every series; [`Chart::svg`] draws it. The drawing knows nothing
//! about indicators: [`Chart::study`] turns specs of the registry into panes, and whoever has other series or events fills a
//! [`Pane`] by hand. Equal data gives equal bytes.
//!
//! ```
//! use qtp_core::{Ohlcv, Timestamp};
//! use qtp_engine::chart::{Bar, Chart, ChartOptions, Marker, MarkerKind};
//! let bars = (0..60_i64).map(|hour| {
//!     let close = 100.0 + (hour % 7) as f64;
//!     let ohlcv = Ohlcv { open: close - 1.0, high: close + 1.0, low: close - 2.0, close, volume: 5.0 };
//!     Bar { time: Timestamp::from_secs(hour * 3600), ohlcv }
//! });
//! let mut chart = Chart::new("TEST", bars.collect());
//! let (time, kind) = (Timestamp::from_secs(36_000), MarkerKind::Buy);
//! chart.price.markers.push(Marker { time, value: 99.0, kind, label: String::new() });
//! let svg = chart.svg(&ChartOptions::default())?;
//! assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
//! # Ok::<(), qtp_engine::EngineError>(())
//! ```

mod data;
mod draw;
mod layout;
mod number;
mod picture;
#[cfg(feature = "png")]
mod png;
mod profile;
mod scale;
mod studies;
mod svg;
mod theme;
mod time_axis;

pub use data::{Bar, Chart, Colour, Level, Marker, MarkerKind, Pane, Plot, PlotKind, Segment, Study};
pub use layout::ChartOptions;
pub use profile::{Profile, ProfileRow};
pub use theme::Theme;
