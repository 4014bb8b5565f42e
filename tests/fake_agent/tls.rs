//! The server's side of mutual TLS: no certificate without a known name in the handshake, no connection without a
//! certificate of the component.

use std::fmt;
use std::sync::{Arc, Weak};

use anyhow::{Context, Result};
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};

use super::Shared;

/// Picks the certificate by the name in the handshake.
struct ByName(Weak<Shared>);

impl fmt::Debug for ByName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ByName")
    }
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?;
        let shared = self.0.upgrade()?;
        let components = shared.components();
        let component = components.values().find(|component| component.identity.server_name == name)?;
        let signed = &component.identity.server;
        let key = ring::sign::any_supported_type(&signed.key()).ok()?;
        Some(Arc::new(CertifiedKey::new(vec![signed.certificate.clone()], key)))
    }
}

/// The configuration of the server.
pub(super) fn config(shared: &Arc<Shared>) -> Result<ServerConfig> {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(shared.authority.certificate())?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build()?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("no version of TLS")?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(ByName(Arc::downgrade(shared))));
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}
