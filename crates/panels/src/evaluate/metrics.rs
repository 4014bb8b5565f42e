//! Metrics over the documents of a bucket.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::document::Document;
use super::values::Datum;
use super::{Error, Result, Types, hits};

/// The answer of the metric of this type.
pub(super) fn metric(word: &str, body: &Value, documents: &[&Document], types: &Types) -> Result<Value> {
    if word == "top_hits" {
        let size = body["size"].as_u64().unwrap_or(3);
        return Ok(json!({ "hits": { "hits": hits::hits(documents, body, size, types)? } }));
    }
    let field = body["field"].as_str().ok_or_else(|| Error::new(format!("{word} names no field")))?;
    let values = documents.iter().flat_map(|document| document.values(field));
    match word {
        "value_count" => Ok(json!({ "value": values.count() })),
        "cardinality" => Ok(json!({ "value": values.collect::<BTreeSet<&Datum>>().len() })),
        "geo_centroid" => Ok(centroid(values)),
        "sum" | "avg" | "min" | "max" | "extended_stats" | "percentiles" | "percentile_ranks" => {
            let mut numbers: Vec<f64> = values.filter_map(Datum::number).collect();
            numbers.sort_by(f64::total_cmp);
            numeric(word, body, &numbers)
        }
        other => Err(Error::new(format!("the aggregation {other} is not known"))),
    }
}

/// Metrics over sorted numbers.
#[expect(clippy::cast_precision_loss, reason = "counts are far below what a double holds")]
fn numeric(word: &str, body: &Value, numbers: &[f64]) -> Result<Value> {
    let (count, sum) = (numbers.len() as f64, numbers.iter().sum::<f64>());
    let mean = (!numbers.is_empty()).then(|| sum / count);
    Ok(match word {
        "sum" => json!({ "value": sum }),
        "avg" => json!({ "value": mean }),
        "min" | "max" => {
            let value = if word == "min" { numbers.first() } else { numbers.last() };
            match value {
                Some(value) => json!({ "value": value }),
                // A bucket without a value is ordered as the server does, which has an infinite number there.
                None => {
                    json!({ "value": null, "order_without_value": if word == "min" { "highest" } else { "lowest" } })
                }
            }
        }
        "extended_stats" => {
            let variance = mean.map(|mean| numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / count);
            json!({ "count": numbers.len(), "sum": sum, "avg": mean, "std_deviation": variance.map(f64::sqrt) })
        }
        "percentiles" => listed(body, "percents", |percent| quantile(numbers, percent / 100.0))?,
        _ => listed(body, "values", |value| {
            let below = numbers.partition_point(|number| *number <= value);
            (!numbers.is_empty()).then(|| below as f64 / count * 100.0)
        })?,
    })
}

/// An answer with one entry for each number that is asked for.
fn listed(body: &Value, name: &str, compute: impl Fn(f64) -> Option<f64>) -> Result<Value> {
    let wanted = body[name].as_array().ok_or_else(|| Error::new(format!("there are no {name}")))?;
    let entries = wanted.iter().filter_map(Value::as_f64).map(|key| json!({ "key": key, "value": compute(key) }));
    Ok(json!({ "values": entries.collect::<Vec<_>>() }))
}

/// The quantile of sorted numbers, between two of them in proportion.
#[expect(clippy::cast_precision_loss, reason = "counts are far below what a double holds")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a position within the list")]
fn quantile(numbers: &[f64], share: f64) -> Option<f64> {
    let last = numbers.len().checked_sub(1)?;
    let position = share.clamp(0.0, 1.0) * last as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(last);
    Some(numbers[below] + (numbers[above] - numbers[below]) * (position - below as f64))
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below what a double holds")]
fn centroid<'a>(values: impl Iterator<Item = &'a Datum>) -> Value {
    let places = values.filter_map(|value| if let Datum::Point(lat, lon) = value { Some((*lat, *lon)) } else { None });
    let (count, lat, lon) =
        places.fold((0_u64, 0.0, 0.0), |(count, lat, lon), place| (count + 1, lat + place.0, lon + place.1));
    if count == 0 {
        return json!({ "count": 0 });
    }
    json!({ "location": { "lat": lat / count as f64, "lon": lon / count as f64 }, "count": count })
}
