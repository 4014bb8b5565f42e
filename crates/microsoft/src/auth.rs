//! Tokens by client credentials: cached per (tenant, application, audience), renewed before they end.

pub(super) mod answer;
mod assertion;
pub mod certificate;
mod managed;
mod pkcs12;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use self::certificate::Watched;
use crate::{Budget, CredentialKind};
use common::error::Error;
use common::http::{send, way_error};
use common::secret_text;
use common::secrets;
use common::secrets::Remembered;

/// A token is renewed this long before it ends.
const EARLY: Duration = Duration::from_mins(5);
/// A refusal is not asked for again within this time: many of them in a row lock an application out.
const REFUSED: Duration = Duration::from_secs(20);
const TIMEOUT: Duration = Duration::from_secs(30);
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a token is asked for with.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Token endpoint of the tenant. A managed identity has its own.
    pub endpoint: Url,
    /// Application id.
    pub client_id: String,
    /// How the application proves who it is.
    pub kind: CredentialKind,
    /// `<audience>/.default`.
    pub scope: String,
}

/// The token of one (tenant, application, audience).
#[derive(Debug)]
pub struct TokenSource {
    client: Client,
    credential: Credential,
    /// One request at a time: who waits for the lock finds the token that the other fetched.
    held: Mutex<Held>,
    /// The pause that the endpoint asked for.
    pauses: Arc<Budget>,
}

/// What is kept between two requests.
#[derive(Debug, Default)]
struct Held {
    token: Option<Cached>,
    /// The one before: an answer may still give it back.
    former: Option<Cached>,
    /// What the next token must satisfy.
    claims: Option<String>,
    refused: Option<Refused>,
    /// What was sent to the endpoint last.
    sent: Option<Remembered>,
    certificate: Watched,
}

/// The endpoint's last word, which the other sources need not ask for again at once.
#[derive(Debug)]
struct Refused {
    error: Error,
    until: Instant,
}

#[derive(Debug)]
struct Cached {
    token: SecretString,
    renew_at: Instant,
    ends_at: Instant,
    _remembered: Remembered,
}

impl TokenSource {
    /// Nothing is fetched yet.
    pub fn new(client: Client, credential: Credential) -> Self {
        // Any service may give it back, at any time.
        match &credential.kind {
            CredentialKind::Secret(secret) => secrets::keep(secret.expose_secret()),
            CredentialKind::ManagedIdentity(identity) => {
                identity.header.iter().for_each(|header| secrets::keep(header.expose_secret()));
            }
            CredentialKind::Certificate(_) | CredentialKind::FederatedToken(_) => {}
        }
        Self { client, credential, held: Mutex::default(), pauses: Arc::default() }
    }

    /// Shares the endpoint's pauses with other tokens of the same tenant and application.
    #[must_use]
    pub fn sharing(self, pauses: Arc<Budget>) -> Self {
        Self { pauses, ..self }
    }

    /// A token that is good for minutes. While the endpoint wants to be left alone it is waited for, by all who share it.
    pub async fn token(&self) -> Result<SecretString, Error> {
        let mut held = self.held.lock().await;
        let good = |token: &Option<Cached>, end: fn(&Cached) -> Instant| {
            token.as_ref().filter(|cached| Instant::now() < end(cached)).map(|cached| cached.token.clone())
        };
        if let Some(token) = good(&held.token, |cached| cached.renew_at) {
            return Ok(token);
        }
        if let Some(refused) = held.refused.take_if(|refused| refused.until > Instant::now()) {
            let error = refused.error.clone();
            held.refused = Some(refused);
            return Err(error);
        }
        // The token is still good: renewing it early can wait.
        if let Some(token) = good(&held.token, |cached| cached.ends_at).filter(|_| self.pauses.is_paused()) {
            return Ok(token);
        }
        self.pauses.ready().await;
        match self.fetch(&mut held).await {
            Ok((token, lifetime)) => {
                self.pauses.accept();
                held.claims = None;
                held.refused = None;
                let now = Instant::now();
                held.former = held.token.take();
                held.token = Some(Cached {
                    _remembered: secrets::hold(token.expose_secret()),
                    token: token.clone(),
                    // A short-lived token is used up to its half.
                    renew_at: now + lifetime.saturating_sub(EARLY).max(lifetime / 2),
                    ends_at: now + lifetime,
                });
                Ok(token)
            }
            Err(error) => {
                if let Error::Throttled { after, .. } = &error {
                    self.pauses.refuse(*after);
                } else if error.is_temporary() && !matches!(error, Error::Unreachable(_)) {
                    // Where there is no way, nobody is to be spared: every source finds out and says so at once.
                    self.pauses.refuse(None);
                }
                good(&held.token, |cached| cached.ends_at).filter(|_| error.is_temporary()).ok_or(error)
            }
        }
    }

    /// The service refused this token: the next call fetches another, unless somebody did already.
    pub async fn discard(&self, refused: &SecretString) {
        self.renew(refused, None).await;
    }

    /// The service refused this token, perhaps because it wants one that satisfies certain claims (JSON).
    pub async fn renew(&self, refused: &SecretString, claims: Option<String>) {
        let mut held = self.held.lock().await;
        if held.token.as_ref().is_some_and(|cached| cached.token.expose_secret() == refused.expose_secret()) {
            held.former = held.token.take();
            held.claims = claims;
        }
    }

    async fn fetch(&self, held: &mut Held) -> Result<(SecretString, Duration), Error> {
        let Credential { endpoint, client_id, kind, scope } = &self.credential;
        let (parameter, secret) = match kind {
            CredentialKind::ManagedIdentity(identity) => return managed::fetch(identity, scope).await,
            CredentialKind::Secret(secret) => ("client_secret", secret.clone()),
            CredentialKind::Certificate(files) => {
                let certificate = held.certificate.current(files)?;
                ("client_assertion", assertion::sign(certificate, client_id, endpoint, common::clock::now())?)
            }
            CredentialKind::FederatedToken(file) => ("client_assertion", federated_token(file).await?),
        };
        held.sent = Some(secrets::hold(secret.expose_secret()));
        let mut form = vec![
            ("client_id", client_id.as_str()),
            ("scope", scope),
            ("grant_type", "client_credentials"),
            (parameter, secret.expose_secret()),
        ];
        if parameter == "client_assertion" {
            form.push(("client_assertion_type", ASSERTION_TYPE));
        }
        form.extend(held.claims.as_deref().map(|claims| ("claims", claims)));
        let what = format!("token from {endpoint} for {scope}");
        let request = self.client.post(endpoint.clone()).timeout(TIMEOUT).form(&form);
        let response = send(request).await.map_err(|error| way_error(&what, &error))?;
        let outcome = answer::read(&what, response).await;
        if let Err(error @ Error::Auth(_)) = &outcome {
            held.refused = Some(Refused { error: error.clone(), until: Instant::now() + REFUSED });
        }
        outcome
    }
}

/// The foreign issuer's token as it is now: it lives for minutes, and the platform replaces it in time.
async fn federated_token(file: &Path) -> Result<SecretString, Error> {
    let failed = |reason: &dyn std::fmt::Display| {
        Error::Auth(format!(
            "federated token {}: {reason}\nhint: check `federated_token_file` and what writes it",
            file.display()
        ))
    };
    let bytes = tokio::fs::read(file).await.map_err(|error| failed(&error))?;
    let token = secret_text::clean(&bytes).map_err(|reason| failed(&reason))?;
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(failed(&"the file holds something else than one token"));
    }
    Ok(token.into())
}
