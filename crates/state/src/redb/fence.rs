//! Who holds an endpoint.

use ::redb::{ReadableTable, WriteTransaction};

use super::file::{FENCE, META, StateFile};
use crate::store::fenced;
use crate::{EndpointKey, Fence};
use common::error::Error;

/// Name of the largest fence ever given, among the facts about the file.
const LAST_FENCE: &str = "last_fence";

impl StateFile {
    /// Who holds the endpoint now.
    pub(super) fn holder(&self, endpoint: &EndpointKey) -> Result<Option<Fence>, Error> {
        let read = self.read()?;
        let Some(table) = self.table(&read, FENCE)? else { return Ok(None) };
        let held = table.get(endpoint.text().as_str()).map_err(|error| self.to_error(&error))?;
        Ok(held.map(|held| Fence(held.value())))
    }

    /// Refuses a fence that does not hold all of the endpoints.
    pub(super) fn check_fence<'a>(
        &self,
        write: &WriteTransaction,
        endpoints: impl Iterator<Item = &'a EndpointKey>,
        fence: Fence,
    ) -> Result<(), Error> {
        let table = write.open_table(FENCE).map_err(|error| self.to_error(&error))?;
        for endpoint in endpoints {
            let held = table.get(endpoint.text().as_str()).map_err(|error| self.to_error(&error))?;
            let holder = held.map(|held| Fence(held.value()));
            if holder != Some(fence) {
                return Err(fenced(endpoint, fence, holder));
            }
        }
        Ok(())
    }

    /// Gives the endpoints a new holder.
    pub(super) fn take_over(&self, write: &WriteTransaction, endpoints: &[EndpointKey]) -> Result<Fence, Error> {
        let fence = Fence(self.next_number(write, LAST_FENCE, u64::MAX)?);
        let mut table = write.open_table(FENCE).map_err(|error| self.to_error(&error))?;
        for endpoint in endpoints {
            table.insert(endpoint.text().as_str(), fence.0).map_err(|error| self.to_error(&error))?;
        }
        Ok(fence)
    }

    /// Counts up a number among the facts about the file, and returns what it is then: 1 for the first time.
    pub(super) fn next_number(&self, write: &WriteTransaction, name: &str, most: u64) -> Result<u64, Error> {
        let mut meta = write.open_table(META).map_err(|error| self.to_error(&error))?;
        let last = meta.get(name).map_err(|error| self.to_error(&error))?.map(|last| last.value().parse::<u64>());
        let last = last.transpose().map_err(|_| self.damaged(&format!("its fact {name} is no number")))?.unwrap_or(0);
        let next = last.checked_add(1).filter(|next| *next <= most);
        let next = next.ok_or_else(|| self.damaged(&format!("its fact {name} is too large: {last}")))?;
        meta.insert(name, next.to_string().as_str()).map_err(|error| self.to_error(&error))?;
        Ok(next)
    }
}
