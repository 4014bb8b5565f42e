//! The certificate that signs client assertions: read from PEM or PKCS#12 files, and again when they change.

use std::path::Path;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use memchr::memmem;
use ring::digest::{SHA256, digest};
use ring::rsa::KeyPair;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::ExposeSecret;
use x509_cert::Certificate;
use x509_cert::der::Decode;

use super::pkcs12::{self, Unreadable};
use crate::CertificateFiles;
use common::error::Error;

/// The end of a certificate is warned of this long before.
const WARN: TimeDelta = TimeDelta::days(30);

/// A certificate with its key.
#[derive(Debug)]
pub struct SigningCertificate {
    /// Its Debug shows the public part.
    pub(super) key: KeyPair,
    /// SHA-256 of the certificate's DER in Base64url, the `x5t#S256` of an assertion.
    pub(super) thumbprint: String,
    /// Until when it is valid.
    ends: DateTime<Utc>,
}

/// Files that hold no usable certificate.
#[derive(Debug)]
pub struct Unusable {
    /// The key is at fault, not the certificate.
    pub is_key: bool,
    /// Which file, and why.
    pub message: String,
}

/// The certificate in use, and the state of the files that it came from.
#[derive(Debug, Default)]
pub(super) struct Watched {
    used: Option<(Stamps, SigningCertificate)>,
    /// When its end was warned of.
    warned: Option<DateTime<Utc>>,
}

/// Modification times of the certificate's and of the key's file.
type Stamps = [Option<SystemTime>; 2];

impl Watched {
    /// The certificate as the files hold it now. While they are being replaced, and do not fit, the former one.
    pub(super) fn current(&mut self, files: &CertificateFiles) -> Result<&SigningCertificate, Error> {
        let changed = |path: &Path| path.metadata().and_then(|about| about.modified()).ok();
        // Taken before reading: what is written meanwhile is read the next time.
        let stamps = [changed(&files.certificate), files.key.as_deref().and_then(changed)];
        let former = self.used.take().map(|(known, former)| (known == stamps, known, former));
        let current = match former {
            Some((true, known, former)) => (known, former),
            former => match (read(files), former) {
                (Ok(certificate), former) => {
                    if former.is_some() {
                        tracing::info!(file = %files.certificate.display(), "client certificate is replaced");
                    }
                    (stamps, certificate)
                }
                (Err(unusable), Some((_, known, former))) => {
                    let error = unusable.message;
                    tracing::warn!(error, "changed client certificate is not usable, the former one stays in use");
                    (known, former)
                }
                (Err(unusable), None) => {
                    let hint = "check `client_certificate_file`";
                    return Err(Error::Auth(format!("client certificate: {}\nhint: {hint}", unusable.message)));
                }
            },
        };
        let certificate = &self.used.insert(current).1;
        let now = common::clock::now();
        let left = certificate.ends - now;
        let (file, ends) = (files.certificate.display(), certificate.ends.format("%Y-%m-%d"));
        if left < TimeDelta::zero() {
            return Err(Error::Auth(format!(
                "client certificate: {file} has expired on {ends}\nhint: register a new certificate at the application and \
                 replace the file; it is read again"
            )));
        }
        if left < WARN && self.warned.is_none_or(|warned| now - warned >= TimeDelta::days(1)) {
            self.warned = Some(now);
            tracing::warn!(%file, %ends, days = left.num_days(), "client certificate expires soon");
        }
        Ok(certificate)
    }
}

/// Reads the certificate and its key, and checks that they belong together.
pub fn read(files: &CertificateFiles) -> Result<SigningCertificate, Unusable> {
    let CertificateFiles { certificate: path, key: key_path, password } = files;
    let failed =
        |is_key, path: &Path, reason: &str| Unusable { is_key, message: format!("{} {reason}", path.display()) };
    let load = |is_key, path: &Path| {
        std::fs::read(path).map_err(|error| failed(is_key, path, &format!("cannot be read: {error}")))
    };
    let pem = load(false, path)?;
    if pkcs12::is_one(&pem) {
        if let Some(key_path) = key_path {
            let reason = format!("cannot stand beside {}, which is a PKCS#12 file and holds its key", path.display());
            return Err(failed(true, key_path, &reason));
        }
        let password = password.as_ref().map_or("", |password| password.expose_secret());
        return of_pkcs12(&pem, password).map_err(|reason| failed(false, path, &reason));
    }
    if password.is_some() {
        let reason = "is not a PKCS#12 file, and only those have a password here; allowed: leave the password out";
        return Err(failed(false, path, reason));
    }
    let certificates = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| failed(false, path, "is not a PEM file; allowed: -----BEGIN CERTIFICATE----- and so on"))?;
    if certificates.is_empty() {
        return Err(failed(false, path, "holds no certificate; allowed: a PEM file with -----BEGIN CERTIFICATE-----"));
    }
    let key_path = key_path.as_deref().unwrap_or(path);
    let key = if key_path == path { parse_key(&pem) } else { parse_key(&load(true, key_path)?) };
    let key = key.map_err(|reason| failed(true, key_path, &reason))?;
    signing(key, &certificates)
        .ok_or_else(|| format!("holds a key that does not belong to the certificate in {}", path.display()))
        .map_err(|reason| failed(true, key_path, &reason))
}

/// The key with its certificate. There may be the issuers' too, in any order: ours has the key's public part in it.
fn signing(key: KeyPair, certificates: &[impl AsRef<[u8]>]) -> Option<SigningCertificate> {
    let public: &[u8] = key.public().as_ref();
    let mut certificates = certificates.iter().map(AsRef::as_ref);
    let own = certificates.find(|certificate| memmem::find(certificate, public).is_some())?;
    let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, own));
    // What does not say when it ends is left to the service to judge.
    let ends = end_of_validity(own).unwrap_or(DateTime::<Utc>::MAX_UTC);
    Some(SigningCertificate { key, thumbprint, ends })
}

fn end_of_validity(certificate: &[u8]) -> Option<DateTime<Utc>> {
    let certificate = Certificate::from_der(certificate).ok()?;
    Some(certificate.tbs_certificate().validity().not_after.to_system_time().into())
}

fn of_pkcs12(file: &[u8], password: &str) -> Result<SigningCertificate, String> {
    const CURE: &str = "`openssl pkcs12 -in … -nodes -out …` makes a PEM file of it";
    let content = pkcs12::read(file, password).map_err(|why| match why {
        Unreadable::Password => "cannot be opened with this password; check `client_certificate_password`".to_owned(),
        Unreadable::Form => format!("is damaged, or a PKCS#12 file of a form that is not understood; {CURE}"),
        Unreadable::Cipher => format!("is encrypted with a cipher that is not known; {CURE}"),
    })?;
    if content.certificates.is_empty() {
        return Err("holds no certificate; allowed: a PKCS#12 file with a certificate and its key".to_owned());
    }
    let Some(key) = content.key else {
        return Err("holds no key; allowed: a PKCS#12 file with a certificate and its key".to_owned());
    };
    let key = KeyPair::from_pkcs8(&key).map_err(|rejected| {
        format!("holds a key that cannot be used ({rejected}); allowed: an RSA key of 2048 to 4096 bits")
    })?;
    signing(key, &content.certificates).ok_or_else(|| "holds a key that belongs to none of its certificates".to_owned())
}

/// The first key of a PEM text.
fn parse_key(pem: &[u8]) -> Result<KeyPair, String> {
    const ALLOWED: &str = "allowed: an unencrypted RSA key of 2048 to 4096 bits as PKCS#8 (-----BEGIN PRIVATE KEY-----) \
                           or PKCS#1 (-----BEGIN RSA PRIVATE KEY-----)";
    // PKCS#8 says it in the label, PKCS#1 in a header line.
    if memmem::find(pem, b"ENCRYPTED").is_some() {
        let cure = "`openssl pkey -in … -out …` writes it without a passphrase";
        return Err(format!("holds an encrypted key; {ALLOWED}; {cure}"));
    }
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| format!("holds no private key; {ALLOWED}"))?;
    let pair = match &key {
        PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()),
        _ => return Err(format!("holds a key that is not an RSA key; {ALLOWED}")),
    };
    pair.map_err(|rejected| format!("holds a key that cannot be used ({rejected}); {ALLOWED}"))
}
