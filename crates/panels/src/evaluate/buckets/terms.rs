//! Groups by value: `terms` and `multi_terms`.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use schema::ecs::Type;
use serde_json::{Value, json};

use crate::evaluate::aggregations::{Group, Inner};
use crate::evaluate::document::Document;
use crate::evaluate::values::Datum;
use crate::evaluate::{Error, Result};

const KNOWN: [&str; 7] = ["field", "terms", "size", "order", "missing", "include", "exclude"];

pub(in crate::evaluate) fn terms(body: &Value, documents: &[&Document], inner: &Inner<'_>) -> Result<Value> {
    if let Some(name) =
        body.as_object().into_iter().flat_map(|body| body.keys()).find(|name| !KNOWN.contains(&name.as_str()))
    {
        return Err(Error::new(format!("the option {name} of terms is not known")));
    }
    let fields: Vec<&str> = match &body["terms"] {
        Value::Array(list) => list.iter().filter_map(|term| term["field"].as_str()).collect(),
        _ => body["field"].as_str().into_iter().collect(),
    };
    let single = body.get("field").is_some();
    let (path, ascending) = order(&body["order"])?;
    let by_metric = !["_count", "_key"].contains(&path);
    let mut found = Vec::new();
    for (keys, group) in groups(body, &fields, documents, inner)? {
        let bucket = if by_metric { Some(inner.bucket(entries(&keys, single), &group)?) } else { None };
        let rank = match &bucket {
            Some(bucket) => Inner::order_value(bucket, path)?,
            None => 0.0,
        };
        found.push((keys, group, bucket, rank));
    }
    // The map has sorted them by key, which decides among equals.
    match path {
        "_key" if ascending => {}
        "_key" => found.reverse(),
        "_count" if ascending => found.sort_by_key(|(_, group, ..)| group.len()),
        "_count" => found.sort_by_key(|(_, group, ..)| std::cmp::Reverse(group.len())),
        _ => found.sort_by(|left, right| by_value(left.3, right.3, ascending)),
    }
    let size = usize::try_from(body["size"].as_u64().unwrap_or(10)).unwrap_or(usize::MAX);
    let rest: usize = found.iter().skip(size).map(|(_, group, ..)| group.len()).sum();
    found.truncate(size);
    let buckets = found.into_iter().map(|(keys, group, bucket, _)| match bucket {
        Some(bucket) => Ok(bucket),
        None => inner.bucket(entries(&keys, single), &group),
    });
    Ok(json!({ "sum_other_doc_count": rest, "buckets": buckets.collect::<Result<Vec<_>>>()? }))
}

/// Values with at most `max_doc_count` documents, the rarest first.
pub(in crate::evaluate) fn rare_terms(body: &Value, documents: &[&Document], inner: &Inner<'_>) -> Result<Value> {
    let field = body["field"].as_str().ok_or_else(|| Error::new("rare_terms names no field"))?;
    let most = usize::try_from(body["max_doc_count"].as_u64().unwrap_or(1)).unwrap_or(usize::MAX);
    let mut found: Vec<_> = groups(&Value::Null, &[field], documents, inner)?.into_iter().collect();
    found.retain(|(_, group)| group.len() <= most);
    found.sort_by_key(|(_, group)| group.len());
    let buckets = found.iter().map(|(keys, group)| inner.bucket(entries(keys, true), group));
    Ok(json!({ "buckets": buckets.collect::<Result<Vec<_>>>()? }))
}

/// What is no number comes last in either direction.
fn by_value(left: f64, right: f64, ascending: bool) -> Ordering {
    match (left.is_nan(), right.is_nan()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        _ if ascending => left.total_cmp(&right),
        _ => right.total_cmp(&left),
    }
}

fn order(order: &Value) -> Result<(&str, bool)> {
    let mut entries = order.as_object().into_iter().flatten();
    match (entries.next(), entries.next()) {
        (None, _) => Ok(("_count", false)),
        (Some((path, direction)), None) => Ok((path, direction == "asc")),
        _ => Err(Error::new("more than one order is not known")),
    }
}

fn groups<'a>(
    body: &Value,
    fields: &[&str],
    documents: &[&'a Document],
    inner: &Inner<'_>,
) -> Result<BTreeMap<Vec<Datum>, Group<'a>>> {
    let (include, exclude) = (chosen(&body["include"])?, chosen(&body["exclude"])?);
    let kinds: Vec<Type> = fields.iter().map(|field| inner.types.kind(field).unwrap_or(Type::Keyword)).collect();
    let missing = body["missing"].as_str().map(|text| Datum::Text(text.into()));
    let mut groups: BTreeMap<Vec<Datum>, Group<'a>> = BTreeMap::new();
    for document in documents {
        let mut combinations: Vec<Vec<Datum>> = vec![Vec::new()];
        for (field, kind) in fields.iter().zip(&kinds) {
            let mut values = document.values(field).to_vec();
            values.sort();
            values.dedup();
            if values.is_empty() {
                values.extend(missing.clone());
            }
            let is_wanted = |value: &Datum| {
                let is = |list: &[Value]| list.iter().any(|wanted| Datum::of(*kind, wanted).as_ref() == Some(value));
                include.is_none_or(is) && !exclude.is_some_and(is)
            };
            values.retain(is_wanted);
            let extend = |keys: &Vec<Datum>| {
                values.iter().map(|value| keys.iter().cloned().chain([value.clone()]).collect()).collect::<Vec<_>>()
            };
            combinations = combinations.iter().flat_map(extend).collect();
        }
        for keys in combinations {
            groups.entry(keys).or_default().push(document);
        }
    }
    Ok(groups)
}

fn chosen(list: &Value) -> Result<Option<&[Value]>> {
    match list {
        Value::Null => Ok(None),
        Value::Array(list) => Ok(Some(list)),
        _ => Err(Error::new("regular expressions in include and exclude are not known here")),
    }
}

fn entries(keys: &[Datum], single: bool) -> Value {
    if !single {
        let names: Vec<Value> =
            keys.iter().map(|key| if let Datum::Boolean(flag) = key { (*flag).into() } else { key.key() }).collect();
        return json!({ "key": names });
    }
    match keys {
        [key @ Datum::Boolean(flag)] => json!({ "key": key.key(), "key_as_string": flag.to_string() }),
        [key] => json!({ "key": key.key() }),
        _ => json!({ "key": null }),
    }
}
