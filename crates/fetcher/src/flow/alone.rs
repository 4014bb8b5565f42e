//! Records whose nested rows cannot be read with their page: each is asked for alone, and what fails even so is delivered
//! without them and asked for again later. One heavy incident must not stop the stream.

use super::Feed;
use super::page::{Taking, take};
use super::rows::Extent;
use crate::clock;
use crate::error::Fault;
use crate::health::Reason;
use crate::sink::Outbox;
use crate::splitter::string_member;

/// Versions that are remembered as read alone.
const MAX_DONE: usize = 1000;

/// A record from a page without nested rows: they are fetched with the record alone. `false` when that was of no use.
pub(super) async fn complete(feed: &mut Feed, row: &[u8], outbox: &mut Outbox) -> Result<bool, Fault> {
    let changed = string_member(row, feed.rows.cursor_property());
    feed.rows.advance(changed);
    let Some((id, version)) = string_member(row, "id").zip(changed) else {
        // It cannot be asked for; what the mapper says of it is kept.
        feed.rows.element(row, Extent::Partial, outbox).await?;
        return Ok(false);
    };
    // The overlap brings it again.
    if feed.ledger.holds(id, version) || feed.alone.get(id).is_some_and(|done| done == version) {
        feed.rows.element(row, Extent::Partial, outbox).await?;
        return Ok(false);
    }
    match fetch(feed, id, None, outbox).await {
        Ok(()) => {
            feed.ledger.take(id);
            if feed.alone.len() >= MAX_DONE {
                feed.alone.clear();
            }
            feed.alone.insert(id.to_owned(), version.to_owned());
            Ok(true)
        }
        Err(fault) if is_own(&fault) => {
            owe(feed, id, version, &fault);
            feed.rows.begin_page()?;
            feed.rows.element(row, Extent::Partial, outbox).await?;
            Ok(false)
        }
        Err(fault) => Err(fault),
    }
}

/// Asks again for the records whose time has come.
pub(super) async fn retry(feed: &mut Feed, outbox: &mut Outbox) -> Result<(), Fault> {
    for entry in feed.ledger.due(clock::now()) {
        match fetch(feed, &entry.id, Some(&entry.version), outbox).await {
            Ok(()) => {
                feed.ledger.take(&entry.id);
                tracing::info!(
                    tenant = &*feed.tenant,
                    incident = entry.id,
                    attempts = entry.attempts,
                    "RECOVERED: the nested records of a record are read"
                );
            }
            Err(fault) if is_own(&fault) => owe(feed, &entry.id, &entry.version, &fault),
            // There is no hurry.
            Err(Fault::Throttled { .. }) => break,
            Err(fault) => return Err(fault),
        }
    }
    Ok(())
}

async fn fetch(feed: &mut Feed, id: &str, version: Option<&str>, outbox: &mut Outbox) -> Result<(), Fault> {
    let response = feed.source.open(&feed.source.record(id)).await?;
    take(feed, response, Taking::Alone(version), outbox).await.map(drop)
}

/// The record's own trouble, not that of the source: throttling, credentials and the disk concern every record.
fn is_own(fault: &Fault) -> bool {
    matches!(fault, Fault::Transient(_) | Fault::Refused(_))
}

fn owe(feed: &mut Feed, id: &str, version: &str, fault: &Fault) {
    let (entry, given_up) = feed.ledger.failed(id, version);
    feed.health.degrade(Reason::HeavyRecord, format_args!("record {id} ({} attempts): {fault}", entry.attempts));
    tracing::warn!(
        tenant = &*feed.tenant,
        incident = id,
        reason = %fault,
        attempts = entry.attempts,
        next = entry.next,
        "DEGRADED: the nested records of a record cannot be read, it is delivered without their sum and asked for again"
    );
    if let Some(lost) = given_up {
        feed.health.lost(1, format_args!("nested rows of record {} after {} attempts", lost.id, lost.attempts));
        tracing::error!(
            tenant = &*feed.tenant,
            incident = lost.id,
            attempts = lost.attempts,
            "DEGRADED: the nested records of a record are given up"
        );
    }
}
