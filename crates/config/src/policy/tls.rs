//! `ssl` of an Elasticsearch output. What cannot be kept is refused: a check that is left out silently is none.

use std::path::Path;

use output::elasticsearch::tls;
use output::settings::{Identity, Tls, TlsVersions, Verification};

use super::source::Source;
use crate::ConfigError;

const CA_SHA256: &str = "cannot be checked here; allowed: ssl.ca_trusted_fingerprint, or ssl.certificate_authorities";
/// Longest PEM file that is read.
const MAX_FILE: u64 = 1024 * 1024;

/// Takes what is said of certificates, and the fingerprint of an authority.
pub(super) fn take(source: &mut Source) -> Result<(Tls, Option<String>), ConfigError> {
    let mut ssl = source.section("ssl")?;
    let fingerprint = ssl.text("ca_trusted_fingerprint")?;
    // Fleet writes it beside `ssl`.
    if !source.list("ca_sha256")?.is_empty() {
        return Err(source.error("ca_sha256", CA_SHA256));
    }
    if ssl.flag("enabled")? == Some(false) {
        return Ok((Tls::default(), None));
    }
    refuse(&mut ssl)?;
    let verification = match ssl.text("verification_mode")?.as_deref() {
        // A name in the certificate's subject alone is never enough here: `strict` asks for no more.
        None | Some("full" | "strict") => Verification::Full,
        Some("certificate") => Verification::Certificate,
        Some("none") => Verification::None,
        Some(other) => {
            let message = format!("`{other}` is not known; allowed: full, strict, certificate, none");
            return Err(ssl.error("verification_mode", message));
        }
    };
    let versions = versions(&mut ssl)?;
    let mut authorities = Vec::new();
    for written in ssl.list("certificate_authorities")? {
        authorities.push(pem(&ssl, "certificate_authorities", &written)?);
    }
    let identity = match (ssl.text("certificate")?, ssl.text("key")?) {
        (None, None) => None,
        (Some(certificate), Some(key)) => {
            Some(Identity { certificate: pem(&ssl, "certificate", &certificate)?, key: pem(&ssl, "key", &key)?.into() })
        }
        (Some(_), None) => return Err(ssl.error("key", "is missing beside ssl.certificate; allowed: both, or none")),
        (None, Some(_)) => return Err(ssl.error("certificate", "is missing beside ssl.key; allowed: both, or none")),
    };
    if let Some(unknown) = ssl.rest().next() {
        let message = "is not known here, and what concerns certificates is not left out silently; take it away";
        return Err(ConfigError::new(None, unknown, message));
    }
    let found = Tls { authorities, verification, identity, versions };
    // The output names the key at fault.
    tls::check(&found).map_err(|message| ConfigError::new(None, "", message))?;
    Ok((found, fingerprint))
}

/// What rustls decides by itself, or cannot do.
fn refuse(ssl: &mut Source) -> Result<(), ConfigError> {
    let refused = [
        ("cipher_suites", "cannot be chosen: those of TLS 1.2 and 1.3 that are held to be safe are used; take it away"),
        ("curve_types", "cannot be chosen: those that are held to be safe are used; take it away"),
        ("ca_sha256", CA_SHA256),
        ("key_passphrase", "cannot be used: encrypted keys are not read here; allowed: a key without a password"),
        ("key_passphrase_path", "cannot be used: encrypted keys are not read here; allowed: a key without a password"),
    ];
    for (key, message) in refused {
        if !ssl.list(key)?.is_empty() {
            return Err(ssl.error(key, message));
        }
    }
    match ssl.text("renegotiation")?.as_deref() {
        None | Some("never") => Ok(()),
        Some(_) => Err(ssl.error("renegotiation", "is never done here; allowed: never")),
    }
}

fn versions(ssl: &mut Source) -> Result<TlsVersions, ConfigError> {
    let written = ssl.list("supported_protocols")?;
    let has = |version: &str| written.iter().any(|written| written == version);
    match (has("TLSv1.2"), has("TLSv1.3")) {
        _ if written.is_empty() => Ok(TlsVersions::Both),
        (true, true) => Ok(TlsVersions::Both),
        (true, false) => Ok(TlsVersions::Only12),
        (false, true) => Ok(TlsVersions::Only13),
        (false, false) => {
            Err(ssl.error("supported_protocols", "holds no version that is safe; allowed: TLSv1.2, TLSv1.3"))
        }
    }
}

/// A PEM text, or that of the file which is named.
fn pem(ssl: &Source, key: &str, written: &str) -> Result<String, ConfigError> {
    if written.contains("-----BEGIN") {
        return Ok(written.to_owned());
    }
    let path = Path::new(written.trim());
    let error = |reason: &str| ssl.error(key, format!("{} {reason}", path.display()));
    let length = path.metadata().map_err(|failed| error(&format!("cannot be read: {failed}")))?.len();
    if length > MAX_FILE {
        return Err(error("is longer than 1 MiB, which is no PEM file"));
    }
    std::fs::read_to_string(path).map_err(|failed| error(&format!("cannot be read: {failed}")))
}
