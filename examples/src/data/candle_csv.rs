//! A candle file that grows.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use qtp_core::{Candle, InstrumentId, Timeframe};
use qtp_exchange::candle_file::{self, CandleFileOptions};

use super::gaps::Series;
use crate::exit::Failure;

const HEADER: &str = "timestamp,open,high,low,close,volume";

/// An open candle file and what stands in it.
pub(super) struct CandleCsv {
    path: PathBuf,
    out: BufWriter<File>,
    pub(super) series: Series,
}

impl CandleCsv {
    /// A new file, or one that this command left before it was done. A torn last line is cut off.
    pub(super) fn open(
        path: &Path,
        instrument: &InstrumentId,
        timeframe: Timeframe,
    ) -> Result<Self, Failure> {
        let name = path.display();
        if path.extension().is_some_and(|extension| extension == "gz") {
            return Err(format!("{name}: a file that grows is plain CSV; compress it afterwards").into());
        }
        let refused = |error: std::io::Error| format!("{name}: {error}");
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(refused)?;
        cut_torn_line(&mut file).map_err(refused)?;
        let mut series = Series::default();
        let rows = rows(&mut file, &name.to_string())?;
        if rows > 0 {
            let options = CandleFileOptions {
                timeframe: Some(timeframe),
                ..CandleFileOptions::new(instrument.clone())
            };
            for candle in &candle_file::read(path, &options)?.candles {
                if !series.push(candle) {
                    let open = candle.open_time();
                    return Err(format!(
                        "{name}: candles of {timeframe} overlap at {open}: another timeframe?"
                    )
                    .into());
                }
            }
        }
        file.seek(SeekFrom::End(0)).map_err(refused)?;
        Ok(Self { path: path.to_owned(), out: BufWriter::new(file), series })
    }

    /// Appends candles; they are with the operating system when this returns.
    pub(super) fn append(&mut self, candles: &[Candle]) -> Result<(), Failure> {
        for candle in candles {
            if !self.series.push(candle) {
                let (open, last) = (candle.open_time(), self.series.next);
                let last = last.map_or_else(String::new, |last| last.to_string());
                return Err(
                    format!("the venue sent a candle of {open} behind one that closed at {last}").into()
                );
            }
            self.line(candle).map_err(|error| format!("{}: {error}", self.path.display()))?;
        }
        self.out.flush().map_err(|error| format!("{}: {error}", self.path.display()))?;
        Ok(())
    }

    fn line(&mut self, candle: &Candle) -> std::io::Result<()> {
        if self.series.count == 1 {
            writeln!(self.out, "{HEADER}")?;
        }
        let (open, high, low) = (candle.open(), candle.high(), candle.low());
        writeln!(
            self.out,
            "{},{open},{high},{low},{},{}",
            candle.open_time(),
            candle.close(),
            candle.volume()
        )
    }
}

/// Takes away what stands behind the last line feed.
fn cut_torn_line(file: &mut File) -> std::io::Result<()> {
    /// Longer than any line of ours.
    const TAIL: u64 = 4096;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let torn = tail.iter().rev().take_while(|byte| **byte != b'\n').count() as u64;
    if torn > 0 {
        file.set_len(length - torn)?;
    }
    Ok(())
}

/// Lines behind the header, two at most: whether there is anything to read.
fn rows(file: &mut File, name: &str) -> Result<usize, Failure> {
    file.seek(SeekFrom::Start(0))?;
    let mut lines = BufReader::new(file).lines();
    match lines.next().transpose()? {
        None => Ok(0),
        Some(header) if header == HEADER => Ok(lines.take(2).count()),
        Some(_) => Err(format!("{name}: was not written by this command: its header is not {HEADER}").into()),
    }
}
