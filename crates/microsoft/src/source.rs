//! One list endpoint of one tenant: addresses of its pages, and how they are asked for.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::StatusCode;
use schema::{List, OData, Operator};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::auth::TokenSource;
use crate::turns::{Lane, Reading};
use crate::{Budget, Clients, Service, status_fault};
use common::clock;
use common::error::{Fault, Unreachable};
use common::health::{Reason, SourceHealth};
use common::http::ProxyConfig;
use common::http::{check_encoding, check_json, claims_challenge, send, way_fault};
use common::stop::Stop;

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
    /// Root of the API in the tenant's cloud.
    pub root: Url,
    /// What the catalog says about the endpoint.
    pub endpoint: schema::Source,
    /// What it says about the list, and about the way to ask for it.
    pub list: List,
    /// How the list is asked for.
    pub odata: OData,
    /// Pause that the service asked for, shared by the sources of the same application, tenant and API.
    pub budget: Arc<Budget>,
    /// Hears what the API answered.
    pub health: Arc<SourceHealth>,
    /// The tenant's place in the order of reading.
    pub lane: Lane,
    /// Heard while the service is waited for.
    pub stop: Stop,
}

/// A part of a list by the time of the last change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Range {
    /// Changed at or after this time, as the service writes it.
    pub from: String,
    /// Where the part ends; open if nowhere.
    pub to: Option<Bound>,
}

/// The end of a part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// Changed before this time.
    Before(String),
    /// Changed at or before this time.
    Through(String),
}

impl Range {
    /// Everything that changed at or after `from`.
    pub fn since(from: impl Into<String>) -> Self {
        Self { from: from.into(), to: None }
    }
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
    /// Only what names the record and its version, `$select`.
    pub names: bool,
}

impl Source {
    /// Address of the first page of a part of the list.
    pub fn first_page(&self, range: &Range, ask: Ask) -> Url {
        let OData { expand, orderable, operators, .. } = self.odata;
        let (cursor, id) = (self.list.record.changed, self.list.record.id.join(","));
        let mut url = self.list();
        let mut query = format!("$filter={cursor} ge {}", literal(&range.from));
        // Where the service does not know the comparison, more is read than was asked for.
        let end = match &range.to {
            Some(Bound::Before(to)) if operators.contains(&Operator::Lt) => Some(("lt", to)),
            Some(Bound::Before(to) | Bound::Through(to)) if operators.contains(&Operator::Le) => Some(("le", to)),
            _ => None,
        };
        // Writing to a string does not fail.
        if let Some((comparison, to)) = end {
            let _ = write!(query, " and {cursor} {comparison} {}", literal(to));
        }
        if orderable {
            let _ = write!(query, "&$orderby={cursor} asc");
        }
        let _ = write!(query, "&$top={}", ask.top);
        if ask.skip > 0 {
            let _ = write!(query, "&$skip={}", ask.skip);
        }
        if ask.names {
            let _ = write!(query, "&$select={id},{cursor}");
        } else if let Some(expand) = expand.filter(|_| ask.expand) {
            let _ = write!(query, "&$expand={expand}");
        }
        url.set_query(Some(&query));
        url
    }

    /// Address of one record with its nested records.
    pub fn record(&self, id: &str) -> Url {
        let mut url = self.list();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.push(id);
        }
        url.set_query(self.odata.expand.map(|expand| format!("$expand={expand}")).as_deref());
        url
    }

    /// Address of the list.
    pub fn list(&self) -> Url {
        let mut url = self.root.clone();
        url.set_path(&format!("{}{}", self.root.path().trim_end_matches('/'), self.endpoint.path));
        url
    }

    /// Asks for a page as soon as the service lets anybody of this tenant ask; its body is still to be read.
    pub async fn open(&self, page: &Url) -> Result<Reading, Fault> {
        let (what, answer) = self.ask(page).await?;
        let is_forbidden = answer.response().status() == StatusCode::FORBIDDEN;
        let outcome = self.judge(&what, answer).await;
        if let Err(fault @ Fault::Auth(_)) = &outcome
            && is_forbidden
        {
            self.health.degrade(Reason::Permission, fault);
        }
        outcome
    }

    /// Asks for one record with its nested records; `None` where it is not, or no longer, to be seen.
    pub async fn open_record(&self, id: &str) -> Result<Option<Reading>, Fault> {
        let (what, answer) = self.ask(&self.record(id)).await?;
        if matches!(answer.response().status(), StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::NO_CONTENT) {
            self.budget.accept();
            self.health.answered();
            return Ok(None);
        }
        self.judge(&what, answer).await.map(Some)
    }

    async fn judge(&self, what: &str, answer: Reading) -> Result<Reading, Fault> {
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
                let fault = status_fault(what, self.endpoint.permission, answer.into_response());
                Err(self.stop.unless(fault).await?)
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
            Err(fault) => self.throttled(fault),
        }
        outcome
    }

    /// Everybody who shares the quota waits, if that is what the fault says.
    pub fn throttled(&self, fault: &Fault) {
        if let Fault::Throttled { after, .. } = fault {
            self.budget.refuse(*after);
            self.health.throttled(*after);
        }
    }

    /// A refused token is replaced once.
    async fn ask(&self, page: &Url) -> Result<(String, Reading), Fault> {
        self.stop.unless(self.budget.ready()).await?;
        match self.stop.unless(self.ask_now(page)).await? {
            Err(Fault::Unreachable(gap)) => Err(self.unreachable(*gap)),
            Ok(answer) => {
                self.health.recover(Reason::Unreachable);
                Ok(answer)
            }
            outcome => outcome,
        }
    }

    /// Says at once which part of the way is missing.
    fn unreachable(&self, gap: Unreachable) -> Fault {
        let host = gap.host();
        let serves = |proxy: &&ProxyConfig| host.as_ref().and_then(Url::host_str).is_some_and(|to| proxy.serves(to));
        let fault = Fault::Unreachable(Box::new(match self.clients.proxy.as_ref().filter(serves) {
            Some(proxy) => gap.behind(proxy.url.clone()),
            None => gap,
        }));
        self.health.degrade(Reason::Unreachable, &fault);
        fault
    }

    /// Learns the service's time before anything is asked for by it: any answer of the host tells it.
    pub async fn learn_time(&self) -> Result<(), Fault> {
        if self.health.time().is_known() {
            return Ok(());
        }
        let answer = self.clients.kept.get(self.root.clone()).timeout(PATIENCE).send();
        if let Ok(answer) = self.stop.unless(answer).await?
            && let Some(date) = clock::date(answer.headers())
        {
            self.health.time().note(date);
        }
        Ok(())
    }

    async fn ask_now(&self, page: &Url) -> Result<(String, Reading), Fault> {
        let what = format!("GET {}{}", page.origin().ascii_serialization(), page.path());
        let token = self.token().await?;
        let mut answer = self.get(&what, page, token.expose_secret()).await?;
        if answer.response().status() == StatusCode::UNAUTHORIZED {
            let claims = claims_challenge(answer.response().headers());
            drop(answer);
            self.tokens.renew(&token, claims).await;
            let token = self.token().await?;
            answer = self.get(&what, page, token.expose_secret()).await?;
        }
        Ok((what, answer))
    }

    async fn token(&self) -> Result<SecretString, Fault> {
        let outcome = self.tokens.token().await;
        if let Err(Fault::Throttled { after, .. }) = &outcome {
            self.health.throttled(*after);
        }
        outcome
    }

    /// The address of a link on a page: the token goes with it, so it leads to the API that the token is for.
    pub fn follow(&self, page: &Url, link: &str) -> Result<Url, Fault> {
        let schema::Source { api, path, .. } = self.endpoint;
        Service { root: &self.root, api, path }.follow(page, link)
    }

    async fn get(&self, what: &str, page: &Url, token: &str) -> Result<Reading, Fault> {
        let mut turn = self.lane.turn().await;
        let client = if self.unavailable.load(Ordering::Relaxed) { &self.clients.fresh } else { &self.clients.kept };
        let request = client
            .get(page.clone())
            .bearer_auth(token)
            // Without it Graph writes `unknownFutureValue` for the newer members of an enumeration.
            .header("Prefer", "include-unknown-enum-members");
        let response = turn.patiently(send(request)).await.map_err(|error| way_fault(what, &error))?;
        self.unavailable.store(response.status() == StatusCode::SERVICE_UNAVAILABLE, Ordering::Relaxed);
        Ok(Reading::new(response, turn))
    }
}

/// A time as a `$filter` literal: as the service wrote it, if that is a form that it reads. An offset's plus sign would be
/// read as a space.
fn literal(time: &str) -> Cow<'_, str> {
    if !clock::is_plain(time) {
        return clock::parse(time).map_or(Cow::Borrowed(time), |time| Cow::Owned(clock::exact(time)));
    }
    if time.contains('+') { Cow::Owned(time.replace('+', "%2B")) } else { Cow::Borrowed(time) }
}
