//! How an application proves who it is: exactly one kind per tenant.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::checks::{Environment, check_id, check_url};
use super::secret::{self, Kind};
use super::tree::Spot;
use super::value::Text;
use super::{CertificateFiles, ConfigError, CredentialKind, ManagedIdentity, plain, wire};
use microsoft::auth::certificate;

/// Where a virtual machine gets its tokens.
const IMDS: &str = "http://169.254.169.254/metadata/identity/oauth2/token";
const KINDS: &str =
    "client_secret, client_secret_file, client_certificate_file, federated_token_file, managed_identity";

/// The application id (empty for a system-assigned managed identity, which needs none) and its credential.
pub(super) fn check(
    key: &str,
    tenant: &wire::Tenant,
    environment: Environment<'_>,
) -> Result<(String, CredentialKind), ConfigError> {
    one_kind(key, tenant)?;
    let at = |name: &str| format!("{key}.{name}");
    if let Some(identity) = &tenant.managed_identity {
        let key = at("managed_identity");
        if let Some(text) = &tenant.client_id {
            let message =
                "cannot stand beside managed_identity; a user-assigned identity is named by `client_id` in it";
            return Err(text.error(&at("client_id"), message));
        }
        let identity = managed_identity(&key, identity, environment)?;
        return Ok((identity.client_id.clone().unwrap_or_default(), CredentialKind::ManagedIdentity(identity)));
    }
    let Some(client_id) = &tenant.client_id else {
        return Err(tenant.id.error(&at("client_id"), "is missing; allowed: the id of the app registration, a GUID"));
    };
    let id = check_id(&at("client_id"), client_id, environment)?;
    let file = |name: &str, text: &Text| text.path(&at(name), environment);
    let credential = if let Some(text) = &tenant.client_secret {
        CredentialKind::Secret(secret::of_text(Kind::Key, &at("client_secret"), text, environment)?)
    } else if let Some(text) = &tenant.client_secret_file {
        CredentialKind::Secret(secret::of_file(Kind::Key, &at("client_secret_file"), text, environment)?)
    } else if let Some(text) = &tenant.client_certificate_file {
        let key_text = tenant.client_certificate_key_file.as_ref();
        let files = CertificateFiles {
            certificate: file("client_certificate_file", text)?,
            key: key_text.map(|text| file("client_certificate_key_file", text)).transpose()?,
            password: certificate_password(&at, tenant, environment)?,
        };
        if let Err(unusable) = certificate::read(&files) {
            return Err(match key_text {
                Some(text) if unusable.is_key => text.error(&at("client_certificate_key_file"), unusable.message),
                _ => text.error(&at("client_certificate_file"), unusable.message),
            });
        }
        CredentialKind::Certificate(files)
    } else if let Some(text) = &tenant.federated_token_file {
        secret::of_file(Kind::Key, &at("federated_token_file"), text, environment)?;
        CredentialKind::FederatedToken(file("federated_token_file", text)?)
    } else {
        return Err(client_id.error(key, format!("has no credential; allowed: one of {KINDS}")));
    };
    Ok((id, credential))
}

fn certificate_password(
    at: &dyn Fn(&str) -> String,
    tenant: &wire::Tenant,
    environment: Environment<'_>,
) -> Result<Option<SecretString>, ConfigError> {
    const KEY: &str = "client_certificate_password";
    const FILE: &str = "client_certificate_password_file";
    match (&tenant.client_certificate_password, &tenant.client_certificate_password_file) {
        (None, None) => Ok(None),
        // The password of a PKCS#12 file may be empty.
        (Some(text), None) if text.resolve(&at(KEY), environment)?.is_empty() => Ok(Some(SecretString::default())),
        (Some(text), None) => secret::of_text(Kind::Password, &at(KEY), text, environment).map(Some),
        (None, Some(file)) => secret::of_file(Kind::Password, &at(FILE), file, environment).map(Some),
        (Some(_), Some(file)) => Err(file.error(&at(FILE), format!("cannot stand beside {KEY}; allowed: one of them"))),
    }
}

/// Refuses two kinds, at the second one.
fn one_kind(key: &str, tenant: &wire::Tenant) -> Result<(), ConfigError> {
    let mut named: Vec<_> = [
        ("client_secret", &tenant.client_secret),
        ("client_secret_file", &tenant.client_secret_file),
        ("client_certificate_file", &tenant.client_certificate_file),
        ("federated_token_file", &tenant.federated_token_file),
    ]
    .into_iter()
    .filter_map(|(name, text)| Some((text.as_ref()?.place(), name)))
    .collect();
    named.extend(tenant.managed_identity.as_ref().map(|identity| (identity.place, "managed_identity")));
    named.sort_unstable();
    if let [(_, first), (at, second), ..] = &named[..] {
        let message = format!("cannot stand beside {first}; allowed: one of {KINDS}");
        return Err(ConfigError::new(Some(*at), format!("{key}.{second}"), message));
    }
    let password = tenant.client_certificate_password.as_ref().or(tenant.client_certificate_password_file.as_ref());
    if let Some(text) = password.filter(|_| tenant.client_certificate_file.is_none()) {
        let message = "needs client_certificate_file with the PKCS#12 file that it opens";
        return Err(text.error(&format!("{key}.client_certificate_password"), message));
    }
    match &tenant.client_certificate_key_file {
        Some(text) if tenant.client_certificate_file.is_none() => Err(text.error(
            &format!("{key}.client_certificate_key_file"),
            "needs client_certificate_file with the certificate that the key belongs to",
        )),
        _ => Ok(()),
    }
}

/// The platform's own variables decide between App Service and a machine, unless the file names the address.
fn managed_identity(
    key: &str,
    identity: &Spot<wire::ManagedIdentity>,
    environment: Environment<'_>,
) -> Result<ManagedIdentity, ConfigError> {
    let wire::ManagedIdentity { client_id, endpoint, header, allow_insecure_http } = &identity.value;
    let error = |message: &str| ConfigError::new(Some(identity.place), key, message);
    let client_id =
        client_id.as_ref().map(|text| check_id(&format!("{key}.client_id"), text, environment)).transpose()?;
    let (endpoint, header) = match (endpoint, header) {
        (Some(endpoint), header) => {
            let of_text = |text| secret::of_text(Kind::Key, &format!("{key}.header"), text, environment);
            let header = header.as_ref().map(of_text).transpose()?;
            let key = format!("{key}.endpoint");
            let url = check_url(&key, endpoint, environment)?;
            if plain::is_readable(&url, None) && !plain::is_link_local(&url) && *allow_insecure_http != Some(true) {
                return Err(endpoint.error(&key, plain::refusal("tokens", &url)));
            }
            (url, header)
        }
        (None, Some(header)) => return Err(header.error(&format!("{key}.header"), "needs `endpoint` beside it")),
        (None, None) => match (environment.variable("IDENTITY_ENDPOINT"), environment.variable("IDENTITY_HEADER")) {
            (None, _) => (Url::parse(IMDS).map_err(|_| error("has no usable address"))?, None),
            (Some(_), None) => {
                let message = "IDENTITY_ENDPOINT is set without IDENTITY_HEADER, which is the form of Azure Arc; \
                               allowed: virtual machines and App Service, elsewhere another kind of credential";
                return Err(error(message));
            }
            (Some(address), header) => {
                let endpoint = Url::parse(&address).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
                let endpoint =
                    endpoint.ok_or_else(|| error("environment variable IDENTITY_ENDPOINT is not an address"))?;
                (endpoint, header.map(|header| header.trim().into()))
            }
        },
    };
    let is_header = |header: &str| !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_graphic());
    if header.as_ref().is_some_and(|header: &SecretString| !is_header(header.expose_secret())) {
        return Err(error("the identity header (IDENTITY_HEADER) cannot be sent as a header"));
    }
    Ok(ManagedIdentity { endpoint, header, client_id })
}
