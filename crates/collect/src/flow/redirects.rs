//! Records that were merged into others: the record says into which one, and that one is read too, wherever it lies in the
//! listing and whether or not it ever changes again. Both sides become documents, so that what was known of the first can
//! be followed to the second. A chain is followed to its end; a circle ends where it began.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::Collector;
use super::fetch_by_id::{self, Found};
use super::outbox::Outbox;
use super::provenance::Provenance;
use super::retry_queue::RetryKey;
use crate::record::Record;
use common::error::Error;
use common::health::Reason;
use state::RetryKind;

/// Records of a chain that are followed.
const MAX_DEPTH: u32 = 16;
/// Versions that are remembered as followed.
const MAX_DONE: usize = 1000;

/// Merges of one source.
#[derive(Debug, Default)]
pub(super) struct Redirects {
    /// Records to be read, with their place in the chain.
    waiting: VecDeque<(String, u32)>,
    /// Versions of the records that were merged, by their ids.
    done: FxHashMap<String, String>,
    /// Place in the chain of the record that is being read.
    depth: u32,
}

/// Looks whether a record was merged into another one.
pub(super) fn note(collector: &mut Collector, record: &Record<'_>) {
    let (Some(target), Some((id, version))) = (record.redirect.as_deref(), record.name()) else { return };
    let merged = &mut collector.redirects;
    if merged.done.get(id).is_some_and(|done| done == version) {
        return;
    }
    if merged.done.len() >= MAX_DONE {
        merged.done.clear();
    }
    merged.done.insert(id.to_owned(), version.to_owned());
    // A record that was merged itself was delivered when it was noted.
    if merged.done.contains_key(target) || merged.waiting.iter().any(|(waiting, _)| waiting == target) {
        return;
    }
    if merged.depth >= MAX_DEPTH {
        tracing::warn!(
            tenant = &*collector.tenant,
            record = id,
            "a chain of merged records is too long, it is not followed"
        );
        return;
    }
    merged.waiting.push_back((target.to_owned(), merged.depth + 1));
}

/// Reads the records that others were merged into. What cannot be read goes to the retry queue.
pub(super) async fn follow(collector: &mut Collector, outbox: &mut Outbox) -> Result<(), Error> {
    while let Some((id, depth)) = collector.redirects.waiting.pop_front() {
        collector.redirects.depth = depth;
        let outcome = fetch_by_id::fetch(collector, &id, None, Provenance::BY_ID, outbox).await;
        collector.redirects.depth = 0;
        match outcome {
            Ok(Found::Read) => {
                collector.retry_queue.take(RetryKind::Record, &id);
            }
            Ok(Found::Other | Found::Missing) => queue(collector, &id, "the record is not there, or not to be seen"),
            // The token may be refused for a single record.
            Err(error) if fetch_by_id::is_own(&error) || matches!(error, Error::Auth(_)) => {
                queue(collector, &id, &error.to_string());
            }
            Err(error) => {
                // The cursor may go on without them.
                collector.redirects.waiting.push_front((id, depth));
                while let Some((id, _)) = collector.redirects.waiting.pop_front() {
                    let (_, given_up) =
                        collector.retry_queue.failed(RetryKey { kind: RetryKind::Record, id: &id, version: "" }, None);
                    fetch_by_id::give_up(collector, given_up);
                }
                return Err(error);
            }
        }
    }
    Ok(())
}

fn queue(collector: &mut Collector, id: &str, reason: &str) {
    if collector.retry_queue.find(RetryKind::Nested, id).is_some() {
        // The listing has brought it, and it is in the queue already.
        return;
    }
    let (entry, given_up) = collector.retry_queue.failed(RetryKey { kind: RetryKind::Record, id, version: "" }, None);
    let text = format_args!("record {id}, which others were merged into ({} attempts): {reason}", entry.attempts);
    collector.health.degrade(Reason::HeavyRecord, text);
    tracing::warn!(
        tenant = &*collector.tenant,
        record = id,
        reason,
        attempts = entry.attempts,
        next = entry.next,
        "DEGRADED: the record that others were merged into cannot be read, it is asked for again"
    );
    fetch_by_id::give_up(collector, given_up);
}
