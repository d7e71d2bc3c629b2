//! All 61 candlestick patterns against TA-Lib 0.8.1 on a made-up market: for each, how often it fires and a hash of where
//! and with which number, recorded from TA-Lib over the same candles.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use proptest::prelude::*;
use qtp_core::Ohlcv;
use qtp_indicators::{
    Indicator, SpecError, build,
    pattern::{
        AdvanceBlock, Candlestick, Doji, Engulfing, Harami, Hikkake, MatHold, ModifiedHikkake, MorningStar,
        Pattern, Tristar, recognise,
    },
};

/// Pattern, candles with an output other than 0, hash of them.
const RECORDED: [(&str, usize, u64); 61] = [
    ("2crows", 4, 0xd9a0_49fc_9051_5df5),
    ("3blackcrows", 4, 0x7f0a_9d4f_f0f7_570d),
    ("3inside", 231, 0x5e0f_c98d_720e_8fb7),
    ("3linestrike", 30, 0xd008_68bd_1c92_becd),
    ("3outside", 654, 0xd2c9_8994_ac29_569d),
    ("3starsinsouth", 1, 0xc896_9d4e_63d3_2a7f),
    ("3whitesoldiers", 146, 0xaf33_fe81_67ac_a28d),
    ("abandonedbaby", 11, 0x0251_7619_eff8_957f),
    ("advanceblock", 321, 0x45d8_debd_5414_28df),
    ("belthold", 8242, 0x6264_a5bb_0aa2_2e25),
    ("breakaway", 2, 0xe547_8235_23c6_a4d5),
    ("closingmarubozu", 8282, 0x4d9c_3ab6_0468_cff5),
    ("concealbabyswall", 1, 0x4d0f_9d4d_91ec_c57f),
    ("counterattack", 12, 0xe884_800d_30e6_0b45),
    ("darkcloudcover", 36, 0x8030_e931_941b_fa7d),
    ("doji", 11958, 0xfb24_b5d5_5cb9_71f5),
    ("dojistar", 1122, 0xe198_2f0f_6fbc_b07d),
    ("dragonflydoji", 2773, 0x4219_61e2_e1b4_4b3f),
    ("engulfing", 4284, 0x55ca_b443_3f75_02fd),
    ("eveningdojistar", 52, 0x37c5_bcb5_387c_141d),
    ("eveningstar", 91, 0x469c_cf01_5153_e427),
    ("gapsidesidewhite", 607, 0x7920_9693_226d_b91f),
    ("gravestonedoji", 2886, 0x137d_17e9_d1ae_3f9d),
    ("hammer", 2816, 0x5f30_b7d2_aa4e_3c0d),
    ("hangingman", 2367, 0x40f8_4761_b2f3_f6d7),
    ("harami", 3752, 0x0fb2_0abc_dbc8_9f8d),
    ("haramicross", 2335, 0x5cf7_7b41_803d_9073),
    ("highwave", 4024, 0x12e8_57c8_86d7_ce45),
    ("hikkake", 4719, 0xd076_0a8e_6bf1_45a3),
    ("hikkakemod", 136, 0x0125_ac77_f940_4135),
    ("homingpigeon", 227, 0x0764_3d6b_cf5c_ff67),
    ("identical3crows", 169, 0x7385_a6c5_f988_b067),
    ("inneck", 20, 0x7226_8dbc_3c08_6b1d),
    ("invertedhammer", 1335, 0xa583_a79e_102d_d55f),
    ("kicking", 10, 0x808e_f80b_aa6d_0dcd),
    ("kickingbylength", 10, 0x1144_2c60_ab85_fedd),
    ("ladderbottom", 28, 0xfe27_f34c_104a_1f2d),
    ("longleggeddoji", 9357, 0xa9af_2db2_1f57_359f),
    ("longline", 8147, 0xd6e5_12f5_85b4_48d7),
    ("marubozu", 4975, 0xb0b7_31ee_3fe3_c297),
    ("matchinglow", 348, 0x661a_794c_cbbf_7f95),
    ("mathold", 1, 0x1687_154d_3542_c667),
    ("morningdojistar", 40, 0xfe0f_6120_ef4f_6185),
    ("morningstar", 79, 0x5787_9349_62b9_539f),
    ("onneck", 39, 0x5205_549a_f4e4_5657),
    ("piercing", 47, 0x8b63_b284_4aed_ccbf),
    ("rickshawman", 1977, 0x8453_c6db_da82_3007),
    ("risefall3methods", 5, 0x5a0e_7808_1c7c_9ebf),
    ("separatinglines", 528, 0x7658_2db3_77d3_d1b5),
    ("shootingstar", 1288, 0x2b63_d6cc_a627_3d0d),
    ("shortline", 15397, 0x20b0_300a_4f2c_e78f),
    ("spinningtop", 4474, 0xfab2_6edc_c953_4c6d),
    ("stalledpattern", 180, 0xe6d0_6f4f_baa2_07e5),
    ("sticksandwich", 28, 0xb0b9_cc5f_607c_daad),
    ("takuri", 3698, 0x285c_74d1_a40d_e795),
    ("tasukigap", 28, 0xf393_44d2_1a10_02ed),
    ("thrusting", 112, 0x58d4_ef38_108e_e325),
    ("tristar", 366, 0x2fb9_e764_d2aa_cf8d),
    ("unique3river", 10, 0x865f_3d6a_f023_058d),
    ("upsidegap2crows", 0, 0xcbf2_9ce4_8422_2325),
    ("xsidegap3methods", 29, 0xf1e5_6c85_6ef5_4c47),
];

/// Candles in whole numbers with many gaps, dojis, ties and bare bodies, so that every pattern occurs.
fn market(rows: usize) -> Vec<Ohlcv> {
    let mut state: u64 = 13;
    let mut draw = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % below) as i64
    };
    let (mut last, mut drift) = (4_000, 0);
    (0..rows)
        .map(|_| {
            if draw(12) == 0 {
                drift = draw(41) - 20;
            }
            let open = last + [0, 0, 0, 0, 3, -3, 12, -12, 35, -35][draw(10) as usize];
            let size = [0, 1, 2, 8, 20, 60][draw(6) as usize];
            // The draws come in the order of the recording: first whether it is a doji, then the direction.
            let close =
                if draw(5) == 0 { open } else { open + drift + if draw(2) == 0 { -size } else { size } };
            let high = open.max(close) + [0, 0, 1, 6, 40][draw(5) as usize];
            let low = open.min(close) - [0, 0, 1, 6, 40][draw(5) as usize];
            last = if (2_000..=8_000).contains(&close) { close } else { 4_000 };
            let [open, high, low, close] = [open, high, low, close].map(|x| x as f64);
            Ohlcv { open, high, low, close, volume: 1.0 }
        })
        .collect()
}

#[test]
fn every_pattern_fires_where_talib_fires() {
    let candles = market(40_000);
    for (name, count, hash) in RECORDED {
        let mut indicator = build(&format!("talib.cdl{name}")).unwrap();
        let (mut fired, mut actual, mut out) = (0, 14_695_981_039_346_656_037_u64, [0.0]);
        for (i, candle) in candles.iter().enumerate() {
            assert!(indicator.update(candle, 0, &mut out));
            if out[0] != 0.0 {
                fired += 1;
                let word = (i as i64 * 1_000 + out[0] as i64 + 500) as u64;
                actual = (actual ^ word).wrapping_mul(1_099_511_628_211);
            }
        }
        assert_eq!((fired, actual), (count, hash), "{name}");
    }
}

fn both_forms<P: Pattern + Send>(pattern: P, candles: &[Ohlcv]) -> Result<(), TestCaseError> {
    let column = |read: fn(&Ohlcv) -> f64| candles.iter().map(read).collect::<Vec<f64>>();
    let [open, high, low, close] =
        [column(|c| c.open), column(|c| c.high), column(|c| c.low), column(|c| c.close)];
    let mut out = vec![0.0; candles.len()];
    recognise(pattern, [&open, &high, &low, &close], &mut out).unwrap();
    let mut streaming = Candlestick::new(pattern);
    for (candle, actual) in candles.iter().zip(out) {
        let expected = streaming.update(*candle).unwrap_or(f64::NAN);
        prop_assert_eq!(expected.to_bits(), actual.to_bits());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn slices_give_what_the_stream_gives(rows in 0_usize..1_500, hole in prop::option::of(0_usize..1_500)) {
        let mut candles = market(rows);
        if let Some(candle) = hole.and_then(|i| candles.get_mut(i)) {
            candle.high = f64::NAN;
        }
        both_forms(Doji, &candles)?;
        both_forms(Engulfing, &candles)?;
        both_forms(Harami, &candles)?;
        both_forms(Hikkake, &candles)?;
        both_forms(ModifiedHikkake, &candles)?;
        both_forms(Tristar, &candles)?;
        both_forms(AdvanceBlock, &candles)?;
        both_forms(MorningStar::new(0.3).unwrap(), &candles)?;
        both_forms(MatHold::new(0.5).unwrap(), &candles)?;
    }
}

#[test]
fn bad_penetrations_and_lengths_are_refused() {
    for bad in [-0.1, f64::NAN, f64::INFINITY, 1e38] {
        assert!(matches!(MorningStar::new(bad), Err(SpecError::OutOfRange { .. })), "{bad}");
    }
    let series = [1.0; 3];
    let refused = recognise(Doji, [&series, &series, &series[..2], &series], &mut [0.0; 3]);
    assert!(matches!(refused, Err(SpecError::BufferLength { what: "low", .. })));
}
