//! Filters and queries of dashboards and panels, and what is chosen in controls, as query DSL.

use serde_json::{Map, Value, json};

use super::error::{Problem, Result};
use super::fields::Fields;
use super::kql;
use super::view::View;

/// Conditions of a `searchSourceJSON` or of a Lens state: its query and its filters.
pub(crate) fn conditions(source: &Value, filters: &str, fields: &Fields) -> Result<Vec<Value>> {
    let mut conditions: Vec<Value> = query(&source["query"], fields)?.into_iter().collect();
    for one in source[filters].as_array().map(Vec::as_slice).unwrap_or_default() {
        conditions.extend(filter(one)?);
    }
    Ok(conditions)
}

/// A query object, `{language, query}`; `None` if it asks for nothing.
pub(crate) fn query(query: &Value, fields: &Fields) -> Result<Option<Value>> {
    if query.is_null() {
        return Ok(None);
    }
    if query.get("esql").is_some() {
        return Err(Problem::new("ES|QL panels are not supported"));
    }
    let text = query["query"].as_str().ok_or_else(|| Problem::new(format!("{query} is no query")))?;
    match query["language"].as_str() {
        _ if text.trim().is_empty() => Ok(None),
        Some("kuery") => kql::to_dsl(text, fields),
        other => Err(Problem::new(format!("queries in {} are not supported", other.unwrap_or("no language")))),
    }
}

/// A filter of the filter bar; `None` if it is switched off.
fn filter(filter: &Value) -> Result<Option<Value>> {
    let meta = &filter["meta"];
    if meta["disabled"] == true {
        return Ok(None);
    }
    let kind = meta["type"].as_str().unwrap_or("custom");
    let condition = match kind {
        "combined" => combined(meta)?,
        "phrase" | "phrases" | "exists" | "range" | "custom" => {
            let query = filter.get("query").filter(|query| query.is_object());
            query.cloned().ok_or_else(|| Problem::new(format!("the filter on {} has no query", meta["key"])))?
        }
        other => return Err(Problem::new(format!("filters of type {other} are not supported"))),
    };
    Ok(Some(if meta["negate"] == true { kql::none(&condition) } else { condition }))
}

fn combined(meta: &Value) -> Result<Value> {
    let parts = meta["params"].as_array().ok_or_else(|| Problem::new("a combined filter has no parts"))?;
    let mut conditions = Vec::new();
    for part in parts {
        conditions.extend(filter(part)?);
    }
    match meta["relation"].as_str() {
        Some("OR") => Ok(kql::any(&conditions)),
        Some("AND") => Ok(kql::all(&conditions)),
        other => Err(Problem::new(format!("{other:?} is no relation of a combined filter"))),
    }
}

/// What is chosen in the dashboard's controls. A choice of the view replaces the control's own.
pub(crate) fn controls(group: &Value, view: &View) -> Result<Vec<Value>> {
    let none = Map::new();
    let controls = group["panelsJSON"].as_object().unwrap_or(&none);
    if let Some(id) = view.selections.keys().find(|id| !controls.contains_key(*id)) {
        return Err(Problem::new(format!("the dashboard has no control {id}")));
    }
    let mut conditions = Vec::new();
    for (id, control) in controls {
        let about = |problem: Problem| Problem::new(format!("control {id}: {}", problem.text));
        let input = &control["explicitInput"];
        let chosen = view.selections.get(id).cloned();
        let condition = match control["type"].as_str() {
            Some("optionsListControl") => options(input, chosen),
            Some("rangeSliderControl") => range(input, chosen),
            other => Err(Problem::new(format!("controls of type {other:?} are not supported"))),
        };
        conditions.extend(condition.map_err(about)?);
    }
    Ok(conditions)
}

fn field(input: &Value) -> Result<&str> {
    input["fieldName"].as_str().ok_or_else(|| Problem::new("it has no fieldName"))
}

fn options(input: &Value, chosen: Option<Vec<Value>>) -> Result<Option<Value>> {
    let field = field(input)?;
    let own = || input["selectedOptions"].as_array().cloned().unwrap_or_default();
    let chosen = chosen.unwrap_or_else(own);
    let condition = if input["existsSelected"] == true {
        json!({ "exists": { "field": field } })
    } else if chosen.is_empty() {
        return Ok(None);
    } else {
        json!({ "terms": { field: chosen } })
    };
    Ok(Some(if input["exclude"] == true { kql::none(&condition) } else { condition }))
}

fn range(input: &Value, chosen: Option<Vec<Value>>) -> Result<Option<Value>> {
    let field = field(input)?;
    let Some(ends) = chosen.or_else(|| input["value"].as_array().cloned()) else { return Ok(None) };
    let [from, to] = ends.as_slice() else { return Err(Problem::new("a range has two ends")) };
    let mut bounds = Map::new();
    for (word, end) in [("gte", from), ("lte", to)] {
        let number = end.as_f64().or_else(|| end.as_str().and_then(|text| text.parse().ok()));
        if let Some(number) = number {
            bounds.insert(word.to_owned(), number.into());
        } else if !end.is_null() && end != "" {
            return Err(Problem::new(format!("{end} is no number")));
        }
    }
    Ok(if bounds.is_empty() { None } else { Some(json!({ "range": { field: bounds } })) })
}
