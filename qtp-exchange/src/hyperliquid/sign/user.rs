//! Transfers and approvals: the master key signs their typed fields, whatever the order in which they are sent.
//!
//! Source: the venue's official Python SDK (`hyperliquid/utils/signing.py`), checked byte for byte.

use std::sync::LazyLock;

use qtp_core::ValueError;
use serde_json::{Map, Value};

use super::address::bytes_from_hex;
use super::eip712::{self, Words, keccak, number};
use super::{Address, Digest};

/// The chain id that the SDKs sign transfers with. It is a label: the network stands in `hyperliquidChain`.
pub const CHAIN: u64 = 0x66eee;

/// What one kind of action signs.
#[derive(Debug)]
struct Kind {
    /// `type` of the action.
    action: &'static str,
    primary: &'static str,
    fields: &'static [(&'static str, Field)],
}

#[derive(Debug, Clone, Copy)]
enum Field {
    Text,
    Number,
    Flag,
    Address,
}

impl Field {
    const fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Number => "uint64",
            Self::Flag => "bool",
            Self::Address => "address",
        }
    }
}

/// Stands first in every message.
const CHAIN_FIELD: (&str, Field) = ("hyperliquidChain", Field::Text);
const NONCE: (&str, Field) = ("nonce", Field::Number);
const TIME: (&str, Field) = ("time", Field::Number);
const AMOUNT: (&str, Field) = ("amount", Field::Text);
const DESTINATION: (&str, Field) = ("destination", Field::Text);
const TOKEN: (&str, Field) = ("token", Field::Text);
const USER: (&str, Field) = ("user", Field::Address);

const KINDS: &[Kind] = &[
    Kind { action: "usdSend", primary: "UsdSend", fields: &[DESTINATION, AMOUNT, TIME] },
    Kind { action: "spotSend", primary: "SpotSend", fields: &[DESTINATION, TOKEN, AMOUNT, TIME] },
    Kind { action: "withdraw3", primary: "Withdraw", fields: &[DESTINATION, AMOUNT, TIME] },
    Kind {
        action: "usdClassTransfer",
        primary: "UsdClassTransfer",
        fields: &[AMOUNT, ("toPerp", Field::Flag), NONCE],
    },
    Kind {
        action: "sendAsset",
        primary: "SendAsset",
        fields: &[
            DESTINATION,
            ("sourceDex", Field::Text),
            ("destinationDex", Field::Text),
            TOKEN,
            AMOUNT,
            ("fromSubAccount", Field::Text),
            NONCE,
        ],
    },
    Kind {
        action: "approveAgent",
        primary: "ApproveAgent",
        fields: &[("agentAddress", Field::Address), AGENT_NAME, NONCE],
    },
    Kind {
        action: "approveBuilderFee",
        primary: "ApproveBuilderFee",
        fields: &[("maxFeeRate", Field::Text), ("builder", Field::Address), NONCE],
    },
    Kind {
        action: "userDexAbstraction",
        primary: "UserDexAbstraction",
        fields: &[USER, ("enabled", Field::Flag), NONCE],
    },
    Kind {
        action: "userSetAbstraction",
        primary: "UserSetAbstraction",
        fields: &[USER, ("abstraction", Field::Text), NONCE],
    },
    Kind {
        action: "tokenDelegate",
        primary: "TokenDelegate",
        fields: &[
            ("validator", Field::Address),
            ("wei", Field::Number),
            ("isUndelegate", Field::Flag),
            NONCE,
        ],
    },
    Kind {
        action: "convertToMultiSigUser",
        primary: "ConvertToMultiSigUser",
        fields: &[("signers", Field::Text), NONCE],
    },
];

/// The one field that may be left out of what is sent: it is signed as an empty text then.
const AGENT_NAME: (&str, Field) = ("agentName", Field::Text);

/// Hashes of the types, in the order of the kinds.
static TYPES: LazyLock<Vec<Digest>> = LazyLock::new(|| KINDS.iter().map(type_hash).collect());

/// The domain of [`CHAIN`]; others are hashed when they come.
static DOMAIN: LazyLock<Digest> = LazyLock::new(|| domain(CHAIN));

/// True if actions of this `type` are signed as transfers and approvals are.
pub fn is_user_signed(action_type: &str) -> bool {
    KINDS.iter().any(|kind| kind.action == action_type)
}

/// What is signed for a transfer or approval that is sent as this JSON object.
///
/// ```
/// use qtp_exchange::hyperliquid::sign::user;
/// let action = r#"{"type":"usdClassTransfer","signatureChainId":"0x66eee","hyperliquidChain":"Testnet",
///     "amount":"10","toPerp":true,"nonce":1700000000000}"#;
/// assert_eq!(user::digest(action)?.len(), 32);
/// # Ok::<(), qtp_core::ValueError>(())
/// ```
///
/// # Errors
/// [`ValueError::Parse`] with the field that is missing or not of its type.
pub fn digest(action: &str) -> Result<Digest, ValueError> {
    let fields: Map<String, Value> =
        serde_json::from_str(action).map_err(|_| ValueError::parse("action", action, "a JSON object"))?;
    let name = text(&fields, "type")?;
    digest_as(name, &fields)
}

/// As [`digest`], for fields that do not say their `type`.
///
/// # Errors
/// As [`digest`].
pub fn digest_as(action_type: &str, fields: &Map<String, Value>) -> Result<Digest, ValueError> {
    let index = KINDS.iter().position(|kind| kind.action == action_type);
    let unknown = || ValueError::parse("type", action_type, "a transfer or approval");
    let (kind, type_hash) =
        index.and_then(|index| KINDS.get(index).zip(TYPES.get(index))).ok_or_else(unknown)?;
    let mut words = Words::new(type_hash);
    for (name, field) in std::iter::once(&CHAIN_FIELD).chain(kind.fields) {
        words.push(&word(fields, name, *field)?);
    }
    let chain = text(fields, "signatureChainId")?;
    let digits = chain.strip_prefix("0x").unwrap_or(chain);
    let chain = u64::from_str_radix(digits, 16)
        .map_err(|_| ValueError::parse("signatureChainId", chain, "0x and hex digits"))?;
    let domain = if chain == CHAIN { *DOMAIN } else { domain(chain) };
    Ok(eip712::digest(&domain, &words.hash()))
}

fn domain(chain: u64) -> Digest {
    eip712::domain("HyperliquidSignTransaction", chain)
}

fn type_hash(kind: &Kind) -> Digest {
    let fields = std::iter::once(&CHAIN_FIELD).chain(kind.fields);
    let fields: Vec<String> = fields.map(|(name, field)| format!("{} {name}", field.name())).collect();
    keccak(format!("HyperliquidTransaction:{}({})", kind.primary, fields.join(",")).as_bytes())
}

fn text<'a>(fields: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, ValueError> {
    match fields.get(name) {
        Some(Value::String(text)) => Ok(text),
        None if name == AGENT_NAME.0 => Ok(""),
        other => Err(wrong(name, other, "a text")),
    }
}

fn word(fields: &Map<String, Value>, name: &'static str, field: Field) -> Result<[u8; 32], ValueError> {
    let value = fields.get(name);
    match field {
        Field::Text => text(fields, name).map(|text| keccak(text.as_bytes())),
        Field::Number => value
            .and_then(Value::as_u64)
            .map(number)
            .ok_or_else(|| wrong(name, value, "an integer of 64 bits")),
        Field::Flag => value
            .and_then(Value::as_bool)
            .map(|flag| number(u64::from(flag)))
            .ok_or_else(|| wrong(name, value, "true or false")),
        Field::Address => {
            let bytes = bytes_from_hex::<20>(text(fields, name)?).map(Address::from_bytes);
            let address = bytes.ok_or_else(|| wrong(name, value, "0x and 40 hex digits"))?;
            let mut word = [0; 32];
            word[12..].copy_from_slice(address.as_bytes());
            Ok(word)
        }
    }
}

fn wrong(name: &'static str, value: Option<&Value>, expected: &'static str) -> ValueError {
    let shown = value.map_or_else(|| "nothing".to_owned(), Value::to_string);
    ValueError::parse(name, &shown, expected)
}
