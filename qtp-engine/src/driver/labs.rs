//! Strategy documents on the candles of several markets.

use qtp_core::port::{LabError, LabResult, MarketResult, Sample, StrategyLab};
use qtp_core::{StrategyFile, StrategyFileError, Timestamp, ValueError};

use super::CandleLab;

/// Runs a document over one market or more, each with an account of its own and its own split in two.
#[derive(Debug, Clone)]
pub struct CandleLabs(Vec<CandleLab>);

impl CandleLabs {
    /// Labs of different instruments.
    ///
    /// # Errors
    /// [`ValueError::OutOfRange`] without any.
    pub fn new(labs: Vec<CandleLab>) -> Result<Self, ValueError> {
        if labs.is_empty() { Err(ValueError::range("markets", 0, "at least one")) } else { Ok(Self(labs)) }
    }

    /// Candles that are in sample, and all of them, over all markets.
    pub fn split(&self) -> (usize, usize) {
        self.0.iter().map(CandleLab::split).fold((0, 0), |sum, split| (sum.0 + split.0, sum.1 + split.1))
    }
}

impl StrategyLab for CandleLabs {
    fn description(&self) -> String {
        match &self.0[..] {
            [only] => only.description(),
            several => {
                let each: Vec<_> = several.iter().map(StrategyLab::description).collect();
                format!("{} markets, on each of which it must hold. {}", several.len(), each.join(". "))
            }
        }
    }

    fn as_of(&self) -> Timestamp {
        self.0.iter().map(StrategyLab::as_of).max().unwrap_or(Timestamp::EPOCH)
    }

    fn check(&self, text: &str) -> Result<StrategyFile, StrategyFileError> {
        let file = StrategyFile::parse(text)?;
        self.0.iter().try_for_each(|lab| lab.check(text).map(drop))?;
        Ok(file)
    }

    fn run(&self, file: &StrategyFile, sample: Sample) -> Result<LabResult, LabError> {
        if let [only] = &self.0[..] {
            return only.run(file, sample);
        }
        let run = |lab: &CandleLab| {
            Ok(MarketResult { market: lab.market().clone(), result: lab.run(file, sample)? })
        };
        Ok(split_evenly(self.0.iter().map(run).collect::<Result<_, LabError>>()?))
    }
}

/// What an account comes to that was split evenly among the markets.
fn split_evenly(markets: Vec<MarketResult>) -> LabResult {
    let all = || markets.iter().map(|market| &market.result);
    let count = markets.len() as f64;
    let mean = |of: fn(&LabResult) -> Option<f64>| Some(all().map(of).sum::<Option<f64>>()? / count);
    let trips: u64 = all().map(|result| result.round_trips).sum();
    let wins: f64 = all().map(|result| result.win_rate.unwrap_or(0.0) * result.round_trips as f64).sum();
    let days = all().map(|result| result.daily_returns.len()).min().unwrap_or(0);
    // Without the same days there is no day of the whole.
    let aligned = all().all(|result| result.daily_returns.len() == days);
    let day = |day: usize| all().map(|result| result.daily_returns[day]).sum::<f64>() / count;
    LabResult {
        candles: all().map(|result| result.candles).max().unwrap_or(0),
        round_trips: trips,
        total_return: mean(|result| Some(result.total_return)).unwrap_or_default(),
        buy_and_hold_return: mean(|result| result.buy_and_hold_return),
        max_drawdown: all().map(|result| result.max_drawdown).fold(0.0, f64::max),
        sharpe: None,
        win_rate: (trips > 0).then(|| wins / trips as f64),
        daily_returns: if aligned { (0..days).map(day).collect() } else { Vec::new() },
        markets,
    }
}
