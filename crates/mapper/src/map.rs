//! The mapper of one dataset.

mod document;
mod facts;
mod marks;

pub use facts::FactsReader;
pub use marks::{Marks, merge};

use std::sync::{Arc, LazyLock, OnceLock};

use schema::{Dataset, Rows};

use self::document::{Finish, named};
use crate::plan::{FieldId, Plan};
use crate::row::{Kind, Row, readable_id};
use crate::walk::{Buffers, Walk, record};
use crate::{DocId, Drift, Reject};

/// The result for one document: its `_id` and JSON text, or the reason why there is none.
pub type Mapped<'d> = Result<(DocId, &'d [u8]), Reject>;

/// Compiled plan of one dataset with reusable buffers of its own. The plan is shared by all mappers of the dataset.
#[derive(Debug)]
pub struct Mapper {
    compiled: Arc<Compiled>,
    buffers: Buffers,
    preserve_original: bool,
    marks: Arc<Marks>,
    document: Vec<u8>,
}

/// The part of a mapper that does not change from row to row.
#[derive(Debug)]
struct Compiled {
    plan: Plan,
    timestamp: Option<FieldId>,
    own: Vec<(FieldId, String)>,
}

/// Plans of the catalog's datasets, in its order, each compiled when it is first wanted.
static COMPILED: LazyLock<Vec<OnceLock<Arc<Compiled>>>> =
    LazyLock::new(|| schema::catalog().iter().map(|_| OnceLock::new()).collect());

impl Compiled {
    fn new(dataset: &Dataset) -> Self {
        let plan = Plan::new(dataset);
        let own = crate::pipeline::own_values(dataset);
        let own = own.into_iter().filter_map(|(name, value)| Some((plan.field(name)?, value))).collect();
        Self { timestamp: plan.field("@timestamp"), own, plan }
    }

    /// The part of it that fills these fields.
    fn reduced_to(self, fields: &[&str]) -> Self {
        Self { plan: self.plan.reduced_to(fields), ..self }
    }
}

/// What is kept of a dataset of the catalog, made when it is first wanted; anew for another dataset.
fn of_catalog(
    known: &[OnceLock<Arc<Compiled>>],
    dataset: &Dataset,
    make: impl Fn(&Dataset) -> Compiled,
) -> Arc<Compiled> {
    let place = schema::catalog().iter().position(|known| std::ptr::eq(known, dataset));
    match place.and_then(|place| known.get(place)) {
        Some(slot) => Arc::clone(slot.get_or_init(|| Arc::new(make(dataset)))),
        None => Arc::new(make(dataset)),
    }
}

/// Checks and indexes a row; a rejection names the record if its id can be read from the broken text.
fn index<'a>(plan: &Plan, row: &'a [u8]) -> Result<Row<'a>, Reject> {
    Row::parse(row).map_err(|mut reject| {
        reject.record = reject.record.or_else(|| readable_id(row, &plan.id));
        reject
    })
}

impl Mapper {
    /// A mapper of the dataset. Cheap for the catalog's datasets, whose plans are compiled once in a process.
    pub fn new(dataset: &Dataset) -> Self {
        Mapper {
            compiled: of_catalog(&COMPILED, dataset, Compiled::new),
            buffers: Buffers::default(),
            preserve_original: false,
            marks: Arc::default(),
            document: Vec::new(),
        }
    }

    /// Frees the buffers, for a time in which no rows are expected. The counts of drift stay.
    pub fn rest(&mut self) {
        let drift = std::mem::take(&mut self.buffers.drift);
        self.buffers = Buffers::default();
        self.buffers.drift = drift;
        self.document = Vec::new();
    }

    /// Keeps the raw row as `event.original` and tags the document accordingly. A new mapper does not.
    pub fn preserve_original(&mut self, on: bool) {
        self.preserve_original = on;
    }

    /// Sets the tags, labels and fields that every document carries from now on. A new mapper has none.
    pub fn mark(&mut self, marks: Arc<Marks>) {
        self.marks = marks;
    }

    /// Checks and indexes a row; a rejection names the record if its id can be read from the broken text.
    pub fn index<'a>(&self, row: &'a [u8]) -> Result<Row<'a>, Reject> {
        index(&self.compiled.plan, row)
    }

    /// Maps one row to one document, appended to `out`. A row that is split by a list may have one item at most.
    pub fn map(&mut self, row: &[u8], out: &mut Vec<u8>) -> Result<DocId, Reject> {
        let index = self.index(row)?;
        self.mended(&index);
        self.select_items(&index);
        let id = self.document(&index).map_err(|reject| self.named(&index, reject))?;
        out.extend_from_slice(&self.document);
        Ok(id)
    }

    /// Maps an indexed row; `each` gets every document. A row gives one document; a row that is split
    /// ([`Rows::Items`], [`Rows::Outer`]) gives one per item, and none for a row of [`Rows::Items`] without items.
    pub fn map_items(&mut self, row: &Row<'_>, each: &mut dyn FnMut(Mapped<'_>)) {
        self.mended(row);
        self.buffers.selected_items.clear();
        if !matches!(self.compiled.plan.rows, Rows::Items(_) | Rows::Outer { .. }) {
            return match self.document(row) {
                Ok(id) => each(Ok((id, &self.document))),
                Err(reject) => each(Err(self.named(row, reject))),
            };
        }
        let (plan, buffers, document, mut finish) = self.start();
        Walk { plan, row, buffers, splitting: true, depth: 0 }.split(&mut |walk| {
            each(match finish.document(walk, document) {
                Ok(id) => Ok((id, document.as_slice())),
                Err(reject) => Err(named(&walk.plan.id, row, reject)),
            });
        });
    }

    /// Counts drift that was found before the row reached the mapper, under a name of [`Drift`].
    pub fn note(&mut self, kind: &'static str, path: &str) {
        self.buffers.drift.add(kind, path, 1, || None);
    }

    /// Counts the repairs that were needed to read the row.
    fn mended(&mut self, row: &Row<'_>) {
        for mend in row.mends() {
            self.buffers.drift.add(mend.kind, &mend.path, mend.count, || record(row, &self.compiled.plan.id));
        }
    }

    /// Lets the one element of a list that rows are split by stand for the list.
    fn select_items(&mut self, row: &Row<'_>) {
        self.buffers.selected_items.clear();
        let mut at = 0;
        for name in self.compiled.plan.rows.split() {
            let Some(list) = row.member(at, name) else { return };
            let mut element = Some(list);
            if row.kind(list) == Kind::Array {
                let mut elements = row.children(list).filter(|&element| row.kind(element) != Kind::Null);
                element = elements.next();
                if elements.next().is_some() {
                    return;
                }
                self.buffers.selected_items.push((list, element));
            }
            match element {
                Some(element) => at = element,
                None => return,
            }
        }
    }

    fn named(&self, row: &Row<'_>, reject: Reject) -> Reject {
        named(&self.compiled.plan.id, row, reject)
    }

    /// Empties the buffers and fills in what every document carries.
    fn start(&mut self) -> (&Plan, &mut Buffers, &mut Vec<u8>, Finish<'_>) {
        let Self { compiled, buffers, preserve_original, marks, document } = self;
        let Compiled { plan, own, timestamp } = &**compiled;
        buffers.reset(plan.fields.len());
        for (field, value) in own {
            buffers.values.push(plan, *field, value);
        }
        if let Some(field) = plan.field("tags").filter(|_| !marks.tags.is_empty()) {
            for tag in &marks.tags {
                buffers.values.push(plan, field, tag);
            }
        }
        let finish = Finish { timestamp: *timestamp, original: *preserve_original, marks, identity: String::new() };
        (plan, buffers, document, finish)
    }

    /// Builds one document from the row.
    fn document(&mut self, row: &Row<'_>) -> Result<DocId, Reject> {
        let (plan, buffers, document, mut finish) = self.start();
        let mut walk = Walk { plan, row, buffers, splitting: false, depth: 0 };
        walk.object(0, 0);
        finish.document(&mut walk, document)
    }

    /// Takes the drift that was counted since the last call.
    pub fn take_drift(&mut self) -> Vec<Drift> {
        self.buffers.drift.take()
    }
}
