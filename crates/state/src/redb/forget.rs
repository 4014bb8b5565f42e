//! Forgetting what is stored of endpoints.

use ::redb::{ReadableTable, WriteTransaction};

use super::dedup_index::chunk_range;
use super::file::{DATASET, DEDUP, ENDPOINT, FENCE, PROGRESS, RETRY, StateFile, TASK};
use crate::EndpointKey;
use common::error::Error;

impl StateFile {
    /// Forgets a dataset of an endpoint; where none is named, and where no dataset is left, everything of the endpoint.
    pub(super) fn forget(
        &self,
        write: &WriteTransaction,
        key: &EndpointKey,
        dataset: Option<&str>,
    ) -> Result<(), Error> {
        let failed = |error: ::redb::StorageError| self.to_error(&error);
        let open = |error: ::redb::TableError| self.to_error(&error);
        let text = key.text();
        let known = write.open_table(ENDPOINT).map_err(open)?.get(text.as_str()).map_err(failed)?.map(|it| it.value());
        let Some(endpoint) = known else { return Ok(()) };
        let mut datasets = write.open_table(DATASET).map_err(open)?;
        let (mut forgotten, mut is_used) = (Vec::new(), false);
        let range = (endpoint, "")..(endpoint + 1, "");
        for item in datasets.range(range).map_err(failed)? {
            let (found, number) = item.map_err(failed)?;
            let (_, name) = found.value();
            if dataset.is_none_or(|dataset| dataset == name) {
                forgotten.push((name.to_owned(), number.value()));
            } else {
                is_used = true;
            }
        }
        for (name, number) in forgotten {
            datasets.remove((endpoint, name.as_str())).map_err(failed)?;
            write.open_table(PROGRESS).map_err(open)?.remove(number).map_err(failed)?;
            let (first, last) = chunk_range(number);
            let mut chunks = write.open_table(DEDUP).map_err(open)?;
            chunks.retain_in::<&[u8; 16], _>(&first..=&last, |_, _| false).map_err(failed)?;
        }
        if is_used {
            return Ok(());
        }
        write.open_table(ENDPOINT).map_err(open)?.remove(text.as_str()).map_err(failed)?;
        write.open_table(FENCE).map_err(open)?.remove(text.as_str()).map_err(failed)?;
        write.open_table(RETRY).map_err(open)?.remove(endpoint).map_err(failed)?;
        let (first, next) = (endpoint.to_be_bytes(), (endpoint + 1).to_be_bytes());
        let mut tasks = write.open_table(TASK).map_err(open)?;
        tasks.retain_in::<&[u8], _>(first.as_slice()..next.as_slice(), |_, _| false).map_err(failed)
    }
}
