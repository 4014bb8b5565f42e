//! How an application proves who it is.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// How an application proves who it is.
#[derive(Debug, Clone)]
pub enum CredentialKind {
    /// Client secret.
    Secret(SecretString),
    /// A certificate whose key signs a client assertion.
    Certificate(CertificateFiles),
    /// Workload identity federation: the file with the token of the foreign issuer, which replaces it from time to time.
    FederatedToken(PathBuf),
    /// The identity that Azure gives to a machine or an app.
    ManagedIdentity(ManagedIdentity),
}

/// PEM files of a certificate and its RSA key, or a PKCS#12 file with both.
#[derive(Debug, Clone)]
pub struct CertificateFiles {
    /// The certificate, and the key where that has no file of its own.
    pub certificate: PathBuf,
    /// The key.
    pub key: Option<PathBuf>,
    /// Password of a PKCS#12 file.
    pub password: Option<SecretString>,
}

/// The identity that Azure gives to a machine or an app.
#[derive(Debug, Clone)]
pub struct ManagedIdentity {
    /// The platform's token service.
    pub endpoint: Url,
    /// What App Service wants in `X-IDENTITY-HEADER`; `None` for the instance metadata service (IMDS) of a machine.
    pub header: Option<SecretString>,
    /// Client id of a user-assigned identity; `None` for the system-assigned one.
    pub client_id: Option<String>,
}

impl PartialEq for CredentialKind {
    /// Whether a tenant that is configured anew can keep its tokens.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (CredentialKind::Secret(one), CredentialKind::Secret(other)) => {
                one.expose_secret() == other.expose_secret()
            }
            (CredentialKind::Certificate(one), CredentialKind::Certificate(other)) => one == other,
            (CredentialKind::FederatedToken(one), CredentialKind::FederatedToken(other)) => one == other,
            (CredentialKind::ManagedIdentity(one), CredentialKind::ManagedIdentity(other)) => one == other,
            _ => false,
        }
    }
}

impl PartialEq for CertificateFiles {
    fn eq(&self, other: &Self) -> bool {
        let Self { certificate, key, password } = self;
        *certificate == other.certificate
            && *key == other.key
            && exposed(password.as_ref()) == exposed(other.password.as_ref())
    }
}

fn exposed(secret: Option<&SecretString>) -> Option<&str> {
    secret.map(ExposeSecret::expose_secret)
}

impl PartialEq for ManagedIdentity {
    fn eq(&self, other: &Self) -> bool {
        let Self { endpoint, header, client_id } = self;
        *endpoint == other.endpoint
            && exposed(header.as_ref()) == exposed(other.header.as_ref())
            && *client_id == other.client_id
    }
}
