//! Tokens by client credentials: cached per (tenant, application, audience), renewed before they end.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::{aadsts, connection_fault, read_bounded, retry_after};
use crate::error::Fault;

/// A token is renewed this long before it ends.
const EARLY: Duration = Duration::from_mins(5);
const MAX_TOKEN_BODY: usize = 256 * 1024;
const TIMEOUT: Duration = Duration::from_secs(30);

/// What a token is asked for with.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Token endpoint of the tenant.
    pub endpoint: Url,
    /// Application id.
    pub client_id: String,
    /// Client secret.
    pub client_secret: SecretString,
    /// `<audience>/.default`.
    pub scope: String,
}

/// The token of one (tenant, application, audience).
#[derive(Debug)]
pub struct TokenSource {
    client: Client,
    credential: Credential,
    /// One request at a time: who waits for the lock finds the token that the other fetched.
    cached: Mutex<Option<Cached>>,
}

#[derive(Debug)]
struct Cached {
    token: SecretString,
    renew_at: Instant,
}

#[derive(Deserialize)]
struct Answer {
    access_token: Option<String>,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: u64,
    error: Option<String>,
    #[serde(default)]
    error_description: String,
    #[serde(default)]
    error_codes: Vec<u64>,
    #[serde(default)]
    trace_id: String,
    #[serde(default)]
    correlation_id: String,
}

impl TokenSource {
    /// Nothing is fetched yet.
    pub fn new(client: Client, credential: Credential) -> Self {
        Self { client, credential, cached: Mutex::new(None) }
    }

    /// A token that is good for minutes.
    pub async fn token(&self) -> Result<SecretString, Fault> {
        let mut cached = self.cached.lock().await;
        if let Some(cached) = &*cached
            && Instant::now() < cached.renew_at
        {
            return Ok(cached.token.clone());
        }
        let (token, lifetime) = self.fetch().await?;
        // A short-lived token is used up to its half.
        let renew_at = Instant::now() + lifetime.saturating_sub(EARLY).max(lifetime / 2);
        *cached = Some(Cached { token: token.clone(), renew_at });
        Ok(token)
    }

    /// The service refused this token: the next call fetches another, unless somebody did already.
    pub async fn discard(&self, refused: &SecretString) {
        let mut cached = self.cached.lock().await;
        if cached.as_ref().is_some_and(|cached| cached.token.expose_secret() == refused.expose_secret()) {
            *cached = None;
        }
    }

    async fn fetch(&self) -> Result<(SecretString, Duration), Fault> {
        let Credential { endpoint, client_id, client_secret, scope } = &self.credential;
        let what = format!("token from {endpoint} for {scope}");
        let form = [
            ("client_id", client_id.as_str()),
            ("scope", scope),
            ("grant_type", "client_credentials"),
            ("client_secret", client_secret.expose_secret()),
        ];
        let response = self
            .client
            .post(endpoint.clone())
            .timeout(TIMEOUT)
            .form(&form)
            .send()
            .await
            .map_err(|error| connection_fault(&what, &error))?;
        let status = response.status();
        let after = retry_after(&response);
        let body = read_bounded(response, MAX_TOKEN_BODY).await.map_err(|error| connection_fault(&what, &error))?;
        // The answer's text stays out of the message: it is not known what it holds.
        let Ok(answer) = serde_json::from_slice::<Answer>(&body) else {
            let message = format!("{what}: {status} with a body that is not a token answer");
            return Err(match status {
                StatusCode::OK | StatusCode::NOT_FOUND => Fault::Auth(format!("{message}\nhint: check `cloud`")),
                _ => Fault::Transient(message),
            });
        };
        match answer {
            Answer { access_token: Some(token), expires_in, .. } if status == StatusCode::OK => {
                Ok((SecretString::from(token), Duration::from_secs(expires_in)))
            }
            answer => Err(answer.fault(&what, status, after)),
        }
    }
}

/// Seconds as a number, or as a text as older token endpoints write them.
fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_default())
}

impl Answer {
    fn fault(self, what: &str, status: StatusCode, after: Option<Duration>) -> Fault {
        // The first line holds the code and the sentence; the rest repeats the ids.
        let description = self.error_description.lines().next().unwrap_or_default();
        let description = if description.is_empty() { self.error.as_deref().unwrap_or_default() } else { description };
        let mut what = format!("{what}: {status}: {description}");
        if !self.trace_id.is_empty() {
            use std::fmt::Write;
            let _ = write!(what, " (trace {}, correlation {})", self.trace_id, self.correlation_id);
        }
        if status == StatusCode::TOO_MANY_REQUESTS || self.error_codes.iter().any(|code| aadsts::is_transient(*code)) {
            return Fault::Throttled { what, after };
        }
        if status.is_server_error() {
            return Fault::Transient(what);
        }
        if let Some(hint) = self.error_codes.iter().find_map(|code| aadsts::hint(*code)) {
            what.push_str("\nhint: ");
            what.push_str(hint);
        }
        Fault::Auth(what)
    }
}
