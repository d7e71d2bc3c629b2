//! What can be traded.

use std::time::Duration;

use qtp_core::{
    Currency, Decimal, Instrument, InstrumentKind, MarginTier, Notional, PriceRule, Quantity, Ratio,
    SizeRule, ValueError,
};
use serde_json::{Value, json};

use crate::hyperliquid::wire::AssetId;

/// Most decimal places of a perpetual's price, less those of its size.
const PERP_DECIMALS: u32 = 6;
/// The same for spot.
const SPOT_DECIMALS: u32 = 8;
/// Position value up to which the full leverage is allowed, in USD.
const FIRST_TIER: i64 = 100_000_000;

/// A perpetual or a spot pair.
#[derive(Debug, Clone)]
pub(in crate::sim_server) struct Asset {
    pub id: AssetId,
    /// `BTC`, `PURR/USDC`, `@1`.
    pub coin: String,
    pub base: String,
    pub sz_decimals: u32,
    pub max_leverage: u32,
    pub instrument: Instrument,
}

/// What is known of a coin beforehand: name, size decimals, leverage, spot index.
const KNOWN: [(&str, u32, u32); 12] = [
    ("BTC", 5, 40),
    ("ETH", 4, 25),
    ("SOL", 2, 20),
    ("HYPE", 2, 10),
    ("XRP", 0, 20),
    ("DOGE", 0, 10),
    ("AVAX", 2, 10),
    ("LINK", 1, 10),
    ("LTC", 2, 10),
    ("BNB", 3, 10),
    ("ADA", 0, 10),
    ("PURR", 0, 3),
];

impl Asset {
    /// The perpetual of a coin. Coins that are not known by name get two size decimals and leverage 20.
    pub(in crate::sim_server) fn perpetual(coin: &str, index: usize) -> Result<Self, ValueError> {
        let (sz_decimals, max_leverage) = known(coin);
        let id = format!("{coin}-USDC-PERP@hyperliquid").parse()?;
        let index = u32::try_from(index).ok().and_then(AssetId::perpetual);
        let leverage = Decimal::from(max_leverage);
        let instrument = Instrument {
            kind: InstrumentKind::Perpetual,
            margin_tiers: vec![
                tier(Some(FIRST_TIER), leverage)?,
                tier(None, (leverage / Decimal::TWO).floor().max(Decimal::ONE))?,
            ],
            funding_interval: Some(Duration::from_secs(3600)),
            ..rules(Instrument::unrestricted(id)?, sz_decimals, PERP_DECIMALS)?
        };
        Ok(Self {
            id: index.ok_or_else(|| ValueError::range("perpetuals", coin, "at most 10000"))?,
            coin: coin.to_owned(),
            base: coin.to_owned(),
            sz_decimals,
            max_leverage,
            instrument,
        })
    }

    /// The spot pair of a coin against USDC. The first one is called by its coins, the others by their number. Some
    /// clients take the places of pairs and tokens in their lists for their numbers, so that these are the same.
    pub(in crate::sim_server) fn spot(base: &str, place: usize) -> Result<Self, ValueError> {
        let (sz_decimals, _) = known(base);
        let index = u32::try_from(place).unwrap_or(u32::MAX);
        let id = format!("{base}-USDC@hyperliquid").parse()?;
        let instrument = rules(Instrument::unrestricted(id)?, sz_decimals, SPOT_DECIMALS)?;
        Ok(Self {
            id: AssetId::spot(index).ok_or_else(|| ValueError::range("spot pairs", base, "at most 90000"))?,
            coin: if index == 0 { format!("{base}/USDC") } else { format!("@{index}") },
            base: base.to_owned(),
            sz_decimals,
            max_leverage: 1,
            instrument,
        })
    }

    pub(in crate::sim_server) const fn is_spot(&self) -> bool {
        self.id.is_spot()
    }

    /// Number of the asset's token; 0 is USDC.
    pub(in crate::sim_server) const fn token(&self) -> u32 {
        self.id.0 % 10_000 + 1
    }

    pub(in crate::sim_server) fn lot(&self) -> Decimal {
        Decimal::new(1, self.sz_decimals)
    }
}

fn known(coin: &str) -> (u32, u32) {
    KNOWN.iter().find(|known| known.0 == coin).map_or((2, 20), |known| (known.1, known.2))
}

fn tier(up_to: Option<i64>, leverage: Decimal) -> Result<MarginTier, ValueError> {
    let maintenance = Decimal::ONE.checked_div(leverage * Decimal::TWO).unwrap_or(Decimal::ONE);
    Ok(MarginTier {
        up_to: up_to.map(|notional| Notional::from_decimal(notional.into())),
        max_leverage: Ratio::new(leverage)?,
        maintenance: Ratio::new(maintenance)?,
    })
}

/// Five significant figures, the size's decimals, at least 10 USD.
fn rules(instrument: Instrument, sz_decimals: u32, places: u32) -> Result<Instrument, ValueError> {
    let decimals = places.saturating_sub(sz_decimals);
    Ok(Instrument {
        price_rule: PriceRule::SignificantFigures { digits: 5, decimals },
        size_rule: SizeRule::Lot(Quantity::new(Decimal::new(1, sz_decimals))?),
        min_notional: Some(Notional::from_decimal(Decimal::TEN)),
        min_notional_exempts_close: true,
        quote: Currency::USDC,
        settle: Currency::USDC,
        ..instrument
    })
}

/// `meta`: all perpetuals, in the order of their numbers.
pub(in crate::sim_server) fn meta<'a>(assets: impl Iterator<Item = &'a Asset> + Clone) -> Value {
    let perps = assets.filter(|asset| !asset.is_spot());
    let universe: Vec<Value> = perps
        .clone()
        .map(|asset| {
            json!({"name": asset.coin, "szDecimals": asset.sz_decimals, "maxLeverage": asset.max_leverage,
            "marginTableId": asset.max_leverage})
        })
        .collect();
    let mut tables: Vec<u32> = perps.map(|asset| asset.max_leverage).collect();
    tables.sort_unstable();
    tables.dedup();
    let tables: Vec<Value> =
        tables.into_iter().map(|leverage| json!([leverage, margin_table(leverage)])).collect();
    json!({"universe": universe, "marginTables": tables, "collateralToken": 0})
}

/// A table of margin tiers, which is named by the leverage of its first.
pub(in crate::sim_server) fn margin_table(leverage: u32) -> Value {
    let tiers = json!([{"lowerBound": "0.0", "maxLeverage": leverage},
        {"lowerBound": format!("{FIRST_TIER}.0"), "maxLeverage": (leverage / 2).max(1)}]);
    json!({"description": format!("tiered {leverage}x"), "marginTiers": tiers})
}

/// An auction of listings in which nobody bids.
pub(in crate::sim_server) fn auction(time: i64) -> Value {
    json!({"startTimeSeconds": time / 1000, "durationSeconds": 111_600, "startGas": "500.0", "currentGas": "500.0",
        "endGas": null})
}

/// `spotMeta`: USDC, the base tokens and the pairs.
pub(in crate::sim_server) fn spot_meta<'a>(assets: impl Iterator<Item = &'a Asset> + Clone) -> Value {
    let pairs = assets.filter(|asset| asset.is_spot());
    let mut tokens = vec![token("USDC", 0, (8, 8))];
    let base = |asset: &Asset| token(&asset.base, asset.token(), (asset.sz_decimals, asset.sz_decimals + 5));
    tokens.extend(pairs.clone().map(base));
    let universe: Vec<Value> = pairs
        .map(|asset| {
            json!({"name": asset.coin, "tokens": [asset.token(), 0], "index": asset.id.0 % 10_000,
            "isCanonical": asset.id.0 == 10_000})
        })
        .collect();
    json!({"tokens": tokens, "universe": universe})
}

fn token(name: &str, index: u32, (sz_decimals, wei_decimals): (u32, u32)) -> Value {
    json!({"name": name, "szDecimals": sz_decimals, "weiDecimals": wei_decimals, "index": index,
        "tokenId": format!("0x{:032x}", token_id(index)), "isCanonical": index < 2, "evmContract": null, "fullName": null,
        "deployerTradingFeeShare": "0.0"})
}

fn token_id(index: u32) -> u128 {
    let half = super::super::number::mix(u64::from(index));
    u128::from(half) << 64 | u128::from(super::super::number::mix(half))
}
