//! The answers of token endpoints.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use secrecy::SecretString;
use serde::Deserialize;

use crate::error::{Fault, quoted};
use crate::http::{REDIRECTED, aadsts, connection_fault, read_bounded, redirected, retry_after};

const MAX_TOKEN_BODY: usize = 256 * 1024;

/// A token or an error of Entra, of a machine's metadata service, or of App Service.
#[derive(Default, Deserialize)]
pub(super) struct Answer {
    access_token: Option<String>,
    /// Seconds.
    #[serde(default, deserialize_with = "seconds")]
    expires_in: u64,
    /// Seconds since 1970: App Service sends no `expires_in`.
    #[serde(default, deserialize_with = "seconds")]
    expires_on: u64,
    error: Option<String>,
    #[serde(default)]
    error_description: String,
    #[serde(default)]
    error_codes: Vec<u64>,
    #[serde(default)]
    trace_id: String,
    #[serde(default)]
    correlation_id: String,
    /// The error text of App Service.
    #[serde(default)]
    message: String,
}

/// The token of Entra's answer and its lifetime.
pub(in crate::http) async fn read(what: &str, response: Response) -> Result<(SecretString, Duration), Fault> {
    let status = response.status();
    let after = retry_after(&response);
    if status.is_redirection() {
        return Err(redirected(what, &response, REDIRECTED));
    }
    // The answer's text stays out of the message: it is not known what it holds.
    let Some(answer) = parse(what, response).await? else {
        let message = format!("{what}: {status} with a body that is not a token answer");
        return Err(match status {
            StatusCode::OK | StatusCode::NOT_FOUND => Fault::Auth(format!("{message}\nhint: check `cloud`")),
            _ => Fault::Transient(message),
        });
    };
    answer.token(status).map_err(|answer| answer.fault(what, status, after))
}

/// The body, if it is a token answer at all.
pub(super) async fn parse(what: &str, response: Response) -> Result<Option<Answer>, Fault> {
    let body = read_bounded(response, MAX_TOKEN_BODY).await.map_err(|error| connection_fault(what, &error))?;
    Ok(serde_json::from_slice(&body).ok())
}

/// Seconds as a number, or as a text as older token endpoints write them.
fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_default())
}

impl Answer {
    /// The token and its lifetime, or the answer back.
    pub(super) fn token(mut self, status: StatusCode) -> Result<(SecretString, Duration), Box<Answer>> {
        match self.access_token.take() {
            Some(token) if status == StatusCode::OK => {
                let now = u64::try_from(crate::clock::now().timestamp()).unwrap_or_default();
                let seconds = if self.expires_in == 0 { self.expires_on.saturating_sub(now) } else { self.expires_in };
                Ok((SecretString::from(token), Duration::from_secs(seconds)))
            }
            _ => Err(Box::new(self)),
        }
    }

    /// What the answer says, in one line.
    pub(super) fn said(&self) -> &str {
        // The first line holds the code and the sentence; the rest repeats the ids.
        let description = self.error_description.lines().next().unwrap_or_default();
        let description = description.split(" Trace ID:").next().unwrap_or_default();
        match (description, self.message.as_str()) {
            ("", "") => self.error.as_deref().unwrap_or_default(),
            ("", message) => message.lines().next().unwrap_or_default(),
            (description, _) => description,
        }
    }

    fn fault(&self, what: &str, status: StatusCode, after: Option<Duration>) -> Fault {
        let mut what = format!("{what}: {status}: {}", quoted(self.said()));
        if !self.trace_id.is_empty() {
            use std::fmt::Write;
            let _ = write!(what, " (trace {}, correlation {})", quoted(&self.trace_id), quoted(&self.correlation_id));
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
