//! Which cryptography TLS runs on.

/// Makes ring the process's provider, unless the application chose one already.
///
/// Every constructor of this module calls it: reqwest and tokio-tungstenite are built without a provider of their
/// own, because two in one process make rustls panic at first use.
pub(super) fn install() {
    // The error says only that a provider is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
