//! The longest request body that the cluster takes: `http.max_content_length`, or less where a proxy before it says 413.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

use super::client::{Call, NodeClient};
use crate::settings::DEFAULT_MAX_BODY;

const TIMEOUT: Duration = Duration::from_secs(10);
/// It is not lowered below this by refusals: a longer document may be one of its kind.
const FLOOR: usize = 64 * 1024;
/// What a node says below this is no limit that anybody works with.
const LEAST: usize = 1024;
const UNKNOWN: usize = 0;

/// Bytes before compression: that is what Elasticsearch counts.
#[derive(Debug)]
pub(super) struct BodyLimit(AtomicUsize);

impl BodyLimit {
    pub(super) fn new(configured: Option<usize>) -> Self {
        Self(AtomicUsize::new(configured.unwrap_or(UNKNOWN)))
    }

    pub(super) fn is_unknown(&self) -> bool {
        self.0.load(Ordering::Relaxed) == UNKNOWN
    }

    pub(super) fn get(&self) -> usize {
        match self.0.load(Ordering::Relaxed) {
            UNKNOWN => DEFAULT_MAX_BODY,
            known => known,
        }
    }

    /// Asks the nodes. Where that is forbidden the default holds; where nobody answers it stays unknown.
    pub(super) async fn ask(&self, client: Option<NodeClient>) {
        let Some(client) = client else { return };
        let query = [("filter_path", "nodes.*.http.max_content_length_in_bytes")];
        let asked = client.send(Call::get("/_nodes/http").query(&query).timeout(TIMEOUT)).await;
        let Ok(response) = asked else { return };
        let status = response.status();
        if matches!(status, StatusCode::TOO_MANY_REQUESTS) || status.is_server_error() {
            return;
        }
        let least = if status.is_success() { response.json().await.ok().and_then(|body| least(&body)) } else { None };
        // Where it really is shorter, the cluster says 413.
        self.0.store(least.map_or(DEFAULT_MAX_BODY, |least| least.max(LEAST)), Ordering::Relaxed);
        tracing::debug!(bytes = self.get(), known = least.is_some(), "longest request body");
    }

    /// A body of this size, with several documents, was refused.
    pub(super) fn lower(&self, size: usize) {
        let lower = (size / 2).max(FLOOR);
        if lower < self.get() {
            self.0.store(lower, Ordering::Relaxed);
            tracing::warn!(refused = size, bytes = lower, "413: request bodies are kept shorter from now on");
        }
    }
}

/// The smallest of the nodes' limits.
fn least(body: &Value) -> Option<usize> {
    let nodes = body.get("nodes")?.as_object()?.values();
    let limits = nodes.filter_map(|node| node.get("http")?.get("max_content_length_in_bytes")?.as_u64());
    limits.min().and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit != UNKNOWN)
}
