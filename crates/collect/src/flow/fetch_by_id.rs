//! Records whose nested rows cannot be read with their page: each is asked for alone. One heavy incident must not stop the
//! stream, and must not stay invisible either.
//!
//! A record that fails even alone is held back in the retry queue for one more attempt, a minute or two later, because
//! a data stream takes a document once. If that fails too, or the record changes or vanishes meanwhile, the record is
//! delivered as its page said it, without the sum of its nested rows, and is asked for again. When they can be read at
//! last, the whole record follows as a second document, which has the sum: `rollup` tells the two apart.

use super::committer::Committer;
use super::kinds::list::{Role, Start, TimeCursorList};
use super::outbox::Outbox;
use super::page::{Taking, take};
use super::provenance::Provenance;
use super::retry_queue::RetryKey;
use super::source_reader::SourceReader;
use super::{engine, nested, redirects};
use common::clock;
use common::error::Error;
use microsoft::source::{Bound, Range};
use state::{RetryItem, RetryKind};

/// Versions that are remembered as read alone.
const MAX_DONE: usize = 1000;
/// Attempts for a record that the service does not know.
const MISSING_ATTEMPTS: u32 = 3;

/// What became of asking for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It was handed over.
    Read,
    /// It has another version meanwhile, which the listing brings.
    Other,
    /// Deleted, merged, or not to be seen any more.
    Missing,
}

// Long, because each answer to the single question has a consequence of its own.
/// A record from a page without nested rows: they are fetched with the record alone. `false` when that was of no use.
pub(super) async fn complete(
    reader: &mut SourceReader,
    row: &[u8],
    whole: Provenance,
    outbox: &mut Outbox,
) -> Result<bool, Error> {
    let record = reader.rows.records().read(row);
    let partial = whole.partial();
    reader.redirects.note(&reader.tenant, &record);
    let Some((id, version)) = record.name().filter(|_| reader.source.requests.list.id_to_read().is_some()) else {
        // It cannot be asked for; what the mapper says of it is kept.
        reader.rows.element(&record, partial, outbox).await?;
        return Ok(false);
    };
    let mut is_late = false;
    if let Some(entry) = reader.retry_queue.find(RetryKind::Nested, id) {
        if entry.version == version {
            // The overlap brings it again.
            if entry.row.is_none() {
                reader.rows.element(&record, partial, outbox).await?;
            }
            return Ok(false);
        }
        // What changes again and again must not be held back for ever.
        is_late = entry.row.is_some();
        if let Some(entry) = reader.retry_queue.take(RetryKind::Nested, id) {
            release(reader, entry.row, outbox).await?;
        }
    }
    if reader.fetched_individually.get(id).is_some_and(|done| done == version) {
        return Ok(false);
    }
    let error = match fetch(reader, id, None, whole, outbox).await {
        Ok(Found::Read) => {
            if reader.fetched_individually.len() >= MAX_DONE {
                reader.fetched_individually.clear();
            }
            reader.fetched_individually.insert(id.to_owned(), version.to_owned());
            return Ok(true);
        }
        Ok(Found::Other | Found::Missing) => {
            gone(reader, id);
            reader.rows.element(&record, partial, outbox).await?;
            // That says nothing of its weight.
            return Ok(true);
        }
        Err(error) if is_own(&error) => error,
        Err(error) => return Err(error),
    };
    let held = if is_late { None } else { reader.retry_queue.may_hold(row) };
    reader.rows.begin_page()?;
    if held.is_none() {
        reader.rows.element(&record, partial, outbox).await?;
    }
    // It may have been asked for as one that others were merged into.
    reader.retry_queue.take(RetryKind::Record, id);
    reader.retry_queue.add(&reader.health, RetryKey { kind: RetryKind::Nested, id, version }, held, &error);
    Ok(false)
}

/// Asks again for the items of the retry queue whose time has come.
pub(super) async fn retry(
    reader: &mut SourceReader,
    committer: &mut Committer,
    outbox: &mut Outbox,
) -> Result<(), Error> {
    for entry in reader.retry_queue.due(clock::now()) {
        let outcome = match entry.kind {
            RetryKind::Nested => {
                // After it was delivered without its nested rows, the whole record needs an id of its own.
                let by_id = Provenance::BY_ID;
                let provenance = if entry.row.is_some() { by_id } else { by_id.amended() };
                fetch(reader, &entry.id, Some(&entry.version), provenance, outbox).await
            }
            RetryKind::Record => fetch(reader, &entry.id, None, Provenance::BY_ID, outbox).await,
            RetryKind::Place => read_place(reader, committer, &entry, outbox).await.map(|()| Found::Read),
        };
        match outcome {
            Ok(Found::Missing) if entry.kind == RetryKind::Record && entry.attempts < MISSING_ATTEMPTS => {
                let error = Error::Permanent("the record is not there, or not to be seen".to_owned());
                reader.retry_queue.add(&reader.health, RetryKey::of(&entry), None, &error);
            }
            Ok(found) => {
                reader.retry_queue.take(entry.kind, &entry.id);
                match found {
                    Found::Read => tracing::info!(
                        tenant = &*reader.tenant,
                        record = entry.id,
                        kind = ?entry.kind,
                        attempts = entry.attempts,
                        "RECOVERED: what could not be read is read"
                    ),
                    Found::Missing => gone(reader, &entry.id),
                    Found::Other => {}
                }
                if found != Found::Read {
                    release(reader, entry.row, outbox).await?;
                }
            }
            Err(error) if is_own(&error) || entry.kind == RetryKind::Record && matches!(error, Error::Auth(_)) => {
                reader.rows.begin_page()?;
                reader.retry_queue.add(&reader.health, RetryKey::of(&entry), None, &error);
                release(reader, entry.row, outbox).await?;
            }
            // There is no hurry.
            Err(Error::Throttled { .. }) => break,
            Err(error) => return Err(error),
        }
    }
    redirects::follow(reader, outbox).await
}

/// Asks for one record, or for this version of it only.
pub(super) async fn fetch(
    reader: &mut SourceReader,
    id: &str,
    version: Option<&str>,
    provenance: Provenance,
    outbox: &mut Outbox,
) -> Result<Found, Error> {
    let Some(response) = reader.source.open_record(id).await? else { return Ok(Found::Missing) };
    let mut found = Found::Missing;
    let outcome = take(reader, response, Taking::ById { version, provenance, found: &mut found }, outbox).await;
    let page = outcome.inspect_err(|_| reader.deferred.clear())?;
    nested::settle_by_id(reader, outbox).await?;
    page.lacks.map_or(Ok(found), |lacks| Err(Error::Incomplete(lacks)))
}

/// Reads a place again that could not be read, and everything else up to its end.
async fn read_place(
    reader: &mut SourceReader,
    committer: &mut Committer,
    place: &RetryItem,
    outbox: &mut Outbox,
) -> Result<(), Error> {
    let range = Range { from: place.id.clone(), to: place.until.clone().map(Bound::Through) };
    let mut size = reader.size;
    // Elsewhere a full page leaves open whether more follows.
    if reader.source.requests.can_skip() {
        size.smallest();
    }
    let mut again = TimeCursorList::new(Start { size, ..reader.start(range, Role::Place, Vec::new()) });
    engine::read(reader, committer, &mut again, outbox).await?;
    reader.size = again.size();
    if again.has_skipped() {
        return Err(Error::Transient(format!("a record at or after {} still cannot be read", place.id)));
    }
    Ok(())
}

/// The record's own trouble, not that of the source: throttling, credentials and the disk concern every record.
pub(super) fn is_own(error: &Error) -> bool {
    matches!(error, Error::Transient(_) | Error::Incomplete(_) | Error::Permanent(_))
}

/// Delivers a record that was held back, without its nested rows.
async fn release(reader: &mut SourceReader, row: Option<String>, outbox: &mut Outbox) -> Result<(), Error> {
    match row {
        Some(row) => {
            let record = reader.rows.records().read(row.as_bytes());
            reader.rows.element(&record, Provenance::BY_ID.partial(), outbox).await
        }
        None => Ok(()),
    }
}

fn gone(reader: &SourceReader, id: &str) {
    tracing::info!(
        tenant = &*reader.tenant,
        record = id,
        "a record that was to be read alone is deleted, merged or not to be seen any more; it is not asked for again"
    );
}
