//! Buckets: what documents are grouped by.

use schema::ecs::Type;
use serde_json::Value;

use super::metrics::{self, Metric};
use super::{Params, Source, kind_of_field};
use crate::lens::error::{Problem, Result};
use crate::lens::fields::Fields;
use crate::lens::filters;
use crate::lens::time::{Length, auto_interval};
use crate::table::Kind;

#[derive(Debug, Clone)]
pub(crate) enum Bucket {
    DateHistogram {
        field: String,
        interval: Length,
        empty_rows: bool,
        drop_partials: bool,
    },
    Terms(Box<Terms>),
    /// Label and condition of each.
    Filters(Vec<(String, Value)>),
    Ranges {
        field: String,
        ranges: Vec<RangeBucket>,
    },
    Histogram {
        field: String,
        interval: Interval,
        empty_rows: bool,
    },
}

/// The interval of a number histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Interval {
    /// At most so many bars between the smallest and the largest value.
    Auto {
        max_bars: f64,
    },
    Fixed(f64),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RangeBucket {
    pub(crate) from: Option<f64>,
    pub(crate) to: Option<f64>,
    pub(crate) label: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Terms {
    /// More than one makes a `multi_terms` aggregation.
    pub(crate) fields: Vec<String>,
    pub(crate) kind: Type,
    pub(crate) size: u64,
    pub(crate) order: OrderBy,
    pub(crate) ascending: bool,
    pub(crate) other: bool,
    pub(crate) missing: bool,
    pub(crate) include: Value,
    pub(crate) exclude: Value,
}

#[derive(Debug, Clone)]
pub(crate) enum OrderBy {
    Key,
    /// A metric column of the layer.
    Column(String),
    /// A metric that is no column.
    Metric(Box<Metric>),
    /// The rarest values, those with at most so many documents.
    Rare(u64),
}

/// Reads the buckets of this operation.
pub(super) fn parse(word: &str, source: &Source<'_>) -> Result<Bucket> {
    let params = source.params;
    if source.json.get("filter").is_some_and(|filter| !filter.is_null()) {
        return Err(Problem::new("a filter on a column of buckets is not supported"));
    }
    match word {
        "date_histogram" => {
            params.only(&["interval", "includeEmptyRows", "dropPartials", "ignoreTimeRange"])?;
            let field = source.field()?;
            if source.around.fields.kind(&field) != Some(Type::Date) {
                return Err(Problem::new(format!("a date histogram of {field}, which is no date")));
            }
            if params.flag("ignoreTimeRange") {
                return Err(Problem::new("ignoreTimeRange is not supported"));
            }
            let interval = match params.json["interval"].as_str() {
                None | Some("auto") => auto_interval(source.around.range),
                Some(text) => Length::parse(text)?,
            };
            let empty_rows = params.json["includeEmptyRows"] != false;
            Ok(Bucket::DateHistogram { field, interval, empty_rows, drop_partials: params.flag("dropPartials") })
        }
        "terms" => terms(source).map(Box::new).map(Bucket::Terms),
        "filters" => {
            params.only(&["filters"])?;
            let list = params.json["filters"].as_array().filter(|list| !list.is_empty());
            let list = list.ok_or_else(|| Problem::new("filters without a filter"))?;
            list.iter().map(|one| filter(one, source.around.fields)).collect::<Result<_>>().map(Bucket::Filters)
        }
        _ => range(source),
    }
}

fn filter(json: &Value, fields: &Fields) -> Result<(String, Value)> {
    let condition = filters::query(&json["input"], fields)?;
    let condition = condition.unwrap_or_else(|| serde_json::json!({ "match_all": {} }));
    let label = json["label"].as_str().filter(|label| !label.is_empty());
    let label = label.or_else(|| json["input"]["query"].as_str()).unwrap_or_default();
    Ok((if label.is_empty() { "*" } else { label }.to_owned(), condition))
}

fn range(source: &Source<'_>) -> Result<Bucket> {
    let params = source.params;
    params.only(&["type", "ranges", "maxBars", "includeEmptyRows", "parentFormat"])?;
    let field = source.field()?;
    if !matches!(source.around.fields.kind(&field), Some(Type::Long | Type::Float | Type::Double)) {
        return Err(Problem::new(format!("ranges of {field}, which is no number")));
    }
    if params.json["type"] == "histogram" {
        let interval = match &params.json["maxBars"] {
            Value::Number(bars) => Interval::Auto { max_bars: bars.as_f64().unwrap_or(100.0).max(1.0) },
            _ => Interval::Auto { max_bars: 100.0 },
        };
        return Ok(Bucket::Histogram { field, interval, empty_rows: params.flag("includeEmptyRows") });
    }
    let list = params.json["ranges"].as_array().filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| Problem::new("ranges without a range"))?;
    let ranges = list.iter().map(|range| {
        let (from, to) = (range["from"].as_f64(), range["to"].as_f64());
        let end = |end: Option<f64>| end.map_or("*".to_owned(), |end| end.to_string());
        let label = range["label"].as_str().filter(|label| !label.is_empty()).map(str::to_owned);
        RangeBucket { from, to, label: label.unwrap_or_else(|| format!("{} – {}", end(from), end(to))) }
    });
    Ok(Bucket::Ranges { field, ranges: ranges.collect() })
}

const TERMS: [&str; 14] = [
    "size",
    "orderBy",
    "orderDirection",
    "orderAgg",
    "otherBucket",
    "missingBucket",
    "parentFormat",
    "include",
    "exclude",
    "includeIsRegex",
    "excludeIsRegex",
    "secondaryFields",
    "accuracyMode",
    "collapseFn",
];

fn terms(source: &Source<'_>) -> Result<Terms> {
    let params = source.params;
    params.only(&TERMS)?;
    if params.flag("accuracyMode") || params.json.get("collapseFn").is_some() {
        return Err(Problem::new("accuracyMode and collapseFn are not supported"));
    }
    let first = source.field()?;
    let kind = source.around.fields.kind(&first).unwrap_or(Type::Keyword);
    let mut fields = vec![first];
    for more in params.json["secondaryFields"].as_array().into_iter().flatten() {
        fields.push(source.known(more.as_str().unwrap_or_default())?);
    }
    for name in &fields {
        if let Some(wrong @ (Type::MatchOnlyText | Type::GeoPoint)) = source.around.fields.kind(name) {
            return Err(Problem::new(format!("top values of {name}, which is {}", wrong.name())));
        }
    }
    let single = fields.len() == 1;
    let order = order(source)?;
    let is_rare = matches!(order, OrderBy::Rare(_));
    if is_rare && !single {
        return Err(Problem::new("rare values of several fields are not supported"));
    }
    let size = params.json["size"].as_u64().filter(|size| *size > 0);
    Ok(Terms {
        kind,
        size: size.ok_or_else(|| Problem::new("top values without a size"))?,
        order,
        ascending: params.json["orderDirection"] == "asc",
        // Kibana asks for missing values only beside the rest, and for neither with several fields or rare values.
        other: single && !is_rare && params.flag("otherBucket"),
        missing: single && !is_rare && params.flag("missingBucket") && params.flag("otherBucket"),
        include: chosen(params, "include", "includeIsRegex"),
        exclude: chosen(params, "exclude", "excludeIsRegex"),
        fields,
    })
}

/// A list of values, or one regular expression.
fn chosen(params: &Params<'_>, list: &str, is_regex: &str) -> Value {
    let Some(values) = params.json[list].as_array().filter(|values| !values.is_empty()) else { return Value::Null };
    if params.flag(is_regex) { values[0].clone() } else { Value::from(values.clone()) }
}

fn order(source: &Source<'_>) -> Result<OrderBy> {
    let order = &source.params.json["orderBy"];
    match order["type"].as_str() {
        Some("alphabetical") => Ok(OrderBy::Key),
        Some("column") => {
            let column = order["columnId"].as_str();
            let column = column.ok_or_else(|| Problem::new("the order names no column"))?;
            Ok(OrderBy::Column(column.to_owned()))
        }
        Some("rare") => Ok(OrderBy::Rare(order["maxDocCount"].as_u64().unwrap_or(1))),
        Some("custom") => {
            let json = &source.params.json["orderAgg"];
            let word = json["operationType"].as_str().ok_or_else(|| Problem::new("the order has no orderAgg"))?;
            let params = Params { json: &json["params"] };
            let metric = metrics::parse(word, &Source { json, params: &params, around: source.around })?;
            Ok(OrderBy::Metric(Box::new(metric)))
        }
        other => Err(Problem::new(format!("an order of type {} is not supported", other.unwrap_or("none")))),
    }
}

impl Bucket {
    /// How the keys are shown.
    pub(super) fn kind(&self, fields: &Fields) -> Result<Kind> {
        match self {
            Bucket::DateHistogram { .. } => Ok(Kind::Date),
            Bucket::Histogram { .. } => Ok(Kind::Number),
            Bucket::Terms(terms) if terms.fields.len() == 1 => kind_of_field(&terms.fields[0], fields),
            Bucket::Terms(_) | Bucket::Filters(_) | Bucket::Ranges { .. } => Ok(Kind::Text),
        }
    }
}
