//! The recorded requests, and orders out of their arguments.

use std::path::Path;

use qtp_core::{
    ClientOrderId, Decimal, OrderKind, OrderRequest, OrderRole, OrderSizing, Price, Quantity, RunId, Side,
    TimeInForce, Timestamp, Trigger, TriggerSource,
};
use qtp_exchange::transport::Request;
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Vector {
    pub(crate) venue: String,
    pub(crate) call: String,
    pub(crate) args: Vec<Value>,
    timestamp: i64,
    pub(crate) api_key: String,
    pub(crate) secret: String,
    request: Expected,
}

#[derive(Debug, Deserialize)]
struct Expected {
    method: String,
    url: String,
    headers: std::collections::BTreeMap<String, String>,
    body: Option<String>,
}

pub(crate) fn load() -> Option<Vec<Vector>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/ccxt-requests/requests.json");
    let text = std::fs::read_to_string(path).ok()?;
    let file: Value = serde_json::from_str(&text).unwrap();
    Some(serde_json::from_value(file["vectors"].clone()).unwrap())
}

impl Vector {
    pub(crate) fn at(&self) -> Timestamp {
        Timestamp::from_millis(self.timestamp)
    }

    pub(crate) fn text(&self, index: usize) -> &str {
        self.args[index].as_str().unwrap()
    }

    pub(crate) fn number(&self, index: usize) -> Decimal {
        decimal(&self.args[index])
    }

    pub(crate) fn time(&self, index: usize) -> Timestamp {
        Timestamp::from_millis(self.args[index].as_i64().unwrap())
    }

    pub(crate) fn count(&self, index: usize) -> u32 {
        u32::try_from(self.args[index].as_u64().unwrap()).unwrap()
    }

    /// The last argument, if it names parameters.
    pub(crate) fn params(&self) -> Value {
        self.args.last().filter(|value| value.is_object()).cloned().unwrap_or(Value::Null)
    }

    /// The value after one of these names in the recorded body: an id that the other client made up.
    pub(crate) fn sent(&self, names: &[&str]) -> Option<String> {
        let body = self.request.body.as_ref()?;
        if let Ok(Value::Object(fields)) = serde_json::from_str(body) {
            return names.iter().find_map(|name| Some(fields.get(*name)?.as_str()?.to_owned()));
        }
        let field = |pair: &str| {
            let (name, value) = pair.split_once('=')?;
            names.contains(&name).then(|| value.to_owned())
        };
        body.split('&').find_map(field)
    }

    /// The order of a `create_order` call.
    pub(crate) fn order(&self) -> OrderRequest {
        let params = self.params();
        let side = if self.text(2) == "buy" { Side::Buy } else { Side::Sell };
        let limit = (self.text(1) == "limit").then(|| Price::new(self.number(4)).unwrap());
        let trigger = |name: &str| {
            let price = Price::new(decimal(params.get(name)?)).unwrap();
            Some(Trigger { price, source: TriggerSource::Last })
        };
        let stop = trigger("triggerPrice").or_else(|| trigger("stopLossPrice"));
        let kind = match (stop, trigger("takeProfitPrice"), limit) {
            (Some(trigger), _, Some(price)) => OrderKind::StopLimit { trigger, price },
            (Some(trigger), _, None) => OrderKind::StopMarket { trigger },
            (None, Some(trigger), Some(price)) => OrderKind::TakeProfitLimit { trigger, price },
            (None, Some(trigger), None) => OrderKind::TakeProfitMarket { trigger },
            (None, None, Some(price)) => OrderKind::Limit { price },
            (None, None, None) => OrderKind::Market,
        };
        let time_in_force = match params["timeInForce"].as_str() {
            Some("IOC") => TimeInForce::Ioc,
            Some("FOK") => TimeInForce::Fok,
            _ => TimeInForce::Gtc,
        };
        OrderRequest {
            quantity: Quantity::new(self.number(3)).unwrap(),
            time_in_force,
            post_only: params["postOnly"] == true,
            reduce_only: params["reduceOnly"] == true,
            ..order(side, kind)
        }
    }

    pub(crate) fn assert_equal(&self, base: &str, request: &Request) {
        let mut url = format!("{base}{}", request.path);
        if !request.query.is_empty() {
            url = format!("{url}?{}", request.query);
        }
        let body = request.body.as_ref().map(|(_, body)| body.as_str());
        let context = format!("{} {} {:?}", self.venue, self.call, self.args);
        assert_eq!(request.method.as_str(), self.request.method, "{context}");
        assert_eq!(url, self.request.url, "{context}");
        assert_eq!(body, self.request.body.as_deref(), "{context}");
        let mut headers: Vec<(String, String)> =
            request.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        if let Some((content_type, _)) = request.body {
            headers.push(("content-type".into(), content_type.into()));
        }
        headers.sort();
        let expected = self.request.headers.iter();
        let mut expected: Vec<_> =
            expected.map(|(name, value)| (name.to_lowercase(), value.clone())).collect();
        expected.sort();
        assert_eq!(headers, expected, "{context}");
    }
}

fn decimal(value: &Value) -> Decimal {
    value.to_string().parse().unwrap()
}

/// One unit, plain.
pub(crate) fn order(side: Side, kind: OrderKind) -> OrderRequest {
    OrderRequest {
        client_order_id: ClientOrderId::new(RunId(1), 2, 3),
        account: "main".parse().unwrap(),
        instrument: "BTC-USDT@test".parse().unwrap(),
        side,
        quantity: "1".parse().unwrap(),
        kind,
        time_in_force: TimeInForce::Gtc,
        post_only: false,
        reduce_only: false,
        sizing: OrderSizing::Fixed,
        role: OrderRole::Entry,
        valid_until: None,
        protective_stop: None,
        decision_price: None,
    }
}
