//! Metrics: what is computed for a bucket.

use schema::ecs::Type;
use serde_json::{Value, json};

use super::{Source, kind_of_field};
use crate::lens::error::{Problem, Result};
use crate::lens::fields::Fields;
use crate::lens::time::Length;
use crate::table::Kind;

/// Lens' name for the documents themselves.
const RECORDS: &str = "___records___";

#[derive(Debug, Clone)]
pub(crate) struct Metric {
    pub(crate) aggregation: Aggregation,
    pub(crate) filter: Option<Value>,
    pub(crate) shift: Option<Length>,
    /// Only the last part of the time range counts.
    pub(crate) reduced: Option<Length>,
    /// Zero is shown as nothing.
    pub(crate) empty_as_null: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Aggregation {
    /// Documents of the bucket.
    Count,
    /// An aggregation with one `value`: `sum`, `avg`, `min`, `max`, `cardinality`, `value_count`.
    Value(&'static str, String),
    Percentile(String, f64),
    PercentileRank(String, f64),
    Deviation(String),
    /// The field of the newest document by the sort field: its first value, or all as a list.
    Last {
        field: String,
        kind: Type,
        sort: String,
        list: bool,
    },
}

/// Reads the metric of this operation.
pub(super) fn parse(word: &str, source: &Source<'_>) -> Result<Metric> {
    let params = source.params;
    let number = || {
        let field = source.field()?;
        match source.around.fields.kind(&field) {
            Some(Type::Long | Type::Float | Type::Double) => Ok(field),
            other => Err(Problem::new(format!("{word} of {field}, which is {}", other.map_or("unknown", Type::name)))),
        }
    };
    let known: &[&str] = match word {
        "percentile" => &["percentile"],
        "percentile_rank" => &["value"],
        "last_value" => &["sortField", "showArrayValues"],
        "count" | "unique_count" | "sum" | "average" | "min" | "max" | "median" | "standard_deviation" => {
            &["emptyAsNull"]
        }
        other => return Err(Problem::new(format!("the operation {other} is not supported"))),
    };
    params.only(known)?;
    let parameter = |name: &str| {
        let number = params.json[name].as_f64();
        number.ok_or_else(|| Problem::new(format!("the parameter {name} is no number")))
    };
    let aggregation = match word {
        "count" if source.json["sourceField"] == RECORDS => Aggregation::Count,
        "count" => Aggregation::Value("value_count", source.field()?),
        "unique_count" => Aggregation::Value("cardinality", source.field()?),
        "sum" => Aggregation::Value("sum", number()?),
        "average" => Aggregation::Value("avg", number()?),
        "min" => Aggregation::Value("min", number_or_date(word, source)?),
        "max" => Aggregation::Value("max", number_or_date(word, source)?),
        "median" => Aggregation::Percentile(number()?, 50.0),
        "percentile" => Aggregation::Percentile(number()?, parameter("percentile")?),
        "percentile_rank" => Aggregation::PercentileRank(number()?, parameter("value")?),
        "standard_deviation" => Aggregation::Deviation(number()?),
        _ => last(source)?,
    };
    let (shift, reduced) = (source.length("timeShift")?, source.length("reducedTimeRange")?);
    if (shift.is_some() || reduced.is_some()) && source.around.time_field.is_none() {
        return Err(Problem::new("timeShift and reducedTimeRange need a data view with a time field"));
    }
    Ok(Metric { aggregation, filter: source.filter()?, shift, reduced, empty_as_null: params.flag("emptyAsNull") })
}

fn number_or_date(word: &str, source: &Source<'_>) -> Result<String> {
    let field = source.field()?;
    match source.around.fields.kind(&field) {
        Some(Type::Long | Type::Float | Type::Double | Type::Date) => Ok(field),
        other => Err(Problem::new(format!("{word} of {field}, which is {}", other.map_or("unknown", Type::name)))),
    }
}

fn last(source: &Source<'_>) -> Result<Aggregation> {
    let field = source.field()?;
    let sort = source.params.json["sortField"].as_str().or(source.around.time_field);
    let sort = sort.ok_or_else(|| Problem::new("last_value has no sortField"))?;
    let kind = source.around.fields.kind(&field).unwrap_or(Type::Keyword);
    Ok(Aggregation::Last { field, kind, sort: source.known(sort)?, list: source.params.flag("showArrayValues") })
}

impl Metric {
    /// How the values are shown.
    pub(super) fn kind(&self, fields: &Fields) -> Result<Kind> {
        match &self.aggregation {
            Aggregation::Value("min" | "max", field) | Aggregation::Last { field, .. } => kind_of_field(field, fields),
            _ => Ok(Kind::Number),
        }
    }

    /// The aggregation in Elasticsearch's words, without the metric's filter; none if the documents are counted.
    pub(crate) fn body(&self) -> Option<Value> {
        match &self.aggregation {
            Aggregation::Count => None,
            Aggregation::Value(word, field) => Some(json!({ *word: { "field": field } })),
            Aggregation::Percentile(field, percent) => {
                Some(json!({ "percentiles": { "field": field, "percents": [percent], "keyed": false } }))
            }
            Aggregation::PercentileRank(field, value) => {
                Some(json!({ "percentile_ranks": { "field": field, "values": [value], "keyed": false } }))
            }
            Aggregation::Deviation(field) => Some(json!({ "extended_stats": { "field": field } })),
            Aggregation::Last { field, kind, sort, .. } => {
                let mut wanted = json!({ "field": field });
                if *kind == Type::Date {
                    wanted["format"] = "epoch_millis".into();
                }
                let sort = json!([{ sort: { "order": "desc", "unmapped_type": "date" } }]);
                Some(json!({ "top_hits": { "size": 1, "sort": sort, "_source": false, "fields": [wanted] } }))
            }
        }
    }

    /// What a terms aggregation names to be ordered by the metric, beside the name of its aggregation.
    pub(crate) fn order_suffix(&self) -> Result<String> {
        match &self.aggregation {
            Aggregation::Count | Aggregation::Value(..) => Ok(String::new()),
            Aggregation::Percentile(_, number) | Aggregation::PercentileRank(_, number) => Ok(format!(".{number}")),
            Aggregation::Deviation(_) => Ok(".std_deviation".to_owned()),
            Aggregation::Last { .. } => Err(Problem::new("Elasticsearch cannot order by a last value")),
        }
    }

    /// The value in the answer of [`Self::body`]; `count` are the documents of the bucket or of the filter.
    pub(crate) fn read(&self, answer: &Value, count: &Value) -> Value {
        let value = match &self.aggregation {
            Aggregation::Count => count.clone(),
            Aggregation::Value(..) => answer["value"].clone(),
            Aggregation::Percentile(..) | Aggregation::PercentileRank(..) => answer["values"][0]["value"].clone(),
            Aggregation::Deviation(_) => answer["std_deviation"].clone(),
            Aggregation::Last { field, kind, list, .. } => {
                let values = answer["hits"]["hits"][0]["fields"][field].as_array().map(Vec::as_slice);
                let one = |value: &Value| if *kind == Type::Date { milliseconds(value) } else { value.clone() };
                match values.unwrap_or_default() {
                    [] => Value::Null,
                    values if *list && values.len() > 1 => values.iter().map(one).collect(),
                    values => one(&values[0]),
                }
            }
        };
        let is_zero = value.as_f64() == Some(0.0);
        if self.empty_as_null && is_zero { Value::Null } else { whole(value) }
    }
}

/// `fields` gives numbers as text when a format is asked for.
fn milliseconds(value: &Value) -> Value {
    let text = value.as_str().and_then(|text| text.parse::<f64>().ok());
    whole(text.map_or_else(|| value.clone(), Value::from))
}

/// A float that is a whole number as an integer: counts and times come as `3.0` from some aggregations.
pub(crate) fn whole(value: Value) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "within the bounds that a double holds exactly")]
    match value.as_f64() {
        Some(number) if !value.is_i64() && number.fract() == 0.0 && number.abs() < 9e15 => Value::from(number as i64),
        _ => value,
    }
}
