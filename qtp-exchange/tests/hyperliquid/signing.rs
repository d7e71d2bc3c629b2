//! Signatures equal those of the official SDKs, and recorded requests name their signer.

use qtp_exchange::hyperliquid::sign::{Address, Network, PrivateKey, l1, pack, user};
use qtp_exchange::hyperliquid::wire::{Action, Request};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::data;

/// One known answer.
#[derive(Deserialize)]
struct Vector<'a> {
    id: String,
    kind: String,
    key: String,
    address: Address,
    #[serde(borrow)]
    action: &'a RawValue,
    nonce: Option<u64>,
    vault: Option<Address>,
    expires_after: Option<u64>,
    mainnet: bool,
    primary_type: Option<String>,
    msgpack: Option<String>,
    hash: Option<String>,
    sig65: String,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

fn check(vector: &Vector<'_>) {
    let id = &vector.id;
    let key: PrivateKey = vector.key.parse().unwrap();
    assert_eq!(key.address(), vector.address, "{id}: address");
    let text = vector.action.get();
    let digest = if vector.kind == "l1" {
        let packed = pack(text).unwrap();
        assert_eq!(Some(hex(&packed)), vector.msgpack, "{id}: packed");
        let nonce = vector.nonce.unwrap();
        let hash = l1::action_hash(&packed, nonce, vector.vault, vector.expires_after);
        assert_eq!(Some(hex(&hash)), vector.hash, "{id}: hash");
        let network = if vector.mainnet { Network::Mainnet } else { Network::Testnet };
        let digest = l1::digest(network, text, nonce, vector.vault, vector.expires_after).unwrap();
        let typed: Result<Action, _> = serde_json::from_str(text);
        if let Ok(action) = typed {
            // What we would send for the same request is hashed to the same bytes.
            assert_eq!(pack(&serde_json::to_string(&action).unwrap()).unwrap(), packed, "{id}: {action:?}");
        }
        digest
    } else {
        let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).unwrap();
        match (fields.contains_key("type"), vector.primary_type.as_deref()) {
            (true, _) => user::digest(text).unwrap(),
            (_, Some("HyperliquidTransaction:UsdSend")) => user::digest_as("usdSend", &fields).unwrap(),
            (_, Some("HyperliquidTransaction:Withdraw")) => user::digest_as("withdraw3", &fields).unwrap(),
            (_, other) => panic!("{id}: {other:?}"),
        }
    };
    let signature = key.sign(&digest);
    assert_eq!(hex(&signature.to_bytes()), vector.sig65, "{id}: signature");
    assert_eq!(signature.signer(&digest), Some(vector.address), "{id}: signer");
}

#[test]
fn signatures_equal_the_known_answers() {
    let Some(text) = data("hyperliquid-signing/golden.json") else { return };
    let vectors: Vec<Vector<'_>> = serde_json::from_str(&text).unwrap();
    assert_eq!(vectors.len(), 24);
    vectors.iter().for_each(check);
}

#[test]
fn signatures_equal_the_official_sdk_on_random_actions() {
    let Some(text) = data("hyperliquid-signing/random-400.jsonl.gz") else { return };
    let vectors: Vec<Vector<'_>> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(vectors.len(), 400);
    vectors.iter().for_each(check);
}

#[derive(Deserialize)]
struct Recorded<'a> {
    kind: String,
    #[serde(borrow)]
    body: &'a RawValue,
    #[serde(default)]
    recovered: Option<Recovered>,
}

#[derive(Deserialize)]
struct Recovered {
    mainnet: Address,
    testnet: Address,
}

#[derive(Deserialize)]
struct ActionType {
    r#type: String,
}

#[test]
fn recorded_requests_name_their_signer() {
    let Some(text) = data("hyperliquid-client-requests/requests.jsonl") else { return };
    let owner: Address = "0x14791697260E4c9A71f18484C9f997B308e59325".parse().unwrap();
    let (mut trading, mut signed_by_user, mut typed) = (0, 0, 0);
    for line in text.lines() {
        let recorded: Recorded<'_> = serde_json::from_str(line).unwrap();
        if recorded.kind != "exchange" {
            continue;
        }
        let request: Request<'_> = serde_json::from_str(recorded.body.get()).unwrap();
        let ActionType { r#type } = serde_json::from_str(request.action.get()).unwrap();
        if user::is_user_signed(&r#type) {
            signed_by_user += 1;
            let digest = user::digest(request.action.get()).unwrap();
            assert_eq!(request.signature.signer(&digest), Some(owner), "{line}");
            continue;
        }
        trading += 1;
        let recovered = recorded.recovered.expect("a trading action has signers");
        assert_eq!(request.signer(Network::Testnet).unwrap(), Some(recovered.testnet), "{line}");
        assert_eq!(request.signer(Network::Mainnet).unwrap(), Some(recovered.mainnet), "{line}");
        if let Ok(action) = serde_json::from_str::<Action>(request.action.get()) {
            typed += 1;
            let ours = serde_json::to_string(&action).unwrap();
            assert_eq!(pack(&ours).unwrap(), pack(request.action.get()).unwrap(), "{line}");
        }
    }
    assert_eq!((trading, typed, signed_by_user), (38, 36, 4));
}
