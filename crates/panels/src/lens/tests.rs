//! From saved objects to searches and tables.

mod bodies;
mod errors;
mod kql;
mod tables;
mod times;

use serde_json::{Value, json};

use super::{Fields, Library, PanelQuery, View, queries};
use schema::ecs::Type;

/// 2026-11-28T09:30:00Z.
const NOW: i64 = 1_795_858_200_000;

fn fields() -> Fields {
    [
        ("@timestamp", Type::Date),
        ("event.module", Type::ConstantKeyword),
        ("severity", Type::Keyword),
        ("tag", Type::Keyword),
        ("score", Type::Double),
        ("count", Type::Long),
        ("done", Type::Boolean),
        ("ip", Type::Ip),
        ("note", Type::MatchOnlyText),
        ("command", Type::Wildcard),
        ("place", Type::GeoPoint),
        ("raw", Type::Flattened),
    ]
    .into_iter()
    .map(|(name, kind)| (name.to_owned(), kind))
    .collect()
}

fn view() -> View {
    View { now: NOW, ..View::default() }
}

/// A dashboard with one Lens panel of one layer; columns in order.
fn dashboard(columns: &[(&str, Value)]) -> Value {
    let order: Vec<&str> = columns.iter().map(|(id, _)| *id).collect();
    let columns: serde_json::Map<String, Value> =
        columns.iter().map(|(id, column)| ((*id).to_owned(), column.clone())).collect();
    let layer = json!({ "columns": columns, "columnOrder": order, "incompleteColumns": {}, "sampling": 1 });
    let reference = json!({ "type": "index-pattern", "id": "logs-*", "name": "indexpattern-datasource-layer-l" });
    json!({
        "id": "board",
        "attributes": {
            "title": "Board", "timeRestore": true, "timeFrom": "now-7d", "timeTo": "now",
            "kibanaSavedObjectMeta": { "searchSourceJSON": {
                "query": { "language": "kuery", "query": "" },
                "filter": [{
                    "meta": { "type": "phrase", "key": "event.module", "negate": false, "disabled": false },
                    "query": { "match_phrase": { "event.module": "m365_security" } },
                }],
            } },
            "panelsJSON": [{
                "type": "lens", "panelIndex": "p1",
                "embeddableConfig": { "title": "How many?", "attributes": {
                    "title": "", "type": "lens", "visualizationType": "lnsXY", "references": [reference],
                    "state": {
                        "datasourceStates": { "formBased": { "layers": { "l": layer } } },
                        "visualization": {},
                        "query": { "language": "kuery", "query": "severity: high" },
                        "filters": [],
                    },
                } },
            }],
        },
        "references": [],
    })
}

fn count() -> Value {
    json!({
        "operationType": "count", "sourceField": "___records___", "dataType": "number", "isBucketed": false, "label": "Count",
        "params": { "emptyAsNull": true },
    })
}

fn terms(field: &str, more: &Value) -> Value {
    let mut column = json!({
        "operationType": "terms", "sourceField": field, "dataType": "string", "isBucketed": true, "label": "Top",
        "params": { "size": 2, "orderBy": { "type": "column", "columnId": "m" }, "orderDirection": "desc" },
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        column["params"][name] = value.clone();
    }
    column
}

fn histogram() -> Value {
    json!({
        "operationType": "date_histogram", "sourceField": "@timestamp", "dataType": "date", "isBucketed": true, "label": "Time",
        "params": { "interval": "auto", "includeEmptyRows": true },
    })
}

/// The only query of such a dashboard.
fn query(dashboard: &Value) -> PanelQuery {
    let mut queries = queries(dashboard, &Library::default(), &fields(), &view()).unwrap();
    assert_eq!(queries.len(), 1);
    queries.remove(0)
}

/// What is said about a dashboard that is not understood.
fn problem(dashboard: &Value) -> String {
    let errors = queries(dashboard, &Library::default(), &fields(), &view()).unwrap_err();
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
