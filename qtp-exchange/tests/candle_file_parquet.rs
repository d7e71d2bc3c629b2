//! Candle files in Parquet's format.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use qtp_exchange::candle_file::{self, CandleFile, CandleFileError, CandleFileOptions};

const SCHEMA: &str =
    "message candles { REQUIRED INT64 time (TIMESTAMP_MILLIS); REQUIRED BYTE_ARRAY open (UTF8);
    REQUIRED DOUBLE high; REQUIRED DOUBLE low; REQUIRED DOUBLE close; REQUIRED DOUBLE volume; }";

/// Two minutes; the second one closes at `close`.
fn write(path: &Path, schema: &str, close: f64, compression: Compression) {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&[1_700_000_040_000, 1_700_000_100_000], None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column
        .typed::<ByteArrayType>()
        .write_batch(&[ByteArray::from("100.10"), ByteArray::from("100.2")], None, None)
        .unwrap();
    column.close().unwrap();
    for values in [[101.0, 102.5], [99.5, 100.0], [100.25, close], [3.0, 4.5]] {
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<DoubleType>().write_batch(&values, None, None).unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

fn read(path: &Path) -> Result<CandleFile, CandleFileError> {
    candle_file::read(path, &CandleFileOptions::new("BTC-USDT@test".parse().unwrap()))
}

#[test]
fn columns_are_read_by_their_names_and_every_digit_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("candles.parquet");
    for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(Default::default())]
    {
        write(&path, SCHEMA, 101.1, compression);
        let file = read(&path).unwrap();
        let rows: Vec<_> = file
            .candles
            .iter()
            .map(|candle| {
                (candle.open_time().as_secs(), candle.open().to_string(), candle.close().to_string())
            })
            .collect();
        let expected = [
            (1_700_000_040, "100.1".into(), "100.25".into()),
            (1_700_000_100, "100.2".into(), "101.1".into()),
        ];
        assert_eq!(rows, expected);
        assert_eq!((file.rows, file.timeframe.to_string().as_str(), file.sha256.len()), (2, "1m", 64));
    }
    // Without the time's kind the unit is told from the number, as in a text.
    write(&path, &SCHEMA.replace(" (TIMESTAMP_MILLIS)", ""), 101.1, Compression::SNAPPY);
    assert_eq!(read(&path).unwrap().candles[1].open_time().as_secs(), 1_700_000_100);
}

#[test]
fn what_is_wrong_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("candles.parquet");
    for (close, expected) in [
        (f64::NAN, "line 3, column close: \"NaN\" is not a finite number"),
        (0.0, "line 3, column close: 0 is not above 0"),
    ] {
        write(&path, SCHEMA, close, Compression::SNAPPY);
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected:?} in {error:?}");
    }
    write(&path, &SCHEMA.replace("volume", "amount"), 101.1, Compression::SNAPPY);
    let error = read(&path).unwrap_err().to_string();
    assert!(error.contains("column volume: missing from the header"), "{error}");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 9]).unwrap();
    let error = read(&path).unwrap_err().to_string();
    assert!(error.contains("candles.parquet: cannot read"), "{error}");
}
