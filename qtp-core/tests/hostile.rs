//! Text from outside: every reader returns an error, none panics, and what is read is written back alike.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use proptest::prelude::*;
use qtp_core::{
    AccountId, ClientOrderId, Currency, Event, InstrumentId, Intent, Notional, Price, Quantity, Ratio, RunId,
    StrategyId, Timeframe, Timestamp, TradeId, Venue, VenueOrderId,
};

fn reads<T: FromStr + Display + PartialEq + Debug>(text: &str) -> Result<(), TestCaseError> {
    if let Ok(value) = text.parse::<T>() {
        let again = value.to_string().parse::<T>();
        prop_assert!(again.is_ok_and(|again| again == value), "{:?} was read from {:?}", value, text);
    }
    Ok(())
}

fn reads_all(text: &str) -> Result<(), TestCaseError> {
    reads::<Price>(text)?;
    reads::<Quantity>(text)?;
    reads::<Notional>(text)?;
    reads::<Ratio>(text)?;
    reads::<Currency>(text)?;
    reads::<Timestamp>(text)?;
    reads::<Timeframe>(text)?;
    reads::<InstrumentId>(text)?;
    reads::<AccountId>(text)?;
    reads::<StrategyId>(text)?;
    reads::<Venue>(text)?;
    reads::<TradeId>(text)?;
    reads::<VenueOrderId>(text)?;
    reads::<RunId>(text)?;
    reads::<ClientOrderId>(text)
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        reads_all(&text)?;
    }

    #[test]
    fn text_like_numbers_never_panics(text in "[-+]{0,2}[0-9_]{0,40}[.,]{0,2}[0-9_]{0,40}(e[-+]?[0-9]{1,6})?") {
        reads_all(&text)?;
    }

    #[test]
    fn text_like_times_never_panics(text in "[0-9]{1,6}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,12})?(Z|[-+][0-9]{2}:[0-9]{2})") {
        reads_all(&text)?;
    }

    #[test]
    fn text_like_ids_never_panics(text in "[A-Z@.:/é -]{0,70}@{0,2}[a-z.é]{0,70}") {
        reads_all(&text)?;
    }

    #[test]
    fn a_number_is_bounded_or_refused(digits in "[0-9]{1,20}", fraction in "[0-9]{0,12}") {
        let text = format!("{digits}.{fraction}0");
        if let Ok(quantity) = text.parse::<Quantity>() {
            prop_assert!(quantity.abs() <= "100000000000000".parse::<Quantity>().unwrap());
        }
        if let Ok(price) = text.parse::<Price>() {
            prop_assert!(price.get() > 0.into());
        }
    }

    #[test]
    fn arbitrary_json_never_panics(text in "[\\[\\]{}\":,a-z0-9_.-]{0,80}", kind in "[a-z_]{1,14}") {
        let _ = serde_json::from_str::<Event>(&text);
        let wrapped = format!("{{\"kind\":\"{kind}\",\"body\":{text}}}");
        let _ = serde_json::from_str::<Event>(&wrapped);
        let _ = serde_json::from_str::<Intent>(&wrapped);
    }
}
