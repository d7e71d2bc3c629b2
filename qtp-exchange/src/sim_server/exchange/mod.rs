//! `/exchange`: signed actions.

mod agents;
mod orders;
mod other;
mod settings;
mod transfers;

use serde::Deserialize;
use serde_json::{Value, json};

use super::world::World;
use crate::hyperliquid::sign::{Address, Network, user};
use crate::hyperliquid::wire::{Action, Request};
use other::Other;

/// Why an action as a whole is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The body is not of the right form: HTTP 422.
    Unreadable,
    /// `{"status":"err","response":"..."}`.
    Refused(String),
}

impl From<String> for Refusal {
    fn from(words: String) -> Self {
        Self::Refused(words)
    }
}

impl From<&str> for Refusal {
    fn from(words: &str) -> Self {
        Self::Refused(words.to_owned())
    }
}

/// What an action answers inside `response`.
type Answer = Result<Value, Refusal>;

/// A request whose signature was looked at: everything that needs no lock.
#[derive(Debug)]
pub(super) struct Received {
    pub kind: String,
    action: Parsed,
    signer: Option<Address>,
    nonce: u64,
    vault: Option<Address>,
    expires_after: Option<u64>,
    user_signed: bool,
}

#[derive(Debug)]
enum Parsed {
    Trade(Action),
    Other(Other),
}

/// Kinds of [`Action`].
const TRADES: [&str; 8] = [
    "order",
    "cancel",
    "cancelByCloid",
    "modify",
    "batchModify",
    "updateLeverage",
    "updateIsolatedMargin",
    "scheduleCancel",
];

impl Received {
    /// Reads a body and recovers its signer. The action is hashed as it was written.
    pub(super) fn read(body: &str, network: Network) -> Result<Self, Refusal> {
        #[derive(Deserialize)]
        struct Kind {
            r#type: String,
        }
        let request: Request<'_> = serde_json::from_str(body).map_err(|_| Refusal::Unreadable)?;
        let text = request.action.get();
        let Kind { r#type: kind } = serde_json::from_str(text).map_err(|_| Refusal::Unreadable)?;
        if other::NOT_OFFERED.contains(&kind.as_str()) {
            return Err(format!("{kind} is not offered on this venue.").into());
        }
        let action = if TRADES.contains(&kind.as_str()) {
            Parsed::Trade(serde_json::from_str(text).map_err(|_| Refusal::Unreadable)?)
        } else {
            Parsed::Other(serde_json::from_str(text).map_err(|_| Refusal::Unreadable)?)
        };
        let user_signed = user::is_user_signed(&kind);
        let signer = if user_signed {
            if other::chain_of(text).as_deref() != Some(network.chain()) {
                return Err(format!("Invalid chain: this venue is {}", network.chain()).into());
            }
            let digest = user::digest(text).map_err(|_| Refusal::Unreadable)?;
            request.signature.signer(&digest)
        } else {
            request.signer(network).map_err(|_| Refusal::Unreadable)?
        };
        let (nonce, vault, expires_after) = (request.nonce, request.vault_address, request.expires_after);
        Ok(Self { kind, action, signer, nonce, vault, expires_after, user_signed })
    }

    pub(super) const fn signer(&self) -> Option<Address> {
        self.signer
    }

    /// The asset that it names first.
    pub(super) fn asset(&self) -> Option<crate::hyperliquid::wire::AssetId> {
        match &self.action {
            Parsed::Trade(Action::Order { orders, .. }) => orders.first().map(|order| order.asset),
            Parsed::Trade(Action::Cancel { cancels }) => cancels.first().map(|cancel| cancel.asset),
            Parsed::Trade(Action::CancelByCloid { cancels }) => cancels.first().map(|cancel| cancel.asset),
            Parsed::Trade(Action::Modify { order, .. }) => Some(order.asset),
            Parsed::Trade(Action::BatchModify { modifies }) => {
                modifies.first().map(|modify| modify.order.asset)
            }
            Parsed::Trade(
                Action::UpdateLeverage { asset, .. } | Action::UpdateIsolatedMargin { asset, .. },
            ) => Some(*asset),
            _ => None,
        }
    }

    /// How many requests it counts as.
    pub(super) fn count(&self) -> u64 {
        let count = match &self.action {
            Parsed::Trade(Action::Order { orders, .. }) => orders.len(),
            Parsed::Trade(Action::Cancel { cancels }) => cancels.len(),
            Parsed::Trade(Action::CancelByCloid { cancels }) => cancels.len(),
            Parsed::Trade(Action::BatchModify { modifies }) => modifies.len(),
            _ => 1,
        };
        count.max(1) as u64
    }

    const fn is_cancel(&self) -> bool {
        matches!(self.action, Parsed::Trade(Action::Cancel { .. } | Action::CancelByCloid { .. }))
    }
}

/// Carries out a request. `wall` is the wall clock in milliseconds.
pub(super) fn execute(
    world: &mut World,
    received: &Received,
    wall: i64,
    limited: bool,
) -> Result<Value, Refusal> {
    let signer = received.signer.ok_or("Unable to recover signer.")?;
    let user = owner(world, received, signer)?;
    // A client numbers its requests by its own clock: ours, or that of the venue if it runs apart from ours.
    let near = i64::try_from(received.nonce).is_ok_and(|nonce| (nonce - wall).abs() < 86_400_000);
    let now = if near { wall + world.clock_error } else { world.time() };
    if received.expires_after.is_some_and(|end| i64::try_from(end).is_ok_and(|end| end < now)) {
        return Err("Action already expired".into());
    }
    world.nonces.take(signer, received.nonce, now)?;
    count(world, user, received, limited)?;
    let response = match &received.action {
        Parsed::Trade(action) => trade(world, user, action)?,
        Parsed::Other(action) => other::run(world, (user, signer), action)?,
    };
    Ok(json!({"status": "ok", "response": response}))
}

fn trade(world: &mut World, user: Address, action: &Action) -> Answer {
    match action {
        Action::Order { orders, grouping, builder } => {
            orders::place(world, user, orders, *grouping, builder.as_ref())
        }
        Action::Cancel { cancels } => orders::cancel(world, user, cancels),
        Action::CancelByCloid { cancels } => orders::cancel_by_cloid(world, user, cancels),
        Action::Modify { oid, order } => orders::modify(world, user, *oid, order),
        Action::BatchModify { modifies } => orders::batch_modify(world, user, modifies),
        Action::UpdateLeverage { asset, is_cross, leverage } => {
            settings::leverage(world, user, *asset, *is_cross, *leverage)
        }
        Action::UpdateIsolatedMargin { asset, ntli, .. } => {
            settings::isolated_margin(world, user, *asset, *ntli)
        }
        Action::ScheduleCancel { time } => settings::schedule_cancel(world, user, *time),
    }
}

/// Whose account a request is for.
fn owner(world: &World, received: &Received, signer: Address) -> Result<Address, Refusal> {
    let unknown = || Refusal::Refused(format!("User or API Wallet {signer} does not exist."));
    if received.user_signed {
        // Signed for the signer's own account, whoever's agent he may be.
        let must_deposit =
            || Refusal::Refused(format!("Must deposit before performing actions. User: {signer}"));
        if world.agents.contains_key(&signer) {
            return Err(must_deposit());
        }
        return world.accounts.contains_key(&signer).then_some(signer).ok_or_else(unknown);
    }
    let master = match world.agents.get(&signer) {
        Some(master) => *master,
        None if world.accounts.contains_key(&signer) => signer,
        None => return Err(unknown()),
    };
    let Some(vault) = received.vault.filter(|vault| *vault != master) else { return Ok(master) };
    let own = world.accounts.get(&vault).is_some_and(|account| account.master == Some(master));
    if own { Ok(vault) } else { Err(format!("Vault not registered: {vault}").into()) }
}

/// Counts requests against the account's budget: one for each dollar traded, and 10000 to begin with.
fn count(world: &mut World, user: Address, received: &Received, limited: bool) -> Result<(), Refusal> {
    let Some(account) = world.accounts.get_mut(&user) else { return Ok(()) };
    let limit = requests_cap(account.volume);
    let most = if received.is_cancel() { (limit + 100_000).min(2 * limit) } else { limit };
    if limited && account.requests + received.count() > most {
        return Err(format!(
            "Too many cumulative requests sent ({} > {most}) for cumulative volume traded ${}. Place taker orders to free up 1 request per USDC traded.",
            account.requests + received.count(), account.volume.round_dp(2),
        ).into());
    }
    account.requests += received.count();
    Ok(())
}

/// Requests that an account with this volume may send in all.
pub(super) fn requests_cap(volume: qtp_core::Decimal) -> u64 {
    10_000 + u64::try_from(volume.trunc().to_string().parse::<i64>().unwrap_or(0)).unwrap_or(0)
}

/// The answer of an action that has nothing to say.
fn default_answer() -> Value {
    json!({"type": "default"})
}

/// A market order that somebody places on an account by hand; buys if positive.
pub(super) fn manual_order(
    world: &mut World,
    user: Address,
    place: usize,
    size: qtp_core::Decimal,
) -> Result<Value, String> {
    orders::by_hand(world, user, place, size)
}
