//! The mapper of one dataset.

use std::sync::{Arc, LazyLock, OnceLock};

use schema::{Dataset, Rows};

use crate::id::identify;
use crate::plan::{FieldId, Plan};
use crate::rollup::Facts;
use crate::row::{Kind, Row, readable_id};
use crate::walk::{State, Unmapped, Walk, record};
use crate::{DocId, Drift, Reject, raw};

/// What became of one document: its `_id` and JSON text, or why there is none.
pub type Mapped<'d> = Result<(DocId, &'d [u8]), Reject>;

/// Compiled plan of one dataset with reusable buffers of its own. The plan is shared by all mappers of the dataset.
#[derive(Debug)]
pub struct Mapper {
    compiled: Arc<Compiled>,
    state: State,
    facts: Facts,
    keep_facts: bool,
    preserve_original: bool,
    marks: Arc<Marks>,
    document: Vec<u8>,
}

/// What documents carry beside what their rows say; their ids do not depend on it.
#[derive(Debug, Default)]
pub struct Marks {
    /// Values of `tags`.
    tags: Vec<String>,
    /// The member `labels` with its comma, as it is written; empty without any.
    labels: Vec<u8>,
}

impl Marks {
    /// These tags and labels (names without dots).
    pub fn new<'a>(tags: Vec<String>, labels: impl IntoIterator<Item = (&'a String, &'a String)>) -> Self {
        let mut text = Vec::new();
        for (name, value) in labels {
            text.extend_from_slice(if text.is_empty() { b"\"labels\":{" } else { b"," });
            crate::row::quote(name, &mut text);
            text.push(b':');
            crate::row::quote(value, &mut text);
        }
        if !text.is_empty() {
            text.extend_from_slice(b"},");
        }
        Self { tags, labels: text }
    }
}

/// What does not change from row to row.
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

    fn of(dataset: &Dataset) -> Arc<Self> {
        let place = schema::catalog().iter().position(|known| std::ptr::eq(known, dataset));
        match place.and_then(|place| COMPILED.get(place)) {
            Some(slot) => Arc::clone(slot.get_or_init(|| Arc::new(Self::new(dataset)))),
            None => Arc::new(Self::new(dataset)),
        }
    }
}

/// Tag by which Elastic's packages mark documents that keep `event.original`.
pub(crate) const PRESERVE_TAG: &str = "preserve_original_event";

impl Mapper {
    /// A mapper of the dataset. Cheap for the catalog's datasets, whose plans are compiled once in a process.
    pub fn new(dataset: &Dataset) -> Self {
        Mapper {
            compiled: Compiled::of(dataset),
            state: State::default(),
            facts: Facts::default(),
            keep_facts: false,
            preserve_original: false,
            marks: Arc::default(),
            document: Vec::new(),
        }
    }

    /// Gives the buffers back, for a time in which no rows are expected. What was counted as drift stays.
    pub fn rest(&mut self) {
        let drift = std::mem::take(&mut self.state.drift);
        self.state = State::default();
        self.state.drift = drift;
        self.facts = Facts::default();
        self.document = Vec::new();
    }

    /// Keeps the raw row as `event.original` and tags the document accordingly. Off at first.
    pub fn preserve_original(&mut self, on: bool) {
        self.preserve_original = on;
    }

    /// What every document carries from now on. Nothing at first.
    pub fn mark(&mut self, marks: Arc<Marks>) {
        self.marks = marks;
    }

    /// Notes for each document what a [`crate::Rollup`] sums up. Off at first.
    pub fn keep_facts(&mut self, on: bool) {
        self.keep_facts = on;
    }

    /// Checks and indexes a row; a rejection names the record where its id can be read from the broken text.
    pub fn index<'a>(&self, row: &'a [u8]) -> Result<Row<'a>, Reject> {
        Row::parse(row).map_err(|mut reject| {
            reject.record = reject.record.or_else(|| readable_id(row, &self.compiled.plan.id));
            reject
        })
    }

    /// Maps one row to one document, appended to `out`. Of a row whose items lie in a list, one at most is expected.
    pub fn map(&mut self, row: &[u8], out: &mut Vec<u8>) -> Result<DocId, Reject> {
        let index = self.index(row)?;
        self.mended(&index);
        self.choose(&index);
        let id = self.document(&index).map_err(|reject| self.named(&index, reject))?;
        out.extend_from_slice(&self.document);
        Ok(id)
    }

    /// Maps an indexed row; `each` gets every document. That is one, but for datasets that are split from their rows
    /// ([`Rows::Items`], [`Rows::Outer`]): there it is one per item, none for a row of [`Rows::Items`] without items.
    pub fn map_items(&mut self, row: &Row<'_>, each: &mut dyn FnMut(Mapped<'_>)) {
        self.mended(row);
        self.state.chosen.clear();
        if !matches!(self.compiled.plan.rows, Rows::Items(_) | Rows::Outer { .. }) {
            return match self.document(row) {
                Ok(id) => each(Ok((id, &self.document))),
                Err(reject) => each(Err(self.named(row, reject))),
            };
        }
        self.start();
        let Mapper { compiled, state, facts, .. } = self;
        let plan = &compiled.plan;
        let mut finish = Finish {
            timestamp: compiled.timestamp,
            facts: self.keep_facts.then_some(facts),
            original: self.preserve_original,
            labels: &self.marks.labels,
            identity: String::new(),
        };
        let document = &mut self.document;
        Walk { plan, row, state, splitting: true, depth: 0 }.split(0, 0, 0, &mut |walk| {
            each(match finish.document(walk, document) {
                Ok(id) => Ok((id, document.as_slice())),
                Err(reject) => Err(named(&walk.plan.id, row, reject)),
            });
        });
    }

    /// Counts something new that was met on the way to the mapper, as [`Drift`] names it.
    pub fn note(&mut self, kind: &'static str, path: &str) {
        self.state.drift.add(kind, path, 1, || None);
    }

    /// Counts what had to be mended in the row.
    fn mended(&mut self, row: &Row<'_>) {
        for mend in row.mends() {
            self.state.drift.add(mend.kind, &mend.path, mend.count, || record(row, &self.compiled.plan.id));
        }
    }

    /// Lets the one element of a list that rows are split by stand for the list.
    fn choose(&mut self, row: &Row<'_>) {
        self.state.chosen.clear();
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
                self.state.chosen.push((list, element));
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

    fn start(&mut self) {
        let Compiled { plan, own, .. } = &*self.compiled;
        self.state.reset(plan.fields.len());
        for (field, value) in own {
            self.state.values.push(plan, *field, value);
        }
        if let Some(field) = plan.field("tags").filter(|_| !self.marks.tags.is_empty()) {
            for tag in &self.marks.tags {
                self.state.values.push(plan, field, tag);
            }
        }
    }

    /// Builds one document from the row.
    fn document(&mut self, row: &Row<'_>) -> Result<DocId, Reject> {
        self.start();
        let Mapper { compiled, state, facts, .. } = self;
        let plan = &compiled.plan;
        let mut finish = Finish {
            timestamp: compiled.timestamp,
            facts: self.keep_facts.then_some(facts),
            original: self.preserve_original,
            labels: &self.marks.labels,
            identity: String::new(),
        };
        let mut walk = Walk { plan, row, state, splitting: false, depth: 0 };
        walk.object(0, 0);
        finish.document(&mut walk, &mut self.document)
    }

    /// What the last document said, if [`Mapper::keep_facts`] is on.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Takes what was counted since the last call: names that no column has, values of the wrong type.
    pub fn take_drift(&mut self) -> Vec<Drift> {
        self.state.drift.take()
    }
}

/// What turns a finished walk into a document.
struct Finish<'m> {
    timestamp: Option<FieldId>,
    facts: Option<&'m mut Facts>,
    original: bool,
    /// Follows the document's brace.
    labels: &'m [u8],
    /// What all documents of the row share of their identity.
    identity: String,
}

impl Finish<'_> {
    fn document(&mut self, walk: &mut Walk<'_, '_>, out: &mut Vec<u8>) -> Result<DocId, Reject> {
        let (plan, row) = (walk.plan, walk.row);
        let id = identify(plan, row, &walk.state.chosen, &walk.state.item, &mut self.identity)?;
        if self.original {
            let original = if walk.splitting { raw::part(row, &walk.state.chosen) } else { row.text().into() };
            for (name, value) in [("event.original", &*original), ("tags", PRESERVE_TAG)] {
                if let Some(field) = plan.field(name) {
                    walk.state.values.push(plan, field, value);
                }
            }
        }
        if self.timestamp.is_some_and(|field| !walk.state.values.has(field)) {
            return Err(Reject::new("no_timestamp", "none of the columns that give @timestamp holds a time"));
        }
        unmapped(walk);
        if let Some(facts) = &mut self.facts {
            facts.read(row, plan, &walk.state.values);
        }
        out.clear();
        walk.state.values.write(plan, &walk.state.custom, out);
        // Every document has members already.
        out.splice(1..1, self.labels.iter().copied());
        Ok(id)
    }
}

/// Names the record in a rejection, where its id is readable.
fn named(id: &str, row: &Row<'_>, mut reject: Reject) -> Reject {
    reject.record = reject.record.or_else(|| record(row, id));
    reject
}

/// Adds what no column took to the custom object: source path to values.
fn unmapped(walk: &mut Walk<'_, '_>) {
    let (row, State { unmapped, custom, .. }) = (walk.row, &mut *walk.state);
    if unmapped.is_empty() {
        return;
    }
    let mut sorted: Vec<&Unmapped> = unmapped.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    custom.pop();
    if custom.last() != Some(&b'{') {
        custom.push(b',');
    }
    custom.extend_from_slice(b"\"unmapped\":{");
    let mut too_deep = Vec::new();
    for (position, same) in sorted.chunk_by(|a, b| a.path == b.path).enumerate() {
        if position > 0 {
            custom.push(b',');
        }
        crate::row::quote(&same[0].path, custom);
        custom.extend_from_slice(b":[");
        for (position, Unmapped { path, at, depth }) in same.iter().enumerate() {
            if position > 0 {
                custom.push(b',');
            }
            if raw::write(row, *at, *depth, custom) {
                too_deep.push(path.clone());
            }
        }
        custom.push(b']');
    }
    custom.extend_from_slice(b"}}");
    for path in &too_deep {
        walk.count("too_deep", path);
    }
}
