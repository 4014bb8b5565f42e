//! One layer of a Lens panel: what it asks for, and how it is asked in one search per time shift.

use serde_json::{Map, Value, json};

use super::column::{Bucket, Column, Interval, Metric, Operation, OrderBy, Surroundings, Terms};
use super::error::{Problem, Result};
use super::fields::Fields;
use super::kql::all;
use super::time::{Length, Span, text};
use super::view::DataView;

/// Key that Elasticsearch is told for documents without a value.
pub(crate) const MISSING_KEY: &str = "__missing__";
/// Key of the bucket that is added for what the top values leave over.
pub(crate) const OTHER_KEY: &str = "__other__";

#[derive(Debug, Clone)]
pub(crate) struct Layer {
    pub(crate) columns: Vec<Column>,
    pub(crate) view: DataView,
    /// All conditions but the time range.
    pub(crate) conditions: Vec<Value>,
    pub(crate) span: Span,
    /// Column of a table and whether it ascends.
    pub(crate) sorting: Option<(usize, bool)>,
}

/// What one search of a layer differs by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shifted {
    pub(crate) by: Option<Length>,
    pub(crate) span: Span,
}

impl Layer {
    /// Reads a layer of `datasourceStates.formBased.layers`.
    pub(crate) fn parse(json: &Value, view: DataView, fields: &Fields, span: Span) -> Result<Self> {
        let order = json["columnOrder"].as_array().ok_or_else(|| Problem::new("the layer has no columnOrder"))?;
        let (time_field, formats) = (view.time_field.as_deref(), &view.formats);
        let around = Surroundings { fields, range: span.length(), time_field, formats };
        let mut columns: Vec<Column> = Vec::new();
        for id in order.iter().filter_map(Value::as_str) {
            let column = json["columns"].get(id);
            let column =
                column.ok_or_else(|| Problem::new("columnOrder names a column that there is not").in_column(id))?;
            columns.push(Column::parse(id, column, &around)?);
        }
        let first_metric = columns.iter().position(|column| column.bucket().is_none()).unwrap_or(columns.len());
        if let Some(late) = columns[first_metric..].iter().find(|column| column.bucket().is_some()) {
            return Err(Problem::new("buckets must stand before metrics").in_column(&late.id));
        }
        let count = json["columns"].as_object().map_or(0, Map::len);
        if columns.is_empty() || columns.len() != count {
            return Err(Problem::new(format!("columnOrder names {} of {count} columns", columns.len())));
        }
        Ok(Self { columns, view, conditions: Vec::new(), span, sorting: None })
    }

    /// The buckets, outermost first.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (&Column, &Bucket)> {
        self.columns.iter().filter_map(|column| Some((column, column.bucket()?)))
    }

    pub(crate) fn bucket(&self, level: usize) -> Option<&Bucket> {
        self.columns.get(level).and_then(Column::bucket)
    }

    /// The metrics with their positions among the columns.
    pub(crate) fn metrics(&self) -> impl Iterator<Item = (usize, &Column, &Metric)> {
        let columns = self.columns.iter().enumerate();
        columns.filter_map(|(position, column)| Some((position, column, column.metric()?)))
    }

    /// Whether the panel states everything itself.
    pub(crate) fn is_constant(&self) -> bool {
        self.columns.iter().all(|column| matches!(column.operation, Operation::Static(_)))
    }

    /// The shifts in time of its metrics; the time as it is comes first, always.
    pub(crate) fn shifts(&self) -> Result<Vec<Shifted>> {
        let mut shifts = vec![Shifted { by: None, span: self.span }];
        for (_, column, metric) in self.metrics() {
            if let (Some(by), false) = (metric.shift, shifts.iter().any(|known| known.by == metric.shift)) {
                let span = self.span.shifted_back(by).map_err(|problem| problem.in_column(&column.id))?;
                shifts.push(Shifted { by: Some(by), span });
            }
        }
        Ok(shifts)
    }

    /// The body of a search with these aggregations.
    pub(crate) fn body(&self, span: Span, aggregations: Value) -> Value {
        let mut conditions = self.conditions.clone();
        conditions.extend(self.view.time_field.as_ref().map(|field| within(field, span)));
        let mut body = json!({ "size": 0, "track_total_hits": true, "query": all(&conditions) });
        if aggregations.as_object().is_some_and(|object| !object.is_empty()) {
            body["aggs"] = aggregations;
        }
        body
    }

    /// Smallest and largest value of the fields whose histogram interval depends on them.
    pub(crate) fn bounds(&self) -> Option<Value> {
        let mut bounds = Map::new();
        for (level, (_, bucket)) in self.buckets().enumerate() {
            if let Bucket::Histogram { field, interval: Interval::Auto { .. }, .. } = bucket {
                bounds.insert(format!("min{level}"), json!({ "min": { "field": field } }));
                bounds.insert(format!("max{level}"), json!({ "max": { "field": field } }));
            }
        }
        (!bounds.is_empty()).then(|| self.body(self.span, Value::Object(bounds)))
    }

    /// Sets the intervals from the answer of [`Self::bounds`].
    pub(crate) fn take_bounds(&mut self, aggregations: &Value, fields: &Fields) {
        for (level, column) in self.columns.iter_mut().enumerate() {
            if let Operation::Bucket(Bucket::Histogram { field, interval, .. }) = &mut column.operation {
                let end = |word: &str| aggregations[format!("{word}{level}")]["value"].as_f64().unwrap_or(0.0);
                if let Interval::Auto { max_bars } = *interval {
                    let size = nice_interval(end("max") - end("min"), max_bars);
                    let whole = fields.kind(field) == Some(schema::ecs::Type::Long);
                    *interval = Interval::Fixed(if whole { size.max(1.0) } else { size });
                }
            }
        }
    }

    /// The aggregations from this level of buckets on.
    pub(crate) fn tree(&self, level: usize, shifted: Shifted) -> Result<Value> {
        let Some(column) = self.columns.get(level).filter(|column| column.bucket().is_some()) else {
            let mut tree = Map::new();
            for (position, _, metric) in self.metrics().filter(|(.., metric)| metric.shift == shifted.by) {
                tree.extend(self.wrapped(&format!("m{position}"), metric, shifted.span)?);
            }
            return Ok(Value::Object(tree));
        };
        let mut inner = self.tree(level + 1, shifted)?;
        let bucket = column.bucket().ok_or_else(|| Problem::new("no bucket"))?;
        let body = match bucket {
            Bucket::DateHistogram { field, interval, empty_rows, .. } => {
                self.date_histogram(field, *interval, *empty_rows, shifted.span)
            }
            Bucket::Filters(filters) => {
                let conditions: Vec<&Value> = filters.iter().map(|(_, condition)| condition).collect();
                json!({ "filters": { "filters": conditions } })
            }
            Bucket::Ranges { field, ranges } => {
                let ranges = ranges.iter().map(|range| {
                    let ends = [("from", range.from), ("to", range.to)];
                    let ends = ends.into_iter().filter_map(|(word, end)| Some((word.to_owned(), end?.into())));
                    Value::Object(ends.collect())
                });
                json!({ "range": { "field": field, "ranges": ranges.collect::<Vec<_>>() } })
            }
            Bucket::Histogram { field, interval, empty_rows } => {
                let Interval::Fixed(size) = interval else { return Err(Problem::new("the interval is not known yet")) };
                json!({ "histogram": { "field": field, "interval": size, "min_doc_count": u8::from(!empty_rows) } })
            }
            Bucket::Terms(terms) => {
                let (order, extra) = self.order(terms, level, shifted)?;
                merge(&mut inner, extra);
                terms_body(terms, &order)
            }
        };
        let mut body = body;
        if inner.as_object().is_some_and(|object| !object.is_empty()) {
            body["aggs"] = inner;
        }
        Ok(json!({ (format!("b{level}")): body }))
    }

    fn date_histogram(&self, field: &str, interval: Length, empty_rows: bool, span: Span) -> Value {
        let word = if interval.is_calendar() { "calendar_interval" } else { "fixed_interval" };
        let mut body = json!({ "field": field, word: interval.asked(), "time_zone": "UTC", "min_doc_count": 1 });
        if empty_rows {
            body["min_doc_count"] = 0.into();
            if self.view.time_field.as_deref() == Some(field) {
                body["extended_bounds"] = json!({ "min": span.from, "max": span.to });
            }
        }
        json!({ "date_histogram": body })
    }

    /// What a terms aggregation is ordered by, and the aggregation that must be added for it.
    fn order(&self, terms: &Terms, level: usize, shifted: Shifted) -> Result<(Value, Map<String, Value>)> {
        let direction = if terms.ascending { "asc" } else { "desc" };
        let by = |path: String| json!({ path: direction });
        let (metric, name) = match &terms.order {
            OrderBy::Rare(_) => return Ok((Value::Null, Map::new())),
            OrderBy::Key => return Ok((by("_key".to_owned()), Map::new())),
            OrderBy::Metric(metric) => (metric.as_ref(), None),
            OrderBy::Column(id) => {
                let found = self.metrics().find(|(_, column, _)| column.id == *id);
                let (position, _, metric) =
                    found.ok_or_else(|| Problem::new(format!("the order names {id}, which is no metric")))?;
                let is_innermost = self.bucket(level + 1).is_none() && metric.shift == shifted.by;
                (metric, is_innermost.then(|| format!("m{position}")))
            }
        };
        let is_extra = name.is_none();
        let name = name.unwrap_or_else(|| format!("o{level}"));
        let conditions = self.metric_conditions(metric, shifted.span)?;
        let path = match (metric.body(), conditions.is_empty()) {
            (None, true) => "_count".to_owned(),
            (None, false) => name.clone(),
            (Some(_), true) => format!("{name}{}", metric.order_suffix()?),
            (Some(_), false) => format!("{name}>v{}", metric.order_suffix()?),
        };
        let extra = if is_extra { self.wrapped(&name, metric, shifted.span)? } else { Map::new() };
        Ok((by(path), extra))
    }

    fn metric_conditions(&self, metric: &Metric, span: Span) -> Result<Vec<Value>> {
        let mut conditions: Vec<Value> = metric.filter.iter().cloned().collect();
        if let (Some(reduced), Some(field)) = (metric.reduced, &self.view.time_field) {
            conditions.push(within(field, Span { from: reduced.added(span.to, -1)?, to: span.to }));
        }
        Ok(conditions)
    }

    /// The metric's aggregation within its conditions, under this name; empty for a plain count.
    fn wrapped(&self, name: &str, metric: &Metric, span: Span) -> Result<Map<String, Value>> {
        let conditions = self.metric_conditions(metric, span)?;
        let body = match (metric.body(), conditions.is_empty()) {
            (None, true) => return Ok(Map::new()),
            (Some(body), true) => body,
            (None, false) => json!({ "filter": all(&conditions) }),
            (Some(body), false) => json!({ "filter": all(&conditions), "aggs": { "v": body } }),
        };
        Ok(Map::from_iter([(name.to_owned(), body)]))
    }
}

fn merge(inner: &mut Value, extra: Map<String, Value>) {
    if let Some(object) = inner.as_object_mut() {
        object.extend(extra);
    }
}

fn terms_body(terms: &Terms, order: &Value) -> Value {
    if let (OrderBy::Rare(most), [field]) = (&terms.order, terms.fields.as_slice()) {
        return json!({ "rare_terms": { "field": field, "max_doc_count": most } });
    }
    let mut body = json!({ "size": terms.size, "order": order });
    for (word, value) in [("include", &terms.include), ("exclude", &terms.exclude)] {
        if !value.is_null() {
            body[word] = value.clone();
        }
    }
    if let [field] = terms.fields.as_slice() {
        body["field"] = field.as_str().into();
        if terms.missing
            && terms.kind.is_text()
            && terms.kind != schema::ecs::Type::Date
            && terms.kind != schema::ecs::Type::Ip
        {
            body["missing"] = MISSING_KEY.into();
        }
        return json!({ "terms": body });
    }
    body["terms"] = terms.fields.iter().map(|field| json!({ "field": field })).collect();
    json!({ "multi_terms": body })
}

/// The time is within the span.
pub(crate) fn within(field: &str, span: Span) -> Value {
    json!({ "range": { field: { "gte": text(span.from), "lte": text(span.to), "format": "strict_date_optional_time" } } })
}

/// The shortest of 1, 2, 5 and 10 times a power of ten that needs no more bars.
fn nice_interval(width: f64, max_bars: f64) -> f64 {
    let exact = width / max_bars;
    if !exact.is_normal() || exact <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(exact.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| width / step <= max_bars).unwrap_or(steps[3])
}
