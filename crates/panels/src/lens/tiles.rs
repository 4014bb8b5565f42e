//! A layer of a map: documents by geographic tile (`ES_GEO_GRID`), with the middle of each tile's documents.

use serde_json::{Value, json};

use super::column::whole;
use super::error::{Problem, Result};
use super::fields::Fields;
use super::kql::all;
use super::layer::within;
use super::run::Search;
use super::time::Span;
use super::view::DataView;
use crate::table::{Kind, Table, TableColumn};

/// Finest zoom of a tile.
const FINEST: u64 = 29;
/// Tiles that one answer may hold; Elasticsearch's own default.
const SIZE: u64 = 10_000;

#[derive(Debug, Clone)]
pub(crate) struct Tiles {
    view: DataView,
    field: String,
    precision: u64,
    /// Label and aggregation; none for the number of documents.
    metrics: Vec<(String, Option<Value>)>,
    query: Value,
}

impl Tiles {
    /// Reads the source of a map's layer. Kibana's tiles are some steps finer than the map's zoom.
    pub(crate) fn parse(source: &Value, zoom: f64, view: DataView, fields: &Fields) -> Result<Self> {
        let field = source["geoField"].as_str().ok_or_else(|| Problem::new("the layer has no geoField"))?;
        if fields.kind(field) != Some(schema::ecs::Type::GeoPoint) {
            return Err(Problem::new(format!("{field} is no geo_point")));
        }
        let finer = match source["resolution"].as_str() {
            Some("COARSE") | None => 2,
            Some("FINE") => 3,
            Some("MOST_FINE") => 4,
            Some("SUPER_FINE") => 8,
            Some(other) => return Err(Problem::new(format!("the resolution {other} is not supported"))),
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a zoom is a small number")]
        let precision = (zoom.max(0.0).ceil() as u64 + finer).min(FINEST);
        let metrics = source["metrics"].as_array().map(Vec::as_slice).unwrap_or_default();
        let metrics = metrics.iter().map(|json| metric(json, fields)).collect::<Result<Vec<_>>>()?;
        Ok(Self { view, field: field.to_owned(), precision, metrics, query: Value::Null })
    }

    /// Sets what the layer's documents must fulfil.
    pub(crate) fn ask(&mut self, mut conditions: Vec<Value>, span: Option<Span>) {
        if let (Some(field), Some(span)) = (&self.view.time_field, span) {
            conditions.push(within(field, span));
        }
        conditions.push(json!({ "exists": { "field": self.field } }));
        self.query = all(&conditions);
    }

    pub(crate) fn search(&self) -> Search {
        let mut inner = json!({ "centroid": { "geo_centroid": { "field": self.field } } });
        for (position, (_, body)) in self.metrics.iter().enumerate() {
            if let Some(body) = body {
                inner[format!("m{position}")] = body.clone();
            }
        }
        let grid = json!({ "field": self.field, "precision": self.precision, "size": SIZE });
        let aggregations = json!({ "tiles": { "geotile_grid": grid, "aggs": inner } });
        let body = json!({ "size": 0, "track_total_hits": true, "query": self.query, "aggs": aggregations });
        Search { index: self.view.index.clone(), body }
    }

    /// One row per tile, those with most documents first.
    pub(crate) fn table(&self, answer: &Value) -> Table {
        let column = |id: &str, label: &str, kind| TableColumn {
            id: id.to_owned(),
            label: label.to_owned(),
            kind,
            format: Value::Null,
        };
        let mut columns = vec![column("tile", "Tile", Kind::GeoTile), column("centroid", "Place", Kind::GeoPoint)];
        for (position, (label, _)) in self.metrics.iter().enumerate() {
            columns.push(column(&format!("metric{position}"), label, Kind::Number));
        }
        let buckets = answer["aggregations"]["tiles"]["buckets"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut buckets: Vec<&Value> = buckets.iter().collect();
        buckets.sort_by_key(|bucket| (std::cmp::Reverse(bucket["doc_count"].as_u64()), bucket["key"].as_str()));
        let row = |bucket: &&Value| {
            let place = &bucket["centroid"]["location"];
            let mut row = vec![bucket["key"].clone(), json!({ "lat": place["lat"], "lon": place["lon"] })];
            for (position, (_, body)) in self.metrics.iter().enumerate() {
                let own = &bucket[format!("m{position}")]["value"];
                row.push(if body.is_some() { whole(own.clone()) } else { bucket["doc_count"].clone() });
            }
            row
        };
        let total_hits = answer["hits"]["total"]["value"].as_u64().unwrap_or(0);
        Table { columns, rows: buckets.iter().map(row).collect(), total_hits }
    }
}

fn metric(json: &Value, fields: &Fields) -> Result<(String, Option<Value>)> {
    let kind = json["type"].as_str().unwrap_or_default();
    let label = json["label"].as_str().filter(|label| !label.is_empty()).map(str::to_owned);
    let word = match kind {
        "count" => return Ok((label.unwrap_or_else(|| "Documents".to_owned()), None)),
        "sum" | "avg" | "min" | "max" => kind,
        "unique_count" => "cardinality",
        other => return Err(Problem::new(format!("the metric {other} of a map is not supported"))),
    };
    let field = json["field"].as_str().filter(|field| fields.kind(field).is_some());
    let field = field.ok_or_else(|| Problem::new(format!("the metric {kind} names no known field")))?;
    Ok((label.unwrap_or_else(|| format!("{kind} of {field}")), Some(json!({ word: { "field": field } }))))
}
