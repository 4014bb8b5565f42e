//! Managed identities: the platform hands out the tokens.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};

use super::{TIMEOUT, answer};
use crate::ManagedIdentity;
use common::error::Error;
use common::http::client::{self, Route};
use common::http::{connection_error, redirected, retry_after};

const HINT: &str = "check `managed_identity` and where this process runs";

/// A token and its lifetime, from the metadata service of a machine or from App Service.
pub(super) async fn fetch(identity: &ManagedIdentity, scope: &str) -> Result<(SecretString, Duration), Error> {
    let ManagedIdentity { endpoint, header, client_id } = identity;
    let resource = scope.strip_suffix("/.default").unwrap_or(scope);
    let what = format!("token of the managed identity from {endpoint} for {resource}");
    let mut url = endpoint.clone();
    url.query_pairs_mut()
        .append_pair("api-version", "2019-08-01")
        .append_pair("resource", resource)
        .extend_pairs(client_id.iter().map(|id| ("client_id", id)));
    let request = client()?.get(url);
    let request = match header {
        Some(header) => request.header("X-IDENTITY-HEADER", header.expose_secret()),
        None => request.header("Metadata", "true"),
    };
    let response = request.send().await.map_err(|error| connection_error(&what, &error))?;
    let status = response.status();
    if status.is_redirection() {
        return Err(redirected(&what, &response, HINT));
    }
    let after = retry_after(&response);
    let what = format!("{what}: {status}");
    let answer = answer::parse(&what, response).await?;
    if status.is_success() {
        return answer.token().map_err(|odd| Error::Auth(format!("{what}: {odd}\nhint: {HINT}")));
    }
    let what = format!("{what}: {}", answer.said());
    Err(match status {
        // The service comes up late on a starting machine, and goes away for a minute when it is updated.
        StatusCode::NOT_FOUND | StatusCode::GONE => Error::Throttled { what, after },
        _ if answer::is_busy(status) => Error::Throttled { what, after },
        StatusCode::BAD_REQUEST => Error::Auth(format!(
            "{what}\nhint: assign the identity to this machine or app; for a user-assigned one check \
             `managed_identity.client_id`"
        )),
        _ => Error::Auth(format!("{what}\nhint: {HINT}")),
    })
}

/// The address is link-local: a proxy would answer for another machine. Asked once in a token's lifetime, so not kept.
fn client() -> Result<Client, Error> {
    client::make(Route { timeout: Some(TIMEOUT), idle: 0, ..Route::default() })
}
