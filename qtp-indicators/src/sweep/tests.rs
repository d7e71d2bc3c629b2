use proptest::prelude::*;

use super::*;
use crate::node::{Gate, Side};

/// Whether two series agree to a few roundings of numbers of `size`.
fn close(a: &[f64], b: &[f64], size: f64) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-11 * size)
}

fn windows(n: usize, input: &[f64], of: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    input.windows(n).map(of).collect()
}

fn numbers(most: usize) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-100.0..100.0, 1..most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn scan_is_the_recurrence_one_by_one(input in numbers(300), a in 0.0..=1.0, b in 0.0..1.0, level in -9.0..9.0) {
        let mut at = level;
        let expected: Vec<f64> = input.iter().map(|x| { at = a * at + b * x; at }).collect();
        let (mut scan, mut out) = (Scan::new(a, b, level), vec![0.0; input.len()]);
        scan.run(&input, &mut out);
        prop_assert!(close(&out, &expected, 1e4));
        prop_assert_eq!(scan.level(), out[out.len() - 1]);
        let (mut again, mut replaced) = (Scan::new(a, b, level), input);
        again.replace(&mut replaced);
        prop_assert_eq!(replaced, out);
    }

    #[test]
    fn affine_and_multiply_are_their_steps_one_by_one(steps in prop::collection::vec((0.5..1.2, -1.0..1.0), 1..60)) {
        let (a, mut b): (Vec<f64>, Vec<f64>) = steps.iter().copied().unzip();
        let (mut level, mut product) = (3.0, 3.0);
        let expected: Vec<f64> = steps.iter().map(|(a, b)| { level = a * level + b; level }).collect();
        let products: Vec<f64> = a.iter().map(|a| { product *= a; product }).collect();
        let last = affine(3.0, &a, &mut b);
        prop_assert!(close(&b, &expected, 1e4));
        prop_assert_eq!(last, b[b.len() - 1]);
        let mut factors = a;
        multiply(3.0, &mut factors);
        prop_assert!(close(&factors, &products, 1e6));
    }

    #[test]
    fn sums_of_windows_of_any_length_are_theirs(input in numbers(3000), n in 1_usize..1300) {
        let mut rolled = Vec::new();
        roll(n, &Gate::open(&input[..]), |at, end, sums| {
            assert_eq!((at, end - at), (rolled.len() + n - 1, sums.len()));
            rolled.extend_from_slice(sums);
        });
        let mut slid = Vec::new();
        slide_spans(
            [n, 7],
            &Gate::<f64>::open(&input[..]),
            0,
            |at, end, [terms]| terms.copy_from_slice(&input[at..end]),
            |_, _, _, [[long], [short]]| slid.extend(long.iter().copied().zip(short.iter().copied())),
        );
        let sum = |window: &[f64]| window.iter().sum::<f64>();
        let (long, short): (Vec<f64>, Vec<f64>) = slid.into_iter().unzip();
        let (expected, sevens) = (windows(n, &input, sum), windows(7, &input, sum));
        prop_assert!(close(&rolled, &expected, 1e5));
        prop_assert!(close(&long[(n - 1).min(input.len())..], &expected, 1e5));
        prop_assert!(close(&short[6.min(input.len())..], &sevens, 1e5));
    }

    #[test]
    fn weighted_means_and_spreads_are_those_of_their_windows(input in numbers(1500), n in 2_usize..100, base in 0.0..1e5) {
        let base: f64 = base;
        let input: Vec<f64> = input.iter().map(|x| base + x).collect();
        let (mut weighted, mut spreads, mut means) = (Vec::new(), Vec::new(), Vec::new());
        roll_weighted(n, &Gate::open(&input[..]), |_, _, block| weighted.extend_from_slice(block));
        spread(n, &Gate::open(&input[..]), |at, end, spread, mean| {
            assert_eq!((at, end - at), (spreads.len() + n - 1, mean.len()));
            spreads.extend_from_slice(spread);
            means.extend_from_slice(mean);
        });
        let total = (n * (n + 1) / 2) as f64;
        let weigh = |window: &[f64]| {
            let sum: f64 = window.iter().zip(1..).map(|(x, k)| (x - base) * f64::from(k)).sum();
            sum / total + base
        };
        let mean = |window: &[f64]| window.iter().map(|x| x - base).sum::<f64>() / n as f64 + base;
        let spread = |window: &[f64]| {
            let mean = mean(window);
            window.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>()
        };
        prop_assert!(close(&weighted, &windows(n, &input, weigh), 1e5));
        prop_assert!(close(&means, &windows(n, &input, mean), 1e5));
        prop_assert!(close(&spreads, &windows(n, &input, spread), 1e7));
    }

    #[test]
    fn extremes_are_those_of_their_windows(input in numbers(1500), n in 1_usize..300, hole in 0_usize..1500) {
        let (mut high, mut low) = (Vec::new(), Vec::new());
        let sides = [Side::Max, Side::Min];
        let sound = extremes(sides, n, [&input, &input], |at, end, [most, least]| {
            assert_eq!((at, end - at, end - at), (n - 1 + high.len(), most.len(), least.len()));
            high.extend_from_slice(most);
            low.extend_from_slice(least);
        });
        prop_assert!(sound);
        prop_assert_eq!(high, windows(n, &input, |window| window.iter().copied().fold(-1e9, f64::max)));
        prop_assert_eq!(low, windows(n, &input, |window| window.iter().copied().fold(1e9, f64::min)));
        let mut broken = input;
        if let Some(x) = broken.get_mut(hole) {
            *x = f64::NAN;
            prop_assert!(!extremes(sides, n, [&broken, &broken], |_, _, _| ()));
        }
    }

    #[test]
    fn pipe_takes_terms_and_levels_through_its_scans(input in numbers(200), from in 0_usize..40, a in 0.0..1.0) {
        let from = from.min(input.len());
        let (mut sum, mut total, mut level) = (0.0, Vec::new(), 0.0);
        let expected: Vec<f64> = input[from..].iter().map(|x| {
            sum += x;
            level = a * level + (1.0 - a) * sum;
            level
        }).collect();
        let mut smooth = Scan::new(a, 1.0 - a, 0.0);
        let fill = |at: usize, end: usize, [terms, _]: &mut [Chunk; 2]| {
            terms[..end - at].copy_from_slice(&input[at..end]);
        };
        pipe([&mut Scan::sum(0.0), &mut smooth], [0, 0], (from, input.len()), fill, |at, end, [_, levels]| {
            total.extend_from_slice(&levels[..end - at]);
        });
        prop_assert!(close(&total, &expected, 1e4));
        prop_assert!((smooth.level() - level).abs() < 1e-7);
    }

    #[test]
    fn quiet_finds_windows_of_zeros_alone(
        terms in prop::collection::vec(prop_oneof![2 => Just(0.0), 1 => 1.0..2.0], 1..200), n in 1_usize..6,
        block in 1_usize..50,
    ) {
        let (mut quiet, mut found) = (Quiet::new(n), Vec::new());
        for (k, block_terms) in terms.chunks(block).enumerate() {
            quiet.mark(block_terms, |i| found.push(k * block + i));
        }
        let silent = |end: &usize| *end + 1 >= n && terms[*end + 1 - n..=*end].iter().all(|x| *x == 0.0);
        prop_assert_eq!(found, (0..terms.len()).filter(silent).collect::<Vec<_>>());
    }
}

#[test]
fn a_spread_that_collapses_keeps_its_digits() {
    // A jump of a million, then steps of a thousandth.
    let input: Vec<f64> = (0..600).map(|i| if i < 40 { 1e6 } else { f64::from(i % 5) * 1e-3 }).collect();
    let mut spreads = Vec::new();
    spread(10, &Gate::open(&input[..]), |_, _, block, _| spreads.extend_from_slice(block));
    let expected = 2.0 * 1e-6 * (4.0 + 1.0 + 0.0 + 1.0 + 4.0);
    for spread in &spreads[60..] {
        assert!((spread - expected).abs() < 1e-12, "{spread} for {expected}");
    }
}
