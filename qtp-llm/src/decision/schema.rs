//! The answer's JSON schema, within the strict subset that providers enforce.

use qtp_core::DecisionRequest;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::parse::RawAnswer;
use super::plan::COMPARISONS;

/// Keywords that strict mode refuses, or that say nothing.
const DROPPED: [&str; 4] = ["$schema", "title", "default", "format"];

/// The schema of an answer to `request`: only its assets are legal.
pub(super) fn answer_schema(request: &DecisionRequest) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<RawAnswer<'_>>().to_value();
    strict(&mut schema);
    if let Some(Value::Object(trade)) = schema.pointer_mut("/properties/trade_decisions/items/properties") {
        let assets: Vec<_> = request.assets.iter().map(|asset| asset.instrument.as_str()).collect();
        limit(trade, "asset", json!(assets));
        limit(trade, "action", json!(["buy", "sell", "close", "reduce", "hold"]));
        let condition = trade
            .get_mut("exit_rules")
            .and_then(|rules| rules.pointer_mut("/properties/invalidation/items/properties"));
        if let Some(Value::Object(condition)) = condition {
            limit(condition, "is", json!(COMPARISONS.map(|(name, _)| name)));
        }
    }
    schema
}

fn limit(properties: &mut serde_json::Map<String, Value>, field: &str, values: Value) {
    if let Some(Value::Object(property)) = properties.get_mut(field) {
        property.insert("enum".to_owned(), values);
    }
}

/// Every object closed, every property required, at every depth.
fn strict(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            // No field of the answer bears such a name.
            for keyword in DROPPED {
                object.remove(keyword);
            }
            if let Some(Value::Object(properties)) = object.get("properties") {
                let names: Vec<_> = properties.keys().cloned().collect();
                object.insert("required".to_owned(), json!(names));
                object.insert("additionalProperties".to_owned(), json!(false));
            }
            object.values_mut().for_each(strict);
        }
        Value::Array(items) => items.iter_mut().for_each(strict),
        _ => {}
    }
}
