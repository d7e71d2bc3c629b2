//! Signs actions from standard input, one JSON object a line, and prints a signature a line: another implementation
//! can be held against it. Each line: `{"kind":"l1"|"user","key":"0x..","action":{..},"nonce":N,"vault":"0x.."|null,
//! "expires_after":N|null,"mainnet":bool}`; the last four only for `l1`.

use std::error::Error;
use std::io::{BufRead as _, Write as _};

use qtp_exchange::hyperliquid::sign::{Address, Network, PrivateKey, l1, user};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Line<'a> {
    kind: String,
    key: String,
    #[serde(borrow)]
    action: &'a RawValue,
    #[serde(default)]
    nonce: u64,
    vault: Option<Address>,
    expires_after: Option<u64>,
    #[serde(default)]
    mainnet: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let Line { kind, key, action, nonce, vault, expires_after, mainnet } = serde_json::from_str(&line)?;
        let key: PrivateKey = key.parse()?;
        let digest = if kind == "l1" {
            let network = if mainnet { Network::Mainnet } else { Network::Testnet };
            l1::digest(network, action.get(), nonce, vault, expires_after)?
        } else {
            user::digest(action.get())?
        };
        for byte in key.sign(&digest).to_bytes() {
            write!(out, "{byte:02x}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}
