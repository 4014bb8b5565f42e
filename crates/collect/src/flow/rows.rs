//! From the elements of a page to documents: what [`schema::Rows`] says, once for all datasets.

mod hold;
mod letters;
mod text;

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use mapper::{Drift, Mapper, Marks, Reject, Rollup, Row};
use tempfile::SpooledTempFile;

pub(super) use self::hold::{Nested, Waiting};
use self::letters::Letters;
use self::text::{amended_id, open_object, oversized_id, rejection_id, without_tenant};
use super::kinds::Audience;
use super::seen::Seen;
use super::spool::Spool;
use crate::config::DatasetConfig;
use crate::record::{Record, RecordReader};
use crate::splitter::scalar_member;
use common::error::Fault;
use common::health::SourceHealth;
use output::BatchWriter;
use output::dead_letters::{DeadLetters, Raw};

/// So many ids may wait in any source.
const FEW_IDS: usize = if cfg!(test) { 50 } else { 500 };

/// The array that is split off the elements, if one is.
pub(super) fn nested_array(rows: schema::Rows) -> Option<&'static str> {
    match rows {
        schema::Rows::Elements | schema::Rows::Items(_) => None,
        schema::Rows::Rollup { nested, .. } => Some(nested),
        schema::Rows::Outer { outer, .. } => Some(outer),
    }
}

/// How much of a record an element holds, and what it is to the listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// Its nested rows could not be read: the summary stays out.
    Partial,
    /// All of it, read apart from the listing: it may be older than the window.
    Apart,
    /// Without its nested rows, apart from the listing.
    PartialApart,
    /// All of it, after it was delivered without its nested rows. A data stream takes no second document of the same id,
    /// so this one has another.
    Amended,
}

impl Extent {
    fn is_partial(self) -> bool {
        matches!(self, Extent::Partial | Extent::PartialApart)
    }

    /// The listing has come to it in its window.
    fn is_listed(self) -> bool {
        matches!(self, Extent::Whole | Extent::Partial)
    }
}

/// The rows of one source, and the datasets that are made of them.
pub(super) struct Rows {
    tracks: Vec<Track>,
    shape: Shape,
    nested: Option<&'static str>,
    /// Finds what names a record.
    reader: RecordReader,
    /// Text of a row that is composed.
    composed: Vec<u8>,
    letters: Letters,
    /// Nested rows of the next element that are not whole.
    waiting: Waiting,
}

/// One dataset.
struct Track {
    name: &'static str,
    index: u16,
    mapper: Mapper,
    /// Its ids name no version: a document outlives changes of its record, so the ledger keeps it by the record's age.
    ageless: bool,
    /// A document for each of the record's items: later ones join the earlier, none is amended.
    of_items: bool,
    /// Since the first cycle began.
    seen: Option<Seen>,
}

enum Shape {
    /// The element is the row.
    Whole,
    /// The element without its nested rows, and what these say together.
    Rollup { dataset: &'static str, column: &'static str, mapper: Box<Mapper>, rollup: Box<Rollup>, scratch: Vec<u8> },
    /// One row per nested item, each with the element's other properties.
    Outer { outer: &'static str, spool: Spool, item: Vec<u8> },
}

impl Rows {
    pub(super) fn new(
        datasets: &[DatasetConfig],
        list: &schema::List,
        tenant: &str,
        dead: Arc<DeadLetters>,
        preserve_original: bool,
    ) -> Self {
        let track = |config: &DatasetConfig| {
            let mut mapper = Mapper::new(config.dataset);
            mapper.preserve_original(preserve_original);
            let schema::Definition { name, identity, .. } = config.dataset.definition;
            let ageless = !identity.contains(&list.record.changed);
            let of_items = matches!(config.dataset.definition.rows, schema::Rows::Items(_));
            Track { name, index: config.index, mapper, ageless, of_items, seen: None }
        };
        let definition = &datasets[0].dataset.definition;
        let shape = match definition.rows {
            schema::Rows::Elements | schema::Rows::Items(_) => Shape::Whole,
            schema::Rows::Rollup { dataset, rollup: column, .. } => match schema::dataset(dataset) {
                Some(nested) => Shape::Rollup {
                    dataset,
                    column,
                    mapper: Box::new(facts_mapper(nested)),
                    rollup: Box::default(),
                    scratch: Vec::new(),
                },
                // A law over the catalog excludes this.
                None => Shape::Whole,
            },
            schema::Rows::Outer { outer, .. } => Shape::Outer { outer, spool: Spool::default(), item: Vec::new() },
        };
        let tracks: Vec<_> = datasets.iter().map(track).collect();
        Self {
            tracks,
            shape,
            nested: nested_array(definition.rows),
            reader: RecordReader::new(list),
            composed: Vec::new(),
            letters: Letters { tenant: tenant.to_owned(), dead, health: None },
            waiting: Waiting::default(),
        }
    }

    /// What every document carries.
    pub(super) fn mark(&mut self, marks: &Arc<Marks>) {
        for track in &mut self.tracks {
            track.mapper.mark(Arc::clone(marks));
        }
    }

    /// Who hears of rejections.
    pub(super) fn report_to(&mut self, health: Arc<SourceHealth>) {
        self.letters.health = Some(health);
    }

    /// Gives memory back, for the time until the next cycle.
    pub(super) fn rest(&mut self) {
        for track in &mut self.tracks {
            track.mapper.rest();
            track.seen = None;
        }
        self.composed = Vec::new();
        match &mut self.shape {
            Shape::Whole => {}
            Shape::Rollup { mapper, rollup, scratch, .. } => {
                mapper.rest();
                **rollup = Rollup::default();
                *scratch = Vec::new();
            }
            Shape::Outer { spool, item, .. } => {
                *spool = Spool::default();
                *item = Vec::new();
            }
        }
    }

    /// The array that the splitter takes out of the elements.
    pub(super) fn nested(&self) -> Option<&'static str> {
        self.nested
    }

    /// A new cycle, with what the state says of the datasets in their order.
    pub(super) fn begin(&mut self, seen: Vec<Seen>) {
        for (track, seen) in self.tracks.iter_mut().zip(seen) {
            track.seen = Some(seen);
        }
    }

    /// A page starts, perhaps again: what a broken one left behind belongs to no element.
    pub(super) fn begin_page(&mut self) -> Result<(), Fault> {
        self.seen_mut().for_each(Seen::rest);
        self.forget_nested().map_err(|error| spool_fault(&error))
    }

    /// The documents of the datasets, in their order.
    pub(super) fn seen_mut(&mut self) -> impl Iterator<Item = &mut Seen> {
        self.tracks.iter_mut().filter_map(|track| track.seen.as_mut())
    }

    /// Documents that were new since the cycle began.
    pub(super) fn fresh(&self) -> u64 {
        self.seen().map(Seen::fresh).sum()
    }

    /// As many ids wait to be committed as may: `most`, or the source's share of `total` in all sources together.
    pub(super) fn is_full(&self, total: usize, most: usize) -> bool {
        let pending: usize = self.seen().map(Seen::pending).sum();
        let room: usize = self.seen().map(|seen| seen.room(total)).sum();
        pending >= room.clamp(FEW_IDS, most)
    }

    fn seen(&self) -> impl Iterator<Item = &Seen> {
        self.tracks.iter().filter_map(|track| track.seen.as_ref())
    }

    /// Finds what names a record.
    pub(super) fn reader(&self) -> RecordReader {
        self.reader
    }

    /// An item of the nested array arrived; its element follows.
    pub(super) fn nested_row(&mut self, row: &[u8]) -> Result<(), Fault> {
        match &mut self.shape {
            Shape::Whole => Ok(()),
            Shape::Rollup { dataset, mapper, rollup, scratch, .. } => {
                scratch.clear();
                // Only what it says is wanted here: its document comes from the dataset's own source.
                match mapper.map(row, scratch) {
                    Ok(_) => rollup.add(mapper.facts()),
                    Err(reject) => {
                        rollup.reject();
                        self.letters.keep(dataset, &reject, Raw::Bytes(row))?;
                    }
                }
                Ok(())
            }
            Shape::Outer { spool, .. } => spool.push(row).map_err(|error| spool_fault(&error)),
        }
    }

    /// The nested array stands in its element once more: the last one counts.
    pub(super) fn nested_again(&mut self) -> Result<(), Fault> {
        if let (Some(name), Some(track)) = (self.nested, self.tracks.first_mut()) {
            track.mapper.note("duplicate_key", name);
        }
        self.forget_nested().map_err(|error| spool_fault(&error))
    }

    /// The nested rows that are still in their element, because it is no JSON that the splitter follows: a sum without
    /// them would be wrong.
    fn take_unsplit(&mut self, element: &[u8]) -> Result<(), Fault> {
        let (Some(name), Shape::Rollup { .. }) = (self.nested, &self.shape) else { return Ok(()) };
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
        (extent, audience): (Extent, Audience),
        outbox: &mut BatchWriter,
    ) -> Result<(), Fault> {
        let element = record.row;
        let (changed, created) = (record.version.as_deref(), record.created.as_deref());
        self.take_unsplit(element)?;
        let mut given = Given { changed, created, extent, audience, outbox, is_late: false };
        let done = match &mut self.shape {
            Shape::Rollup { .. } if extent.is_partial() => {
                map_row(&mut self.tracks, &self.letters, element, &mut given)
            }
            Shape::Whole => map_row(&mut self.tracks, &self.letters, element, &mut given),
            Shape::Rollup { column, rollup, .. } => {
                self.composed.clear();
                open_object(&mut self.composed, element, column);
                std::mem::take(&mut **rollup).write(&mut self.composed);
                self.composed.push(b'}');
                map_row(&mut self.tracks, &self.letters, &self.composed, &mut given)
            }
            Shape::Outer { outer, spool, item } => {
                let count = spool.rewind().map_err(|error| spool_fault(&error))?;
                let element = &*without_tenant(element, &self.letters.tenant);
                for place in 0..count.max(1) {
                    self.composed.clear();
                    open_object(&mut self.composed, element, "tenantId");
                    // The legacy API's records do not say whose they are; ids of documents are made of what we say.
                    self.composed.push(b'"');
                    self.composed.extend_from_slice(self.letters.tenant.as_bytes());
                    self.composed.push(b'"');
                    if place < count {
                        item.clear();
                        spool.read(item).map_err(|error| spool_fault(&error))?;
                        self.composed.extend_from_slice(b",\"");
                        self.composed.extend_from_slice(outer.as_bytes());
                        self.composed.extend_from_slice(b"\":");
                        self.composed.extend_from_slice(item);
                    }
                    self.composed.push(b'}');
                    map_row(&mut self.tracks, &self.letters, &self.composed, &mut given)?;
                    if given.outbox.is_full() {
                        given.outbox.send().await?;
                    }
                }
                spool.clear().map_err(|error| spool_fault(&error))
            }
        };
        if given.is_late
            && let Some(health) = &self.letters.health
        {
            health.late(1);
        }
        done
    }

    /// A row is longer than the limit. Returns the version of its record, if it is one.
    pub(super) fn too_large(
        &mut self,
        nested: bool,
        mut raw: SpooledTempFile,
        length: u64,
    ) -> Result<Option<String>, Fault> {
        let mut head = Vec::new();
        let read = io::Seek::rewind(&mut raw)
            .and_then(|()| io::Read::read_to_end(&mut io::Read::take(&mut raw, 64 * 1024), &mut head));
        read.map_err(|error| spool_fault(&error))?;
        // Of a nested row nobody says what names it.
        let label = if nested { None } else { self.reader.label(&head) };
        let label =
            label.or_else(|| ["id", "alertId"].iter().find_map(|name| scalar_member(&head, name).map(Cow::into_owned)));
        let reject = Reject {
            reason: "too_large",
            detail: format!("row of {length} bytes, at most {} are accepted", crate::splitter::MAX_ROW),
            record: label,
        };
        let record = self.reader.read(&head);
        let changed = record.version.as_deref();
        let id = oversized_id(&head, length);
        let mut fresh = true;
        for seen in self.seen_mut() {
            fresh = seen.insert(changed, id)?;
        }
        let dataset = match &mut self.shape {
            Shape::Rollup { dataset, rollup, .. } if nested => {
                rollup.reject();
                dataset
            }
            _ => self.tracks[0].name,
        };
        if fresh {
            self.letters.keep(dataset, &reject, Raw::File(raw))?;
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
        self.tracks.iter_mut().flat_map(|track| track.mapper.take_drift()).collect()
    }

    /// The element of the waiting items gives no document: they are kept beside it.
    fn lose_parent(&mut self, parent: &Reject) -> Result<(), Fault> {
        if let Shape::Outer { spool, item, .. } = &mut self.shape {
            for _ in 0..spool.rewind().map_err(|error| spool_fault(&error))? {
                item.clear();
                spool.read(item).map_err(|error| spool_fault(&error))?;
                let reject = Reject {
                    reason: "parent_too_large",
                    detail: format!("its incident is a {}", parent.detail),
                    record: parent.record.clone(),
                };
                self.letters.keep(self.tracks[0].name, &reject, Raw::Bytes(item))?;
            }
        }
        self.forget_nested().map_err(|error| spool_fault(&error))
    }

    fn forget_nested(&mut self) -> io::Result<()> {
        self.waiting = Waiting::default();
        match &mut self.shape {
            Shape::Whole => Ok(()),
            Shape::Rollup { rollup, .. } => {
                **rollup = Rollup::default();
                Ok(())
            }
            Shape::Outer { spool, .. } => spool.clear(),
        }
    }
}

/// What goes with a row.
struct Given<'a> {
    changed: Option<&'a str>,
    created: Option<&'a str>,
    extent: Extent,
    audience: Audience,
    outbox: &'a mut BatchWriter,
    /// It gave a document that an earlier cycle should have given.
    is_late: bool,
}

/// One row to the documents of every dataset.
fn map_row(tracks: &mut [Track], letters: &Letters, bytes: &[u8], given: &mut Given<'_>) -> Result<(), Fault> {
    let changed = given.changed;
    let Some(first) = tracks.first() else { return Ok(()) };
    let row = first.mapper.index(bytes);
    for (dataset, Track { name, index, mapper, ageless, of_items, seen }) in tracks.iter_mut().enumerate() {
        let Some(seen) = seen else { continue };
        if given.extent.is_listed() && given.audience.is_past(dataset) {
            continue;
        }
        let since = if *ageless { given.created.or(changed) } else { changed };
        let mut kept = Ok(());
        let reject = |reject: &Reject, seen: &mut Seen| {
            let id = rejection_id(bytes, reject.reason);
            if seen.insert(changed, id)? { letters.keep(name, reject, Raw::Bytes(bytes)) } else { Ok(()) }
        };
        match &row {
            Ok(row) => mapper.map_items(row, &mut |result| {
                let done = match result {
                    Ok((id, document)) => {
                        let is_amended = given.extent == Extent::Amended && !*of_items;
                        let id = if is_amended { amended_id(id) } else { id };
                        seen.insert(since, id.0).map(|is_new| {
                            if is_new {
                                given.is_late |= given.extent.is_listed() && given.audience.is_late(dataset);
                                given.outbox.push(*index, id, document);
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

fn spool_fault(error: &io::Error) -> Fault {
    Fault::local("temporary file for nested rows", error)
}

fn facts_mapper(dataset: &schema::Dataset) -> Mapper {
    let mut mapper = Mapper::new(dataset);
    mapper.keep_facts(true);
    mapper
}
