//! The venue as a value: settings, checkpoints, look-ups.

use qtp_core::{AccountKind, Amount, Currency, Decimal, Instrument, OrderStatus, Portfolio, Timestamp};
use qtp_exchange::sim::{Delay, Latency, LimitFill, SimError, SimVenue, SimVenueConfig};

use crate::rig::{Buy, HOUR, Rig, Sell, ratio};

#[test]
fn every_problem_of_the_settings_is_named() {
    let uniform = Delay::Uniform { min_micros: 2, max_micros: 1 };
    let config = SimVenueConfig {
        volume_share: Some(ratio("2")),
        leverage: ratio("0.5"),
        liquidation_penalty: ratio("1"),
        latency: Latency { order: uniform, data: Delay::None },
        history: 0,
        ..SimVenueConfig::default()
    };
    let fields: Vec<String> =
        config.validate().iter().filter_map(|problem| problem.split(':').next().map(str::to_owned)).collect();
    assert_eq!(fields, ["latency.order", "volume_share", "liquidation_penalty", "leverage", "history"]);
    let instrument = Instrument::unrestricted("BTC-USD@sim".parse().unwrap()).unwrap();
    let cash = Amount::new(Decimal::ONE, Currency::USD);
    let portfolio = Portfolio::new("main".parse().unwrap(), AccountKind::Unconstrained, cash);
    let twice = vec![instrument.clone(), instrument];
    let Err(SimError::Invalid { problems }) = SimVenue::new(config, portfolio, twice) else {
        panic!("accepted")
    };
    assert_eq!(problems.len(), 6);
}

#[test]
fn settings_read_from_json_and_refuse_unknown_fields() {
    let text =
        r#"{"limit_fill":"through","fees":{"taker":"0.0005"},"slippage":{"fixed":"0.0001"},"queue":true}"#;
    let config: SimVenueConfig = serde_json::from_str(text).unwrap();
    assert_eq!(
        (config.limit_fill, config.fees.taker, config.queue),
        (LimitFill::Through, ratio("0.0005"), true)
    );
    assert!(serde_json::from_str::<SimVenueConfig>(r#"{"slipage":"none"}"#).is_err());
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<SimVenueConfig>(&json).unwrap(), config);
}

#[test]
fn a_restored_venue_goes_on_as_the_original() {
    let latency = Latency { order: Delay::Uniform { min_micros: 0, max_micros: 900 }, data: Delay::None };
    let mut rig = Rig::new(SimVenueConfig { latency, ..SimVenueConfig::default() });
    rig.candle(["100", "100", "100", "100"]);
    rig.market(Buy, "1");
    rig.limit(Buy, "1", "95");
    rig.candle(["100", "101", "99", "100"]);
    rig.stop(Sell, "1", "97");
    let saved = serde_json::to_string(&rig.venue).unwrap();
    let go_on = |rig: &mut Rig| {
        rig.out.clear();
        rig.limit(Sell, "2", "104");
        rig.candle(["100", "100", "96", "98"]);
        rig.candle(["98", "105", "94", "98"]);
        rig.out.clone()
    };
    let original = go_on(&mut rig);
    assert!(original.len() > 3);
    let end = serde_json::to_string(&rig.venue).unwrap();
    rig.venue = serde_json::from_str(&saved).unwrap();
    rig.hour -= 2;
    // The client ids differ, nothing else may.
    let again = go_on(&mut rig);
    assert_eq!(original.len(), again.len());
    assert_eq!(serde_json::to_string(&rig.venue).unwrap().len(), end.len());
}

#[test]
fn the_history_is_bounded() {
    let mut rig = Rig::new(SimVenueConfig { history: 3, ..SimVenueConfig::default() });
    let ids: Vec<_> = (0..5)
        .map(|_| {
            let id = rig.market(Buy, "1");
            rig.candle(["100", "100", "100", "100"]);
            id
        })
        .collect();
    assert_eq!(rig.venue.fills_since(Timestamp::EPOCH).len(), 3);
    assert_eq!(rig.venue.fills_since(Timestamp::from_secs(4 * HOUR)).len(), 1);
    assert!(rig.venue.order(&ids[1]).is_none());
    assert_eq!(rig.venue.order(&ids[2]).unwrap().status, OrderStatus::Filled);
}

#[test]
fn working_orders_are_bounded() {
    let mut rig = Rig::new(SimVenueConfig { max_open_orders: 2, ..SimVenueConfig::default() });
    rig.limit(Buy, "1", "90");
    rig.limit(Buy, "1", "90");
    let third = rig.limit(Buy, "1", "90");
    assert_eq!(rig.refused(third), "too_many_open_orders_rejected");
}
