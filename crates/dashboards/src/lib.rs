//! Kibana's dashboards as values, the saved objects that they become, and what they show.
//!
//! A dashboard's file in `dashboards` is a value of this vocabulary: typed [`fields`], [`Filter`]s, metrics and buckets,
//! panels. [`saved_objects`] makes from it what Kibana imports; the crate `panels` reads these objects as Kibana does. [`state`]
//! keeps what panels ask for that is about now. The crate does no I/O.

pub mod color;
pub mod field;
pub mod fields;
pub mod page;
pub mod panel;
pub mod saved_objects;
pub mod state;

mod bucket;
mod control;
mod dashboard;
mod dashboards;
mod filter;
mod layer;
mod metric;
mod search;
mod source;
#[cfg(test)]
mod tests;

pub use bucket::{Bucket, by_severity, filters, histogram, newest, over_time, over_time_by, ranges, top};
pub use control::{Control, between, choose, choose_one};
pub use dashboard::{Cell, Dashboard, Grid, WIDTH, cell, dashboard, stack};
pub use dashboards::all;
pub use filter::Filter;
pub use metric::{
    Format, Metric, average, constant, count, last, last_list, max, median, min, percentile, sum, unique,
};
pub use search::{Search, saved};
pub use source::{Entity, HISTORY, PACKAGE, Source};

/// A text as part of an id: small letters, digits and single hyphens.
pub(crate) fn slug(text: &str) -> String {
    let mut out = String::new();
    for char in text.chars() {
        if char.is_ascii_alphanumeric() {
            out.push(char.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_end_matches('-').to_owned()
}
