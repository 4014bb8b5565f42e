//! Records that were merged into others: the record says into which one, and that one is read too, wherever it lies in the
//! listing and whether or not it ever changes again. Both sides become documents, so that what was known of the first can
//! be followed to the second. A chain is followed to its end; a circle ends where it began.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::fetch_by_id::{self, Found};
use super::outbox::Outbox;
use super::provenance::Provenance;
use super::retry_queue::RetryKey;
use super::source_reader::SourceReader;
use crate::record::Record;
use common::error::Error;
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

impl Redirects {
    /// Looks whether a record was merged into another one.
    pub(super) fn note(&mut self, tenant: &str, record: &Record<'_>) {
        let (Some(target), Some((id, version))) = (record.redirect.as_deref(), record.name()) else { return };
        if self.done.get(id).is_some_and(|done| done == version) {
            return;
        }
        if self.done.len() >= MAX_DONE {
            self.done.clear();
        }
        self.done.insert(id.to_owned(), version.to_owned());
        // A record that was merged itself was delivered when it was noted.
        if self.done.contains_key(target) || self.waiting.iter().any(|(waiting, _)| waiting == target) {
            return;
        }
        if self.depth >= MAX_DEPTH {
            tracing::warn!(tenant, record = id, "a chain of merged records is too long, it is not followed");
            return;
        }
        self.waiting.push_back((target.to_owned(), self.depth + 1));
    }
}

/// Reads the records that others were merged into. What cannot be read goes to the retry queue.
pub(super) async fn follow(reader: &mut SourceReader, outbox: &mut Outbox) -> Result<(), Error> {
    while let Some((id, depth)) = reader.redirects.waiting.pop_front() {
        reader.redirects.depth = depth;
        let outcome = fetch_by_id::fetch(reader, &id, None, Provenance::BY_ID, outbox).await;
        reader.redirects.depth = 0;
        match outcome {
            Ok(Found::Read) => {
                reader.retry_queue.take(RetryKind::Record, &id);
            }
            Ok(Found::Other | Found::Missing) => queue(reader, &id, "the record is not there, or not to be seen"),
            // The token may be refused for a single record.
            Err(error) if fetch_by_id::is_own(&error) || matches!(error, Error::Auth(_)) => {
                queue(reader, &id, &error.to_string());
            }
            Err(error) => {
                // The cursor may go on without them.
                reader.redirects.waiting.push_front((id, depth));
                while let Some((id, _)) = reader.redirects.waiting.pop_front() {
                    reader.retry_queue.postpone(&reader.health, RetryKey::record(&id));
                }
                return Err(error);
            }
        }
    }
    Ok(())
}

fn queue(reader: &mut SourceReader, id: &str, reason: &str) {
    if reader.retry_queue.find(RetryKind::Nested, id).is_some() {
        // The listing has brought it, and it is in the queue already.
        return;
    }
    let error = Error::Transient(format!("others were merged into it: {reason}"));
    reader.retry_queue.add(&reader.health, RetryKey::record(id), None, &error);
}
