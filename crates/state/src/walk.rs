//! Everything that the file holds of its sources, one thing at a time.

use redb::ReadTransaction;

use super::db::{Db, LEDGER, SOURCE, TASK, source_range};
use super::{SourceKey, Task};
use common::error::Fault;

impl Db {
    /// The sources with their numbers, sorted.
    pub(super) fn numbers(&self, read: &ReadTransaction) -> Result<Vec<(SourceKey, u32)>, Fault> {
        let mut numbers = Vec::new();
        let Some(table) = self.table(read, SOURCE)? else { return Ok(numbers) };
        for item in table.range::<&str>(..).map_err(|error| self.fault(&error))? {
            let (key, number) = item.map_err(|error| self.fault(&error))?;
            let key = SourceKey::parse(key.value()).ok_or_else(|| self.damaged("a source has no name"))?;
            numbers.push((key, number.value()));
        }
        Ok(numbers)
    }

    /// The leaves of a source's ledger.
    pub(super) fn chunks(
        &self,
        read: &ReadTransaction,
        number: u32,
        each: &mut dyn FnMut(&[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let Some(table) = self.table(read, LEDGER)? else { return Ok(()) };
        let (first, last) = source_range(number);
        for item in table.range::<&[u8; 16]>(&first..=&last).map_err(|error| self.fault(&error))? {
            each(item.map_err(|error| self.fault(&error))?.1.value())?;
        }
        Ok(())
    }

    /// The tasks of a source, of every kind.
    pub(super) fn every_task(
        &self,
        read: &ReadTransaction,
        number: u32,
        each: &mut dyn FnMut(Task) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let Some(table) = self.table(read, TASK)? else { return Ok(()) };
        let prefix = number.to_be_bytes();
        for item in table.range::<&[u8]>(prefix.as_slice()..).map_err(|error| self.fault(&error))? {
            let (key, body) = item.map_err(|error| self.fault(&error))?;
            let Some(key) = key.value().strip_prefix(prefix.as_slice()) else { break };
            let parts = key.iter().position(|byte| *byte == 0).map(|nul| (&key[..nul], &key[nul + 1..]));
            let (kind, key) = parts.ok_or_else(|| self.damaged("a task has no name"))?;
            let kind = String::from_utf8_lossy(kind).into_owned();
            each(Task { kind, key: key.to_vec(), body: self.json(body.value())? })?;
        }
        Ok(())
    }
}
