//! A column of a Lens layer, read strictly: what is not understood is an error, never left aside.

mod buckets;
mod metrics;

use serde_json::Value;

pub(crate) use self::buckets::{Bucket, Interval, OrderBy, RangeBucket, Terms};
pub(crate) use self::metrics::{Metric, whole};

use super::error::{Problem, Result};
use super::fields::{Fields, kind_of};
use super::filters;
use super::time::{Length, Millis};
use crate::table::Kind;

/// Properties that a column may have; Lens' names.
const KNOWN: [&str; 15] = [
    "label",
    "customLabel",
    "dataType",
    "isBucketed",
    "operationType",
    "scale",
    "sourceField",
    "params",
    "filter",
    "timeShift",
    "reducedTimeRange",
    "references",
    "isStaticValue",
    "timeScale",
    "esType",
];

#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) kind: Kind,
    pub(crate) format: Value,
    pub(crate) operation: Operation,
}

#[derive(Debug, Clone)]
pub(crate) enum Operation {
    Bucket(Bucket),
    Metric(Box<Metric>),
    /// A number that the panel states: a reference line, the end of a gauge.
    Static(f64),
}

/// What a column's meaning depends on.
pub(crate) struct Surroundings<'a> {
    pub(crate) fields: &'a Fields,
    /// Length of the time range.
    pub(crate) range: Millis,
    pub(crate) time_field: Option<&'a str>,
    /// The data view's formats by field.
    pub(crate) formats: &'a Value,
}

impl Column {
    pub(crate) fn parse(id: &str, json: &Value, around: &Surroundings<'_>) -> Result<Self> {
        Self::read(id, json, around).map_err(|problem| problem.in_column(id))
    }

    fn read(id: &str, json: &Value, around: &Surroundings<'_>) -> Result<Self> {
        let object = json.as_object().ok_or_else(|| Problem::new("the column is no object"))?;
        if let Some(name) = object.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(Problem::new(format!("the property {name} of a column is not supported")));
        }
        if json.get("timeScale").is_some_and(|scale| !scale.is_null()) {
            return Err(Problem::new("timeScale is not supported"));
        }
        let word = json["operationType"].as_str().ok_or_else(|| Problem::new("the column has no operationType"))?;
        let is_bucket = json["isBucketed"] == true;
        let params = Params { json: &json["params"] };
        let source = Source { json, params: &params, around };
        let operation = match word {
            "date_histogram" | "terms" | "filters" | "range" if is_bucket => {
                Operation::Bucket(buckets::parse(word, &source)?)
            }
            "static_value" => Operation::Static(static_value(&params)?),
            _ if is_bucket => return Err(Problem::new(format!("{word} makes no buckets"))),
            _ => Operation::Metric(Box::new(metrics::parse(word, &source)?)),
        };
        let kind = match &operation {
            Operation::Bucket(bucket) => bucket.kind(around.fields)?,
            Operation::Metric(metric) => metric.kind(around.fields)?,
            Operation::Static(_) => Kind::Number,
        };
        let label = json["label"].as_str().unwrap_or(id).to_owned();
        let mut format = params.json["format"].clone();
        // Values of the field itself have its format, unless the panel says another.
        if format.is_null() && ["terms", "last_value"].contains(&word) {
            format = json["sourceField"].as_str().map(|field| around.formats[field].clone()).unwrap_or_default();
        }
        if let Operation::Bucket(Bucket::DateHistogram { interval, .. }) = &operation {
            format = serde_json::json!({ "id": "date", "params": { "interval": interval.text(), "millis": interval.millis() } });
        }
        Ok(Self { id: id.to_owned(), label, kind, format, operation })
    }

    pub(crate) fn bucket(&self) -> Option<&Bucket> {
        if let Operation::Bucket(bucket) = &self.operation { Some(bucket) } else { None }
    }

    pub(crate) fn metric(&self) -> Option<&Metric> {
        if let Operation::Metric(metric) = &self.operation { Some(metric) } else { None }
    }
}

/// The `params` of a column.
pub(super) struct Params<'a> {
    json: &'a Value,
}

impl Params<'_> {
    /// Refuses what the translation would otherwise leave aside.
    fn only(&self, known: &[&str]) -> Result<()> {
        let mut names = self.json.as_object().into_iter().flat_map(|object| object.keys());
        match names.find(|name| !known.contains(&name.as_str()) && *name != "format") {
            Some(name) => Err(Problem::new(format!("the parameter {name} is not supported"))),
            None => Ok(()),
        }
    }

    fn flag(&self, name: &str) -> bool {
        self.json[name] == true
    }
}

/// A column's JSON and what it depends on.
pub(super) struct Source<'a> {
    json: &'a Value,
    params: &'a Params<'a>,
    around: &'a Surroundings<'a>,
}

impl Source<'_> {
    fn field(&self) -> Result<String> {
        let name = self.json["sourceField"].as_str().ok_or_else(|| Problem::new("the column has no sourceField"))?;
        self.known(name)
    }

    /// The name, if there is such a field.
    fn known(&self, name: &str) -> Result<String> {
        match self.around.fields.kind(name) {
            Some(_) => Ok(name.to_owned()),
            None => Err(Problem::new(format!("no field is called {name}"))),
        }
    }

    fn filter(&self) -> Result<Option<Value>> {
        filters::query(&self.json["filter"], self.around.fields)
    }

    fn length(&self, name: &str) -> Result<Option<Length>> {
        match self.json[name].as_str() {
            None | Some("") => Ok(None),
            Some("previous") => Ok(Some(Length::of(self.around.range))),
            Some(text) => Length::parse(text).map(Some),
        }
    }
}

fn static_value(params: &Params<'_>) -> Result<f64> {
    params.only(&["value"])?;
    let value = &params.json["value"];
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    number.ok_or_else(|| Problem::new(format!("{value} is no number")))
}

/// How values of the field are shown.
pub(super) fn kind_of_field(name: &str, fields: &Fields) -> Result<Kind> {
    let kind = fields.kind(name).ok_or_else(|| Problem::new(format!("no field is called {name}")))?;
    Ok(kind_of(kind))
}
