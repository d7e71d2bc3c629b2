//! What a synthetic market holds.

use std::time::Duration;

use qtp_core::{
    Currency, Decimal, Instrument, InstrumentId, InstrumentKind, MarginTier, Notional, Price, PriceRule,
    Quantity, Ratio, SizeRule, Timeframe, Timestamp, ValueError,
};
use serde::{Deserialize, Serialize};

/// The venue of every synthetic instrument.
pub(super) const VENUE: &str = "synthetic";
/// 2024-01-01T00:00:00Z.
const START: Timestamp = Timestamp::from_secs(1_704_067_200);
/// Notional in USD up to which the full leverage is allowed.
const FIRST_TIER: i64 = 100_000_000;

/// A synthetic market: which coins, from when, for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SyntheticConfig {
    /// Coins; the path of each depends on the seed and its name alone, not on which others are there.
    pub coins: Vec<SyntheticCoin>,
    /// Open time of the first minute, a whole minute.
    pub start: Timestamp,
    /// How many minutes there are; without end if `None`.
    pub minutes: Option<u64>,
    /// Which candles a feed emits: whole numbers of minutes, aligned to UTC.
    pub timeframes: Vec<Timeframe>,
}

impl Default for SyntheticConfig {
    /// BTC, ETH and SOL from 2024 on, one-minute candles, without end.
    fn default() -> Self {
        let coins = vec![SyntheticCoin::btc(), SyntheticCoin::eth(), SyntheticCoin::sol()];
        Self { coins, start: START, minutes: None, timeframes: vec![Timeframe::M1] }
    }
}

impl SyntheticConfig {
    /// Checks everything that a feed relies on.
    ///
    /// # Errors
    /// [`ValueError`] names the first setting that is not usable.
    pub fn validate(&self) -> Result<(), ValueError> {
        let minute = Timeframe::M1.as_nanos();
        if self.start.as_nanos() < 0 || self.start.as_nanos() % minute != 0 {
            return Err(ValueError::range("start", self.start, "a whole minute since 1970"));
        }
        for timeframe in &self.timeframes {
            if timeframe.as_nanos() % minute != 0 {
                return Err(ValueError::range("timeframes", timeframe, "whole minutes"));
            }
        }
        if self.coins.is_empty() || self.timeframes.is_empty() {
            return Err(ValueError::range("coins and timeframes", "none", "at least one"));
        }
        for (place, coin) in self.coins.iter().enumerate() {
            coin.validate()?;
            if self.coins.iter().take(place).any(|before| before.base == coin.base) {
                return Err(ValueError::range("coins", coin.base, "each coin once"));
            }
        }
        Ok(())
    }
}

/// One synthetic perpetual against USD.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyntheticCoin {
    /// What is traded, such as `BTC`.
    pub base: Currency,
    /// Price at the start, in USD. Over years the price is pulled back towards it.
    pub price: Price,
    /// Price step.
    pub tick: Price,
    /// Size step.
    pub lot: Quantity,
    /// Standard deviation of a year's returns; 0.6 is 60 percent. Above 0, at most 5.
    pub volatility: Ratio,
    /// Correlation with the shock that all coins share, from 0 to 1.
    pub correlation: Ratio,
    /// Usual base quantity traded in a minute.
    pub volume: Quantity,
    /// Highest leverage; the maintenance margin is half of the initial margin at it.
    pub max_leverage: Ratio,
}

impl SyntheticCoin {
    /// Bitcoin-like: 60,000 USD, 55 percent a year, leverage 40.
    pub fn btc() -> Self {
        Self::known("BTC", [(60_000, 0), (1, 0), (1, 5), (55, 2), (90, 2), (25, 0), (40, 0)])
    }

    /// Ether-like: 3,000 USD, 70 percent a year, leverage 25.
    pub fn eth() -> Self {
        Self::known("ETH", [(3_000, 0), (1, 1), (1, 4), (70, 2), (85, 2), (350, 0), (25, 0)])
    }

    /// Solana-like: 150 USD, 95 percent a year, leverage 20.
    pub fn sol() -> Self {
        Self::known("SOL", [(150, 0), (1, 3), (1, 2), (95, 2), (75, 2), (5_000, 0), (20, 0)])
    }

    /// The instrument, `BASE-USD-PERP@synthetic`.
    ///
    /// # Errors
    /// [`ValueError`] if the base does not make a legal id or the leverage is not 1 or more.
    pub fn instrument(&self) -> Result<Instrument, ValueError> {
        let half = |ratio: Decimal| ratio.checked_div(Decimal::TWO).unwrap_or(Decimal::ONE).max(Decimal::ONE);
        let tier = |up_to: Option<i64>, leverage: Decimal| -> Result<MarginTier, ValueError> {
            let maintenance = Decimal::ONE.checked_div(leverage * Decimal::TWO).unwrap_or(Decimal::ONE);
            let up_to = up_to.map(|notional| Notional::from_decimal(notional.into()));
            Ok(MarginTier {
                up_to,
                max_leverage: Ratio::new(leverage)?,
                maintenance: Ratio::new(maintenance.round_dp(6))?,
            })
        };
        let leverage = self.max_leverage.get();
        Ok(Instrument {
            kind: InstrumentKind::Perpetual,
            base: self.base,
            price_rule: PriceRule::Tick(self.tick),
            size_rule: SizeRule::Lot(self.lot),
            min_notional: Some(Notional::from_decimal(Decimal::TEN)),
            min_notional_exempts_close: true,
            margin_tiers: vec![tier(Some(FIRST_TIER), leverage)?, tier(None, half(leverage))?],
            funding_interval: Some(Duration::from_secs(3600)),
            ..Instrument::unrestricted(self.id()?)?
        })
    }

    /// The instrument's id.
    ///
    /// # Errors
    /// [`ValueError`] if the base does not make a legal id.
    pub fn id(&self) -> Result<InstrumentId, ValueError> {
        format!("{}-USD-PERP@{VENUE}", self.base).parse()
    }

    fn validate(&self) -> Result<(), ValueError> {
        self.id()?;
        let check = |ok: bool, what: &'static str, value: Decimal, bound: &'static str| {
            if ok { Ok(()) } else { Err(ValueError::range(what, value, bound)) }
        };
        let (volatility, correlation) = (self.volatility.get(), self.correlation.get());
        let unit = Decimal::ZERO..=Decimal::ONE;
        let volatile = volatility > Decimal::ZERO && volatility <= Decimal::from(5);
        check(volatile, "volatility", volatility, "above 0 and at most 5")?;
        check(unit.contains(&correlation), "correlation", correlation, "0 to 1")?;
        check(self.lot.signum() > 0, "lot", self.lot.get(), "above 0")?;
        check(self.volume.signum() > 0, "volume", self.volume.get(), "above 0")?;
        check(self.max_leverage >= Ratio::ONE, "max_leverage", self.max_leverage.get(), "1 or more")?;
        let tick_ok = self.tick.get() * Decimal::from(100) <= self.price.get();
        check(tick_ok, "tick", self.tick.get(), "at most a hundredth of the price")
    }

    /// A coin from constants of this file, each a mantissa and a scale; a test checks them all.
    fn known(base: &str, numbers: [(i64, u32); 7]) -> Self {
        let [price, tick, lot, volatility, correlation, volume, leverage] =
            numbers.map(|(mantissa, scale)| Decimal::new(mantissa, scale));
        Self {
            base: base.parse().unwrap_or(Currency::USD),
            price: Price::new(price).unwrap_or_default(),
            tick: Price::new(tick).unwrap_or_default(),
            lot: Quantity::new(lot).unwrap_or_default(),
            volatility: Ratio::new(volatility).unwrap_or_default(),
            correlation: Ratio::new(correlation).unwrap_or_default(),
            volume: Quantity::new(volume).unwrap_or_default(),
            max_leverage: Ratio::new(leverage).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_coins_are_usable() {
        let config = SyntheticConfig::default();
        config.validate().unwrap();
        for coin in &config.coins {
            assert_eq!(coin.instrument().unwrap().validate(), Vec::<String>::new());
        }
    }

    #[test]
    fn unusable_settings_are_named() {
        let broken = |change: fn(&mut SyntheticConfig)| {
            let mut config = SyntheticConfig::default();
            change(&mut config);
            config.validate().unwrap_err().to_string()
        };
        assert!(broken(|c| c.start = Timestamp::from_secs(1)).contains("start"));
        assert!(broken(|c| c.timeframes = vec!["90s".parse().unwrap()]).contains("timeframes"));
        assert!(broken(|c| c.coins.clear()).contains("coins"));
        assert!(broken(|c| c.coins[1].base = c.coins[0].base).contains("each coin once"));
        assert!(broken(|c| c.coins[0].volatility = Ratio::ZERO).contains("volatility"));
        assert!(broken(|c| c.coins[0].tick = c.coins[0].price).contains("tick"));
        assert!(broken(|c| c.coins[0].lot = Quantity::ZERO).contains("lot"));
    }
}
