//! One list endpoint of one tenant: its requests are sent here.

mod request;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub use self::request::{Bound, PageOptions, PageRequest, Range, Requests};
use crate::auth::TokenSource;
use crate::fair_scheduler::{PacedBody, TenantQueue};
use crate::{Budget, Clients, status_error};
use common::clock;
use common::error::{Error, Unreachable};
use common::health::{Reason, SourceHealth};
use common::http::ProxyConfig;
use common::http::{check_encoding, check_json, claims_challenge, send, way_error};
use common::stop::unless_stopped;
use tokio_util::sync::CancellationToken;

/// How long the service is asked for its time.
const PATIENCE: Duration = Duration::from_secs(10);

/// A list of records that is polled by the time of their last change.
#[derive(Debug)]
pub struct Source {
    /// The way to Microsoft.
    pub clients: Clients,
    /// The service was not available when it was asked last.
    pub unavailable: AtomicBool,
    /// Token for the API.
    pub tokens: Arc<TokenSource>,
    /// How its pages and records are asked for.
    pub requests: Requests,
    /// What the catalog says about the endpoint.
    pub endpoint: schema::Source,
    /// Pause that the service asked for, shared by the sources of the same application, tenant and API.
    pub budget: Arc<Budget>,
    /// Hears what the API answered.
    pub health: Arc<SourceHealth>,
    /// The tenant's place in the order of reading.
    pub queue: TenantQueue,
    /// Heard while the service is waited for.
    pub stop: CancellationToken,
}

impl Source {
    /// Asks for a page as soon as the service lets anybody of this tenant ask; its body is still to be read.
    pub async fn open(&self, page: &PageRequest) -> Result<PacedBody, Error> {
        let (what, answer) = self.ask(page).await?;
        let is_forbidden = answer.response().status() == StatusCode::FORBIDDEN;
        let outcome = self.accepted(&what, answer).await;
        if let Err(error @ Error::Auth(_)) = &outcome
            && is_forbidden
        {
            self.health.degrade(Reason::Permission, error);
        }
        outcome
    }

    /// Asks for one record with its nested records; `None` where it is not, or no longer, to be seen.
    pub async fn open_record(&self, id: &str) -> Result<Option<PacedBody>, Error> {
        let (what, answer) = self.ask(&self.requests.record(id)).await?;
        if matches!(answer.response().status(), StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::NO_CONTENT) {
            self.budget.accept();
            self.health.answered();
            return Ok(None);
        }
        self.accepted(&what, answer).await.map(Some)
    }

    async fn accepted(&self, what: &str, answer: PacedBody) -> Result<PacedBody, Error> {
        let status = answer.response().status();
        let outcome = match status {
            // Somebody on the way has changed it, or given a part of it: what it is, its body tells.
            StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION | StatusCode::PARTIAL_CONTENT => {
                check_json(what, answer.response())
                    .and_then(|()| check_encoding(what, answer.response()))
                    .map(|()| answer)
            }
            StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT => Ok(answer),
            _ => {
                let error = status_error(what, self.endpoint.permission, answer.into_response());
                Err(unless_stopped(&self.stop, error).await?)
            }
        };
        match &outcome {
            Ok(answer) => {
                if let Some(date) = clock::date(answer.response().headers()) {
                    self.health.time().note(date);
                }
                self.budget.accept();
                self.health.answered();
            }
            Err(error) => self.throttled(error),
        }
        outcome
    }

    /// Everybody who shares the quota waits, if that is what the error says.
    pub fn throttled(&self, error: &Error) {
        if let Error::Throttled { after, .. } = error {
            self.budget.refuse(*after);
            self.health.throttled(*after);
        }
    }

    /// A refused token is replaced once.
    async fn ask(&self, page: &PageRequest) -> Result<(String, PacedBody), Error> {
        unless_stopped(&self.stop, self.budget.ready()).await?;
        match unless_stopped(&self.stop, self.ask_now(page)).await? {
            Err(Error::Unreachable(gap)) => Err(self.unreachable(*gap)),
            Ok(answer) => {
                self.health.recover(Reason::Unreachable);
                Ok(answer)
            }
            outcome => outcome,
        }
    }

    /// Says at once which part of the way is missing.
    fn unreachable(&self, gap: Unreachable) -> Error {
        let host = gap.host();
        let serves = |proxy: &&ProxyConfig| host.as_ref().and_then(Url::host_str).is_some_and(|to| proxy.serves(to));
        let error = Error::Unreachable(Box::new(match self.clients.proxy.as_ref().filter(serves) {
            Some(proxy) => gap.behind(proxy.url.clone()),
            None => gap,
        }));
        self.health.degrade(Reason::Unreachable, &error);
        error
    }

    /// Learns the service's time before anything is asked for by it: any answer of the host tells it.
    pub async fn learn_time(&self) -> Result<(), Error> {
        if self.health.time().is_known() {
            return Ok(());
        }
        let answer = self.clients.kept.get(self.requests.root.clone()).timeout(PATIENCE).send();
        if let Ok(answer) = unless_stopped(&self.stop, answer).await?
            && let Some(date) = clock::date(answer.headers())
        {
            self.health.time().note(date);
        }
        Ok(())
    }

    async fn ask_now(&self, page: &PageRequest) -> Result<(String, PacedBody), Error> {
        let method = page.method();
        let what = format!("{method} {}{}", page.url.origin().ascii_serialization(), page.url.path());
        let token = self.token().await?;
        let mut answer = self.send(&what, page, token.expose_secret()).await?;
        if answer.response().status() == StatusCode::UNAUTHORIZED {
            let claims = claims_challenge(answer.response().headers());
            drop(answer);
            self.tokens.renew(&token, claims).await;
            let token = self.token().await?;
            answer = self.send(&what, page, token.expose_secret()).await?;
        }
        Ok((what, answer))
    }

    async fn token(&self) -> Result<SecretString, Error> {
        let outcome = self.tokens.token().await;
        if let Err(Error::Throttled { after, .. }) = &outcome {
            self.health.throttled(*after);
        }
        outcome
    }

    async fn send(&self, what: &str, page: &PageRequest, token: &str) -> Result<PacedBody, Error> {
        let mut permit = self.queue.permit().await;
        let client = if self.unavailable.load(Ordering::Relaxed) { &self.clients.fresh } else { &self.clients.kept };
        let request = page
            .builder(client)
            .bearer_auth(token)
            // Without it Graph writes `unknownFutureValue` for the newer members of an enumeration.
            .header("Prefer", "include-unknown-enum-members");
        let response = permit.while_waiting_for(send(request)).await.map_err(|error| way_error(what, &error))?;
        self.unavailable.store(response.status() == StatusCode::SERVICE_UNAVAILABLE, Ordering::Relaxed);
        Ok(PacedBody::new(response, permit))
    }
}
