//! One list endpoint of one tenant: addresses of its pages, and how they are asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::StatusCode;
use secrecy::ExposeSecret;
use url::Url;

use crate::error::Fault;
use crate::flow::stop::Stop;
use crate::flow::turns::{Lane, Reading};
use crate::health::{Reason, SourceHealth};
use crate::http::auth::TokenSource;
use crate::http::{Budget, Clients, check_json, claims_challenge, connection_fault, send, status_fault};

/// A list of records that is polled by the time of their last change.
#[derive(Debug)]
pub struct Source {
    /// The way to Microsoft.
    pub clients: Clients,
    /// The service was not available when it was asked last.
    pub(crate) unavailable: AtomicBool,
    /// Token for the API.
    pub tokens: Arc<TokenSource>,
    /// Root of the API in the tenant's cloud.
    pub root: Url,
    /// What the catalog says about the endpoint.
    pub endpoint: schema::Source,
    /// Pause that the service asked for, shared by the sources of the same application, tenant and API.
    pub(crate) budget: Arc<Budget>,
    /// Hears what the API answered.
    pub(crate) health: Arc<SourceHealth>,
    /// The tenant's place in the order of reading.
    pub(crate) lane: Lane,
    /// Heard while the service is waited for.
    pub(crate) stop: Stop,
}

/// How the pages of a list are asked for.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// Records of a page, `$top`.
    pub top: u32,
    /// With the nested records, if the endpoint has them.
    pub expand: bool,
    /// Records to leave out at the start, `$skip`.
    pub skip: u64,
}

impl Source {
    /// Address of the first page of what changed at or after `from`.
    pub fn first_page(&self, from: &str, ask: Ask) -> Url {
        let schema::Source { expand, cursor, orderable, .. } = self.endpoint;
        let mut url = self.list();
        let order = if orderable { format!("&$orderby={cursor} asc") } else { String::new() };
        let expand = expand.filter(|_| ask.expand).map(|expand| format!("&$expand={expand}")).unwrap_or_default();
        let skip = if ask.skip > 0 { format!("&$skip={}", ask.skip) } else { String::new() };
        let from = from.replace('+', "%2B");
        url.set_query(Some(&format!("$filter={cursor} ge {from}{order}&$top={}{skip}{expand}", ask.top)));
        url
    }

    /// Address of one record with its nested records.
    pub fn record(&self, id: &str) -> Url {
        let mut url = self.list();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.push(id);
        }
        url.set_query(self.endpoint.expand.map(|expand| format!("$expand={expand}")).as_deref());
        url
    }

    fn list(&self) -> Url {
        let mut url = self.root.clone();
        url.set_path(&format!("{}{}", self.root.path().trim_end_matches('/'), self.endpoint.path));
        url
    }

    /// Asks for a page as soon as the service lets anybody of this tenant ask; its body is still to be read.
    pub async fn open(&self, page: &Url) -> Result<Reading, Fault> {
        self.stop.unless(self.budget.ready()).await?;
        let outcome = self.stop.unless(self.ask(page)).await?;
        match &outcome {
            Ok(_) => {
                self.budget.accept();
                self.health.answered();
            }
            Err(Fault::Throttled { after, .. }) => {
                self.budget.refuse(*after);
                self.health.throttled(*after);
            }
            Err(_) => {}
        }
        outcome
    }

    /// A refused token is replaced once.
    async fn ask(&self, page: &Url) -> Result<Reading, Fault> {
        let what = format!("GET {}{}", page.origin().ascii_serialization(), page.path());
        let token = self.tokens.token().await?;
        let mut answer = self.get(&what, page, token.expose_secret()).await?;
        if answer.response().status() == StatusCode::UNAUTHORIZED {
            let claims = claims_challenge(answer.response().headers());
            drop(answer);
            self.tokens.renew(&token, claims).await;
            let token = self.tokens.token().await?;
            answer = self.get(&what, page, token.expose_secret()).await?;
        }
        if answer.response().status() == StatusCode::OK {
            check_json(&what, answer.response())?;
            return Ok(answer);
        }
        let forbidden = answer.response().status() == StatusCode::FORBIDDEN;
        let fault = status_fault(&what, self.endpoint.permission, answer.into_response()).await;
        if forbidden && matches!(fault, Fault::Auth(_)) {
            self.health.degrade(Reason::Permission, &fault);
        }
        Err(fault)
    }

    /// Checks a `@odata.nextLink`: the token goes with it, so it must lead to the API that the token is for.
    pub fn follow(&self, link: &str) -> Result<Url, Fault> {
        crate::http::follow(&self.root, link)
    }

    async fn get(&self, what: &str, page: &Url, token: &str) -> Result<Reading, Fault> {
        let mut turn = self.lane.turn().await;
        let client = if self.unavailable.load(Ordering::Relaxed) { &self.clients.fresh } else { &self.clients.kept };
        let request = client
            .get(page.clone())
            .bearer_auth(token)
            // Without it Graph writes `unknownFutureValue` for the newer members of an enumeration.
            .header("Prefer", "include-unknown-enum-members");
        let response = turn.patiently(send(request)).await.map_err(|error| connection_fault(what, &error))?;
        self.unavailable.store(response.status() == StatusCode::SERVICE_UNAVAILABLE, Ordering::Relaxed);
        Ok(Reading::new(response, turn))
    }
}
