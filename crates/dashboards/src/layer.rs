//! A Lens layer: columns with ids, in Lens's order.

use serde_json::{Map, Value, json};

use crate::bucket::Bucket;
use crate::metric::Metric;

/// Columns of a chart's layer. Ids are made from labels, so that they stay the same from one generation to the next.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) id: &'static str,
    columns: Vec<(String, Value)>,
    /// Layer whose time range and buckets a trend line follows.
    linked_to: Option<&'static str>,
}

/// Ids of the columns that a chart's accessors name.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    pub(crate) buckets: Vec<String>,
    pub(crate) metrics: Vec<String>,
}

/// Id of the layer that holds what a chart shows.
pub(crate) const MAIN: &str = "main";

impl Layer {
    /// A layer of buckets, outermost first, and metrics, with the ids of both.
    pub(crate) fn new(id: &'static str, buckets: &[&Bucket], metrics: &[&Metric]) -> (Layer, Ids) {
        let mut used = Vec::new();
        let mut ids = Ids::default();
        // Ids are unique over all layers of a chart.
        let named = |label: &str| if id == MAIN { label.to_owned() } else { format!("{id} {label}") };
        for bucket in buckets {
            ids.buckets.push(unused(&mut used, &named(&bucket.label)));
        }
        for metric in metrics {
            ids.metrics.push(unused(&mut used, &named(&metric.label)));
        }
        let by = metrics.iter().position(|metric| metric.orders()).map(|at| ids.metrics[at].clone());
        let mut columns = Vec::new();
        for (id, bucket) in ids.buckets.iter().zip(buckets) {
            columns.push((id.clone(), bucket.column(by.as_deref())));
        }
        for (id, metric) in ids.metrics.iter().zip(metrics) {
            columns.push((id.clone(), metric.column()));
        }
        (Layer { id, columns, linked_to: None }, ids)
    }

    /// Follows another layer: the layer of a trend line.
    pub(crate) fn linked_to(mut self, id: &'static str) -> Layer {
        self.linked_to = Some(id);
        self
    }

    /// The layer in `datasourceStates.formBased.layers`.
    pub(crate) fn value(&self) -> Value {
        let columns: Map<String, Value> = self.columns.iter().cloned().collect();
        let order: Vec<&str> = self.columns.iter().map(|(id, _)| id.as_str()).collect();
        let mut layer = json!({
            "columns": columns, "columnOrder": order, "incompleteColumns": {}, "sampling": 1, "ignoreGlobalFilters": false,
        });
        if let Some(id) = self.linked_to {
            layer["linkToLayers"] = json!([id]);
        }
        layer
    }
}

fn unused(used: &mut Vec<String>, label: &str) -> String {
    let slug = crate::slug(label);
    let base = if slug.is_empty() { "column".to_owned() } else { slug };
    let mut id = base.clone();
    let mut number = 2;
    while used.contains(&id) {
        id = format!("{base}-{number}");
        number += 1;
    }
    used.push(id.clone());
    id
}
