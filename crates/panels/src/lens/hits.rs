//! A saved search (Discover session): documents as they are, with their columns.

use schema::ecs::Type;
use serde_json::{Value, json};

use super::error::{Problem, Result};
use super::fields::{Fields, kind_of};
use super::filters;
use super::kql::all;
use super::layer::within;
use super::run::Search;
use super::time::Span;
use super::view::DataView;
use crate::table::{Kind, Table, TableColumn};

/// Documents of a page: more are never read on a dashboard.
const SIZE: u64 = 100;

#[derive(Debug, Clone)]
pub(crate) struct Hits {
    view: DataView,
    columns: Vec<(String, Type)>,
    sort: Vec<Value>,
    conditions: Vec<Value>,
    query: Value,
}

impl Hits {
    /// Reads the attributes of a saved search, decoded.
    pub(crate) fn parse(attributes: &Value, view: DataView, fields: &Fields) -> Result<Self> {
        if attributes.get("tabs").is_some() || attributes["isTextBasedQuery"] == true {
            return Err(Problem::new("saved searches with tabs or in ES|QL are not supported"));
        }
        let mut columns: Vec<(String, Type)> = Vec::new();
        let named = attributes["columns"].as_array().map(Vec::as_slice).unwrap_or_default();
        // Discover shows the time first.
        for name in view.time_field.iter().map(String::as_str).chain(named.iter().filter_map(Value::as_str)) {
            let kind =
                fields.kind(name).ok_or_else(|| Problem::new(format!("no field is called {name}")).in_column(name))?;
            if !columns.iter().any(|(known, _)| known == name) {
                columns.push((name.to_owned(), kind));
            }
        }
        if named.is_empty() {
            return Err(Problem::new("the saved search has no columns"));
        }
        let source = &attributes["kibanaSavedObjectMeta"]["searchSourceJSON"];
        let conditions = filters::conditions(source, "filter", fields)?;
        let sort = attributes["sort"].as_array().map(Vec::as_slice).unwrap_or_default();
        let sort = sort.iter().map(|one| order(one, fields)).collect::<Result<Vec<_>>>()?;
        Ok(Self { view, columns, sort, conditions, query: Value::Null })
    }

    /// Sets what the dashboard adds to the search's own conditions.
    pub(crate) fn ask(&mut self, mut conditions: Vec<Value>, span: Span) {
        conditions.append(&mut self.conditions.clone());
        conditions.extend(self.view.time_field.as_ref().map(|field| within(field, span)));
        self.query = all(&conditions);
    }

    pub(crate) fn search(&self) -> Search {
        let fields = self.columns.iter().map(|(name, kind)| match kind {
            Type::Date => json!({ "field": name, "format": "epoch_millis" }),
            _ => json!({ "field": name }),
        });
        let body = json!({
            "size": SIZE, "track_total_hits": true, "query": self.query, "sort": self.sort, "_source": false,
            "fields": fields.collect::<Vec<_>>(),
        });
        Search { index: self.view.index.clone(), body }
    }

    /// One row per document; a cell with several values is a list.
    pub(crate) fn table(&self, answer: &Value) -> Table {
        let columns = self.columns.iter().map(|(name, kind)| TableColumn {
            id: name.clone(),
            label: name.clone(),
            kind: kind_of(*kind),
            format: Value::Null,
        });
        let columns: Vec<TableColumn> = columns.collect();
        let hits = answer["hits"]["hits"].as_array().map(Vec::as_slice).unwrap_or_default();
        let row = |hit: &Value| columns.iter().map(|column| cell(&hit["fields"][&column.id], column.kind)).collect();
        let total_hits = answer["hits"]["total"]["value"].as_u64().unwrap_or(0);
        Table { rows: hits.iter().map(row).collect(), total_hits, columns }
    }
}

fn order(sort: &Value, fields: &Fields) -> Result<Value> {
    let (Some(field), Some(direction)) = (sort[0].as_str(), sort[1].as_str()) else {
        return Err(Problem::new(format!("{sort} is no order of a saved search")));
    };
    if fields.kind(field).is_none() {
        return Err(Problem::new(format!("no field is called {field}")));
    }
    Ok(json!({ field: { "order": direction, "unmapped_type": "date" } }))
}

fn cell(values: &Value, kind: Kind) -> Value {
    let convert = |value: &Value| match (kind, value.as_str()) {
        (Kind::Date, Some(text)) => {
            text.parse::<f64>().map_or(value.clone(), |number| super::column::whole(number.into()))
        }
        _ => value.clone(),
    };
    match values.as_array().map(Vec::as_slice) {
        None | Some([]) => Value::Null,
        Some([value]) => convert(value),
        Some(values) => values.iter().map(convert).collect(),
    }
}
