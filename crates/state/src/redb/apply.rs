//! Updates of an endpoint, written as a part of one durable step.

use ::redb::{ReadableTable, WriteTransaction};

use super::file::{DATASET, DEDUP, ENDPOINT, PROGRESS, RETRY, StateFile, TASK};
use super::read::task_key;
use super::remember::{hour_of, remember};
use crate::{DatasetUpdate, EndpointKey, StateUpdate};
use common::clock;
use common::error::Error;

/// The last number of an endpoint or a dataset, among the facts about the file.
const LAST_NUMBER: &str = "last_number";

impl StateFile {
    /// Adds the update of an endpoint to a step.
    pub(super) fn apply(&self, write: &WriteTransaction, key: &EndpointKey, update: StateUpdate) -> Result<(), Error> {
        let failed = |error: ::redb::StorageError| self.to_error(&error);
        let open = |error: ::redb::TableError| self.to_error(&error);
        let endpoint = self.number_endpoint(write, key)?;
        let StateUpdate { datasets, retry, put, done } = update;
        for (name, update) in datasets {
            self.apply_dataset(write, (endpoint, &name), update)?;
        }
        if let Some(retry) = retry {
            let mut table = write.open_table(RETRY).map_err(open)?;
            if retry.is_empty() {
                table.remove(endpoint).map_err(failed)?;
            } else {
                table.insert(endpoint, json(&retry)?.as_slice()).map_err(failed)?;
            }
        }
        if !put.is_empty() || !done.is_empty() {
            let mut table = write.open_table(TASK).map_err(open)?;
            for (kind, key) in done {
                table.remove(task_key(endpoint, &kind, &key).as_slice()).map_err(failed)?;
            }
            for task in put {
                let body = json(&task.body)?;
                table.insert(task_key(endpoint, &task.kind, &task.key).as_slice(), body.as_slice()).map_err(failed)?;
            }
        }
        Ok(())
    }

    fn apply_dataset(
        &self,
        write: &WriteTransaction,
        (endpoint, name): (u32, &str),
        update: DatasetUpdate,
    ) -> Result<(), Error> {
        let open = |error: ::redb::TableError| self.to_error(&error);
        let number = self.number_dataset(write, endpoint, name)?;
        let DatasetUpdate { progress, mut delivered } = update;
        if let Some(progress) = progress {
            let mut table = write.open_table(PROGRESS).map_err(open)?;
            table.insert(number, json(&progress)?.as_slice()).map_err(|error| self.to_error(&error))?;
        }
        if !delivered.is_empty() {
            delivered.sort_unstable();
            delivered.dedup();
            let mut table = write.open_table(DEDUP).map_err(open)?;
            remember(self, &mut table, number, (&delivered, hour_of(clock::now())))?;
        }
        Ok(())
    }

    /// The number of an endpoint; a new one if it has none.
    pub(super) fn number_endpoint(&self, write: &WriteTransaction, key: &EndpointKey) -> Result<u32, Error> {
        let mut table = write.open_table(ENDPOINT).map_err(|error| self.to_error(&error))?;
        let text = key.text();
        if let Some(number) = table.get(text.as_str()).map_err(|error| self.to_error(&error))? {
            return Ok(number.value());
        }
        let number = self.new_number(write)?;
        table.insert(text.as_str(), number).map_err(|error| self.to_error(&error))?;
        Ok(number)
    }

    /// The number of a dataset; a new one if it has none.
    pub(super) fn number_dataset(&self, write: &WriteTransaction, endpoint: u32, name: &str) -> Result<u32, Error> {
        let mut table = write.open_table(DATASET).map_err(|error| self.to_error(&error))?;
        if let Some(number) = table.get((endpoint, name)).map_err(|error| self.to_error(&error))? {
            return Ok(number.value());
        }
        let number = self.new_number(write)?;
        table.insert((endpoint, name), number).map_err(|error| self.to_error(&error))?;
        Ok(number)
    }

    fn new_number(&self, write: &WriteTransaction) -> Result<u32, Error> {
        // The last number is never given: ranges end before the next one.
        let number = self.next_number(write, LAST_NUMBER, u64::from(u32::MAX - 1))?;
        u32::try_from(number).map_err(|_| self.damaged("it has no number left for a source"))
    }
}

fn json<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|error| Error::Io(format!("state: {error}")))
}
