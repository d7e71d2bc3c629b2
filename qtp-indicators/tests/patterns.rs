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
    ("2crows", 2, 0x3474_10db_b8c8_6fdd),
    ("3blackcrows", 8, 0x8f3f_dd65_2454_57a5),
    ("3inside", 212, 0xf541_6e68_8574_ca85),
    ("3linestrike", 36, 0x6bc1_beb4_08bc_16f5),
    ("3outside", 629, 0x33b1_b712_0a5a_d587),
    ("3starsinsouth", 1, 0x333e_7d4f_190e_6c1f),
    ("3whitesoldiers", 164, 0x1020_3b2c_fd2d_9185),
    ("abandonedbaby", 14, 0xbd86_9a15_1e5c_a6b5),
    ("advanceblock", 315, 0x14a4_359d_155b_030f),
    ("belthold", 8303, 0x50e9_3578_eac3_e11f),
    ("breakaway", 3, 0x324a_f669_8989_9cb7),
    ("closingmarubozu", 8251, 0xcd22_59ef_f414_f8cf),
    ("concealbabyswall", 1, 0x7329_c54f_85ab_3777),
    ("counterattack", 9, 0x093b_1976_2995_88b7),
    ("darkcloudcover", 41, 0x172c_ff74_9264_6adf),
    ("doji", 12142, 0xd10a_259a_ebe6_bfcd),
    ("dojistar", 1227, 0x4623_b03b_2097_e1f7),
    ("dragonflydoji", 2896, 0xa3d4_e35b_68e0_fc15),
    ("engulfing", 4240, 0x6325_a4c0_2d6c_08b1),
    ("eveningdojistar", 50, 0xd954_493d_72f2_521d),
    ("eveningstar", 87, 0xbb3b_c908_1ffd_953f),
    ("gapsidesidewhite", 601, 0x2cea_0bb3_1bd6_72cf),
    ("gravestonedoji", 2878, 0x24bd_9f89_0797_0845),
    ("hammer", 2780, 0xbf60_eb2c_314d_4025),
    ("hangingman", 2433, 0x00e1_201c_7f50_37d7),
    ("harami", 3731, 0x20c7_b2df_7f5c_d423),
    ("haramicross", 2415, 0xde84_81dc_b724_af4f),
    ("highwave", 4055, 0x0aac_5cba_8510_fcff),
    ("hikkake", 4666, 0x0671_f0ec_c7cd_554d),
    ("hikkakemod", 128, 0x9272_61a0_71d0_7471),
    ("homingpigeon", 176, 0x6b17_4291_c1fe_94fd),
    ("identical3crows", 158, 0x6202_ab6c_ba3a_09a5),
    ("inneck", 29, 0x9209_2659_01d9_a16f),
    ("invertedhammer", 1382, 0x6966_6e79_7cf2_86fd),
    ("kicking", 10, 0xa8b3_c2d8_c757_d655),
    ("kickingbylength", 10, 0x0abb_ca69_b04d_2d3d),
    ("ladderbottom", 20, 0xe628_1e8d_1319_d665),
    ("longleggeddoji", 9459, 0x60ad_bd32_d250_ad27),
    ("longline", 8136, 0xeec6_bdb6_9070_1ad5),
    ("marubozu", 4945, 0x3381_45b7_4feb_d08f),
    ("matchinglow", 307, 0x92a8_bb4a_1a33_c23f),
    ("mathold", 2, 0xb7d1_c1d8_014e_32e5),
    ("morningdojistar", 58, 0xb7ab_be45_70f5_9a8d),
    ("morningstar", 90, 0xc2cc_b96d_3aaa_33a5),
    ("onneck", 50, 0x2432_3092_92e1_f5e5),
    ("piercing", 39, 0xc23b_2ce8_8caa_34cf),
    ("rickshawman", 1943, 0x08f3_8684_0d06_75c7),
    ("risefall3methods", 4, 0x68f9_53fa_7acd_f2fd),
    ("separatinglines", 519, 0x042e_244f_d809_90d7),
    ("shootingstar", 1257, 0x7b5b_993f_6f83_2137),
    ("shortline", 15396, 0x9e6f_a738_29f7_e905),
    ("spinningtop", 4491, 0x2cfe_cfab_12cc_633f),
    ("stalledpattern", 179, 0x58f5_7e3b_5938_7f97),
    ("sticksandwich", 23, 0x6d67_f697_5835_0927),
    ("takuri", 3815, 0x1575_ab2e_d87d_61a7),
    ("tasukigap", 25, 0x509c_1081_d59e_281f),
    ("thrusting", 123, 0x1538_c912_03fe_c27f),
    ("tristar", 325, 0x6c6a_2cfd_54e2_3c27),
    ("unique3river", 16, 0xf727_ab26_2056_32d5),
    ("upsidegap2crows", 1, 0xd35f_354c_c326_04c7),
    ("xsidegap3methods", 16, 0xa969_4d97_8851_ff65),
];

/// Candles in whole numbers with many gaps, dojis, ties and bare bodies, so that every pattern occurs.
fn market(rows: usize) -> Vec<Ohlcv> {
    let mut state: u64 = 61;
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
    fn a_unit_of_price_changes_nothing(rows in 0_usize..400, power in -20_i32..20) {
        let candles = market(rows);
        for (name, ..) in RECORDED {
            let mut plain = build(&format!("talib.cdl{name}")).unwrap();
            let (mut scaled, mut expected, mut actual) = (plain.clone(), [0.0], [0.0]);
            for candle in &candles {
                let [open, high, low, close] =
                    [candle.open, candle.high, candle.low, candle.close].map(|x| x * 2.0_f64.powi(power));
                plain.update(candle, 0, &mut expected);
                scaled.update(&Ohlcv { open, high, low, close, volume: 1.0 }, 0, &mut actual);
                prop_assert_eq!(expected, actual, "{}", name);
            }
        }
    }

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
