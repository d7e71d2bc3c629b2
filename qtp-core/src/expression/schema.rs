//! The JSON schema of an expression.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::{Expression, MAX_EXPRESSION_NAME, MAX_PREVIOUS, Operation};

impl JsonSchema for Expression {
    fn schema_name() -> Cow<'static, str> {
        "Expression".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let part = generator.subschema_for::<Self>();
        let properties: Map<String, Value> = Operation::NAMES
            .iter()
            .map(|(name, operation)| ((*name).to_owned(), arguments(*operation, &part)))
            .collect();
        json_schema!({
            "description": "A number, the name of a value, or one operation on its arguments. Names: open, high, low, \
                            close, volume, hl2, hlc3, ohlc4; entry_price, bars_held, unrealized_return, position; a \
                            named indicator; a spec such as rsi(14)@1h.",
            "anyOf": [
                { "type": "number" },
                { "type": "string", "minLength": 1, "maxLength": MAX_EXPRESSION_NAME },
                {
                    "type": "object",
                    "properties": properties,
                    "additionalProperties": false,
                    "minProperties": 1,
                    "maxProperties": 1,
                },
            ],
        })
    }
}

fn arguments(operation: Operation, part: &Schema) -> Value {
    match operation {
        Operation::All | Operation::Any => json!({ "type": "array", "items": part, "minItems": 1 }),
        Operation::Previous => json!({
            "type": "array",
            "prefixItems": [part, { "type": "integer", "minimum": 1, "maximum": MAX_PREVIOUS }],
            "minItems": 2,
            "maxItems": 2,
        }),
        operation if operation.is_unary() => json!(part),
        _ => json!({ "type": "array", "items": part, "minItems": 2, "maxItems": 2 }),
    }
}
