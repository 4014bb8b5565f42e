//! Tokens by client credentials: cached per (tenant, application, audience), renewed before they end.

pub(super) mod answer;
mod assertion;
pub(crate) mod certificate;
mod der;
mod managed;
mod pkcs12;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use self::certificate::Watched;
use super::{send, way_fault};
use crate::config::Proof;
use crate::error::Fault;

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
    pub proof: Proof,
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
}

/// What is kept between two requests.
#[derive(Debug, Default)]
struct Held {
    token: Option<Cached>,
    /// What the next token must satisfy.
    claims: Option<String>,
    refused: Option<Refused>,
    certificate: Watched,
}

/// The endpoint's last word, which the other sources need not ask for again at once.
#[derive(Debug)]
struct Refused {
    fault: Fault,
    until: Instant,
}

#[derive(Debug)]
struct Cached {
    token: SecretString,
    renew_at: Instant,
}

impl TokenSource {
    /// Nothing is fetched yet.
    pub fn new(client: Client, credential: Credential) -> Self {
        Self { client, credential, held: Mutex::default() }
    }

    /// A token that is good for minutes.
    pub async fn token(&self) -> Result<SecretString, Fault> {
        let mut held = self.held.lock().await;
        if let Some(cached) = &held.token
            && Instant::now() < cached.renew_at
        {
            return Ok(cached.token.clone());
        }
        if let Some(refused) = held.refused.take_if(|refused| refused.until > Instant::now()) {
            let fault = refused.fault.clone();
            held.refused = Some(refused);
            return Err(fault);
        }
        let (token, lifetime) = self.fetch(&mut held).await?;
        held.claims = None;
        held.refused = None;
        // A short-lived token is used up to its half.
        let renew_at = Instant::now() + lifetime.saturating_sub(EARLY).max(lifetime / 2);
        held.token = Some(Cached { token: token.clone(), renew_at });
        Ok(token)
    }

    /// The service refused this token: the next call fetches another, unless somebody did already.
    pub async fn discard(&self, refused: &SecretString) {
        self.renew(refused, None).await;
    }

    /// The service refused this token, perhaps because it wants one that satisfies certain claims (JSON).
    pub(crate) async fn renew(&self, refused: &SecretString, claims: Option<String>) {
        let mut held = self.held.lock().await;
        if held.token.as_ref().is_some_and(|cached| cached.token.expose_secret() == refused.expose_secret()) {
            held.token = None;
            held.claims = claims;
        }
    }

    async fn fetch(&self, held: &mut Held) -> Result<(SecretString, Duration), Fault> {
        let Credential { endpoint, client_id, proof, scope } = &self.credential;
        let (kind, proof) = match proof {
            Proof::ManagedIdentity(identity) => return managed::fetch(identity, scope).await,
            Proof::Secret(secret) => ("client_secret", secret.clone()),
            Proof::Certificate(files) => {
                let certificate = held.certificate.current(files)?;
                ("client_assertion", assertion::sign(certificate, client_id, endpoint, crate::clock::now())?)
            }
            Proof::FederatedToken(file) => ("client_assertion", federated_token(file).await?),
        };
        let mut form = vec![
            ("client_id", client_id.as_str()),
            ("scope", scope),
            ("grant_type", "client_credentials"),
            (kind, proof.expose_secret()),
        ];
        if kind == "client_assertion" {
            form.push(("client_assertion_type", ASSERTION_TYPE));
        }
        form.extend(held.claims.as_deref().map(|claims| ("claims", claims)));
        let what = format!("token from {endpoint} for {scope}");
        let request = self.client.post(endpoint.clone()).timeout(TIMEOUT).form(&form);
        let response = send(request).await.map_err(|error| way_fault(&what, &error))?;
        let outcome = answer::read(&what, response).await;
        if let Err(fault @ Fault::Auth(_)) = &outcome {
            held.refused = Some(Refused { fault: fault.clone(), until: Instant::now() + REFUSED });
        }
        outcome
    }
}

/// The foreign issuer's token as it is now: it lives for minutes, and the platform replaces it in time.
async fn federated_token(file: &Path) -> Result<SecretString, Fault> {
    let fault = |reason: &dyn std::fmt::Display| {
        Fault::Auth(format!(
            "federated token {}: {reason}\nhint: check `federated_token_file` and what writes it",
            file.display()
        ))
    };
    let text = tokio::fs::read_to_string(file).await.map_err(|error| fault(&error))?;
    let token = text.trim();
    if token.is_empty() {
        return Err(fault(&"the file is empty"));
    }
    Ok(token.into())
}
