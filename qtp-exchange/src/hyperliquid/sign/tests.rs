use super::*;
use proptest::prelude::*;

const KEY: &str = "0x0123456789012345678901234567890123456789012345678901234567890123";

#[test]
fn a_key_shows_its_address_only() {
    let key: PrivateKey = KEY.parse().unwrap();
    let shown = format!("{key:?} {:?}", key.sign(&[7; 32]));
    assert_eq!(shown, "PrivateKey(0x14791697260e4c9a71f18484c9f997b308e59325) Signature(..)");
    let wrong = format!("{KEY}00").parse::<PrivateKey>().unwrap_err();
    assert!(!wrong.to_string().contains("0123"), "{wrong}");
    // Zero and the order of the curve are no keys.
    assert!("0".repeat(64).parse::<PrivateKey>().is_err());
    assert!(
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141".parse::<PrivateKey>().is_err()
    );
}

#[test]
fn a_signature_travels_with_or_without_leading_zeros() {
    // A recorded one whose r has 63 digits.
    let short = r#"{"r":"0x53749d5b30552aeb2fca34b530185976545bb22d0b3ce6f62e31be961a59298",
        "s":"0x755c40ba9bf05223521753995abb2f73ab3229be8ec921f350cb447e384d8ed8","v":27}"#;
    let signature: Signature = serde_json::from_str(short).unwrap();
    let text = serde_json::to_string(&signature).unwrap();
    assert!(text.contains("\"0x053749d5"), "{text}");
    assert_eq!(serde_json::from_str::<Signature>(&text).unwrap(), signature);
    for wrong in
        [r#"{"r":"0x1","s":"0x1","v":1}"#, r#"{"r":"1","s":"0x1","v":27}"#, r#"{"r":"0x","s":"0xg","v":27}"#]
    {
        assert!(serde_json::from_str::<Signature>(wrong).is_err(), "{wrong}");
    }
    let nobody: Signature = serde_json::from_str(r#"{"r":"0x0","s":"0x1","v":27}"#).unwrap();
    assert_eq!(nobody.signer(&[1; 32]), None);
}

#[test]
fn fractions_and_broken_text_are_not_packed() {
    for wrong in ["1.5", "1e3", "18446744073709551616", "{\"a\":", "[1,]", "", "1 2", "\u{0}"] {
        assert!(pack(wrong).is_err(), "{wrong:?}");
    }
    assert!(pack(&"[".repeat(100_000)).is_err(), "depth is bounded");
}

#[test]
fn lengths_and_integers_take_their_shortest_form() {
    for (json, packed) in [
        ("[127,128,255,256,65535,65536,4294967295,4294967296]".to_owned(),
         &b"\x98\x7f\xcc\x80\xcc\xff\xcd\x01\0\xcd\xff\xff\xce\0\x01\0\0\xce\xff\xff\xff\xff\xcf\0\0\0\x01\0\0\0\0"[..]),
        ("[-1,-32,-33,-128,-129,-32768,-32769]".to_owned(),
         &b"\x97\xff\xe0\xd0\xdf\xd0\x80\xd1\xff\x7f\xd1\x80\0\xd2\xff\xff\x7f\xff"[..]),
        ("[-2147483649]".to_owned(), &b"\x91\xd3\xff\xff\xff\xff\x7f\xff\xff\xff"[..]),
        ("null".to_owned(), &b"\xc0"[..]),
    ] {
        assert_eq!(pack(&json).unwrap(), packed, "{json}");
    }
    let text = |length: usize| pack(&format!("\"{}\"", "x".repeat(length))).unwrap();
    assert_eq!(text(31)[..1], [0xbf]);
    assert_eq!(text(32)[..2], [0xd9, 32]);
    assert_eq!(text(256)[..3], [0xda, 1, 0]);
    assert_eq!(text(65536)[..5], [0xdb, 0, 1, 0, 0]);
    let list = |length: usize| pack(&format!("[{}]", vec!["0"; length].join(","))).unwrap();
    assert_eq!(list(15)[..1], [0x9f]);
    assert_eq!(list(16)[..4], [0xdc, 0, 16, 0]);
    assert_eq!(list(65536)[..6], [0xdd, 0, 1, 0, 0, 0]);
    let map: Vec<String> = (0..16).map(|key| format!("\"{key}\":0")).collect();
    assert_eq!(pack(&format!("{{{}}}", map.join(","))).unwrap()[..4], [0xde, 0, 16, 0xa1]);
}

proptest! {
    #[test]
    fn whoever_signed_is_found_again(secret in prop::array::uniform32(1_u8..), digest: [u8; 32]) {
        let key: PrivateKey = address::hex(&secret).parse().unwrap();
        let signature = key.sign(&digest);
        prop_assert_eq!(signature.signer(&digest), Some(key.address()));
        let mut other = digest;
        other[31] ^= 1;
        prop_assert_ne!(signature.signer(&other), Some(key.address()));
    }

    #[test]
    fn no_text_makes_the_hashes_panic(text in ".*", action in "[\\[\\]{}:,\"a-z0-9.-]*") {
        let _ = (pack(&text), pack(&action), user::digest(&text), user::digest(&action));
    }
}
