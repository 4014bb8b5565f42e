//! Records whose nested rows cannot be read with their page: each is asked for alone. One heavy incident must not stop the
//! stream, and must not stay invisible either.
//!
//! A record that fails even alone is held back in the retry queue for one more attempt, a minute or two later, because
//! a data stream takes a document once. If that fails too, or the record changes or vanishes meanwhile, the record is
//! delivered as its page said it, without the sum of its nested rows, and is asked for again. When they can be read at
//! last, the whole record follows as a second document, which has the sum: `rollup` tells the two apart.

use super::kinds::list::{Role, Start, TimeCursorList};
use super::outbox::Outbox;
use super::page::{Taking, take};
use super::provenance::Provenance;
use super::retry_queue::RetryKey;
use super::{Collector, engine, nested, redirects};
use common::clock;
use common::error::Error;
use common::health::Reason;
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
    collector: &mut Collector,
    row: &[u8],
    whole: Provenance,
    outbox: &mut Outbox,
) -> Result<bool, Error> {
    let record = collector.rows.reader().read(row);
    let partial = whole.partial();
    redirects::note(collector, &record);
    let Some((id, version)) = record.name().filter(|_| collector.source.requests.list.id_to_read().is_some()) else {
        // It cannot be asked for; what the mapper says of it is kept.
        collector.rows.element(&record, partial, outbox).await?;
        return Ok(false);
    };
    let mut is_late = false;
    if let Some(entry) = collector.retry_queue.find(RetryKind::Nested, id) {
        if entry.version == version {
            // The overlap brings it again.
            if entry.row.is_none() {
                collector.rows.element(&record, partial, outbox).await?;
            }
            return Ok(false);
        }
        // What changes again and again must not be held back for ever.
        is_late = entry.row.is_some();
        if let Some(entry) = collector.retry_queue.take(RetryKind::Nested, id) {
            release(collector, entry.row, outbox).await?;
        }
    }
    if collector.fetched_individually.get(id).is_some_and(|done| done == version) {
        return Ok(false);
    }
    let error = match fetch(collector, id, None, whole, outbox).await {
        Ok(Found::Read) => {
            if collector.fetched_individually.len() >= MAX_DONE {
                collector.fetched_individually.clear();
            }
            collector.fetched_individually.insert(id.to_owned(), version.to_owned());
            return Ok(true);
        }
        Ok(Found::Other | Found::Missing) => {
            gone(collector, id);
            collector.rows.element(&record, partial, outbox).await?;
            // That says nothing of its weight.
            return Ok(true);
        }
        Err(error) if is_own(&error) => error,
        Err(error) => return Err(error),
    };
    let held = if is_late { None } else { collector.retry_queue.may_hold(row) };
    collector.rows.begin_page()?;
    if held.is_none() {
        collector.rows.element(&record, partial, outbox).await?;
    }
    // It may have been asked for as one that others were merged into.
    collector.retry_queue.take(RetryKind::Record, id);
    queue(collector, RetryKey { kind: RetryKind::Nested, id, version }, held, &error);
    Ok(false)
}

/// Asks again for the items of the retry queue whose time has come.
pub(super) async fn retry(collector: &mut Collector, outbox: &mut Outbox) -> Result<(), Error> {
    for entry in collector.retry_queue.due(clock::now()) {
        let outcome = match entry.kind {
            RetryKind::Nested => {
                // After it was delivered without its nested rows, the whole record needs an id of its own.
                let by_id = Provenance::BY_ID;
                let provenance = if entry.row.is_some() { by_id } else { by_id.amended() };
                fetch(collector, &entry.id, Some(&entry.version), provenance, outbox).await
            }
            RetryKind::Record => fetch(collector, &entry.id, None, Provenance::BY_ID, outbox).await,
            RetryKind::Place => read_place(collector, &entry, outbox).await.map(|()| Found::Read),
        };
        match outcome {
            Ok(Found::Missing) if entry.kind == RetryKind::Record && entry.attempts < MISSING_ATTEMPTS => {
                let error = Error::Permanent("the record is not there, or not to be seen".to_owned());
                queue(collector, RetryKey::of(&entry), None, &error);
            }
            Ok(found) => {
                collector.retry_queue.take(entry.kind, &entry.id);
                match found {
                    Found::Read => tracing::info!(
                        tenant = &*collector.tenant,
                        record = entry.id,
                        kind = ?entry.kind,
                        attempts = entry.attempts,
                        "RECOVERED: what could not be read is read"
                    ),
                    Found::Missing => gone(collector, &entry.id),
                    Found::Other => {}
                }
                if found != Found::Read {
                    release(collector, entry.row, outbox).await?;
                }
            }
            Err(error) if is_own(&error) || entry.kind == RetryKind::Record && matches!(error, Error::Auth(_)) => {
                collector.rows.begin_page()?;
                queue(collector, RetryKey::of(&entry), None, &error);
                release(collector, entry.row, outbox).await?;
            }
            // There is no hurry.
            Err(Error::Throttled { .. }) => break,
            Err(error) => return Err(error),
        }
    }
    redirects::follow(collector, outbox).await
}

/// Asks for one record, or for this version of it only.
pub(super) async fn fetch(
    collector: &mut Collector,
    id: &str,
    version: Option<&str>,
    provenance: Provenance,
    outbox: &mut Outbox,
) -> Result<Found, Error> {
    let Some(response) = collector.source.open_record(id).await? else { return Ok(Found::Missing) };
    let mut found = Found::Missing;
    let outcome = take(collector, response, Taking::ById { version, provenance, found: &mut found }, outbox).await;
    let page = outcome.inspect_err(|_| collector.deferred.clear())?;
    nested::settle_by_id(collector, outbox).await?;
    page.lacks.map_or(Ok(found), |lacks| Err(Error::Incomplete(lacks)))
}

/// Reads a place again that could not be read, and everything else up to its end.
async fn read_place(collector: &mut Collector, place: &RetryItem, outbox: &mut Outbox) -> Result<(), Error> {
    let range = Range { from: place.id.clone(), to: place.until.clone().map(Bound::Through) };
    let mut size = collector.size;
    size.smallest();
    let mut again = TimeCursorList::new(Start { size, ..collector.start(range, Role::Place, Vec::new()) });
    engine::read(collector, &mut again, outbox).await?;
    collector.size = again.size();
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
async fn release(collector: &mut Collector, row: Option<String>, outbox: &mut Outbox) -> Result<(), Error> {
    match row {
        Some(row) => {
            let record = collector.rows.reader().read(row.as_bytes());
            collector.rows.element(&record, Provenance::BY_ID.partial(), outbox).await
        }
        None => Ok(()),
    }
}

fn gone(collector: &Collector, id: &str) {
    tracing::info!(
        tenant = &*collector.tenant,
        record = id,
        "a record that was to be read alone is deleted, merged or not to be seen any more; it is not asked for again"
    );
}

/// Remembers that something could not be read.
pub(super) fn queue(collector: &mut Collector, item: RetryKey<'_>, held: Option<String>, error: &Error) {
    let is_held = held.is_some();
    let (entry, given_up) = collector.retry_queue.failed(item, held);
    let what = match item.kind {
        RetryKind::Nested | RetryKind::Record => "record",
        RetryKind::Place => "a record at or after",
    };
    let attempts = entry.attempts;
    collector.health.degrade(Reason::HeavyRecord, format_args!("{what} {} ({attempts} attempts): {error}", item.id));
    tracing::warn!(
        tenant = &*collector.tenant,
        record = item.id,
        kind = ?item.kind,
        reason = %error,
        attempts = entry.attempts,
        next = entry.next,
        held = is_held,
        "DEGRADED: a record, or what is nested in it, cannot be read; it is asked for again and the source goes on"
    );
    give_up(collector, given_up);
}

/// Says that something is not asked for any more.
pub(super) fn give_up(collector: &Collector, given_up: Option<RetryItem>) {
    if let Some(lost) = given_up {
        collector.health.lost(1, format_args!("nested rows of record {} after {} attempts", lost.id, lost.attempts));
        tracing::error!(
            tenant = &*collector.tenant,
            record = lost.id,
            kind = ?lost.kind,
            attempts = lost.attempts,
            "DEGRADED: a record, or what is nested in it, is given up"
        );
    }
}
