//! How far a dataset has come in a cycle, and which of its documents the next cycles will read again.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta};
use rustc_hash::FxHashSet;

use crate::clock;
use crate::state::{Progress, Recent};

/// Ids that are remembered; where the overlap holds more, it becomes shorter.
const MAX_IDS: usize = 6_000;
/// Ids that are not worth looking through for those that may go.
const FEW_IDS: usize = 1024;

type Id = [u8; 16];

/// The cursor of one dataset: where its cycle starts and where the next one will.
#[derive(Debug)]
pub(super) struct Cursor {
    from: String,
    /// All documents of records that changed since are remembered.
    floor: String,
    newest: Option<String>,
    /// The cursor stays at or before this time.
    limit: Option<String>,
    overlap: Duration,
    /// Ids by the time of the record's change, without trailing zeros.
    recent: BTreeMap<String, FxHashSet<Id>>,
    count: usize,
    /// Number of ids at which those that may go are looked for.
    sweep: usize,
    /// Ids of records whose time is not readable: the next poll may bring them again.
    undated: Vec<Id>,
}

impl Cursor {
    /// Continues where the last acknowledged cycle ended, less the overlap, or looks back.
    pub(super) fn new(progress: &Progress, lookback: Duration, overlap: Duration) -> Self {
        let ids = |texts: &[String]| texts.iter().filter_map(|text| parse_id(text)).collect::<Vec<_>>();
        let mut cursor = Self {
            from: String::new(),
            floor: String::new(),
            newest: progress.cursor.clone(),
            limit: None,
            overlap,
            recent: BTreeMap::new(),
            count: 0,
            sweep: FEW_IDS,
            undated: Vec::new(),
        };
        let Some(newest) = &progress.cursor else {
            cursor.from = clock::ago(lookback);
            cursor.floor.clone_from(&cursor.from);
            cursor.undated = ids(&progress.seen);
            return cursor;
        };
        cursor.floor = progress.floor.clone().unwrap_or_else(|| newest.clone());
        cursor.from = later(before(newest, overlap), &cursor.floor);
        cursor.recent.insert(digits(newest).to_owned(), ids(&progress.seen).into_iter().collect());
        for Recent { at, ids: texts } in &progress.recent {
            cursor.recent.entry(digits(at).to_owned()).or_default().extend(ids(texts));
        }
        cursor.count = cursor.recent.values().map(FxHashSet::len).sum();
        cursor
    }

    /// The listing has no order to ask for: a record that changes while it is read may have been passed already, so the
    /// next one starts no later than this one did.
    pub(super) fn limit(&mut self, now: String) {
        self.limit = Some(now);
    }

    /// The `$filter` literal.
    pub(super) fn from(&self) -> &str {
        &self.from
    }

    /// The record was collected by an earlier cycle: another dataset of the source has asked for it.
    pub(super) fn is_past(&self, changed: Option<&str>) -> bool {
        changed.is_some_and(|changed| order(changed, &self.from) == Ordering::Less)
    }

    /// A record was read.
    pub(super) fn advance(&mut self, changed: Option<&str>) {
        let Some(changed) = changed else { return };
        let changed = self.limit.as_deref().filter(|limit| order(limit, changed) == Ordering::Less).unwrap_or(changed);
        if self.newest.as_deref().is_none_or(|newest| order(newest, changed) == Ordering::Less) {
            self.newest = Some(changed.to_owned());
        }
    }

    /// A document (or rejection) of a record that changed then was handed over: it is remembered as long as a poll may
    /// read the record again.
    pub(super) fn remember(&mut self, changed: Option<&str>, id: Id) {
        let Some(changed) = changed.map(digits) else {
            if self.undated.len() < MAX_IDS {
                self.undated.push(id);
            }
            return;
        };
        if changed < digits(&self.floor) {
            return;
        }
        match self.recent.get_mut(changed) {
            Some(ids) if ids.len() < MAX_IDS => self.count += usize::from(ids.insert(id)),
            Some(_) => {}
            None => {
                self.recent.insert(changed.to_owned(), FxHashSet::from_iter([id]));
                self.count += 1;
            }
        }
        if self.count > self.sweep {
            self.forget();
        }
    }

    /// What is already in the output.
    pub(super) fn known(&self) -> impl Iterator<Item = Id> + '_ {
        self.recent.values().flatten().chain(&self.undated).copied()
    }

    /// For the state file.
    pub(super) fn progress(&mut self) -> Progress {
        self.forget();
        let text = |id: &Id| mapper::DocId(*id).to_string();
        let sorted = |ids: &mut dyn Iterator<Item = &Id>| {
            let mut texts: Vec<_> = ids.map(text).collect();
            texts.sort_unstable();
            texts.dedup();
            texts
        };
        let recent = self.recent.iter().filter(|(_, ids)| !ids.is_empty());
        Progress {
            cursor: self.newest.clone(),
            seen: sorted(&mut self.undated.iter()),
            floor: Some(self.floor.clone()),
            recent: recent.map(|(at, ids)| Recent { at: format!("{at}Z"), ids: sorted(&mut ids.iter()) }).collect(),
            retry: Vec::new(),
        }
    }

    /// Drops what no poll will read again, and where the rest is too much, the oldest of it with its part of the overlap.
    fn forget(&mut self) {
        if let Some(newest) = &self.newest {
            self.floor = later(before(newest, self.overlap), &self.floor);
        }
        self.recent = self.recent.split_off(digits(&self.floor));
        self.count = self.recent.values().map(FxHashSet::len).sum();
        self.sweep = (self.count * 2).clamp(FEW_IDS, MAX_IDS);
        if self.count <= MAX_IDS {
            return;
        }
        while self.count > MAX_IDS / 2
            && self.recent.len() > 1
            && let Some((_, ids)) = self.recent.pop_first()
        {
            self.count -= ids.len();
        }
        if let Some((oldest, _)) = self.recent.first_key_value() {
            self.floor = format!("{oldest}Z");
        }
    }
}

/// The service's time less a span, in whole seconds; the time itself if it is none.
fn before(time: &str, span: Duration) -> String {
    let earlier = DateTime::parse_from_rfc3339(time)
        .ok()
        .and_then(|time| time.to_utc().checked_sub_signed(TimeDelta::from_std(span).ok()?));
    match earlier {
        Some(earlier) if !span.is_zero() => earlier.to_rfc3339_opts(SecondsFormat::Secs, true),
        _ => time.to_owned(),
    }
}

fn later(a: String, b: &str) -> String {
    if order(&a, b) == Ordering::Less { b.to_owned() } else { a }
}

/// Compares two of the services' UTC times, whose fractions have any number of digits.
pub(super) fn order(a: &str, b: &str) -> Ordering {
    digits(a).cmp(digits(b))
}

fn digits(time: &str) -> &str {
    let time = time.trim_end_matches('Z');
    if time.contains('.') { time.trim_end_matches('0').trim_end_matches('.') } else { time }
}

fn parse_id(text: &str) -> Option<Id> {
    let number = u128::from_str_radix(text, 16).ok()?;
    (text.len() == 32).then(|| number.to_be_bytes())
}
