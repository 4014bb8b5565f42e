//! Buckets: columns of a Lens layer that divide documents into groups.

use serde_json::{Value, json};

use crate::color::Scale;
use crate::field::{Date, Field, Groups, Keyword, Number};
use crate::fields::ecs;
use crate::filter::Filter;
use crate::metric::{Metric, max};

/// A division of documents into groups.
#[derive(Debug, Clone)]
pub struct Bucket {
    pub(crate) label: String,
    pub(crate) division: Division,
    pub(crate) scale: Option<Scale>,
}

/// How a bucket divides: Lens's `operationType`.
#[derive(Debug, Clone)]
pub(crate) enum Division {
    Time { field: Date, interval: &'static str },
    Terms(Terms),
    Filters(Vec<(String, Filter)>),
    Ranges { field: Field, ranges: Vec<(Option<i64>, Option<i64>, &'static str)> },
    Histogram(Field),
}

#[derive(Debug, Clone)]
pub(crate) struct Terms {
    fields: Vec<Field>,
    size: u16,
    order: Order,
    ascending: bool,
    other: bool,
    missing: bool,
}

#[derive(Debug, Clone)]
enum Order {
    /// By the first metric of the layer that can order, greatest first.
    Metric,
    /// By the value itself.
    Alphabet,
    /// Rarest first: values with at most so many documents.
    Rare(u16),
    /// By another metric, greatest first; it is not shown.
    Other(Box<Metric>),
}

fn bucket(label: &str, division: Division) -> Bucket {
    Bucket { label: label.to_owned(), division, scale: None }
}

/// Groups by time, with an interval that fits the time range.
pub fn over_time(label: &str, field: Date) -> Bucket {
    bucket(label, Division::Time { field, interval: "auto" })
}

/// Groups by time, with this interval: `1h`, `1d`. State has no time range that an interval could fit.
pub fn over_time_by(label: &str, field: Date, interval: &'static str) -> Bucket {
    bucket(label, Division::Time { field, interval })
}

/// The groups by value that lead in the first metric.
pub fn top(label: &str, field: impl Groups, size: u16) -> Bucket {
    let fields = vec![field.into()];
    bucket(
        label,
        Division::Terms(Terms { fields, size, order: Order::Metric, ascending: false, other: false, missing: false }),
    )
}

/// The groups by value whose newest document is the newest, by `@timestamp`: for tables of newest records.
pub fn newest(label: &str, field: impl Groups, size: u16) -> Bucket {
    top(label, field, size).ordered_by(max("Order", ecs::TIMESTAMP))
}

/// A group per condition, in this order.
pub fn filters(label: &str, filters: Vec<(&str, Filter)>) -> Bucket {
    let filters = filters.into_iter().map(|(label, filter)| (label.to_owned(), filter)).collect();
    bucket(label, Division::Filters(filters))
}

/// A group per range of a number, from (inclusive) to (exclusive), with its label.
pub fn ranges(label: &str, field: Number, ranges: Vec<(Option<i64>, Option<i64>, &'static str)>) -> Bucket {
    bucket(label, Division::Ranges { field: field.into(), ranges })
}

/// Groups by number, with an interval that fits.
pub fn histogram(label: &str, field: Number) -> Bucket {
    bucket(label, Division::Histogram(field.into()))
}

/// Groups by severity, from high to informational, in the colours of severity. The field holds Microsoft's words.
pub fn by_severity(severity: Keyword) -> Bucket {
    let words = [("High", "high"), ("Medium", "medium"), ("Low", "low"), ("Informational", "informational")];
    filters("Severity", words.iter().map(|(label, word)| (*label, severity.is(word))).collect())
        .colored(Scale::Severity)
}

impl Bucket {
    /// Gives values the colours of a scale.
    #[must_use]
    pub fn colored(mut self, scale: Scale) -> Self {
        self.scale = Some(scale);
        self
    }

    /// Adds a group of all values that are not among the top.
    #[must_use]
    pub fn with_other(self) -> Self {
        self.terms(|terms| terms.other = true)
    }

    /// Adds a group of documents without a value, and one of all values that are not among the top: Lens has only both.
    #[must_use]
    pub fn with_missing(self) -> Self {
        self.terms(|terms| (terms.other, terms.missing) = (true, true))
    }

    /// Groups by this field too (`multi_terms`).
    #[must_use]
    pub fn and(self, field: impl Groups) -> Self {
        self.terms(|terms| terms.fields.push(field.into()))
    }

    /// Orders by the value itself.
    #[must_use]
    pub fn alphabetical(self) -> Self {
        self.terms(|terms| terms.order = Order::Alphabet)
    }

    /// Takes the rarest values instead, those with at most `documents`.
    #[must_use]
    pub fn rare(self, documents: u16) -> Self {
        self.terms(|terms| terms.order = Order::Rare(documents))
    }

    /// Orders by a metric that is not shown.
    #[must_use]
    pub fn ordered_by(self, metric: Metric) -> Self {
        self.terms(|terms| terms.order = Order::Other(Box::new(metric)))
    }

    /// Takes the groups with the least value of what orders them.
    #[must_use]
    pub fn ascending(self) -> Self {
        self.terms(|terms| terms.ascending = true)
    }

    fn terms(mut self, change: impl FnOnce(&mut Terms)) -> Self {
        if let Division::Terms(terms) = &mut self.division {
            change(terms);
        }
        self
    }

    /// The column; `by` is the id of the metric that orders.
    pub(crate) fn column(&self, by: Option<&str>) -> Value {
        let mut column = match &self.division {
            Division::Time { field, interval } => json!({
                "operationType": "date_histogram", "sourceField": field.name(), "dataType": "date", "scale": "interval",
                "params": {"interval": interval, "includeEmptyRows": true, "dropPartials": false},
            }),
            Division::Terms(terms) => terms.column(by),
            Division::Filters(filters) => {
                let query =
                    |(label, filter): &(String, Filter)| json!({"label": label, "input": Filter::query(Some(filter))});
                json!({
                    "operationType": "filters", "dataType": "string", "scale": "ordinal",
                    "params": {"filters": filters.iter().map(query).collect::<Vec<_>>()},
                })
            }
            Division::Ranges { field, ranges } => {
                let range = |(from, to, label): &(Option<i64>, Option<i64>, &str)| json!({"from": from, "to": to, "label": label});
                json!({
                    "operationType": "range", "sourceField": field.name, "dataType": "string", "scale": "ordinal",
                    "params": {"type": "range", "ranges": ranges.iter().map(range).collect::<Vec<_>>(), "maxBars": "auto"},
                })
            }
            Division::Histogram(field) => json!({
                "operationType": "range", "sourceField": field.name, "dataType": "number", "scale": "interval",
                "params": {
                    "type": "histogram", "maxBars": "auto", "includeEmptyRows": true,
                    "ranges": [{"from": 0, "to": 1000, "label": ""}],
                },
            }),
        };
        column["label"] = json!(self.label);
        column["customLabel"] = json!(true);
        column["isBucketed"] = json!(true);
        column
    }
}

impl Terms {
    fn column(&self, by: Option<&str>) -> Value {
        let several = self.fields.len() > 1;
        let mut params = json!({
            "size": self.size, "orderDirection": if self.ascending { "asc" } else { "desc" }, "otherBucket": self.other && !several,
            "missingBucket": self.missing, "parentFormat": {"id": if several { "multi_terms" } else { "terms" }},
            "include": [], "exclude": [], "includeIsRegex": false, "excludeIsRegex": false,
        });
        params["orderBy"] = match (&self.order, by) {
            (Order::Metric, Some(id)) => json!({"type": "column", "columnId": id}),
            (Order::Metric | Order::Alphabet, _) => json!({"type": "alphabetical", "fallback": false}),
            (Order::Rare(documents), _) => json!({"type": "rare", "maxDocCount": documents}),
            (Order::Other(metric), _) => {
                params["orderAgg"] = metric.column();
                json!({"type": "custom"})
            }
        };
        if params["orderBy"]["type"] == "alphabetical" {
            params["orderDirection"] = json!("asc");
        }
        if several {
            let more: Vec<&str> = self.fields.iter().skip(1).map(|field| field.name.as_ref()).collect();
            params["secondaryFields"] = json!(more);
        }
        let first = self.fields.first();
        json!({
            "operationType": "terms", "scale": "ordinal", "sourceField": first.map(|field| field.name.clone()),
            "dataType": if several { "string" } else { first.map_or("string", |field| field.data_type) },
            "params": params,
        })
    }
}
