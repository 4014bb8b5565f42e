//! The datasets of a source: one row to the documents of each.

use mapper::{Mapper, Reject};

use super::super::deduplicator::Deduplicator;
use super::super::provenance::Provenance;
use super::rejection_writer::RejectionWriter;
use super::text::{amended_id, rejection_id};
use common::error::Error;
use output::BatchWriter;
use output::dead_letters::Raw;

/// One dataset.
pub(super) struct DatasetPipeline {
    pub(super) name: &'static str,
    pub(super) index: u16,
    pub(super) mapper: Mapper,
    /// Its ids name no version: a document outlives changes of its record, so the dedup index keeps it by the record's age.
    pub(super) ageless: bool,
    /// A document for each of the record's items: later ones join the earlier, none is amended.
    pub(super) of_items: bool,
    /// Since the first cycle began.
    pub(super) seen: Option<Deduplicator>,
}

/// What goes with a row.
pub(super) struct RowContext<'a> {
    pub(super) changed: Option<&'a str>,
    pub(super) created: Option<&'a str>,
    pub(super) provenance: Provenance,
    pub(super) outbox: &'a mut BatchWriter,
    /// It gave a document that an earlier cycle should have given.
    pub(super) is_late: bool,
}

/// One row to the documents of every dataset.
pub(super) fn map_row(
    pipelines: &mut [DatasetPipeline],
    rejections: &RejectionWriter,
    bytes: &[u8],
    context: &mut RowContext<'_>,
) -> Result<(), Error> {
    let RowContext { changed, provenance, .. } = *context;
    let Some(first) = pipelines.first() else { return Ok(()) };
    let row = first.mapper.index(bytes);
    for (dataset, DatasetPipeline { name, index, mapper, ageless, of_items, seen }) in pipelines.iter_mut().enumerate()
    {
        let Some(seen) = seen else { continue };
        if provenance.is_listed() && provenance.audience.is_past(dataset) {
            continue;
        }
        let since = if *ageless { context.created.or(changed) } else { changed };
        let mut kept = Ok(());
        let reject = |reject: &Reject, seen: &mut Deduplicator| {
            let id = rejection_id(bytes, reject.reason);
            if seen.insert(changed, id)? { rejections.keep(name, reject, Raw::Bytes(bytes)) } else { Ok(()) }
        };
        match &row {
            Ok(row) => mapper.map_items(row, &mut |result| {
                let done = match result {
                    Ok((id, document)) => {
                        let is_amended = provenance.is_amended() && !*of_items;
                        let id = if is_amended { amended_id(id) } else { id };
                        seen.insert(since, id.0).map(|is_new| {
                            if is_new {
                                context.is_late |= provenance.is_listed() && provenance.audience.is_late(dataset);
                                context.outbox.push(*index, id, document);
                            }
                        })
                    }
                    Err(rejected) => reject(&rejected, seen),
                };
                if kept.is_ok() {
                    kept = done;
                }
            }),
            Err(rejected) => kept = reject(rejected, seen),
        }
        kept?;
    }
    Ok(())
}
