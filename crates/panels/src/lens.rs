//! What a dashboard's panels ask Elasticsearch for, and what its answers say.
//!
//! The input is the saved object as it ships (decoded: its `*JSON` values are objects), not the values that it was made
//! from, so that what is proven here is what Kibana will read. [`queries`] gives one [`PanelQuery`] per layer of a panel,
//! [`PanelQuery::begin`] its searches, [`Run::finish`] the [`Table`]. What is not understood is an [`Error`] that names
//! dashboard, panel and column.
//!
//! Rules that are Kibana's: an `auto` interval is the one near a fiftieth of the time range, at most a hundred bars; the
//! range of numbers is divided by 1, 2 or 5 times a power of ten; "Other" is asked for in a second search; documents
//! without a value are a bucket of their own for texts only; times are reckoned in UTC.

mod column;
mod error;
mod fields;
mod filters;
mod hits;
mod kql;
mod layer;
mod other;
mod panel;
mod rows;
mod run;
#[cfg(test)]
mod tests;
mod tiles;
mod time;
mod view;

use serde_json::Value;

pub use self::error::Error;
pub use self::fields::Fields;
pub use self::run::{Run, Search};
pub use self::view::{Library, View};

use self::error::Problem;
use self::layer::Shifted;
use self::run::Plan;
use crate::table::{self, Table};

pub(crate) use self::fields::matches;
pub(crate) use self::time::{Interval, text as iso, timestamp};

/// A point in time in milliseconds since 1970, from `now-7d/d` or RFC 3339; `up` rounds to the end of the unit.
pub(crate) fn date_math(text: &str, now: i64, up: bool) -> Option<i64> {
    time::date_math(text, now, up).ok()
}

/// What one layer of a panel asks for.
#[derive(Debug, Clone)]
pub struct PanelQuery {
    /// Id of the dashboard.
    pub dashboard: String,
    /// The panel's `panelIndex`.
    pub panel: String,
    /// Id of the layer; in a saved search the panel's again.
    pub layer: String,
    /// The panel's title.
    pub title: String,
    /// Begin and end of the time range, in milliseconds since 1970.
    pub range: (i64, i64),
    shifts: Vec<Shifted>,
    plan: Plan,
}

/// The queries of a dashboard's panels, in the order of the file; panels that show no data (links, text) have none.
///
/// `dashboard` is a saved object of type `dashboard`, decoded. `fields` are the types of the fields that it may name.
///
/// # Errors
/// Every panel that is not understood.
pub fn queries(
    dashboard: &Value,
    library: &Library,
    fields: &Fields,
    view: &View,
) -> Result<Vec<PanelQuery>, Vec<Error>> {
    panel::queries(dashboard, library, fields, view)
}

impl PanelQuery {
    /// Begins to ask.
    pub fn begin(&self) -> Run<'_> {
        Run::begin(self)
    }

    /// Asks all searches, one after another.
    ///
    /// # Errors
    /// What `search` says, or an answer that is none.
    pub fn table_with(&self, mut search: impl FnMut(&Search) -> Result<Value, String>) -> Result<Table, Error> {
        let mut run = self.begin();
        while !run.searches().is_empty() {
            let answers = run.searches().iter().map(&mut search).collect::<Result<Vec<_>, String>>();
            run.answer(answers.map_err(|text| self.error(Problem::new(text)))?)?;
        }
        run.finish()
    }

    /// Whether people see something in the table: a value of a metric that is not zero, or a document.
    ///
    /// Buckets do not count: a histogram has empty ones, and filters have their labels whatever is in them.
    pub fn shows_something(&self, table: &Table) -> bool {
        let Plan::Layer(layer, _) = &self.plan else { return !table.rows.is_empty() };
        let metrics: Vec<usize> = layer.metrics().map(|(position, ..)| position).collect();
        let says = |row: &Vec<Value>| metrics.iter().any(|position| table::says_something(&row[*position]));
        if metrics.is_empty() { !table.rows.is_empty() } else { table.rows.iter().any(says) }
    }

    fn error(&self, problem: Problem) -> Error {
        Error {
            dashboard: self.dashboard.clone(),
            panel: if self.title.is_empty() { self.panel.clone() } else { self.title.clone() },
            column: problem.column,
            problem: problem.text,
        }
    }
}
