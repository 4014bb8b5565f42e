//! The datasets of a source: one row to the documents of each.

use mapper::Mapper;

use super::super::outbox::{Document, Outbox};
use super::super::provenance::Provenance;
use super::rejection_writer::RejectionWriter;
use super::text::{amended_id, rejection_id};
use common::error::Error;
use output::dead_letters::Raw;
use state::DedupKey;

/// One dataset.
pub(super) struct DatasetPipeline {
    pub(super) name: &'static str,
    pub(super) index: u16,
    pub(super) mapper: Mapper,
    /// Its ids name no version: a document outlives changes of its record, so the dedup index keeps it by the record's age.
    pub(super) ageless: bool,
    /// A document for each of the record's items: later ones join the earlier, none is amended.
    pub(super) of_items: bool,
}

/// What goes with a row.
pub(super) struct RowContext<'a> {
    pub(super) changed: Option<&'a str>,
    pub(super) created: Option<&'a str>,
    pub(super) provenance: Provenance,
    pub(super) outbox: &'a mut Outbox,
}

/// One row to the documents of every dataset.
pub(super) async fn map_row(
    pipelines: &mut [DatasetPipeline],
    rejections: &RejectionWriter,
    bytes: &[u8],
    context: &mut RowContext<'_>,
) -> Result<(), Error> {
    let RowContext { changed, created, provenance, ref mut outbox } = *context;
    let Some(first) = pipelines.first() else { return Ok(()) };
    let row = first.mapper.index(bytes);
    let audience = provenance.audience;
    for (dataset, pipeline) in pipelines.iter_mut().enumerate() {
        let DatasetPipeline { name, index, mapper, ageless, of_items } = pipeline;
        if provenance.is_listed() && audience.is_past(dataset) {
            continue;
        }
        let since = if *ageless { created.or(changed) } else { changed };
        let is_late = provenance.is_listed() && audience.is_late(dataset);
        let is_amended = provenance.is_amended() && !*of_items;
        let mut rejected = Vec::new();
        match &row {
            Ok(row) => mapper.map_items(row, &mut |result| match result {
                Ok((id, json)) => {
                    let id = if is_amended { amended_id(id) } else { id };
                    let key = DedupKey::new(since, id.0);
                    outbox.push(Document { dataset, index: *index, id, key, json, is_late });
                }
                Err(reject) => rejected.push(reject),
            }),
            Err(reject) => rejected.push(reject.clone()),
        }
        for reject in rejected {
            let key = DedupKey::new(changed, rejection_id(bytes, reject.reason));
            if outbox.is_new(dataset, key).await? {
                rejections.keep(name, &reject, Raw::Bytes(bytes))?;
            }
        }
    }
    Ok(())
}
