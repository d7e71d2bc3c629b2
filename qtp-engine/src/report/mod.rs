//! Reports of a run: one self-contained HTML page, and CSV files.

pub mod csv;
mod data;
mod html;
pub mod svg;

pub use data::{DecisionRow, NoticeRow, PriceSeries, ReportData};
pub use html::render;
