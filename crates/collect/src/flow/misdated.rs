//! Records whose time is of no use: in the future by the service's own clock, or not to be read. They are delivered once
//! like all others, but move nothing, so every cycle meets them again until the service mends them. They are named.

use chrono::{DateTime, TimeDelta, Utc};
use rustc_hash::FxHashSet;

use crate::record::{Record, RecordReader};
use common::clock;
use common::error::quoted;
use common::health::{Reason, SourceHealth};

/// The service's clock is told in whole seconds.
const SECOND: TimeDelta = TimeDelta::seconds(1);
/// Records that are remembered as named.
const MAX_TOLD: usize = 10_000;

/// Those of one source.
#[derive(Debug, Default)]
pub(super) struct Misdated {
    /// Fingerprints of the records that the log has named.
    told: FxHashSet<u64>,
    /// In the running cycle.
    future: u64,
    unreadable: u64,
    /// The one that is furthest ahead, and by how much.
    farthest: Option<(TimeDelta, String)>,
    /// One whose time cannot be read.
    example: String,
}

impl Misdated {
    /// A cycle begins.
    pub(super) fn begin(&mut self) {
        let told = std::mem::take(&mut self.told);
        *self = Self { told, ..Self::default() };
    }

    /// A listed record says that it changed then; the service's clock says `now`.
    pub(super) fn look(
        &mut self,
        health: &SourceHealth,
        reader: &RecordReader,
        record: &Record<'_>,
        now: DateTime<Utc>,
    ) {
        let changed = record.version.as_deref();
        let ahead = match changed.and_then(clock::parse) {
            Some(time) if time <= now + SECOND => return,
            Some(time) => Some(time - now),
            None => None,
        };
        let id = reader.label(record.row);
        let (id, time) = (quoted(id.as_deref().unwrap_or("without an id")), quoted(changed.unwrap_or("none")));
        if let Some(ahead) = ahead {
            self.future += 1;
            if self.farthest.as_ref().is_none_or(|(farthest, _)| *farthest < ahead) {
                self.farthest = Some((ahead, format!("record {id}: {time}")));
            }
        } else {
            self.unreadable += 1;
            self.example = format!("record {id}: {time}");
        }
        let fingerprint = fingerprint(&id, &time);
        if self.told.len() >= MAX_TOLD {
            self.told.clear();
        }
        if !self.told.insert(fingerprint) {
            return;
        }
        health.misdated(1);
        let (tenant, datasets) = (&*health.key().tenant, &*health.key().datasets);
        if let Some(ahead) = ahead {
            let seconds = ahead.num_seconds();
            tracing::warn!(tenant, datasets, record = id, time, seconds, "a record's time lies in the future");
        } else {
            tracing::warn!(tenant, datasets, record = id, time, "a record's time cannot be read");
        }
        health.degrade(Reason::RecordTime, self.text());
    }

    /// The window was read to its end: what it has met is all there is.
    pub(super) fn end(&self, health: &SourceHealth) {
        if self.future + self.unreadable == 0 {
            health.recover(Reason::RecordTime);
        } else {
            health.renew(Reason::RecordTime, self.text());
        }
    }

    fn text(&self) -> String {
        let mut parts = Vec::new();
        if let Some((ahead, record)) = &self.farthest {
            let (seconds, count) = (ahead.num_seconds(), self.future);
            parts
                .push(format!("{count} records dated in the service's future, the farthest by {seconds} s ({record})"));
        }
        if self.unreadable > 0 {
            parts.push(format!("{} records with a time that cannot be read ({})", self.unreadable, self.example));
        }
        parts.join("; ")
    }
}

fn fingerprint(id: &str, time: &str) -> u64 {
    use std::hash::{BuildHasher, BuildHasherDefault};
    BuildHasherDefault::<rustc_hash::FxHasher>::default().hash_one((id, time))
}
