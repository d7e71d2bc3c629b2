//! How to reach the venue, and as whom.

use std::sync::Arc;
use std::time::Duration;

use qtp_core::port::{Clock, SystemClock};
use qtp_core::{AccountId, Decimal, ExchangeError, Ratio, Venue};

use super::nonce::NonceStore;
use super::payload::Wallet;
use super::sign::{Address, Network, PrivateKey};

/// Settings of [`Hyperliquid`](super::Hyperliquid). Without a key it reads; without an address it reads the market only.
///
/// ```
/// use qtp_exchange::hyperliquid::{HyperliquidConfig, sign::Network};
/// let mut config = HyperliquidConfig::new(Network::Testnet, "main".parse()?);
/// config.address = Some("0x14791697260E4c9A71f18484C9f997B308e59325".parse()?);
/// assert_eq!(config.venue()?.as_str(), "hyperliquid.testnet");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct HyperliquidConfig {
    /// Which money.
    pub network: Network,
    /// Our name of the account.
    pub account: AccountId,
    /// The account's address; the key's own if there is none. An agent's address reads as an empty account.
    pub address: Option<Address>,
    /// A vault or sub-account to trade for instead.
    pub vault: Option<Address>,
    /// The account's key, or better that of an agent, which cannot withdraw.
    pub key: Option<PrivateKey>,
    /// Perpetuals or spot: two accounts to the venue, and to us.
    pub wallet: Wallet,
    /// Builders' exchanges (HIP-3) whose perpetuals are listed too.
    pub dexes: Vec<String>,
    /// Addresses of the venue's HTTP side, in the order in which they are tried.
    pub rest_urls: Vec<String>,
    /// Addresses of its sockets.
    pub socket_urls: Vec<String>,
    /// Clear text to another machine, for a simulated venue in a network of one's own.
    pub allow_plaintext: bool,
    /// How far from the price of the decision a market order may fill.
    pub slippage: Ratio,
    /// How long a submit that names no end stays valid.
    pub validity: Duration,
    /// Our time.
    pub clock: Arc<dyn Clock>,
    /// Remembers across restarts which request numbers were used, in case the clock is set back.
    pub nonces: Option<Arc<dyn NonceStore>>,
}

impl HyperliquidConfig {
    /// The network's own hosts, perpetuals, 5 % slippage, 15 s validity.
    pub fn new(network: Network, account: AccountId) -> Self {
        let host = match network {
            Network::Mainnet => "api.hyperliquid.xyz",
            Network::Testnet => "api.hyperliquid-testnet.xyz",
        };
        Self {
            network,
            account,
            address: None,
            vault: None,
            key: None,
            wallet: Wallet::Perpetual,
            dexes: Vec::new(),
            rest_urls: vec![format!("https://{host}")],
            socket_urls: vec![format!("wss://{host}/ws")],
            allow_plaintext: false,
            slippage: Ratio::new(Decimal::new(5, 2)).unwrap_or(Ratio::ZERO),
            validity: Duration::from_secs(15),
            clock: Arc::new(SystemClock),
            nonces: None,
        }
    }

    /// Another host that speaks the protocol, such as `127.0.0.1:3001`, in clear text.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        self.rest_urls = vec![format!("http://{host}")];
        self.socket_urls = vec![format!("ws://{host}/ws")];
        self
    }

    /// `hyperliquid`, or `hyperliquid.testnet`.
    ///
    /// # Errors
    /// Never.
    pub fn venue(&self) -> Result<Venue, ExchangeError> {
        let name = match self.network {
            Network::Mainnet => "hyperliquid",
            Network::Testnet => "hyperliquid.testnet",
        };
        name.parse().map_err(|error| super::payload::unread("venue", name, error))
    }

    /// Whose account it is: the vault, the account, or who holds the key.
    pub fn user(&self) -> Option<Address> {
        self.vault.or(self.address).or(self.key.as_ref().map(PrivateKey::address))
    }
}
