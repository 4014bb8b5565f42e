//! TLS as a policy of Elastic Agent may want it: own authorities instead of the public ones, fewer checks, a certificate
//! that the client shows.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::version::{TLS12, TLS13};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
    SupportedProtocolVersion,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use secrecy::ExposeSecret;

use crate::settings::{Tls, TlsVersions, Verification};
use common::error::Error;

/// The connections' configuration; `pinned` is trusted beside what the settings name.
pub(super) fn config(tls: &Tls, pinned: Option<CertificateDer<'static>>) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let versions: &[&SupportedProtocolVersion] = match tls.versions {
        TlsVersions::Both => &[&TLS13, &TLS12],
        TlsVersions::Only12 => &[&TLS12],
        TlsVersions::Only13 => &[&TLS13],
    };
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .map_err(|error| Error::Io(format!("tls: {error}")))?;
    let verifier: Arc<dyn ServerCertVerifier> = match tls.verification {
        Verification::None => Arc::new(Unchecked(provider)),
        kept => {
            let roots = Arc::new(roots(tls, pinned)?);
            let inner = WebPkiServerVerifier::builder_with_provider(roots, provider)
                .build()
                .map_err(|error| Error::Io(format!("tls: {error}")))?;
            if kept == Verification::Full { inner } else { Arc::new(AnyName(inner)) }
        }
    };
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    let Some(identity) = &tls.identity else { return Ok(builder.with_no_client_auth()) };
    let chain = certificates("ssl.certificate", &identity.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(identity.key.expose_secret().as_bytes())
        .map_err(|_| Error::Io("ssl.key: is no unencrypted private key in PEM".to_owned()))?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|error| Error::Io(format!("ssl.certificate: does not go with ssl.key: {error}")))
}

/// Whether connections can be made so.
///
/// # Errors
/// Says which key of `ssl` is at fault, and why.
pub fn check(tls: &Tls) -> Result<(), String> {
    config(tls, None).map(drop).map_err(|error| error.to_string())
}

/// The certificates of a PEM text; `key` is what the policy calls it.
fn certificates(key: &str, pem: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|error| Error::Io(format!("{key}: cannot be read: {error}")))?;
    if found.is_empty() {
        let what = "holds no certificate; allowed: PEM with -----BEGIN CERTIFICATE-----";
        return Err(Error::Io(format!("{key}: {what}")));
    }
    Ok(found)
}

fn roots(tls: &Tls, pinned: Option<CertificateDer<'static>>) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    if tls.authorities.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    for pem in &tls.authorities {
        for certificate in certificates("ssl.certificate_authorities", pem)? {
            roots.add(certificate).map_err(|error| {
                Error::Io(format!("ssl.certificate_authorities: a certificate cannot be trusted: {error}"))
            })?;
        }
    }
    if let Some(pinned) = pinned {
        roots.add(pinned).map_err(|error| {
            Error::Io(format!("ssl.ca_trusted_fingerprint: the certificate cannot be trusted: {error}"))
        })?;
    }
    Ok(roots)
}

/// Chain and validity are checked, the host name is not.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        // The chain is looked at before the name.
        match self.0.verify_server_cert(leaf, rest, name, ocsp, now) {
            Err(TlsError::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Any certificate will do, as long as the node holds its key.
#[derive(Debug)]
struct Unchecked(Arc<CryptoProvider>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
