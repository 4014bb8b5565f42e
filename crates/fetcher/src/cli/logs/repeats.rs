//! The same line again and again is written a few times a minute, then counted.

use std::fmt::{self, Write};
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustc_hash::{FxHashMap, FxHasher};
use tokio::time::Instant;
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

/// Lines of the same place and the same key fields in a window.
pub(super) const SAME: u64 = 10;
/// Lines of the same place in a window, whatever they say.
pub(super) const ANY: u64 = 200;
/// After it counting begins anew.
pub(super) const WINDOW: Duration = Duration::from_mins(1);
/// Kinds of lines that are told apart in a window.
const KINDS: usize = 2000;
/// Fields that tell two lines of the same place apart.
const KEYS: [&str; 6] = ["cloud", "tenant", "dataset", "datasets", "reason", "path"];
/// Longest key value that is kept.
const MAX_VALUE: usize = 120;

/// Counts of the running window.
#[derive(Debug, Default)]
pub(super) struct Repeats(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Start of the window: the first line in it.
    since: Option<Instant>,
    kinds: FxHashMap<u64, Kind>,
    places: FxHashMap<u64, u64>,
}

#[derive(Debug)]
struct Kind {
    seen: u64,
    summary: Summary,
}

/// A line that was left out, and how often.
#[derive(Debug, Clone)]
pub(super) struct Summary {
    pub(super) level: Level,
    pub(super) target: String,
    pub(super) message: String,
    /// The key fields; empty where kinds were too many to be told apart.
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) repeated: u64,
}

impl Repeats {
    /// Whether the line is to be written.
    pub(super) fn admit(&self, event: &Event<'_>) -> bool {
        let metadata = event.metadata();
        // A level that was asked for explicitly is wanted whole.
        if *metadata.level() > Level::INFO {
            return true;
        }
        let mut key = Key::default();
        event.record(&mut key);
        let mut hasher = FxHasher::default();
        metadata.callsite().hash(&mut hasher);
        let place = hasher.finish();
        key.fields.hash(&mut hasher);
        let kind = hasher.finish();
        let mut inner = self.lock();
        inner.since.get_or_insert_with(Instant::now);
        // Written ones only: a flood of one tenant must not hide another's line.
        let is_many = inner.places.get(&place).is_some_and(|written| *written >= ANY);
        let crowded = inner.kinds.len() >= KINDS && !inner.kinds.contains_key(&kind);
        // Kinds beyond the limits share one count for their place.
        let (kind, fields) = if is_many && !inner.kinds.contains_key(&kind) || crowded {
            (place, Vec::new())
        } else {
            (kind, key.fields)
        };
        let found = inner.kinds.entry(kind).or_insert_with(|| Kind {
            seen: 0,
            summary: Summary {
                level: *metadata.level(),
                target: metadata.target().to_owned(),
                message: key.message,
                fields,
                repeated: 0,
            },
        });
        found.seen += 1;
        let written = found.seen <= SAME && !is_many && !crowded;
        if written {
            *inner.places.entry(place).or_default() += 1;
        } else {
            found.summary.repeated += 1;
        }
        written
    }

    /// Counts of the lines that were left out, once the window is over.
    pub(super) fn due(&self) -> Vec<Summary> {
        let mut inner = self.lock();
        if inner.since.is_none_or(|since| since.elapsed() < WINDOW) {
            return Vec::new();
        }
        inner.drain()
    }

    /// Counts of the lines that were left out so far.
    pub(super) fn drain(&self) -> Vec<Summary> {
        self.lock().drain()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn drain(&mut self) -> Vec<Summary> {
        let kinds = std::mem::take(self).kinds;
        kinds.into_values().map(|kind| kind.summary).filter(|summary| summary.repeated > 0).collect()
    }
}

/// The message and the key fields of a line.
#[derive(Debug, Default)]
struct Key {
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl Visit for Key {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.message, "{value:?}");
        } else if KEYS.contains(&field.name()) {
            let text: String = format!("{value:?}").chars().take(MAX_VALUE).collect();
            self.fields.push((field.name(), text));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if KEYS.contains(&field.name()) {
            self.fields.push((field.name(), value.chars().take(MAX_VALUE).collect()));
        }
    }
}
