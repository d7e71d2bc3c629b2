//! Numbers read exactly, and nothing else is a number.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Decimal, Problem> {
    let read = Number::read(text.as_bytes()).map(Number::decimal);
    let token = Token::scan(text.as_bytes(), 0);
    if let Some(number) = token.number().filter(|_| token.end == text.len()) {
        assert_eq!(Ok(number.decimal()), read, "both ways of reading {text}");
    }
    read
}

#[test]
fn written_forms_are_read_exactly() {
    let cases = [
        ("0", "0"),
        ("-0.00", "0"),
        (".5", "0.5"),
        ("5.", "5"),
        ("+7", "7"),
        ("1.2e-05", "0.000012"),
        ("1E+3", "1000"),
        ("1.50e1", "15"),
        ("63.29784999999999", "63.29784999999999"),
        ("12345678901234567890", "12345678901234567890"),
        ("0.0000000000000000000000000001", "0.0000000000000000000000000001"),
        ("1.0000000000000000000000000000000000000", "1"),
        ("100000000000000000000e-20", "1"),
        ("0e99999999999999999999", "0"),
    ];
    for (text, expected) in cases {
        assert_eq!(read(text).unwrap(), Decimal::from_str_exact(expected).unwrap(), "{text}");
    }
}

#[test]
fn what_is_not_a_number_is_named() {
    for text in ["", ".", "-", "+-1", "1,5", "1e", "e5", "1.2.3", "0x10", "1 2", "--1", "1e+", "1_000"] {
        assert!(matches!(read(text), Err(Problem::NotANumber { .. })), "{text}");
    }
    for text in ["NaN", "nan", "inf", "-inf", "Infinity", "-NaN"] {
        assert!(matches!(read(text), Err(Problem::NotFinite { .. })), "{text}");
    }
    for text in ["0.00000000000000000000000000001", "1.00000000000000000000000000001", "1e-40"] {
        assert!(matches!(read(text), Err(Problem::TooManyDigits { .. })), "{text}");
    }
    assert!(matches!(read("1e40"), Err(Problem::TooLarge { .. })));
    assert!(matches!(read("1e999999999999"), Err(Problem::TooLarge { .. })));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..48)) {
        let _ = Number::read(&bytes);
        let token = Token::scan(&bytes, 0);
        prop_assert!(token.end <= bytes.len());
    }

    #[test]
    fn number_like_text_agrees_with_the_standard_parsers(text in "[+-]?[0-9]{0,24}\\.?[0-9]{0,12}(e[+-]?[0-9]{1,2})?") {
        let float = text.parse::<f64>();
        if let Some(number) = Token::scan(text.as_bytes(), 0).number() {
            prop_assert_eq!(number.decimal(), Number::read(text.as_bytes()).unwrap().decimal());
            prop_assert_eq!(Ok(number.float(text.as_bytes())), float.clone());
        }
        match Number::read(text.as_bytes()) {
            Ok(number) => {
                let expected = float.unwrap();
                prop_assert_eq!(number.float(text.as_bytes()).to_bits(), (expected + 0.0).to_bits());
                if !text.contains('e') && let Ok(decimal) = Decimal::from_str_exact(&text) {
                    prop_assert_eq!(number.decimal(), decimal);
                }
            }
            Err(Problem::NotANumber { .. }) => prop_assert!(float.is_err()),
            Err(_) => prop_assert!(float.is_ok()),
        }
    }

    #[test]
    fn shortest_float_text_reads_back_as_the_same_float(value in -1e14_f64..1e14) {
        for text in [format!("{value}"), format!("{value:e}")] {
            if let Ok(number) = Number::read(text.as_bytes()) {
                prop_assert_eq!(number.float(text.as_bytes()), value);
            }
        }
    }
}
