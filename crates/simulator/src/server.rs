//! The HTTP side: one address that plays sign-in, Graph and the Defender API.

mod assertion;
mod auth;
mod body;
mod errors;
mod lists;
mod records;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) use self::errors::respond;
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::HeaderValue;
use axum::http::header::DATE;
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use tokio::net::TcpListener;

use crate::census::{self, Census, Seen};
use crate::clock::Clock;
use crate::faults::{Endpoint, Fault, Faults};
use crate::list::{List, Method};
use crate::rng::Rng;
use crate::tenant::Tenant;

/// A running set of tenants. Clones are handles to the same simulator.
#[derive(Debug, Clone)]
pub struct Simulator {
    shared: Arc<ServerState>,
}

#[derive(Debug)]
struct ServerState {
    tenants: Vec<Tenant>,
    lists: Vec<&'static List>,
    clock: Clock,
    faults: Faults,
    tokens: auth::Tokens,
    /// Skip tokens made in an earlier epoch have expired.
    epoch: AtomicU64,
    requests: AtomicU64,
}

impl Simulator {
    /// A simulator with one tenant, its clock at real time.
    pub fn new(tenant: Tenant) -> Simulator {
        Simulator::with_tenants(vec![tenant])
    }

    /// A simulator with several tenants, told apart by their ids.
    pub fn with_tenants(tenants: Vec<Tenant>) -> Simulator {
        Simulator::with_lists(tenants, crate::lists().to_vec())
    }

    /// A simulator that serves these lists.
    pub fn with_lists(tenants: Vec<Tenant>, lists: Vec<&'static List>) -> Simulator {
        Simulator {
            shared: Arc::new(ServerState {
                tenants,
                lists,
                clock: Clock::default(),
                faults: Faults::default(),
                tokens: auth::Tokens::default(),
                epoch: AtomicU64::new(0),
                requests: AtomicU64::new(0),
            }),
        }
    }

    /// The routes, to be served by any axum server.
    pub fn router(&self) -> Router {
        let mut router = Router::new().route("/{tenant}/oauth2/v2.0/token", post(auth::token));
        for &list in &self.shared.lists {
            let page = async move |State(simulator): State<Simulator>, parts: Parts, body: Bytes| {
                lists::page(list, &simulator, &parts, &body)
            };
            router = router.route(&list.route, if list.method == Method::Post { post(page) } else { get(page) });
            if list.single.is_none() {
                continue;
            }
            let record = async move |State(simulator): State<Simulator>, Path(id): Path<String>, parts: Parts| {
                records::record(list, &simulator, &id, &parts)
            };
            let route = format!("{}/{{id}}", list.route.trim_end_matches('/'));
            router = router.route(&route, get(record));
            if let Some(nested) = &list.expand {
                // Asked for only where nested records come in pages, which are made of the record.
                router = router.route(&format!("{route}/{nested}"), get(record));
            }
        }
        router.fallback(errors::not_found).layer(from_fn_with_state(self.clone(), misbehave)).with_state(self.clone())
    }

    /// Serves on `listener` until `shutdown` completes, then lets running answers end.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> anyhow::Result<()> {
        // The small end of a page must not wait for the client's acknowledgement.
        let listener = listener.tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
        axum::serve(listener, self.router()).with_graceful_shutdown(shutdown).await?;
        Ok(())
    }

    /// The clock that decides what is visible.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Scripts misbehaviour.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Oracle for tests: what a complete collection at `now` must have seen, computed without the listings. Empty for an
    /// unknown tenant.
    pub fn census(&self, tenant: &str, now: DateTime<Utc>) -> Census {
        self.shared.tenants.iter().find(|t| t.id == tenant).map(|t| census::take(t, now)).unwrap_or_default()
    }

    /// Oracle for tests: the records of one list that are visible at `now`. Nothing for an unknown tenant.
    pub fn seen(&self, list: &'static List, tenant: &str, now: DateTime<Utc>) -> Vec<Seen> {
        let tenant = self.shared.tenants.iter().find(|t| t.id == tenant);
        tenant.map(|tenant| census::of_list(list, tenant, now)).unwrap_or_default()
    }

    /// The growth of a tenant: every record whose visible version at `until` is younger than `after`, with the list that
    /// serves it (incidents without their alerts, incidents of the legacy API with theirs) and its bytes. Nothing for an
    /// unknown tenant.
    pub fn changed(
        &self,
        tenant: &str,
        (after, until): (DateTime<Utc>, DateTime<Utc>),
        each: &mut dyn FnMut(&'static List, &[u8]),
    ) {
        if let Some(tenant) = self.shared.tenants.iter().find(|t| t.id == tenant) {
            census::changed((&self.shared.lists, tenant), after, until, each);
        }
    }

    /// What a path leads to, and the list that it belongs to.
    fn endpoint(&self, path: &str) -> (Endpoint, Option<&'static List>) {
        if path.ends_with("/oauth2/v2.0/token") {
            return (Endpoint::Token, None);
        }
        for &list in &self.shared.lists {
            let route = list.route.trim_end_matches('/');
            match path.strip_prefix(route) {
                Some("" | "/") => return (Endpoint::List(list.name), Some(list)),
                Some(rest) if rest.starts_with('/') => return (Endpoint::Record(list.name), Some(list)),
                _ => {}
            }
        }
        (Endpoint::Any, None)
    }

    /// Makes every access token issued so far invalid.
    pub fn expire_tokens(&self) {
        self.shared.tokens.clear();
    }

    /// Makes every skip token issued so far invalid.
    pub fn expire_skip_tokens(&self) {
        self.shared.epoch.fetch_add(1, Ordering::Relaxed);
    }

    /// Number of requests answered so far.
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// What skip tokens of this tenant carry.
    fn stamp(&self, tenant: usize) -> u64 {
        Rng::new(tenant as u64).draw(self.shared.epoch.load(Ordering::Relaxed))
    }
}

/// Applies scripted faults around the real answer.
async fn misbehave(State(simulator): State<Simulator>, request: Request, next: Next) -> Response {
    simulator.shared.requests.fetch_add(1, Ordering::Relaxed);
    let (endpoint, list) = simulator.endpoint(request.uri().path());
    let tenant = auth::tenant_of(&simulator, &request);
    let faults = simulator.shared.faults.of(tenant.as_deref().unwrap_or_default());
    let due = faults.due(endpoint, request.uri().query().unwrap_or_default());
    if let Some(Fault::Tick(by)) = due {
        simulator.clock().advance(by);
    }
    let mut response = crate::faults::apply((due, list), request, next).await;
    let date = simulator.clock().own_date().map(|date| date.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
    if let Some(date) = date.and_then(|date| HeaderValue::try_from(date).ok()) {
        // A scripted answer may say another one.
        response.headers_mut().entry(DATE).or_insert(date);
    }
    response
}
