//! Dead letters: how much room they take, and what was refused of each source.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::{ActiveReasons, Count, Health, Reason, ReasonSnapshot, SourceHealth, bounded, locked};
use crate::health::Rejection;

/// Kinds of refusals that are counted apart, per source; the rest together.
const KINDS: usize = 32;
const OTHER: &str = "other";

/// The store of dead letters.
#[derive(Debug, Default)]
pub(super) struct LettersHealth {
    bytes: Count,
    limit: Count,
    dropped: Count,
    reasons: Mutex<ActiveReasons>,
}

/// Dead letters of a source by dataset, reason and kind.
#[derive(Debug, Default)]
pub(super) struct Refused(Mutex<BTreeMap<Key, u64>>);

type Key = (&'static str, String, String);

/// The store of dead letters at one moment.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct LettersSnapshot {
    /// A warning, from 80 % of the limit on and when letters were deleted for want of room.
    pub reasons: Vec<ReasonSnapshot>,
    /// Bytes of all letters.
    pub bytes: u64,
    /// Bytes that they may take.
    pub limit: u64,
    /// Letters of this run's time that were deleted for want of room.
    pub dropped: u64,
}

/// Dead letters of a source that are alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedSnapshot {
    /// The dataset.
    pub dataset: String,
    /// Constant word: `refused` and `failure_store` of the output, else why the row could not be mapped.
    pub reason: String,
    /// Elasticsearch's type of the error, or the reason again.
    pub kind: String,
    /// How many.
    pub count: u64,
}

impl Health {
    /// How much the dead letters take of what they may, and a text when that is much.
    pub fn dead_letters(&self, bytes: u64, limit: u64, near: Option<String>) {
        self.letters.bytes.set(bytes);
        self.letters.limit.set(limit);
        let mut reasons = locked(&self.letters.reasons);
        let is_dropping = self.letters.dropped.get() > 0;
        match near {
            Some(text) if reasons.set(Reason::DeadLetters, &bounded(&text)) => {
                tracing::warn!(bytes, limit, error = text, "DEGRADED: dead letters");
            }
            None if !is_dropping && reasons.clear(Reason::DeadLetters) => {
                tracing::info!(bytes, limit, "RECOVERED: dead letters");
            }
            _ => {}
        }
        drop(reasons);
        if bytes == 0 {
            // Replayed, or taken away: whoever did so knows of them.
            self.sources().iter().for_each(|source| source.recover(Reason::DeadLetters));
        }
    }

    /// Letters were deleted for want of room. That stays told until the process ends.
    pub fn dead_letters_dropped(&self, letters: u64) {
        self.letters.dropped.add(letters);
        let text = format!("{} of the oldest dead letters were deleted for new ones", self.letters.dropped.get());
        locked(&self.letters.reasons).set(Reason::Lost, &text);
    }

    /// The store of dead letters as it is now.
    pub fn letters(&self) -> LettersSnapshot {
        let reasons = locked(&self.letters.reasons);
        LettersSnapshot {
            reasons: reasons.snapshot(),
            bytes: self.letters.bytes.get(),
            limit: self.letters.limit.get(),
            dropped: self.letters.dropped.get(),
        }
    }
}

impl SourceHealth {
    /// A row or a document was refused and is kept as a dead letter. It stays a reason until the letters are gone: nobody
    /// may overlook it.
    pub fn dead_letter(&self, rejection: Rejection<'_>, kind: &str) {
        let Rejection { dataset, reason, detail, .. } = rejection;
        let mut refused = locked(&self.refused.0);
        let is_known = refused.contains_key(&(dataset, reason.to_owned(), kind.to_owned()));
        let kind = if is_known || refused.len() < KINDS { kind } else { OTHER };
        *refused.entry((dataset, reason.to_owned(), kind.to_owned())).or_default() += 1;
        let count: u64 = refused.values().sum();
        drop(refused);
        let are = if count == 1 { "record was" } else { "records were" };
        self.degrade(
            Reason::DeadLetters,
            format!("{count} {are} not delivered but kept as dead letters, the last: {dataset} {reason}: {detail}"),
        );
    }

    pub(super) fn refused_snapshot(&self) -> Vec<RefusedSnapshot> {
        let refused = locked(&self.refused.0);
        let one = |((dataset, reason, kind), count): (&Key, &u64)| RefusedSnapshot {
            dataset: (*dataset).to_owned(),
            reason: reason.clone(),
            kind: kind.clone(),
            count: *count,
        };
        refused.iter().map(one).collect()
    }
}
