//! How far a dataset has come in a cycle.

use std::cmp::Ordering;
use std::time::Duration;

use crate::clock;
use crate::state::Progress;

/// Ids that are remembered at one cursor value.
const MAX_TIES: usize = 10_000;

/// The cursor of one dataset: where its cycle starts and where the next one will.
#[derive(Debug)]
pub(super) struct Cursor {
    from: String,
    newest: Option<String>,
    /// Ids at exactly the newest value.
    ties: Vec<[u8; 16]>,
    /// Ids of records whose time is not readable: the next poll may bring them again.
    undated: Vec<[u8; 16]>,
}

impl Cursor {
    /// Continues where the last acknowledged cycle ended, or looks back.
    pub(super) fn new(progress: Progress, lookback: Duration) -> Self {
        let ties = progress.seen.iter().filter_map(|text| parse_id(text)).collect();
        let from = progress.cursor.clone().unwrap_or_else(|| clock::ago(lookback));
        Self { from, newest: progress.cursor, ties, undated: Vec::new() }
    }

    /// The `$filter` literal: the service's own text, never a computed one.
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
        if self.newest.as_deref().is_none_or(|newest| order(newest, changed) == Ordering::Less) {
            self.newest = Some(changed.to_owned());
            self.ties.clear();
        }
    }

    /// A document (or rejection) of a record that changed then was handed over: it is remembered if the next poll reads
    /// the record again, which it does at the cursor, and always where the time is unknown.
    pub(super) fn remember(&mut self, changed: Option<&str>, id: [u8; 16]) {
        let list = match (changed, &self.newest) {
            (None, _) => &mut self.undated,
            (Some(changed), Some(newest)) if order(changed, newest) == Ordering::Equal => &mut self.ties,
            _ => return,
        };
        if list.len() < MAX_TIES {
            list.push(id);
        }
    }

    /// What is already in the output.
    pub(super) fn known(&self) -> &[[u8; 16]] {
        &self.ties
    }

    /// For the state file.
    pub(super) fn progress(&self) -> Progress {
        let ties: std::collections::BTreeSet<_> = self.ties.iter().chain(&self.undated).collect();
        let seen = ties.into_iter().map(|id| mapper::DocId(*id).to_string()).collect();
        Progress { cursor: self.newest.clone(), seen }
    }
}

/// Compares two of the services' UTC times, whose fractions have any number of digits.
pub(super) fn order(a: &str, b: &str) -> Ordering {
    digits(a).cmp(digits(b))
}

fn digits(time: &str) -> &str {
    let time = time.trim_end_matches('Z');
    if time.contains('.') { time.trim_end_matches('0').trim_end_matches('.') } else { time }
}

fn parse_id(text: &str) -> Option<[u8; 16]> {
    let number = u128::from_str_radix(text, 16).ok()?;
    (text.len() == 32).then(|| number.to_be_bytes())
}
