//! Requests that the official SDK and ccxt really sent, played to the venue.

use std::path::Path;

use qtp_exchange::hyperliquid::sign::Network;
use serde_json::Value;

use super::client::{USER, Venue};

fn recorded() -> Option<Vec<Value>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/data/hyperliquid-client-requests/requests.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: recorded requests: no {}", path.display());
        return None;
    };
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// The text of a record's body, with its keys in the order in which they were sent.
fn body(line: &str) -> &str {
    let start = line.find("\"body\": ").unwrap() + 8;
    let end = line.find(", \"recovered\"").unwrap_or(line.len() - 1);
    &line[start..end]
}

#[tokio::test]
async fn reads_are_answered() {
    let Some(records) = recorded() else { return };
    let venue = Venue::open().await;
    let mut answered = 0;
    for record in records.iter().filter(|record| record["kind"] == "info") {
        let (status, text) = venue.post("/info", &record["body"].to_string()).await.unwrap();
        assert_eq!(status, 200, "{}: {text}", record["body"]);
        answered += 1;
    }
    assert!(answered > 50, "{answered} reads");
}

#[tokio::test]
async fn signatures_belong_to_the_signer_of_the_network() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/data/hyperliquid-client-requests/requests.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: recorded requests: no {}", path.display());
        return;
    };
    for network in [Network::Testnet, Network::Mainnet] {
        // Who signed for one network is somebody else on the other.
        let venue = Venue::with(|config| {
            config.network = network;
            config.opens = Some("2026-11-20T00:00:00Z".parse().unwrap());
        })
        .await;
        let mut known = 0;
        for line in text.lines().filter(|line| line.contains("\"kind\": \"exchange\"")) {
            let record: Value = serde_json::from_str(line).unwrap();
            let (status, answer) = venue.post("/exchange", body(line)).await.unwrap();
            assert_eq!(status, 200, "{line}: {answer}");
            let (name, key) = if network == Network::Testnet { ("testnet", USER) } else { ("mainnet", "") };
            let Some(signer) = record["recovered"][name].as_str() else { continue };
            let signer = signer.to_lowercase();
            if signer == key {
                assert!(!answer.contains("does not exist"), "{line}: {answer}");
                known += 1;
            } else {
                assert!(
                    answer.contains(&format!("User or API Wallet {signer} does not exist.")),
                    "{line}: {answer}"
                );
            }
        }
        assert_eq!(known > 20, network == Network::Testnet, "{known} of our own");
    }
}
