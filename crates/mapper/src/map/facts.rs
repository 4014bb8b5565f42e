//! What a summary needs of rows whose documents are made elsewhere.

use std::sync::{Arc, LazyLock, OnceLock};

use schema::Dataset;

use super::document::{named, no_timestamp};
use super::{Compiled, index, of_catalog};
use crate::Reject;
use crate::id::check_identity;
use crate::rollup::{FIELDS, Facts};
use crate::walk::{Buffers, Walk};

/// Reads the facts of rows for a [`crate::Rollup`] and rejects the rows that [`crate::Mapper`] rejects, without making
/// their documents.
#[derive(Debug)]
pub struct FactsReader {
    compiled: Arc<Compiled>,
    buffers: Buffers,
    facts: Facts,
}

/// Plans of the catalog's datasets for their facts alone.
static COMPILED: LazyLock<Vec<OnceLock<Arc<Compiled>>>> =
    LazyLock::new(|| schema::catalog().iter().map(|_| OnceLock::new()).collect());

impl FactsReader {
    /// A reader of the dataset's rows. Cheap for the catalog's datasets, whose plans are compiled once in a process.
    pub fn new(dataset: &Dataset) -> Self {
        let compiled = of_catalog(&COMPILED, dataset, |dataset| Compiled::new(dataset).reduced_to(&FIELDS));
        Self { compiled, buffers: Buffers::default(), facts: Facts::default() }
    }

    /// Frees the buffers, for a time in which no rows are expected.
    pub fn rest(&mut self) {
        (self.buffers, self.facts) = (Buffers::default(), Facts::default());
    }

    /// The facts of a row.
    pub fn read(&mut self, row: &[u8]) -> Result<&Facts, Reject> {
        let Self { compiled, buffers, facts } = self;
        let plan = &compiled.plan;
        let row = index(plan, row)?;
        buffers.reset(plan.fields.len());
        Walk { plan, row: &row, buffers, splitting: false, depth: 0 }.object(0, 0);
        check_identity(plan, &row, &[]).map_err(|reject| named(&plan.id, &row, reject))?;
        if compiled.timestamp.is_some_and(|field| !buffers.values.has(field)) {
            return Err(named(&plan.id, &row, no_timestamp()));
        }
        facts.read(&row, plan, &buffers.values);
        Ok(facts)
    }
}
