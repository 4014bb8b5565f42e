//! A cluster as an output: one delivery is one bulk request, and its reply is the outcome of every document.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::body::framed_size;
use super::classify::Classifier;
use super::prepared::Prepared;
use super::refusals::Refusals;
use super::reply::Refusal;
use super::{Answer, Client, MAX_REPLY};
use crate::batch::{Batch, Item};
use crate::dead_letters::DeadLetters;
use crate::output::{ItemOutcome, Output, Undelivered};
use common::error::Error;
use common::stats::Stats;

/// The cluster with what tells whose fault its refusals are. Clones deliver at the same time and share what they know.
#[derive(Debug, Clone)]
pub(super) struct BulkOutput {
    pub(super) client: Client,
    pub(super) refusals: Arc<Refusals>,
    pub(super) dead: Arc<DeadLetters>,
    pub(super) stats: Arc<Stats>,
}

impl Output for BulkOutput {
    async fn deliver(&mut self, batches: &[Batch]) -> Result<Vec<ItemOutcome>, Undelivered> {
        let size = framed_size(batches);
        if size > self.client.ask_body_limit().await {
            return self.too_large(batches, size);
        }
        self.look().await?;
        loop {
            match self.client.bulk(batches).await {
                Answer::Reply(reply) => {
                    let output = &self.stats.output;
                    output.requests.fetch_add(1, Ordering::Relaxed);
                    output.bytes.fetch_add(size as u64, Ordering::Relaxed);
                    return self.classifier().reply(&reply, batches).map_err(Undelivered::Failed);
                }
                Answer::ReplyTooLong if is_single(batches) => {
                    let said = format!("bulk reply about one document is longer than {MAX_REPLY} bytes");
                    let error = Error::Permanent(format!("{said}, is this Elasticsearch?"));
                    return Err(Undelivered::Failed(error));
                }
                Answer::ReplyTooLong => return Err(Undelivered::TooLarge),
                Answer::TooLarge => {
                    if !is_single(batches) {
                        self.client.too_large(size);
                    }
                    return self.too_large(batches, size);
                }
                // The next node is asked.
                Answer::Unreachable(_) if self.client.any_awake() => {}
                Answer::Unreachable(error) => return Err(Undelivered::Busy(error, None)),
                Answer::Busy(error, after) => return Err(Undelivered::Busy(error, after)),
                Answer::Fails(error) => return Err(Undelivered::Failed(error)),
            }
        }
    }

    /// A cluster acknowledges what is durable.
    async fn sync(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

impl BulkOutput {
    /// Before the first document: the cluster has what documents need. One that is out of reach says so when it is sent to.
    async fn look(&self) -> Result<(), Undelivered> {
        if self.client.is_prepared() {
            return Ok(());
        }
        match self.client.look().await {
            Ok(Prepared::No(what)) => {
                Err(Undelivered::Failed(Error::Permanent(format!("the cluster is not prepared: {what}"))))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Too long for one request: it is delivered in halves, or the only document is refused.
    fn too_large(&self, batches: &[Batch], size: usize) -> Result<Vec<ItemOutcome>, Undelivered> {
        if !is_single(batches) {
            return Err(Undelivered::TooLarge);
        }
        let limit = self.client.body_limit();
        let bounds = if size > limit { format!(" of {limit} bytes") } else { String::new() };
        let said =
            format!("413 document of {size} bytes is longer than http.max_content_length{bounds}, or a proxy's limit");
        let refusal = Refusal { kind: "413".to_owned(), said };
        Ok(Item::of(batches).map(|item| self.classifier().too_large(item, &refusal)).collect())
    }

    fn classifier(&self) -> Classifier<'_> {
        Classifier { refusals: &self.refusals, dead: &self.dead, stats: &self.stats }
    }
}

/// It cannot be delivered in smaller parts.
fn is_single(batches: &[Batch]) -> bool {
    Item::of(batches).nth(1).is_none()
}
