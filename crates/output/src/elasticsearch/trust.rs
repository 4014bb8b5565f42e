//! Trust by fingerprint: the certificate is taken from the chain that a node presents.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use url::Url;

use common::error::{Error, with_causes};
use common::http::ProxyConfig;
use common::http::client::{self, Route};

const TIMEOUT: Duration = Duration::from_secs(20);

/// The certificate with this SHA-256 out of the chain that the node presents.
///
/// Only the chain is looked at: the handshake ends there, so that nothing is sent to a server that nobody vouches for.
/// The connections that follow check the whole chain, the host name and the validity, with this certificate as a root.
pub(super) async fn certificate(
    node: &Url,
    proxy: Option<&ProxyConfig>,
    fingerprint: &[u8; 32],
) -> Result<CertificateDer<'static>, Error> {
    let chain = presented_chain(node, proxy).await?;
    if let Some(matching) = chain.iter().find(|certificate| digest(certificate).as_ref() == fingerprint) {
        return Ok(CertificateDer::from(matching.clone()));
    }
    let seen: Vec<_> = chain.iter().map(|certificate| common::ids::hex(digest(certificate).as_ref())).collect();
    Err(Error::Permanent(format!(
        "{node}: no certificate of its chain has the fingerprint of ca_trusted_fingerprint; it presents {}\n\
         hint: put the fingerprint of the authority that signed the node's certificate there; nodes present it only \
         if their certificate file holds the whole chain, otherwise use ca_file",
        seen.join(", ")
    )))
}

fn digest(certificate: &[u8]) -> ::ring::digest::Digest {
    ::ring::digest::digest(&::ring::digest::SHA256, certificate)
}

async fn presented_chain(node: &Url, proxy: Option<&ProxyConfig>) -> Result<Vec<Vec<u8>>, Error> {
    if node.scheme() != "https" {
        return Err(Error::Permanent(format!("{node}: presents no certificate; ca_trusted_fingerprint needs https")));
    }
    let capture = Arc::new(Capture { provider: ring::default_provider(), chain: Mutex::default() });
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Io(format!("tls: {error}")))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&capture) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    let route = Route { proxy, tls: Some(tls), timeout: Some(TIMEOUT), idle: 0, ..Route::default() };
    let sent = client::make(route)?.head(node.clone()).send().await;
    let chain = std::mem::take(&mut *capture.chain.lock().unwrap_or_else(PoisonError::into_inner));
    match sent {
        // It ends like this always.
        Err(_) if !chain.is_empty() => Ok(chain),
        Err(error) => Err(Error::Transient(format!("{node}: {}", with_causes(&error)))),
        Ok(_) => Err(Error::Permanent(format!("{node}: presents no certificate"))),
    }
}

/// Keeps the chain and ends the handshake: it trusts nobody.
#[derive(Debug)]
struct Capture {
    provider: CryptoProvider,
    chain: Mutex<Vec<Vec<u8>>>,
}

impl ServerCertVerifier for Capture {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain = std::iter::once(leaf).chain(rest).map(|certificate| certificate.to_vec()).collect();
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = chain;
        Err(rustls::Error::General("only the chain was asked for".to_owned()))
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(untrusted())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(untrusted())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn untrusted() -> rustls::Error {
    rustls::Error::General("nobody is trusted here".to_owned())
}
