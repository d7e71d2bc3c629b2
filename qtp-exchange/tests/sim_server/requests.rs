//! Requests, refusals, and what limits say.

use serde_json::json;

use super::client::{SECOND, USER, Venue, limit, next_nonce, signed};

#[tokio::test]
async fn a_nonce_is_taken_once_and_a_changed_action_belongs_to_a_stranger() {
    let venue = Venue::open().await;
    let action =
        json!({"type": "order", "orders": [limit(true, 50_000.0, "Gtc")], "grouping": "na"}).to_string();
    let nonce = next_nonce();
    let body = signed(&action, nonce);
    assert!(venue.post("/exchange", &body).await.unwrap().1.contains("resting"));
    let again = venue.post("/exchange", &body).await.unwrap().1;
    assert_eq!(again, format!(r#"{{"response":"Invalid nonce: duplicate nonce {nonce}","status":"err"}}"#));
    let changed = signed(&action, next_nonce()).replace("50000", "50001");
    let answer = venue.post("/exchange", &changed).await.unwrap().1;
    assert!(answer.contains("User or API Wallet 0x") && answer.contains("does not exist."), "{answer}");
    assert_eq!(venue.open_orders().await, 1);
}

#[tokio::test]
async fn bodies_of_the_wrong_form_are_422() {
    let venue = Venue::open().await;
    for (path, body) in [
        ("/info", "{"),
        ("/info", r#"{"type":"unheardOf"}"#),
        ("/info", r#"{"type":"clearinghouseState"}"#),
        ("/info", r#"{"type":"clearinghouseState","user":"0x12"}"#),
        ("/exchange", r#"{"action":{"type":"order"},"nonce":1}"#),
        ("/exchange", &signed(r#"{"type":"order","orders":[{"a":0}],"grouping":"na"}"#, 5)),
        ("/exchange", &signed(r#"{"type":"explode"}"#, 5)),
    ] {
        let (status, text) = venue.post(path, body).await.unwrap();
        assert_eq!(
            (status, text.as_str()),
            (422, "Failed to deserialize the JSON body into the target type"),
            "{body}"
        );
    }
    let unknown = venue.post("/info", r#"{"type":"l2Book","coin":"NOPE"}"#).await.unwrap();
    assert_eq!(unknown, (500, "null".to_owned()));
}

#[tokio::test]
async fn resting_orders_fill_as_makers_when_the_tape_passes_them() {
    let venue = Venue::open().await;
    let mark = venue.mark().await;
    venue.order(json!([limit(true, mark * 0.99, "Alo")]), "na").await;
    venue.server.step(SECOND * 60);
    venue.admin("market", json!({"coin": "BTC", "move": "-0.02"})).await;
    assert!((venue.position().await - 0.01).abs() < 1e-9);
    let fills = venue.info(json!({"type": "userFills", "user": USER})).await;
    assert_eq!((fills[0]["crossed"].as_bool(), fills[0]["dir"].as_str()), (Some(false), Some("Open Long")));
    assert_eq!(venue.open_orders().await, 0);
}

#[tokio::test]
async fn real_limits_are_a_setting() {
    let venue = Venue::with(|config| config.rate_limits = true).await;
    let mut refused = 0;
    for _ in 0..25 {
        let (status, text) =
            venue.post("/info", &json!({"type": "userRole", "user": USER}).to_string()).await.unwrap();
        refused += usize::from((status, text.as_str()) == (429, "null"));
    }
    assert!((4..=5).contains(&refused), "20 requests of weight 60 in a minute: {refused} refused");
}

#[tokio::test]
async fn a_thousand_accounts_keep_what_is_theirs() {
    let venue = Venue::with(|config| {
        config.accounts.extend((0..1_000_u32).map(|number| {
            let address = format!("0x{number:040x}").parse().unwrap();
            (address, 1_000.into())
        }));
    })
    .await;
    assert_eq!(venue.server.accounts(), 1_001);
    venue.server.step(SECOND * 60);
    let state = venue.info(json!({"type": "clearinghouseState", "user": format!("0x{:040x}", 999)})).await;
    assert_eq!(state["withdrawable"], "1000.0");
}
