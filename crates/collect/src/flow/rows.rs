//! From the elements of a page to documents: what [`schema::Rows`] says, once for all datasets.

mod pipeline;
mod rejection_writer;
mod text;
mod waiting;

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use mapper::{Drift, FactsReader, Mapper, Reject, Rollup, Row};
use tempfile::SpooledTempFile;

use self::pipeline::{DatasetPipeline, RowContext, map_row};
use self::rejection_writer::RejectionWriter;
use self::text::{open_object, oversized_id, without_tenant};
pub(super) use self::waiting::{Nested, Waiting};
use super::outbox::Outbox;
use super::provenance::Provenance;
use super::spilled_items::SpilledItems;
use crate::record::{Record, RecordReader};
use common::error::Error;
use common::health::SourceHealth;
use config::{DatasetConfig, Delivery};
use json_stream::scalar_member;
use output::dead_letters::{DeadLetters, Raw};
use state::DedupKey;

/// The array that is split off the elements, if one is.
pub(super) fn nested_array(rows: schema::Rows) -> Option<&'static str> {
    match rows {
        schema::Rows::Elements | schema::Rows::Items(_) => None,
        schema::Rows::Rollup { nested, .. } => Some(nested),
        schema::Rows::Outer { outer, .. } => Some(outer),
    }
}

/// Paths of the properties that name a row of the array that is split off: what the row's own list says, or what names the
/// row among the properties that name a document.
fn nested_ids(definition: &schema::Definition) -> Vec<&'static str> {
    match definition.rows {
        schema::Rows::Elements | schema::Rows::Items(_) => Vec::new(),
        schema::Rows::Rollup { dataset, .. } => {
            match schema::dataset(dataset).map(|nested| nested.definition.source.collection) {
                Some(schema::Collection::List(list)) => list.record.id.to_vec(),
                _ => Vec::new(),
            }
        }
        schema::Rows::Outer { outer, .. } => {
            let within = |path: &&'static str| path.strip_prefix(outer)?.strip_prefix('.');
            definition.identity.iter().filter_map(within).filter(|path| !path.contains('.')).collect()
        }
    }
}

/// The rows of one source, and the datasets that are made of them.
pub(super) struct Rows {
    pipelines: Vec<DatasetPipeline>,
    framing: Framing,
    nested: Option<&'static str>,
    /// Paths of the properties that name a nested row.
    nested_ids: Vec<&'static str>,
    /// Finds what names a record.
    reader: RecordReader,
    /// Text of a row that is composed.
    composed: Vec<u8>,
    rejections: RejectionWriter,
    /// Nested rows of the next element that are not whole.
    waiting: Waiting,
}

enum Framing {
    /// The element is the row.
    Whole,
    /// The element without its nested rows, and what these say together.
    Rollup { dataset: &'static str, column: &'static str, reader: Box<FactsReader>, rollup: Box<Rollup> },
    /// One row per nested item, each with the element's other properties.
    Outer { outer: &'static str, spilled: SpilledItems, item: Vec<u8> },
}

impl Rows {
    pub(super) fn new(datasets: &[DatasetConfig], list: &schema::List, tenant: &str, dead: Arc<DeadLetters>) -> Self {
        let pipeline = |config: &DatasetConfig| {
            let mapper = Mapper::new(config.dataset);
            let schema::Definition { name, identity, .. } = config.dataset.definition;
            let ageless = !identity.contains(&list.record.changed);
            let of_items = matches!(config.dataset.definition.rows, schema::Rows::Items(_));
            DatasetPipeline { name, index: config.index, mapper, ageless, of_items }
        };
        let definition = &datasets[0].dataset.definition;
        let framing = match definition.rows {
            schema::Rows::Elements | schema::Rows::Items(_) => Framing::Whole,
            schema::Rows::Rollup { dataset, rollup: column, .. } => match schema::dataset(dataset) {
                Some(nested) => Framing::Rollup {
                    dataset,
                    column,
                    reader: Box::new(FactsReader::new(nested)),
                    rollup: Box::default(),
                },
                // A law over the catalog excludes this.
                None => Framing::Whole,
            },
            schema::Rows::Outer { outer, .. } => {
                Framing::Outer { outer, spilled: SpilledItems::default(), item: Vec::new() }
            }
        };
        let pipelines: Vec<_> = datasets.iter().map(pipeline).collect();
        Self {
            pipelines,
            framing,
            nested: nested_array(definition.rows),
            nested_ids: nested_ids(definition),
            reader: RecordReader::new(list),
            composed: Vec::new(),
            rejections: RejectionWriter { tenant: tenant.to_owned(), dead, health: None },
            waiting: Waiting::default(),
        }
    }

    /// What every document carries, and whether raw rows are kept where the tenant does not say it.
    pub(super) fn mark(&mut self, delivery: &Delivery, preserve_original: bool) {
        for DatasetPipeline { index, mapper, .. } in &mut self.pipelines {
            mapper.mark(Arc::new(delivery.marks(*index)));
            mapper.preserve_original(delivery.preserves_original(*index, preserve_original));
        }
    }

    /// Who hears of rejections.
    pub(super) fn report_to(&mut self, health: Arc<SourceHealth>) {
        self.rejections.health = Some(health);
    }

    /// Gives memory back, for the time until the next cycle.
    pub(super) fn rest(&mut self) {
        for pipeline in &mut self.pipelines {
            pipeline.mapper.rest();
        }
        self.composed = Vec::new();
        match &mut self.framing {
            Framing::Whole => {}
            Framing::Rollup { reader, rollup, .. } => {
                reader.rest();
                **rollup = Rollup::default();
            }
            Framing::Outer { spilled, item, .. } => {
                *spilled = SpilledItems::default();
                *item = Vec::new();
            }
        }
    }

    /// The array that the splitter takes out of the elements.
    pub(super) fn nested(&self) -> Option<&'static str> {
        self.nested
    }

    /// A page starts, perhaps again: what a broken one left behind belongs to no element.
    pub(super) fn begin_page(&mut self) -> Result<(), Error> {
        self.forget_nested().map_err(|error| spill_error(&error))
    }

    /// Paths of the properties that name a nested row.
    pub(super) fn nested_ids(&self) -> &[&'static str] {
        &self.nested_ids
    }

    /// Finds what names a record.
    pub(super) fn records(&self) -> RecordReader {
        self.reader
    }

    /// An item of the nested array arrived; its element follows.
    pub(super) fn nested_row(&mut self, row: &[u8]) -> Result<(), Error> {
        match &mut self.framing {
            Framing::Whole => Ok(()),
            Framing::Rollup { dataset, reader, rollup, .. } => {
                // Only what it says is wanted here: its document comes from the dataset's own source.
                match reader.read(row) {
                    Ok(facts) => rollup.add(facts),
                    Err(reject) => {
                        rollup.reject();
                        self.rejections.keep(dataset, &reject, Raw::Bytes(row))?;
                    }
                }
                Ok(())
            }
            Framing::Outer { spilled, .. } => spilled.push(row).map_err(|error| spill_error(&error)),
        }
    }

    /// The nested array stands in its element once more: the last one counts.
    pub(super) fn nested_again(&mut self) -> Result<(), Error> {
        if let (Some(name), Some(pipeline)) = (self.nested, self.pipelines.first_mut()) {
            pipeline.mapper.note("duplicate_key", name);
        }
        self.forget_nested().map_err(|error| spill_error(&error))
    }

    /// The nested rows that are still in their element, because it is no JSON that the splitter follows: a sum without
    /// them would be wrong.
    fn take_unsplit(&mut self, element: &[u8]) -> Result<(), Error> {
        let (Some(name), Framing::Rollup { .. }) = (self.nested, &self.framing) else { return Ok(()) };
        if memchr::memmem::find(element, format!("\"{name}\"").as_bytes()).is_none() {
            return Ok(());
        }
        let Ok(row) = Row::parse(element) else { return Ok(()) };
        row.elements(name).try_for_each(|nested| self.nested_row(nested.as_bytes()))
    }

    /// An element is complete.
    pub(super) async fn element(
        &mut self,
        record: &Record<'_>,
        provenance: Provenance,
        outbox: &mut Outbox,
    ) -> Result<(), Error> {
        let element = record.row;
        let (changed, created) = (record.version.as_deref(), record.created.as_deref());
        self.take_unsplit(element)?;
        outbox.begin_element();
        let mut context = RowContext { changed, created, provenance, outbox };
        match &mut self.framing {
            Framing::Rollup { .. } if provenance.is_partial() => {
                map_row(&mut self.pipelines, &self.rejections, element, &mut context).await
            }
            Framing::Whole => map_row(&mut self.pipelines, &self.rejections, element, &mut context).await,
            Framing::Rollup { column, rollup, .. } => {
                self.composed.clear();
                open_object(&mut self.composed, element, column);
                std::mem::take(&mut **rollup).write(&mut self.composed);
                self.composed.push(b'}');
                map_row(&mut self.pipelines, &self.rejections, &self.composed, &mut context).await
            }
            Framing::Outer { outer, spilled, item } => {
                let count = spilled.rewind().map_err(|error| spill_error(&error))?;
                let element = &*without_tenant(element, &self.rejections.tenant);
                for place in 0..count.max(1) {
                    self.composed.clear();
                    open_object(&mut self.composed, element, "tenantId");
                    // The legacy API's records do not say whose they are; ids of documents are made of what we say.
                    self.composed.push(b'"');
                    self.composed.extend_from_slice(self.rejections.tenant.as_bytes());
                    self.composed.push(b'"');
                    if place < count {
                        item.clear();
                        spilled.read(item).map_err(|error| spill_error(&error))?;
                        self.composed.extend_from_slice(b",\"");
                        self.composed.extend_from_slice(outer.as_bytes());
                        self.composed.extend_from_slice(b"\":");
                        self.composed.extend_from_slice(item);
                    }
                    self.composed.push(b'}');
                    map_row(&mut self.pipelines, &self.rejections, &self.composed, &mut context).await?;
                    context.outbox.relieve().await?;
                }
                spilled.clear().map_err(|error| spill_error(&error))
            }
        }
    }

    /// A row is longer than the limit. Returns the version of its record, if it is one.
    pub(super) async fn too_large(
        &mut self,
        nested: bool,
        mut raw: SpooledTempFile,
        length: u64,
        outbox: &mut Outbox,
    ) -> Result<Option<String>, Error> {
        let mut head = Vec::new();
        let read = io::Seek::rewind(&mut raw)
            .and_then(|()| io::Read::read_to_end(&mut io::Read::take(&mut raw, 64 * 1024), &mut head));
        read.map_err(|error| spill_error(&error))?;
        let label = if nested {
            self.nested_ids.iter().find_map(|name| scalar_member(&head, name).map(Cow::into_owned))
        } else {
            self.reader.label(&head)
        };
        let reject = Reject {
            reason: "too_large",
            detail: format!("row of {length} bytes, at most {} are accepted", json_stream::MAX_ROW),
            record: label,
        };
        let record = self.reader.read(&head);
        let changed = record.version.as_deref();
        let key = DedupKey::new(changed, oversized_id(&head, length));
        let mut fresh = true;
        for dataset in 0..self.pipelines.len() {
            fresh = outbox.is_new(dataset, key).await?;
        }
        let dataset = match &mut self.framing {
            Framing::Rollup { dataset, rollup, .. } if nested => {
                rollup.reject();
                dataset
            }
            _ => self.pipelines[0].name,
        };
        if fresh {
            self.rejections.keep(dataset, &reject, Raw::File(raw))?;
        }
        if nested {
            return Ok(None);
        }
        let version = changed.map(str::to_owned);
        self.lose_parent(&reject)?;
        Ok(version)
    }

    /// What was new in the rows since the last call.
    pub(super) fn take_drift(&mut self) -> Vec<Drift> {
        self.pipelines.iter_mut().flat_map(|pipeline| pipeline.mapper.take_drift()).collect()
    }

    /// The element of the waiting items gives no document: they are kept beside it.
    fn lose_parent(&mut self, parent: &Reject) -> Result<(), Error> {
        if let Framing::Outer { spilled, item, .. } = &mut self.framing {
            for _ in 0..spilled.rewind().map_err(|error| spill_error(&error))? {
                item.clear();
                spilled.read(item).map_err(|error| spill_error(&error))?;
                let reject = Reject {
                    reason: "parent_too_large",
                    detail: format!("its incident is a {}", parent.detail),
                    record: parent.record.clone(),
                };
                self.rejections.keep(self.pipelines[0].name, &reject, Raw::Bytes(item))?;
            }
        }
        self.forget_nested().map_err(|error| spill_error(&error))
    }

    fn forget_nested(&mut self) -> io::Result<()> {
        self.waiting = Waiting::default();
        match &mut self.framing {
            Framing::Whole => Ok(()),
            Framing::Rollup { rollup, .. } => {
                **rollup = Rollup::default();
                Ok(())
            }
            Framing::Outer { spilled, .. } => spilled.clear(),
        }
    }
}

fn spill_error(error: &io::Error) -> Error {
    Error::io("temporary file for nested rows", error)
}
