//! Moving average convergence/divergence.

use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    average::ma::Ma,
    error::check_period,
    node::{Feed, Gate, Node, Skip, Smooth, composite, indicator},
    registry::{Entry, OutputInfo, ParamInfo, Row, over},
    sweep,
};

/// The three lines of [`Macd`], in units of the input.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MacdOutput {
    /// Fast average less slow average.
    pub macd: f64,
    /// Average of `macd`.
    pub signal: f64,
    /// `macd` less `signal`.
    pub histogram: f64,
}

impl Row for MacdOutput {
    fn write(&self, out: &mut [f64]) {
        crate::registry::fill(out, &[self.macd, self.signal, self.histogram]);
    }
}

/// Difference of two averages whose seed windows end on the same input, and its average.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "A: Node")]
pub(crate) struct Lines<A> {
    fast: A,
    slow: A,
    signal: A,
    /// What the average with the shorter warm-up leaves out.
    skip_fast: Skip<f64>,
    skip_slow: Skip<f64>,
}

impl<A: Node> Lines<A> {
    fn new(fast: A, slow: A, signal: A) -> Self {
        let longest = fast.warmup().max(slow.warmup());
        let (skip_fast, skip_slow) = (Skip::new(longest - fast.warmup()), Skip::new(longest - slow.warmup()));
        Self { fast, slow, signal, skip_fast, skip_slow }
    }
}

impl<A: Node<In = f64, Out = f64>> Node for Lines<A> {
    type In = f64;
    type Out = MacdOutput;

    composite!({ fast, slow, signal, skip_fast, skip_slow } (x: f64) -> MacdOutput {
        let slow = skip_slow.feed(x).and_then(|x| slow.feed(x));
        let fast = skip_fast.feed(x).and_then(|x| fast.feed(x));
        let macd = fast? - slow?;
        signal.feed(macd).map(|signal| MacdOutput { macd, signal, histogram: macd - signal })
    });

    fn warmup(&self) -> usize {
        self.fast.warmup().max(self.slow.warmup()) + self.signal.warmup() - 1
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let mut parts = self.clone();
        if let (Some(_), Some(_), Some(_)) = (parts.fast.smooth(), parts.slow.smooth(), parts.signal.smooth())
        {
            let from = crate::node::catch_up(&mut parts, gate, out);
            if let (Some(fast), Some(slow), Some(signal)) =
                (parts.fast.smooth(), parts.slow.smooth(), parts.signal.smooth())
            {
                run([fast, slow, signal], from, gate, out);
            }
            return;
        }
        let Some(input) = gate.all() else { return };
        let [macd, signal, histogram] = out else { return };
        let from = |skip: &Skip<f64>| (skip.warmup() - 1).min(input.len());
        let (fast, slow) = (from(&self.skip_fast), from(&self.skip_slow));
        self.fast.batch(&Gate::open(&input[fast..]), &mut [&mut macd[fast..]]);
        self.slow.batch(&Gate::open(&input[slow..]), &mut [&mut histogram[slow..]]);
        let first = (self.fast.warmup().max(self.slow.warmup()) - 1).min(input.len());
        sweep::combine(&mut macd[first..], &histogram[first..], move |fast, slow| fast - slow);
        self.signal.batch(&Gate::open(&macd[first..]), &mut [&mut signal[first..]]);
        sweep::map2(macd, signal, histogram, move |macd, signal| macd - signal);
        for column in [&mut **macd, &mut **signal, &mut **histogram] {
            sweep::chill(column, self.warmup() - 1);
        }
    }
}

/// The three lines from `first` on, block by block.
fn run(averages: [&mut Smooth; 3], first: usize, gate: &Gate<'_, f64>, out: &mut [&mut [f64]]) {
    let [macd, signal, histogram] = out else { return };
    let (input, mut scans) = (gate.columns(), averages.map(|average| average.scan()));
    let mut room: sweep::Room = [0.0; sweep::BLOCK];
    gate.blocks(first, |at, end| {
        let ([fast, slow, average], room) = (&mut scans, &mut room[..end - at]);
        let (input, macd, signal) = (&input[at..end], &mut macd[at..end], &mut signal[at..end]);
        fast.run(input, macd);
        slow.run(input, room);
        sweep::combine(macd, room, move |fast, slow| fast - slow);
        average.run(macd, signal);
        sweep::map2(macd, signal, &mut histogram[at..end], move |macd, signal| macd - signal);
    });
}

fn lines(fast: usize, slow: usize, signal: usize) -> Result<Lines<Smooth>, SpecError> {
    let (fast, slow) = (check_period("fast", fast, 2)?, check_period("slow", slow, 2)?);
    let signal = check_period("signal", signal, 1)?;
    let (fast, slow) = (fast.min(slow), fast.max(slow));
    Ok(Lines::new(Smooth::ema(fast), Smooth::ema(slow), Smooth::ema(signal)))
}

fn fixed(signal: usize) -> Result<Lines<Smooth>, SpecError> {
    let signal = check_period("signal", signal, 1)?;
    Ok(Lines::new(Smooth::with_k(12, 0.15), Smooth::with_k(26, 0.075), Smooth::ema(signal)))
}

fn any(fast: (usize, usize), slow: (usize, usize), signal: (usize, usize)) -> Result<Lines<Ma>, SpecError> {
    let (fast, slow) = if slow.0 < fast.0 { (slow, fast) } else { (fast, slow) };
    check_period("fast", fast.0, 2)?;
    let average = |(period, kind)| Ma::new(period, kind, 0);
    Ok(Lines::new(average(fast)?, average(slow)?, average(signal)?))
}

indicator! {
    /// Difference of a fast and a slow exponential average, with its signal line.
    ///
    /// `fast` and `slow` are 2 to 100,000, `signal` is 1 to 100,000. TA-Lib's alignment: the seed windows of both
    /// averages end on the same input, so the fast one skips the first `slow - fast` inputs; all three lines start
    /// together. A slow period below the fast one swaps the two.
    ///
    /// ```
    /// use qtp_indicators::{Indicator, momentum::Macd};
    ///
    /// let mut macd = Macd::new(12, 26, 9)?;
    /// assert_eq!(macd.warmup(), 34);
    /// let line = (0..34).filter_map(|x| macd.update(f64::from(x))).next().unwrap();
    /// assert_eq!((line.macd, line.histogram), (7.0, 0.0));
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    Macd(fast: usize, slow: usize, signal: usize) = lines => Lines<Smooth>, f64 => MacdOutput;
    macd(&[f64]) -> 3
}
indicator! {
    /// [`Macd`] with the smoothing constants 0.15 and 0.075 in place of periods.
    MacdFix(signal: usize) = fixed => Lines<Smooth>, f64 => MacdOutput;
    macdfix(&[f64]) -> 3
}
indicator! {
    /// [`Macd`] of averages of any kind: each is a period with a kind (see
    /// [`MovingAverage`](crate::average::MovingAverage)).
    MacdExt(fast: (usize, usize), slow: (usize, usize), signal: (usize, usize)) = any => Lines<Ma>, f64 => MacdOutput;
    macdext(&[f64]) -> 3
}

const UNIT: &str = "unit of the source";
const OUTPUTS: &[OutputInfo] =
    &[OutputInfo::new("macd", UNIT), OutputInfo::new("macdsignal", UNIT), OutputInfo::new("macdhist", UNIT)];

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::series(
        "macd",
        "Moving average convergence/divergence: fast less slow EMA, with its signal line",
        &[
            ParamInfo::integer("fast", 2, 12),
            ParamInfo::integer("slow", 2, 26),
            ParamInfo::integer("signal", 1, 9),
        ],
        &[OutputInfo::new("macd", UNIT), OutputInfo::new("signal", UNIT), OutputInfo::new("histogram", UNIT)],
        "max(fast, slow) + signal - 1",
        |args| Ok(over(lines(args.count(0), args.count(1), args.count(2))?, args.source())),
    ),
    Entry::series(
        "talib.macd",
        "TA-Lib MACD: moving average convergence/divergence",
        &[
            ParamInfo::integer("fastperiod", 2, 12),
            ParamInfo::integer("slowperiod", 2, 26),
            ParamInfo::integer("signalperiod", 1, 9),
        ],
        OUTPUTS,
        "max(fastperiod, slowperiod) + signalperiod - 1",
        |args| Ok(over(lines(args.count(0), args.count(1), args.count(2))?, args.source())),
    ),
    Entry::series(
        "talib.macdfix",
        "TA-Lib MACDFIX: MACD with the smoothing constants of 12 and 26 days fixed",
        &[ParamInfo::integer("signalperiod", 1, 9)],
        OUTPUTS,
        "25 + signalperiod",
        |args| Ok(over(fixed(args.count(0))?, args.source())),
    ),
    Entry::series(
        "talib.macdext",
        "TA-Lib MACDEXT: MACD with averages of any kind",
        &[
            ParamInfo::integer("fastperiod", 2, 12),
            ParamInfo::matype("fastmatype", 0),
            ParamInfo::integer("slowperiod", 2, 26),
            ParamInfo::matype("slowmatype", 0),
            ParamInfo::integer("signalperiod", 1, 9),
            ParamInfo::matype("signalmatype", 0),
        ],
        OUTPUTS,
        "the longer of two warm-ups and that of the signal, less 1",
        |args| {
            let [fast, slow, signal] = [0, 2, 4].map(|i| (args.count(i), args.count(i + 1)));
            Ok(over(any(fast, slow, signal)?, args.source()))
        },
    ),
];
