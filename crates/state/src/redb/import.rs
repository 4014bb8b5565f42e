//! Reading an export into a state file.

use std::io::BufRead;

use ::redb::WriteTransaction;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::file::{DEDUP, FORMAT, StateFile};
use super::offline::Line;
use super::remember::remember;
use crate::{DatasetUpdate, DedupKey, EndpointKey, MinuteBucket, Progress, RetryItem, StateUpdate, Task};
use common::clock;
use common::error::Error;

/// Reads an export, all of it or nothing. Returns the number of datasets.
pub(super) fn import(file: &StateFile, input: &mut dyn BufRead, replace: bool) -> Result<u64, Error> {
    let write = file.write()?;
    let mut import = Import {
        file,
        write: &write,
        replace,
        endpoint: None,
        dataset: None,
        taken: Vec::new(),
        endpoints: 0,
        datasets: 0,
        has_ended: false,
    };
    let mut count = 0_u64;
    for line in input.lines() {
        count += 1;
        let refused = |what: &dyn std::fmt::Display| Error::Permanent(format!("export, line {count}: {what}"));
        let line = line.map_err(|error| refused(&error))?;
        if line.trim().is_empty() {
            continue;
        }
        let line: Line = serde_json::from_str(&line).map_err(|error| refused(&error))?;
        import.take(line, count == 1).map_err(|error| match error {
            Error::Permanent(what) => refused(&what),
            other => other,
        })?;
    }
    let Import { datasets, has_ended, .. } = import;
    if !has_ended {
        return Err(Error::Permanent(
            "the export ends too early, nothing was taken over\nhint: it is complete with a last line `end`".to_owned(),
        ));
    }
    write.commit().map_err(|error| file.to_error(&error))?;
    Ok(datasets)
}

/// An import on its way.
struct Import<'a> {
    file: &'a StateFile,
    write: &'a WriteTransaction,
    replace: bool,
    /// The endpoint that the lines belong to, with its number, and the dataset of it.
    endpoint: Option<(EndpointKey, u32)>,
    dataset: Option<u32>,
    /// What was taken over: an export that people put together may name an endpoint in two spellings.
    taken: Vec<(EndpointKey, Taken)>,
    endpoints: u64,
    datasets: u64,
    has_ended: bool,
}

/// What was taken over of an endpoint.
#[derive(Default)]
struct Taken {
    retry: Vec<RetryItem>,
    datasets: Vec<(String, Progress)>,
}

impl Import<'_> {
    fn take(&mut self, line: Line, is_first: bool) -> Result<(), Error> {
        if is_first != matches!(line, Line::Head { .. }) || self.has_ended {
            return refused("this is no export of the state; its first line is `head`, its last `end`");
        }
        match (line, &self.endpoint, self.dataset) {
            (Line::Head { format, .. }, ..) => check_format(format),
            (Line::Endpoint { key, retry }, ..) => self.begin_endpoint(&key, retry),
            (Line::Task { kind, key, body }, Some((endpoint, _)), _) => {
                let Ok(key) = STANDARD.decode(key) else { return refused("the task's key is no Base64") };
                if kind.contains('\0') {
                    return refused("the task's kind holds a NUL");
                }
                let put = vec![Task { kind, key, body }];
                self.file.apply(self.write, endpoint, StateUpdate { put, ..StateUpdate::default() })
            }
            (Line::Dataset { name, progress }, Some((endpoint, number)), _) => {
                let (endpoint, number) = (endpoint.clone(), *number);
                self.begin_dataset(&endpoint, number, (name, progress))
            }
            (Line::Ids { minute, written, ids }, _, Some(dataset)) => {
                let bytes = STANDARD.decode(ids).unwrap_or_default();
                let (ids, []) = bytes.as_chunks::<8>() else { return refused("the ids are cut off") };
                if ids.is_empty() {
                    return refused("the ids are no Base64");
                }
                let key = |id: &[u8; 8]| DedupKey { minute: MinuteBucket(minute), id: u64::from_be_bytes(*id) };
                let mut keys: Vec<_> = ids.iter().map(key).collect();
                keys.sort_unstable();
                keys.dedup();
                let mut table = self.write.open_table(DEDUP).map_err(|error| self.file.to_error(&error))?;
                remember(self.file, &mut table, dataset, (&keys, written))
            }
            (Line::End { endpoints, sources }, ..) => {
                let read = (self.endpoints, self.datasets);
                if read != (endpoints, sources) {
                    return refused(&format!(
                        "there were {endpoints} endpoints with {sources} datasets, {} with {} were read",
                        read.0, read.1
                    ));
                }
                self.has_ended = true;
                Ok(())
            }
            (Line::Task { .. } | Line::Dataset { .. }, None, _) => refused("it belongs to no endpoint"),
            (Line::Ids { .. }, _, None) => refused("it belongs to no dataset"),
        }
    }

    fn begin_endpoint(&mut self, key: &EndpointKey, retry: Vec<RetryItem>) -> Result<(), Error> {
        let key = key.canonical();
        if !key.is_valid() {
            return refused("an endpoint has no name");
        }
        let known = self.taken.iter_mut().find(|(taken, _)| *taken == key);
        let retry = if let Some((_, taken)) = known {
            taken.retry = both(std::mem::take(&mut taken.retry), retry);
            taken.retry.clone()
        } else {
            self.replace(&key)?;
            self.taken.push((key.clone(), Taken { retry: retry.clone(), datasets: Vec::new() }));
            retry
        };
        self.file.apply(self.write, &key, StateUpdate { retry: Some(retry), ..StateUpdate::default() })?;
        let number = self.file.number_endpoint(self.write, &key)?;
        self.endpoint = Some((key, number));
        self.dataset = None;
        self.endpoints += 1;
        Ok(())
    }

    /// Makes room for an endpoint, or refuses to.
    fn replace(&self, key: &EndpointKey) -> Result<(), Error> {
        if self.file.endpoint(&self.file.read()?, key)?.is_none() {
            return Ok(());
        }
        if !self.replace {
            return refused(&format!(
                "{key} is known here already, nothing was taken over\nhint: --force replaces what is known of it"
            ));
        }
        self.file.forget(self.write, key, None)
    }

    fn begin_dataset(
        &mut self,
        endpoint: &EndpointKey,
        number: u32,
        (name, progress): (String, Option<Progress>),
    ) -> Result<(), Error> {
        let name = name.trim().to_ascii_lowercase();
        if name.is_empty() {
            return refused("a dataset has no name");
        }
        let mut progress = progress;
        if let Some((_, taken)) = self.taken.iter_mut().find(|(taken, _)| taken == endpoint) {
            match taken.datasets.iter_mut().find(|(taken, _)| *taken == name) {
                Some((_, known)) => {
                    let joined = older(std::mem::take(known), progress.unwrap_or_default());
                    known.clone_from(&joined);
                    progress = Some(joined);
                }
                None => taken.datasets.push((name.clone(), progress.clone().unwrap_or_default())),
            }
        }
        let update = StateUpdate::of(&name, DatasetUpdate { progress, delivered: Vec::new() });
        self.file.apply(self.write, endpoint, update)?;
        self.dataset = Some(self.file.number_dataset(self.write, number, &name)?);
        self.datasets += 1;
        Ok(())
    }
}

fn check_format(format: u32) -> Result<(), Error> {
    if format > FORMAT {
        return refused(&format!("format {format}, this program knows format {FORMAT}; use the newer program"));
    }
    if format < FORMAT {
        return refused(&format!(
            "format {format} belongs to a version before the first release, this program does not read it\nhint: start with \
             an empty state directory; every dataset then starts again at its look-back"
        ));
    }
    Ok(())
}

fn refused<T>(what: &str) -> Result<T, Error> {
    Err(Error::Permanent(what.to_owned()))
}

/// The progress of the one that is behind, from where the earlier one began: what either has delivered is known, and reading
/// goes on where the one that is behind ended.
fn older(a: Progress, b: Progress) -> Progress {
    let reached = |progress: &Progress| progress.cursor.clone().or_else(|| progress.floor.clone()).unwrap_or_default();
    let floor = match (&a.floor, &b.floor) {
        (Some(one), Some(other)) if clock::order(one, other).is_le() => a.floor.clone(),
        (None, _) => a.floor.clone(),
        _ => b.floor.clone(),
    };
    let guessed = a.guessed || b.guessed;
    let behind = if clock::order(&reached(&a), &reached(&b)).is_le() { a } else { b };
    Progress { floor, guessed, ..behind }
}

/// What is in either of two retry queues.
fn both(mut known: Vec<RetryItem>, more: Vec<RetryItem>) -> Vec<RetryItem> {
    for item in more {
        if !known.iter().any(|other| (other.kind, &other.id) == (item.kind, &item.id)) {
            known.push(item);
        }
    }
    known
}
