//! The mapper of one dataset.

use schema::{Dataset, Rows};

use crate::id::identify;
use crate::plan::{FieldId, Plan};
use crate::rollup::Facts;
use crate::row::{At, Kind, Row, readable_id};
use crate::walk::{State, Walk};
use crate::{DocId, Drift, Reject, raw};

/// Compiled plan of one dataset with its reusable buffers.
#[derive(Debug)]
pub struct Mapper {
    plan: Plan,
    state: State,
    facts: Facts,
    keep_facts: bool,
    preserve_original: bool,
    timestamp: Option<FieldId>,
    own: Vec<(FieldId, String)>,
    document: Vec<u8>,
}

/// Tag by which Elastic's packages mark documents that keep `event.original`.
pub(crate) const PRESERVE_TAG: &str = "preserve_original_event";

impl Mapper {
    /// Compiles the dataset's plan.
    pub fn new(dataset: &Dataset) -> Self {
        let plan = Plan::new(dataset);
        let own = crate::pipeline::own_values(dataset);
        let own = own.into_iter().filter_map(|(name, value)| Some((plan.field(name)?, value))).collect();
        Mapper {
            timestamp: plan.field("@timestamp"),
            own,
            plan,
            state: State::default(),
            facts: Facts::default(),
            keep_facts: false,
            preserve_original: false,
            document: Vec::new(),
        }
    }

    /// Keeps the raw row as `event.original` and tags the document accordingly. Off at first.
    pub fn preserve_original(&mut self, on: bool) {
        self.preserve_original = on;
    }

    /// Notes for each document what a [`crate::Rollup`] sums up. Off at first.
    pub fn keep_facts(&mut self, on: bool) {
        self.keep_facts = on;
    }

    /// Maps one row to one document, appended to `out`. Of a row whose items lie in a list, exactly one is expected.
    pub fn map(&mut self, row: &[u8], out: &mut Vec<u8>) -> Result<DocId, Reject> {
        let with_record = |mut reject: Reject, plan: &Plan| {
            reject.record = reject.record.or_else(|| readable_id(row, &plan.id));
            reject
        };
        let index = Row::parse(row).map_err(|reject| with_record(reject, &self.plan))?;
        self.state.chosen.clear();
        let id = self.document(&index).map_err(|reject| with_record(reject, &self.plan))?;
        out.extend_from_slice(&self.document);
        Ok(id)
    }

    /// Maps an indexed row; `each` gets every document. That is one, but for datasets that are split from their rows
    /// ([`Rows::Items`], [`Rows::Outer`]): there it is one per item, none for a row of [`Rows::Items`] without items.
    pub fn map_items(&mut self, row: &Row<'_>, each: &mut dyn FnMut(Result<(DocId, &[u8]), Reject>)) {
        self.state.chosen.clear();
        match self.plan.rows {
            Rows::Elements | Rows::Rollup { .. } => self.one(row, each),
            Rows::Items(list) => {
                let list = row.member(0, list);
                match list.map(|at| (at, row.kind(at))) {
                    Some((at, Kind::Array)) => {
                        for element in row.children(at).filter(|&element| row.kind(element) != Kind::Null) {
                            self.state.chosen.clear();
                            self.state.chosen.push((at, Some(element)));
                            self.one(row, each);
                        }
                    }
                    None | Some((_, Kind::Null)) => {}
                    Some(_) => self.one(row, each),
                }
            }
            Rows::Outer { outer, inner } => {
                self.choose(row, 0, outer, &mut |mapper, item| {
                    let Some(item) = item else { return mapper.one(row, each) };
                    mapper.choose(row, item, inner, &mut |mapper, _| mapper.one(row, each));
                });
            }
        }
    }

    /// Lets every element of a list stand for the list in turn; a list without elements stands for nothing once.
    fn choose(&mut self, row: &Row<'_>, at: At, name: &str, each: &mut dyn FnMut(&mut Self, Option<At>)) {
        let Some(list) = row.member(at, name) else { return each(self, None) };
        if row.kind(list) != Kind::Array {
            return each(self, (row.kind(list) == Kind::Object).then_some(list));
        }
        let mut elements = row.children(list).filter(|&element| row.kind(element) != Kind::Null).peekable();
        let mut turn = |mapper: &mut Self, element: Option<At>| {
            mapper.state.chosen.push((list, element));
            each(mapper, element);
            mapper.state.chosen.pop();
        };
        if elements.peek().is_none() {
            turn(self, None);
        }
        elements.for_each(|element| turn(self, Some(element)));
    }

    fn one(&mut self, row: &Row<'_>, each: &mut dyn FnMut(Result<(DocId, &[u8]), Reject>)) {
        match self.document(row) {
            Ok(id) => each(Ok((id, &self.document))),
            Err(mut reject) => {
                let id = row.member(0, &self.plan.id).and_then(|id| row.scalar(id));
                reject.record = reject.record.or_else(|| id.map(Into::into));
                each(Err(reject));
            }
        }
    }

    /// Builds one document from the row, as the chosen elements say.
    fn document(&mut self, row: &Row<'_>) -> Result<DocId, Reject> {
        self.document.clear();
        self.state.reset(self.plan.fields.len());
        let id = identify(&self.plan, row, &self.state.chosen)?;
        for (field, value) in &self.own {
            self.state.values.push(&self.plan, *field, value, 0, false);
        }
        if self.preserve_original {
            let original = self.state.chosen.last().and_then(|(_, element)| *element);
            let original = original.map_or(row.text(), |element| row.raw(element));
            for (name, value) in [("event.original", original), ("tags", PRESERVE_TAG)] {
                if let Some(field) = self.plan.field(name) {
                    self.state.values.push(&self.plan, field, value, 0, false);
                }
            }
        }
        Walk { plan: &self.plan, row, state: &mut self.state }.object(0, 0)?;
        if self.timestamp.is_some_and(|field| !self.state.values.has(field)) {
            return Err(Reject::new("no_timestamp", "none of the columns that give @timestamp holds a time"));
        }
        self.unmapped(row)?;
        if self.keep_facts {
            self.facts.read(row, &self.plan, &self.state.values);
        }
        self.state.values.write(&self.plan, &self.state.custom, &mut self.document);
        Ok(id)
    }

    /// Adds what no column took to the custom object: source path to values.
    fn unmapped(&mut self, row: &Row<'_>) -> Result<(), Reject> {
        let State { unmapped, custom, .. } = &mut self.state;
        if unmapped.is_empty() {
            return Ok(());
        }
        unmapped.sort_by(|a, b| a.0.cmp(&b.0));
        custom.pop();
        if custom.last() != Some(&b'{') {
            custom.push(b',');
        }
        custom.extend_from_slice(b"\"unmapped\":{");
        for (position, same) in unmapped.chunk_by(|a, b| a.0 == b.0).enumerate() {
            if position > 0 {
                custom.push(b',');
            }
            crate::row::quote(&same[0].0, custom);
            custom.extend_from_slice(b":[");
            for (position, (_, at)) in same.iter().enumerate() {
                if position > 0 {
                    custom.push(b',');
                }
                raw::write(row, *at, custom)?;
            }
            custom.push(b']');
        }
        custom.extend_from_slice(b"}}");
        Ok(())
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
