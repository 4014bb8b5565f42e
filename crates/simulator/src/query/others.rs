//! Services that do not speak OData: times in query parameters, or in the JSON body of a POST.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde_json::Value;

use super::filter::{Filter, Literal, Op, Prop};
use super::{Query, Refused};
use crate::filetime;
use crate::list::{BodyWindow, List, TimeForm};

/// Reads a window from query parameters.
pub(super) fn parameters(
    query: &mut Query,
    params: &[(String, String)],
    bounds: &BTreeMap<Op, String>,
    (size, skip): (&str, Option<&str>),
) -> Result<(), Refused> {
    let list = query.list;
    let mut all = Vec::new();
    for (name, value) in params {
        if let Some((op, _)) = bounds.iter().find(|(_, bound)| *bound == name) {
            all.push(compare(*op, text_time(list, name, value)?));
        } else if name == size {
            query.top = page_size(list, name, value.parse().ok())?;
        } else if skip == Some(name) {
            query.skip = value.parse().map_err(|_| invalid(name, value))?;
        }
    }
    query.filter = joined(all);
    Ok(())
}

/// Reads a window from a body.
pub(super) fn body(query: &mut Query, body: &Value, names: &BodyWindow) -> Result<(), Refused> {
    let list = query.list;
    if !body.is_object() {
        return Err(Refused("The body of the request is no JSON object.".into()));
    }
    let mut all = Vec::new();
    if let Some(Value::Object(bounds)) = body.get(&names.filters).and_then(|filters| filters.get(&names.property)) {
        for (name, value) in bounds {
            let known = names.bounds.iter().find(|(_, bound)| *bound == name);
            let (op, _) = known.ok_or_else(|| Refused(format!("The operator '{name}' is not supported.")))?;
            let time = match (list.times, value) {
                (TimeForm::EpochMilliseconds, Value::Number(number)) => number.as_i64().map(|ms| ms * 10_000),
                (TimeForm::Iso, Value::String(text)) => text_time(list, name, text).ok(),
                _ => None,
            };
            all.push(compare(*op, time.ok_or_else(|| invalid(name, &value.to_string()))?));
        }
    }
    query.filter = joined(all);
    if let Some(size) = body.get(&names.size) {
        query.top = page_size(list, &names.size, size.as_u64())?;
    }
    if let Some(skip) = body.get(&names.skip) {
        query.skip = skip.as_u64().ok_or_else(|| invalid(&names.skip, &skip.to_string()))?;
    }
    if let Some(direction) = names.direction.as_ref().and_then(|name| body.get(name)) {
        query.descending = match direction.as_str() {
            Some("asc") => false,
            Some("desc") => true,
            _ => return Err(Refused(format!("The order {direction} is not supported."))),
        };
    }
    Ok(())
}

fn compare(op: Op, time: i64) -> Filter {
    Filter::Compare(Prop::Updated, op, Literal::Time(time))
}

fn joined(all: Vec<Filter>) -> Option<Filter> {
    (!all.is_empty()).then_some(Filter::And(all))
}

fn text_time(list: &List, name: &str, value: &str) -> Result<i64, Refused> {
    let time = match list.times {
        TimeForm::Iso => DateTime::parse_from_rfc3339(value).ok().map(|time| filetime::from_time(time.to_utc())),
        TimeForm::EpochMilliseconds => value.parse::<i64>().ok().map(|ms| ms.saturating_mul(10_000)),
    };
    time.ok_or_else(|| invalid(name, value))
}

fn page_size(list: &List, name: &str, size: Option<u64>) -> Result<usize, Refused> {
    match size {
        Some(size) if size > 0 && size <= u64::from(list.page.cap) => Ok(size as usize),
        _ => Err(Refused(format!("'{name}' must be between 1 and {}.", list.page.cap))),
    }
}

fn invalid(name: &str, value: &str) -> Refused {
    Refused(format!("Invalid value '{value}' for '{name}'."))
}
