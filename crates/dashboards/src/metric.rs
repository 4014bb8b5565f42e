//! Metrics: columns of a Lens layer that compute a value over the documents of a group.

use serde_json::{Value, json};

use crate::field::{Date, Field, Number, Ordered, Values};
use crate::fields::ecs;
use crate::filter::Filter;

/// A value computed over the documents of a group.
#[derive(Debug, Clone)]
pub struct Metric {
    pub(crate) label: String,
    pub(crate) operation: Operation,
    pub(crate) filter: Option<Filter>,
    pub(crate) shift: Option<&'static str>,
    pub(crate) window: Option<&'static str>,
    pub(crate) format: Option<Format>,
    /// Nothing is shown instead of zero.
    pub(crate) is_blank: bool,
}

/// What a metric computes: Lens's `operationType`.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    Count,
    Field(&'static str, Field),
    Percentile(Field, u8),
    Last { field: Field, time: Date, list: bool },
    Static(i64),
}

/// How a number is written: Lens's `params.format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// With this many decimals.
    Decimals(u8),
    /// Bytes in the unit that fits.
    Bytes,
    /// A duration that documents have in nanoseconds (`event.duration`), in the unit that fits.
    Nanoseconds,
    /// A duration in seconds, in the unit that fits.
    Seconds,
}

impl Format {
    fn value(self) -> Value {
        let duration = |unit: &str| json!({"id": "duration", "params": {"fromUnit": unit, "toUnit": "humanizePrecise", "decimals": 1, "compact": true}});
        match self {
            Format::Decimals(decimals) => json!({"id": "number", "params": {"decimals": decimals}}),
            Format::Bytes => json!({"id": "bytes", "params": {"decimals": 1}}),
            Format::Nanoseconds => duration("nanoseconds"),
            Format::Seconds => duration("seconds"),
        }
    }
}

fn metric(label: &str, operation: Operation) -> Metric {
    Metric {
        label: label.to_owned(),
        operation,
        filter: None,
        shift: None,
        window: None,
        format: None,
        is_blank: false,
    }
}

/// Number of documents.
pub fn count(label: &str) -> Metric {
    metric(label, Operation::Count)
}

/// Number of different values (`cardinality`). History holds a document per version: its incidents are counted by id.
pub fn unique(label: &str, field: impl Values) -> Metric {
    metric(label, Operation::Field("unique_count", field.into()))
}

/// Sum of a number.
pub fn sum(label: &str, field: Number) -> Metric {
    metric(label, Operation::Field("sum", field.into()))
}

/// Mean of a number.
pub fn average(label: &str, field: Number) -> Metric {
    metric(label, Operation::Field("average", field.into()))
}

/// Median of a number.
pub fn median(label: &str, field: Number) -> Metric {
    metric(label, Operation::Field("median", field.into()))
}

/// Least number or earliest time.
pub fn min(label: &str, field: impl Ordered) -> Metric {
    metric(label, Operation::Field("min", field.into()))
}

/// Greatest number or latest time.
pub fn max(label: &str, field: impl Ordered) -> Metric {
    metric(label, Operation::Field("max", field.into()))
}

/// Value below which `percent` of a hundred values lie.
pub fn percentile(label: &str, field: Number, percent: u8) -> Metric {
    metric(label, Operation::Percentile(field.into(), percent))
}

/// The value that the newest document has, by `@timestamp`.
pub fn last(label: &str, field: impl Values) -> Metric {
    metric(label, Operation::Last { field: field.into(), time: ecs::TIMESTAMP, list: false })
}

/// All values of a list that the newest document has, by `@timestamp`.
pub fn last_list(label: &str, field: impl Values) -> Metric {
    metric(label, Operation::Last { field: field.into(), time: ecs::TIMESTAMP, list: true })
}

/// A constant, for the bounds and the goal of a gauge and for reference lines.
pub fn constant(label: &str, value: i64) -> Metric {
    metric(label, Operation::Static(value))
}

impl Metric {
    /// Takes only these documents.
    #[must_use]
    pub fn only(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Looks at the time range before: `1d`, `1w`, or `previous` for one of the same length. History only.
    #[must_use]
    pub fn shifted(mut self, by: &'static str) -> Self {
        self.shift = Some(by);
        self
    }

    /// Looks at the end of the time range only, for example `1d`. History only.
    #[must_use]
    pub fn within(mut self, window: &'static str) -> Self {
        self.window = Some(window);
        self
    }

    /// Writes the number so.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = Some(format);
        self
    }

    /// A bucket can be ordered by it.
    pub(crate) fn orders(&self) -> bool {
        !matches!(self.operation, Operation::Last { .. } | Operation::Static(_))
    }

    pub(crate) fn column(&self) -> Value {
        let mut column = match &self.operation {
            Operation::Count => json!({
                "operationType": "count", "sourceField": "___records___", "dataType": "number", "scale": "ratio",
                "params": {"emptyAsNull": self.is_blank},
            }),
            Operation::Field(operation, field) => {
                let number = !["min", "max"].contains(operation) || field.data_type == "number";
                let data_type = if number { "number" } else { field.data_type };
                let empty = ["unique_count", "sum"].contains(operation);
                json!({
                    "operationType": operation, "sourceField": field.name, "dataType": data_type, "scale": "ratio",
                    "params": if empty { json!({"emptyAsNull": self.is_blank}) } else { json!({}) },
                })
            }
            Operation::Percentile(field, percent) => json!({
                "operationType": "percentile", "sourceField": field.name, "dataType": "number", "scale": "ratio",
                "params": {"percentile": percent},
            }),
            Operation::Last { field, time, list } => json!({
                "operationType": "last_value", "sourceField": field.name, "dataType": field.data_type,
                "scale": if field.data_type == "number" { "ratio" } else { "ordinal" },
                "params": {"sortField": time.name(), "showArrayValues": list},
                "filter": Filter::query(Some(&Filter::Exists(field.name.to_string()))),
            }),
            Operation::Static(value) => json!({
                "operationType": "static_value", "dataType": "number", "scale": "ratio", "isStaticValue": true,
                "references": [], "params": {"value": value.to_string()},
            }),
        };
        column["label"] = json!(self.label);
        column["customLabel"] = json!(true);
        column["isBucketed"] = json!(false);
        if let Some(filter) = &self.filter {
            column["filter"] = Filter::query(Some(filter));
        }
        if let Some(shift) = self.shift {
            column["timeShift"] = json!(shift);
        }
        if let Some(window) = self.window {
            column["reducedTimeRange"] = json!(window);
        }
        if let Some(format) = self.format {
            column["params"]["format"] = format.value();
        }
        column
    }
}
