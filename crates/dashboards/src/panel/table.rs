//! Tables (`lnsDatatable`).

use serde_json::{Value, json};

use super::{Chart, Rendered};
use crate::bucket::Bucket;
use crate::color::{self, Color, Scale};
use crate::layer::{Layer, MAIN};
use crate::metric::Metric;

/// Rows of groups and columns of numbers.
#[derive(Debug, Clone)]
pub struct Table {
    rows: Vec<Bucket>,
    columns: Vec<Column>,
    sorted: Option<(usize, &'static str)>,
}

#[derive(Debug, Clone)]
struct Column {
    metric: Metric,
    colors: Colors,
    width: Option<u16>,
}

#[derive(Debug, Clone)]
enum Colors {
    None,
    Bands(Vec<(f64, Color)>),
    Scale(Scale),
}

/// A table with a row per group; its first metric orders the groups.
pub fn table(rows: Bucket) -> Table {
    Table { rows: vec![rows], columns: Vec::new(), sorted: None }
}

impl Table {
    /// Divides each row further, in a column of its own.
    #[must_use]
    pub fn then(mut self, rows: Bucket) -> Self {
        self.rows.push(rows);
        self
    }

    /// A column with a value.
    #[must_use]
    pub fn column(self, metric: Metric) -> Self {
        self.push(metric, Colors::None)
    }

    /// A column whose cells have the colour of the band that the number is in.
    #[must_use]
    pub fn banded(self, metric: Metric, bands: &[(f64, Color)]) -> Self {
        self.push(metric, Colors::Bands(bands.to_vec()))
    }

    /// A column whose cells have the colour of their value.
    #[must_use]
    pub fn colored(self, metric: Metric, scale: Scale) -> Self {
        self.push(metric, Colors::Scale(scale))
    }

    /// Width of the last column, in pixels.
    #[must_use]
    pub fn width(mut self, width: u16) -> Self {
        if let Some(column) = self.columns.last_mut() {
            column.width = Some(width);
        }
        self
    }

    /// Shows the rows by the last column, greatest first. Which groups are shown does not change.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.sorted = self.columns.len().checked_sub(1).map(|at| (at, "desc"));
        self
    }

    fn push(mut self, metric: Metric, colors: Colors) -> Self {
        self.columns.push(Column { metric, colors, width: None });
        self
    }

    pub(super) fn render(&self) -> Rendered {
        let buckets: Vec<&Bucket> = self.rows.iter().collect();
        let metrics: Vec<&Metric> = self.columns.iter().map(|column| &column.metric).collect();
        let (layer, ids) = Layer::new(MAIN, &buckets, &metrics);
        let groups = ids.buckets.iter().zip(&self.rows).map(|(id, bucket)| {
            let mut shown = json!({"columnId": id, "isTransposed": false, "isMetric": false, "oneClickFilter": true});
            if let Some(scale) = bucket.scale {
                shown["colorMode"] = json!("cell");
                shown["colorMapping"] = color::mapping(Some(scale));
            }
            shown
        });
        let values = ids.metrics.iter().zip(&self.columns).map(|(id, column)| column.value(id));
        let columns: Vec<Value> = groups.chain(values).collect();
        let sorting = match self.sorted {
            Some((at, direction)) => json!({"columnId": ids.metrics[at], "direction": direction}),
            None => Value::Null,
        };
        let mut state = json!({
            "layerId": MAIN, "layerType": "data", "columns": columns, "paging": {"size": 10, "enabled": true},
            "rowHeight": "auto", "headerRowHeight": "auto", "density": "compact",
        });
        if !sorting.is_null() {
            state["sorting"] = sorting;
        }
        Rendered { kind: "lnsDatatable", layers: vec![layer], visualization: state }
    }
}

impl Column {
    fn value(&self, id: &str) -> Value {
        let mut shown = json!({"columnId": id, "isTransposed": false, "isMetric": true});
        match &self.colors {
            Colors::None => {}
            Colors::Bands(bands) => {
                shown["colorMode"] = json!("cell");
                shown["palette"] = color::bands(bands);
            }
            Colors::Scale(scale) => {
                shown["colorMode"] = json!("cell");
                shown["colorMapping"] = color::mapping(Some(*scale));
            }
        }
        if let Some(width) = self.width {
            shown["width"] = json!(width);
        }
        shown
    }
}

impl From<Table> for Chart {
    fn from(chart: Table) -> Chart {
        Chart::Table(chart)
    }
}
