//! The published schema is the one that the types make.
#![cfg(feature = "schema")]

use std::path::Path;

use qtp_core::StrategyFile;
use serde_json::Value;

#[test]
fn the_published_schema_is_that_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/strategy-file.schema.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let published: Value = serde_json::from_str(&text).unwrap();
    let made = StrategyFile::json_schema();
    assert!(published == made, "write `strategy schema` to {}", path.display());
    assert_eq!(text, format!("{}\n", serde_json::to_string_pretty(&made).unwrap()));
}

#[test]
fn the_schema_names_every_operation() {
    let schema = StrategyFile::json_schema();
    let operations = &schema["$defs"]["Expression"]["anyOf"][2]["properties"];
    let names: Vec<&str> = qtp_core::Operation::NAMES.iter().map(|(name, _)| *name).collect();
    assert_eq!(operations.as_object().unwrap().len(), names.len());
    assert!(names.iter().all(|name| operations.get(name).is_some()), "{operations}");
}
