//! Funding, deposits and transfers.

use qtp_core::{Amount, Currency, Decimal, Event, ExchangeError, FundingPayment, Timestamp};
use serde::Deserialize;

use super::{Wallet, currency, parse, time, unread};
use crate::hyperliquid::owner::Owner;
use crate::hyperliquid::sign::Address;

#[derive(Deserialize)]
struct FundingUpdate<'a> {
    time: i64,
    #[serde(borrow)]
    delta: FundingDelta<'a>,
}

#[derive(Deserialize)]
struct FundingDelta<'a> {
    coin: &'a str,
    usdc: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FundingMessage<'a> {
    #[serde(default)]
    is_snapshot: bool,
    #[serde(borrow)]
    fundings: Vec<StreamedFunding<'a>>,
}

#[derive(Deserialize)]
struct StreamedFunding<'a> {
    time: i64,
    coin: &'a str,
    usdc: &'a str,
}

fn payment(owner: &Owner<'_>, (at, coin, usdc): (i64, &str, &str)) -> Result<FundingPayment, ExchangeError> {
    let listed = owner.catalogue.coin(coin);
    let settle = listed.map_or(Currency::USDC, |listing| listing.instrument.settle);
    let value = Decimal::from_str_exact(usdc)
        .map_err(|error| unread("funding_payments", format!("{coin}: usdc"), error))?;
    Ok(FundingPayment {
        account: owner.account.clone(),
        instrument: owner.catalogue.id_of("funding_payments", coin)?,
        time: time(at),
        amount: Amount::new(value, settle),
    })
}

/// `userFunding`, and the `data` of `userFundings`, ascending; true with them if they are history that was sent first.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn funding_payments(text: &str, owner: &Owner<'_>) -> Result<(bool, Vec<FundingPayment>), ExchangeError> {
    let (snapshot, mut payments) = if text.trim_start().starts_with('[') {
        let updates: Vec<FundingUpdate<'_>> = parse("funding_payments", "userFunding", text)?;
        let read = updates.iter().map(|update| (update.time, update.delta.coin, update.delta.usdc));
        (false, read.map(|read| payment(owner, read)).collect::<Result<Vec<_>, _>>()?)
    } else {
        let message: FundingMessage<'_> = parse("funding_payments", "userFundings", text)?;
        let read = message.fundings.iter().map(|update| (update.time, update.coin, update.usdc));
        (message.is_snapshot, read.map(|read| payment(owner, read)).collect::<Result<Vec<_>, _>>()?)
    };
    // Spot pays none.
    payments.retain(|_| owner.wallet == Wallet::Perpetual);
    payments.sort_by_key(|payment| payment.time);
    Ok((snapshot, payments))
}

/// One entry of an account's ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// When.
    pub time: Timestamp,
    /// Hash of the transaction, which tells entries apart.
    pub hash: String,
    /// What came in (above zero) or left; `None` if it was about the address's other book.
    pub flow: Option<Amount>,
    /// The venue's word, if its meaning is not known: somebody must look.
    pub unknown: Option<String>,
}

impl LedgerEntry {
    /// The entry as an event, if money moved.
    pub fn event(&self, owner: &Owner<'_>) -> Option<Event> {
        self.flow.map(|amount| Event::CashFlow { account: owner.account.clone(), amount })
    }
}

#[derive(Deserialize)]
struct Update<'a> {
    time: i64,
    hash: &'a str,
    #[serde(borrow)]
    delta: Delta<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delta<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    usdc: Option<&'a str>,
    fee: Option<&'a str>,
    to_perp: Option<bool>,
    user: Option<Address>,
    destination: Option<Address>,
    token: Option<&'a str>,
    amount: Option<&'a str>,
    fee_token: Option<&'a str>,
    net_withdrawn_usd: Option<&'a str>,
    source_dex: Option<&'a str>,
    destination_dex: Option<&'a str>,
}

enum Flow {
    Known(Option<Amount>),
    Unknown,
}

impl Delta<'_> {
    fn number(&self, field: &'static str, text: Option<&str>) -> Result<Decimal, ExchangeError> {
        let bad = |source: qtp_core::Source| unread("ledger", format!("{}: {field}", self.kind), source);
        let text = text.ok_or_else(|| bad("missing".into()))?;
        Decimal::from_str_exact(text).map_err(|error| bad(error.into()))
    }

    fn fee(&self) -> Result<Decimal, ExchangeError> {
        self.fee.map_or(Ok(Decimal::ZERO), |fee| self.number("fee", Some(fee)))
    }

    /// What the entry does to one book of an address.
    fn flow(&self, wallet: Wallet, owner: Address) -> Result<Flow, ExchangeError> {
        let usdc = || self.number("usdc", self.usdc);
        let dollars = |value: Decimal| Some(Amount::new(value, Currency::USDC));
        // A sender pays the fee; who sends to himself pays it alone.
        let sent = |value: Decimal, fee: Decimal| match (
            self.user == Some(owner),
            self.destination == Some(owner),
        ) {
            (true, true) => -fee,
            (true, false) => (-value).saturating_sub(fee),
            (false, _) => value,
        };
        let perpetual = wallet == Wallet::Perpetual;
        Ok(Flow::Known(match self.kind {
            "accountClassTransfer" => {
                let arrives = self.to_perp == Some(perpetual);
                let value = usdc()?;
                dollars(if arrives { value } else { -value })
            }
            "deposit" | "vaultDistribution" | "vaultLeaderCommission" if perpetual => dollars(usdc()?),
            "withdraw" if perpetual => dollars((-usdc()?).saturating_sub(self.fee()?)),
            "vaultDeposit" | "vaultCreate" if perpetual => dollars((-usdc()?).saturating_sub(self.fee()?)),
            "vaultWithdraw" if perpetual => dollars(self.number("netWithdrawnUsd", self.net_withdrawn_usd)?),
            "internalTransfer" if perpetual => dollars(sent(usdc()?, self.fee()?)),
            "subAccountTransfer" if perpetual => dollars(sent(usdc()?, Decimal::ZERO)),
            "spotTransfer" if !perpetual => self.tokens(sent)?,
            "send" => self.send(perpetual, owner)?,
            "deposit"
            | "withdraw"
            | "vaultDistribution"
            | "vaultLeaderCommission"
            | "vaultDeposit"
            | "vaultCreate"
            | "vaultWithdraw"
            | "internalTransfer"
            | "subAccountTransfer"
            | "spotTransfer" => None,
            // Fills tell what a liquidation did.
            "liquidation" => None,
            _ => return Ok(Flow::Unknown),
        }))
    }

    fn tokens(&self, sent: impl Fn(Decimal, Decimal) -> Decimal) -> Result<Option<Amount>, ExchangeError> {
        let name = self.token.unwrap_or_default();
        let code = currency(name).ok_or_else(|| unread("ledger", "token", format!("{name:?}")))?;
        // A fee in another token is on that token's line.
        let own_fee = self.fee_token.is_none_or(|token| token.is_empty() || token == name);
        let fee = if own_fee { self.fee()? } else { Decimal::ZERO };
        Ok(Some(Amount::new(sent(self.number("amount", self.amount)?, fee), code)))
    }

    /// A transfer between books and addresses: `spot`, or the name of an exchange, empty for the venue's own.
    fn send(&self, perpetual: bool, owner: Address) -> Result<Option<Amount>, ExchangeError> {
        let ours = |dex: Option<&str>| (dex != Some("spot")) == perpetual;
        let leaves = self.user == Some(owner) && ours(self.source_dex);
        let arrives = self.destination == Some(owner) && ours(self.destination_dex);
        if !leaves && !arrives {
            return Ok(None);
        }
        self.tokens(|value, fee| match (leaves, arrives) {
            (true, true) => -fee,
            (true, false) => (-value).saturating_sub(fee),
            (false, _) => value,
        })
    }
}

/// `userNonFundingLedgerUpdates`, ascending.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn ledger_page(text: &str, owner: &Owner<'_>) -> Result<Vec<LedgerEntry>, ExchangeError> {
    read(parse("ledger", "userNonFundingLedgerUpdates", text)?, owner)
}

/// The `data` of `userNonFundingLedgerUpdates`; true with it if it is history that was sent first.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn ledger(text: &str, owner: &Owner<'_>) -> Result<(bool, Vec<LedgerEntry>), ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Message<'a> {
        #[serde(default)]
        is_snapshot: bool,
        #[serde(borrow)]
        non_funding_ledger_updates: Vec<Update<'a>>,
    }
    let message: Message<'_> = parse("ledger", "userNonFundingLedgerUpdates", text)?;
    Ok((message.is_snapshot, read(message.non_funding_ledger_updates, owner)?))
}

fn read(updates: Vec<Update<'_>>, owner: &Owner<'_>) -> Result<Vec<LedgerEntry>, ExchangeError> {
    let entry = |update: Update<'_>| {
        let (flow, unknown) = match update.delta.flow(owner.wallet, owner.address)? {
            Flow::Known(flow) => (flow.filter(|flow| !flow.value.is_zero()), None),
            Flow::Unknown => (None, Some(update.delta.kind.to_owned())),
        };
        Ok(LedgerEntry { time: time(update.time), hash: update.hash.to_owned(), flow, unknown })
    };
    let mut entries = updates.into_iter().map(entry).collect::<Result<Vec<_>, ExchangeError>>()?;
    entries.sort_by_key(|entry| entry.time);
    Ok(entries)
}
