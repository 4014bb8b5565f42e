//! Groups by number or time: `date_histogram`, `histogram`, `range`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::MOST;
use crate::evaluate::aggregations::{Group, Inner, keyed};
use crate::evaluate::document::Document;
use crate::evaluate::values::Datum;
use crate::evaluate::{Error, Result};
use crate::lens::{Interval, iso};

fn field(body: &Value) -> Result<&str> {
    body["field"].as_str().ok_or_else(|| Error::new("the buckets name no field"))
}

pub(in crate::evaluate) fn date_histogram(body: &Value, documents: &[&Document], inner: &Inner<'_>) -> Result<Value> {
    let text = body["calendar_interval"].as_str().or_else(|| body["fixed_interval"].as_str());
    let interval = text.and_then(Interval::parse).ok_or_else(|| Error::new("the date histogram has no interval"))?;
    if !matches!(body["time_zone"].as_str(), None | Some("UTC")) {
        return Err(Error::new("times are reckoned in UTC only"));
    }
    let field = field(body)?;
    let mut groups: BTreeMap<i64, Group<'_>> = BTreeMap::new();
    for document in documents {
        let times = document.values(field).iter();
        let begin = |value: &Datum| if let Datum::Date(time) = value { Some(interval.floor(*time)) } else { None };
        for begin in times.filter_map(begin).collect::<BTreeSet<i64>>() {
            groups.entry(begin).or_default().push(document);
        }
    }
    if body["min_doc_count"] == 0 {
        let bound = |name: &str| body["extended_bounds"][name].as_i64().map(|time| interval.floor(time));
        let first = groups.keys().next().copied().into_iter().chain(bound("min")).min();
        let last = groups.keys().next_back().copied().into_iter().chain(bound("max")).max();
        if let (Some(mut time), Some(last)) = (first, last) {
            while time <= last {
                groups.entry(time).or_default();
                if groups.len() > MOST {
                    return Err(Error::new(format!("a date histogram with more than {MOST} buckets")));
                }
                time = interval.next(time).ok_or_else(|| Error::new("the time is outside of the calendar"))?;
            }
        }
    }
    let bucket =
        |(time, group): (&i64, &Group<'_>)| inner.bucket(json!({ "key": time, "key_as_string": iso(*time) }), group);
    Ok(json!({ "buckets": groups.iter().map(bucket).collect::<Result<Vec<_>>>()? }))
}

#[expect(clippy::cast_possible_truncation, reason = "positions of bars, bounded below")]
#[expect(clippy::cast_precision_loss, reason = "positions of bars, bounded below")]
pub(in crate::evaluate) fn histogram(body: &Value, documents: &[&Document], inner: &Inner<'_>) -> Result<Value> {
    let size = body["interval"].as_f64().filter(|size| *size > 0.0);
    let size = size.ok_or_else(|| Error::new("the histogram has no interval"))?;
    let field = field(body)?;
    let mut groups: BTreeMap<i64, Group<'_>> = BTreeMap::new();
    for document in documents {
        let bars = document.values(field).iter().filter_map(Datum::number).map(|number| (number / size).floor() as i64);
        for bar in bars.collect::<BTreeSet<i64>>() {
            groups.entry(bar).or_default().push(document);
        }
    }
    if body["min_doc_count"].as_u64().unwrap_or(0) == 0
        && let (Some((first, _)), Some((last, _))) = (groups.first_key_value(), groups.last_key_value())
    {
        let (first, last) = (*first, *last);
        if last.abs_diff(first) > MOST as u64 {
            return Err(Error::new(format!("a histogram with more than {MOST} buckets")));
        }
        for bar in first..=last {
            groups.entry(bar).or_default();
        }
    }
    let bucket = |(bar, group): (&i64, &Group<'_>)| inner.bucket(keyed(&(*bar as f64 * size).into()), group);
    Ok(json!({ "buckets": groups.iter().map(bucket).collect::<Result<Vec<_>>>()? }))
}

pub(in crate::evaluate) fn range(body: &Value, documents: &[&Document], inner: &Inner<'_>) -> Result<Value> {
    let field = field(body)?;
    let list = body["ranges"].as_array().ok_or_else(|| Error::new("ranges are no list"))?;
    let mut ranges: Vec<(f64, f64)> = list
        .iter()
        .map(|range| {
            (range["from"].as_f64().unwrap_or(f64::NEG_INFINITY), range["to"].as_f64().unwrap_or(f64::INFINITY))
        })
        .collect();
    ranges.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.total_cmp(&right.1)));
    let bucket = |(from, to): &(f64, f64)| {
        let is_within = |document: &&&Document| {
            document.values(field).iter().filter_map(Datum::number).any(|number| *from <= number && number < *to)
        };
        let group: Group<'_> = documents.iter().filter(is_within).copied().collect();
        let mut entries = json!({});
        for (name, end) in [("from", from), ("to", to)] {
            if end.is_finite() {
                entries[name] = (*end).into();
            }
        }
        inner.bucket(entries, &group)
    };
    Ok(json!({ "buckets": ranges.iter().map(bucket).collect::<Result<Vec<_>>>()? }))
}
