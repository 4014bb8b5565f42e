//! Reading what the file holds, as of a moment. All of this blocks.

use std::collections::BTreeMap;

use ::redb::ReadTransaction;

use super::file::{DATASET, ENDPOINT, PROGRESS, RETRY, StateFile, TASK};
use crate::{EndpointKey, Progress, RetryItem, Task};
use common::error::Error;

impl StateFile {
    /// Number of an endpoint; `None` before its first commit.
    pub(super) fn endpoint(&self, read: &ReadTransaction, key: &EndpointKey) -> Result<Option<u32>, Error> {
        let Some(table) = self.table(read, ENDPOINT)? else { return Ok(None) };
        let number = table.get(key.text().as_str()).map_err(|error| self.to_error(&error))?;
        Ok(number.map(|number| number.value()))
    }

    /// The endpoints with their numbers, sorted.
    pub(super) fn endpoints(&self, read: &ReadTransaction) -> Result<BTreeMap<EndpointKey, u32>, Error> {
        let mut numbers = BTreeMap::new();
        let Some(table) = self.table(read, ENDPOINT)? else { return Ok(numbers) };
        for item in table.range::<&str>(..).map_err(|error| self.to_error(&error))? {
            let (key, number) = item.map_err(|error| self.to_error(&error))?;
            let key = EndpointKey::parse(key.value()).ok_or_else(|| self.damaged("an endpoint has no name"))?;
            numbers.insert(key, number.value());
        }
        Ok(numbers)
    }

    /// Number of a dataset of an endpoint; `None` before its first commit.
    pub(super) fn dataset(&self, read: &ReadTransaction, endpoint: u32, name: &str) -> Result<Option<u32>, Error> {
        let Some(table) = self.table(read, DATASET)? else { return Ok(None) };
        let number = table.get((endpoint, name)).map_err(|error| self.to_error(&error))?;
        Ok(number.map(|number| number.value()))
    }

    /// The datasets of an endpoint with their numbers, sorted.
    pub(super) fn datasets(&self, read: &ReadTransaction, endpoint: u32) -> Result<Vec<(String, u32)>, Error> {
        let mut numbers = Vec::new();
        let Some(table) = self.table(read, DATASET)? else { return Ok(numbers) };
        for item in table.range((endpoint, "")..).map_err(|error| self.to_error(&error))? {
            let (key, number) = item.map_err(|error| self.to_error(&error))?;
            let (of, name) = key.value();
            if of != endpoint {
                break;
            }
            numbers.push((name.to_owned(), number.value()));
        }
        Ok(numbers)
    }

    /// Progress of a dataset.
    pub(super) fn progress(&self, read: &ReadTransaction, dataset: u32) -> Result<Option<Progress>, Error> {
        let Some(table) = self.table(read, PROGRESS)? else { return Ok(None) };
        let text = table.get(dataset).map_err(|error| self.to_error(&error))?;
        text.map(|text| self.json(text.value())).transpose()
    }

    /// The retry queue of an endpoint.
    pub(super) fn retry(&self, read: &ReadTransaction, endpoint: u32) -> Result<Vec<RetryItem>, Error> {
        let Some(table) = self.table(read, RETRY)? else { return Ok(Vec::new()) };
        let text = table.get(endpoint).map_err(|error| self.to_error(&error))?;
        text.map(|text| self.json(text.value())).transpose().map(Option::unwrap_or_default)
    }

    /// At most `limit` tasks of a kind.
    pub(super) fn tasks(
        &self,
        read: &ReadTransaction,
        endpoint: u32,
        kind: &str,
        limit: usize,
    ) -> Result<Vec<Task>, Error> {
        let prefix = task_key(endpoint, kind, b"");
        let mut tasks = Vec::new();
        let Some(table) = self.table(read, TASK)? else { return Ok(tasks) };
        for item in table.range::<&[u8]>(prefix.as_slice()..).map_err(|error| self.to_error(&error))?.take(limit) {
            let (key, body) = item.map_err(|error| self.to_error(&error))?;
            let Some(key) = key.value().strip_prefix(prefix.as_slice()) else { break };
            tasks.push(Task { kind: kind.to_owned(), key: key.to_vec(), body: self.json(body.value())? });
        }
        Ok(tasks)
    }

    /// The tasks of an endpoint, of every kind.
    pub(super) fn every_task(
        &self,
        read: &ReadTransaction,
        endpoint: u32,
        each: &mut dyn FnMut(Task) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(table) = self.table(read, TASK)? else { return Ok(()) };
        let prefix = endpoint.to_be_bytes();
        for item in table.range::<&[u8]>(prefix.as_slice()..).map_err(|error| self.to_error(&error))? {
            let (key, body) = item.map_err(|error| self.to_error(&error))?;
            let Some(key) = key.value().strip_prefix(prefix.as_slice()) else { break };
            let parts = key.iter().position(|byte| *byte == 0).map(|nul| (&key[..nul], &key[nul + 1..]));
            let (kind, key) = parts.ok_or_else(|| self.damaged("a task has no name"))?;
            let kind = String::from_utf8_lossy(kind).into_owned();
            each(Task { kind, key: key.to_vec(), body: self.json(body.value())? })?;
        }
        Ok(())
    }
}

/// Key of a task in the file.
pub(super) fn task_key(endpoint: u32, kind: &str, key: &[u8]) -> Vec<u8> {
    [&endpoint.to_be_bytes()[..], kind.as_bytes(), b"\0", key].concat()
}
