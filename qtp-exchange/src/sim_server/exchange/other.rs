//! Actions other than trades: read, and sent on.

use serde::Deserialize;
use serde_json::Value;

use super::super::world::World;
use super::{Answer, agents, default_answer, transfers};
use crate::hyperliquid::sign::Address;

/// What the real venue knows besides: multi-signature users, vaults, validators, and listings of one's own.
pub(super) const NOT_OFFERED: [&str; 21] = [
    "CSignerAction",
    "CValidatorAction",
    "borrowLend",
    "cDeposit",
    "cWithdraw",
    "claimRewards",
    "convertToMultiSigUser",
    "createVault",
    "gossipPriorityBid",
    "linkStakingUser",
    "multiSig",
    "perpDeploy",
    "registerReferrer",
    "setDisplayName",
    "spotDeploy",
    "spotUser",
    "subAccountModify",
    "topUpIsolatedOnlyMargin",
    "validatorL1Stream",
    "vaultDistribute",
    "vaultModify",
];

/// An action that is no trade.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Other {
    UsdClassTransfer {
        amount: String,
        to_perp: bool,
    },
    UsdSend {
        destination: Address,
        amount: String,
    },
    SpotSend {
        destination: Address,
        token: String,
        amount: String,
    },
    SendAsset {
        destination: Address,
        source_dex: String,
        destination_dex: String,
        token: String,
        amount: String,
        #[serde(default)]
        from_sub_account: String,
    },
    Withdraw3 {
        destination: Address,
        amount: String,
    },
    ApproveAgent {
        agent_address: Address,
        agent_name: Option<String>,
    },
    ApproveBuilderFee {
        max_fee_rate: String,
        builder: Address,
    },
    SetReferrer {
        code: String,
    },
    CreateSubAccount {
        name: String,
    },
    SubAccountTransfer {
        sub_account_user: Address,
        is_deposit: bool,
        usd: u64,
    },
    SubAccountSpotTransfer {
        sub_account_user: Address,
        is_deposit: bool,
        token: String,
        amount: String,
    },
    VaultTransfer {
        vault_address: Address,
    },
    TwapOrder {
        twap: Value,
    },
    TwapCancel {
        t: u64,
    },
    UserSetAbstraction {
        abstraction: String,
    },
    AgentSetAbstraction {
        abstraction: String,
    },
    UserDexAbstraction {
        enabled: bool,
    },
    AgentEnableDexAbstraction,
    TokenDelegate {
        validator: Address,
    },
    EvmUserModify,
    ReserveRequestWeight {
        weight: u64,
    },
    Noop,
}

/// Network that an action says it is for.
pub(super) fn chain_of(action: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Chain {
        #[serde(rename = "hyperliquidChain")]
        chain: String,
    }
    serde_json::from_str::<Chain>(action).ok().map(|chain| chain.chain)
}

pub(super) fn run(world: &mut World, (user, signer): (Address, Address), action: &Other) -> Answer {
    match action {
        Other::UsdClassTransfer { amount, to_perp } => {
            transfers::between_classes(world, user, amount, *to_perp)
        }
        Other::UsdSend { destination, amount } => transfers::send_usd(world, user, *destination, amount),
        Other::SpotSend { destination, token, amount } => {
            transfers::send_spot(world, user, *destination, token, amount, "spotTransfer")
        }
        Other::SendAsset { destination, source_dex, destination_dex, token, amount, from_sub_account } => {
            let route = (source_dex.as_str(), destination_dex.as_str());
            transfers::send_asset(world, user, *destination, route, (token, amount, from_sub_account))
        }
        Other::Withdraw3 { destination, amount } => transfers::withdraw(world, user, *destination, amount),
        Other::ApproveAgent { agent_address, agent_name } => {
            agents::approve(world, user, *agent_address, agent_name.as_deref().unwrap_or_default())
        }
        Other::ApproveBuilderFee { max_fee_rate, builder } => {
            agents::approve_builder(world, user, *builder, max_fee_rate)
        }
        Other::SetReferrer { code } => agents::set_referrer(world, user, code),
        Other::CreateSubAccount { name } => agents::create_subaccount(world, (user, signer), name),
        Other::SubAccountTransfer { sub_account_user, is_deposit, usd } => {
            transfers::with_subaccount(world, user, *sub_account_user, *is_deposit, *usd)
        }
        Other::SubAccountSpotTransfer { sub_account_user, is_deposit, token, amount } => {
            transfers::spot_with_subaccount(world, user, *sub_account_user, *is_deposit, (token, amount))
        }
        Other::VaultTransfer { vault_address } => {
            Err(format!("Vault not registered: {vault_address}").into())
        }
        Other::TwapOrder { twap } => {
            let words = format!(
                "TWAP orders are not offered on this venue. asset={}",
                twap.get("a").unwrap_or(&Value::Null)
            );
            Ok(serde_json::json!({"type": "twapOrder", "data": {"status": {"error": words}}}))
        }
        Other::TwapCancel { t } => {
            let words = format!("TWAP was never placed, already canceled, or filled. twap={t}");
            Ok(serde_json::json!({"type": "twapCancel", "data": {"status": {"error": words}}}))
        }
        Other::UserSetAbstraction { abstraction } | Other::AgentSetAbstraction { abstraction } => {
            agents::set_abstraction(world, user, abstraction)
        }
        Other::UserDexAbstraction { enabled } => {
            agents::set_abstraction(world, user, if *enabled { "dexAbstraction" } else { "disabled" })
        }
        Other::AgentEnableDexAbstraction => agents::set_abstraction(world, user, "dexAbstraction"),
        Other::TokenDelegate { validator } => Err(format!("Validator not found: {validator}").into()),
        Other::ReserveRequestWeight { weight } => {
            if let Some(account) = world.accounts.get_mut(&user) {
                account.requests = account.requests.saturating_sub(*weight);
            }
            Ok(default_answer())
        }
        Other::EvmUserModify | Other::Noop => Ok(default_answer()),
    }
}
