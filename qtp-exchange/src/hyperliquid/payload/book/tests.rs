use proptest::prelude::*;

use super::*;

const BOOKS: [&str; 4] = [
    r#"{"coin":"BTC","time":1700000000000,"levels":[[{"px":"99999.0","sz":"0.31415","n":1}],[{"px":"100001.0","sz":"2","n":12}]]}"#,
    r#"{"coin":"@107","levels":[[{"px":"1.5","sz":"2"},{"px":"1.4","sz":"3"}],[]],"time":0}"#,
    r#"{ "levels": [ [], [ { "n": 3, "sz": "0.1", "px": "2" } ] ] , "time": 12, "coin": "kPEPE" }"#,
    r#"{"coin":"BTC","time":1,"levels":[[],[]]}"#,
];

fn id() -> InstrumentId {
    "BTC-USDC-PERP@hyperliquid".parse().unwrap()
}

fn quick(text: &str, depth: usize) -> Option<OrderBook> {
    let mut cursor = Cursor { text, at: 0 };
    cursor.book(depth).filter(|_| cursor.is_done()).map(|book| book.of(&id()))
}

#[test]
fn books_are_read_in_one_pass_and_as_by_the_general_reader() {
    for text in BOOKS {
        for depth in [0, 1, 20] {
            assert_eq!(quick(text, depth).unwrap(), any_book(text, &id(), depth).unwrap(), "{text}");
        }
        let data = quick(text, 20).unwrap();
        for message in [
            format!(r#"{{"channel":"l2Book","data":{text}}}"#),
            format!("{{\"data\": {text},\n\"channel\":\"l2Book\"}}"),
        ] {
            let book = CoinBook::of_message(&message, 20).unwrap();
            assert!(text.contains(&format!("\"{}\"", book.coin())), "{text}");
            assert_eq!(book.of(&id()), data);
        }
    }
}

#[test]
fn what_is_not_a_book_in_its_usual_form_is_left_to_the_general_reader() {
    let data = BOOKS[0];
    let whole = format!(r#"{{"channel":"l2Book","data":{data}}}"#);
    for message in [
        format!(r#"{{"channel":"trades","data":{data}}}"#),
        format!(r#"{{"channel":"l2Book","data":{data},"more":1}}"#),
        format!("{whole} x"),
        whole.replace(r#""coin":"BTC","#, ""),
        whole.replace("BTC", r"B\u0054C"),
        whole.replace("1700000000000", "01"),
        whole.replace("1700000000000", "1e3"),
        whole.replace("\"n\":1}", "\"n\":1,}"),
        whole.replace("99999.0", "-1"),
    ] {
        assert!(CoinBook::of_message(&message, 20).is_none(), "{message}");
    }
}

proptest! {
    #[test]
    fn a_changed_book_is_never_read_otherwise_than_by_the_general_reader(
        shape in 0..BOOKS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![
            Just(""), Just("9"), Just("-"), Just("0"), Just("."), Just("e9"), Just("null"), Just("\""), Just("{}"),
            Just("[]"), Just(","), Just(" "), Just("\\u0030"), Just("\t"), Just("}"), Just("]"), Just(":"),
        ]), 0..3),
    ) {
        let mut text = BOOKS[shape].to_owned();
        for (place, change) in changes {
            let at = place.index(text.len().max(1));
            text.replace_range(at..(at + 1).min(text.len()), change);
        }
        if let Some(read) = quick(&text, 20) {
            prop_assert_eq!(Some(read), any_book(&text, &id(), 20).ok(), "{}", text);
        }
    }
}
