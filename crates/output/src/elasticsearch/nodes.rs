//! The nodes of a cluster: used in turn, with a client each; one that does not answer is left alone for a while.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Certificate;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use url::Url;

use super::client::{Manners, NodeClient};
use super::credential::Credential;
use super::{tls, trust};
use crate::settings::{ElasticOutput, Tls, Verification};
use common::error::Error;
use common::http::client::{self, Route};
use common::http::{Backoff, ProxyConfig};

/// First and longest time that a node is left alone.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_mins(1);

/// All nodes.
#[derive(Debug)]
pub(super) struct Nodes {
    all: Vec<Node>,
    next: AtomicUsize,
    access: Access,
}

/// What every client is made with.
#[derive(Debug)]
struct Access {
    login: Arc<Credential>,
    authorities: Vec<Certificate>,
    fingerprint: Option<[u8; 32]>,
    proxy: Option<ProxyConfig>,
    tls: Tls,
    manners: Arc<Manners>,
}

/// One node.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) url: Url,
    /// Made when it is needed: a fingerprint wants the node to present its certificates.
    client: OnceCell<NodeClient>,
    health: Mutex<Health>,
}

#[derive(Debug)]
struct Health {
    /// Failures in a row, and the rests that follow them.
    failures: u32,
    rests: Backoff,
    rests_until: Option<Instant>,
}

impl Default for Health {
    fn default() -> Self {
        Self { failures: 0, rests: Backoff::endless(FIRST_REST, LONGEST_REST), rests_until: None }
    }
}

impl Nodes {
    pub(super) fn new(output: &ElasticOutput) -> Result<Self, Error> {
        let ElasticOutput { hosts, login, ca_file, ca_fingerprint, proxy, tls, headers, parameters, .. } =
            output.clone();
        let authorities = match ca_file {
            Some(file) => client::authorities("output.elasticsearch.ca_file", &file)?,
            None => Vec::new(),
        };
        let nodes = hosts.into_iter().map(|url| Node { url, client: OnceCell::new(), health: Mutex::default() });
        let access = Access {
            login: Arc::new(Credential::new(login)?),
            authorities,
            fingerprint: ca_fingerprint,
            proxy,
            tls,
            manners: Arc::new(Manners { headers, parameters }),
        };
        Ok(Self { all: nodes.collect(), next: AtomicUsize::new(0), access })
    }

    /// The next node that is not left alone, or the one whose rest ends first, with its client.
    pub(super) async fn pick(&self) -> Result<(&Node, &NodeClient), Error> {
        let Some(node) = self.choose() else { return Err(Error::Io("no hosts".to_owned())) };
        let client = node.client.get_or_try_init(|| self.access.client(node)).await;
        client.map(|client| (node, client)).inspect_err(|error| node.failed(error))
    }

    /// Whether a node is left that is not known to be out of reach.
    pub(super) fn any_awake(&self) -> bool {
        let now = Instant::now();
        self.all.iter().any(|node| node.rests_until().is_none_or(|until| until <= now))
    }

    fn choose(&self) -> Option<&Node> {
        let start = self.next.fetch_add(1, Ordering::Relaxed);
        let turn = || (0..self.all.len()).filter_map(|offset| self.all.get((start + offset) % self.all.len()));
        let now = Instant::now();
        turn()
            .find(|node| node.rests_until().is_none_or(|until| until <= now))
            .or_else(|| turn().min_by_key(|node| node.rests_until()))
    }
}

impl Node {
    /// It answered.
    pub(super) fn answered(&self) {
        let before = std::mem::take(&mut *self.lock());
        if before.failures > 0 {
            tracing::info!(node = %self.url, failures = before.failures, "RECOVERED: node of the output answers");
        }
    }

    /// It did not answer.
    pub(super) fn failed(&self, reason: &dyn std::fmt::Display) {
        let mut health = self.lock();
        let rest = health.rests.pause(None);
        health.failures = health.failures.saturating_add(1);
        health.rests_until = Some(Instant::now() + rest);
        if health.failures.is_power_of_two() {
            let failures = health.failures;
            tracing::warn!(node = %self.url, error = %reason, failures, "node of the output does not answer");
        }
    }

    fn rests_until(&self) -> Option<Instant> {
        self.lock().rests_until
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Access {
    async fn client(&self, node: &Node) -> Result<NodeClient, Error> {
        let proxy = self.proxy.as_ref().filter(|proxy| proxy.serves(node.url.host_str().unwrap_or_default()));
        let pinned = match &self.fingerprint {
            // Nothing is checked of it then.
            Some(_) if self.tls.verification == Verification::None => None,
            Some(fingerprint) => Some(trust::certificate(&node.url, proxy, fingerprint).await?),
            None => None,
        };
        let route =
            if self.tls.is_default() {
                let mut authorities = self.authorities.clone();
                if let Some(pinned) = &pinned {
                    authorities.push(Certificate::from_der(pinned).map_err(|error| {
                        Error::Permanent(format!("{}: certificate cannot be read: {error}", node.url))
                    })?);
                }
                Route { proxy, authorities, ..Route::default() }
            } else {
                Route { proxy, tls: Some(tls::config(&self.tls, pinned)?), ..Route::default() }
            };
        let http = client::make(route)?;
        Ok(NodeClient::new(http, &node.url, Arc::clone(&self.login), Arc::clone(&self.manners)))
    }
}
