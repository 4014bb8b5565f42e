//! Fields exist in the documents that a panel reads, and have a type that the operation takes.

use std::collections::BTreeMap;

use schema::ecs::Type;
use serde_json::{Value, json};

use super::{assert_seen, layers, panel, panels, text};
use crate::fields;
use crate::source::Entity;

/// Fields of documents, by name.
pub(super) type Known = BTreeMap<String, Type>;

/// Fields of a dataset, or of all.
fn of_dataset(name: Option<&str>) -> Known {
    let datasets = schema::catalog().iter().filter(|dataset| name.is_none_or(|name| dataset.definition.name == name));
    let mut known: Known = datasets.flat_map(schema::Dataset::fields).map(|field| (field.name, field.kind)).collect();
    if !known.is_empty() {
        known.insert("data_stream.dataset".to_owned(), Type::ConstantKeyword);
        known.insert("data_stream.namespace".to_owned(), Type::ConstantKeyword);
    }
    known
}

/// Fields of the documents of an entity's state.
fn of_entity(entity: Entity) -> Known {
    let state = crate::state::entity(entity.word()).expect("an entity has a state");
    assert_eq!((state.alias(), state.id()), (entity.alias(), entity.data_view()));
    state.fields(schema::catalog()).into_iter().map(|field| (field.name, field.kind)).collect()
}

/// Fields of the collector's reports.
fn of_health() -> Known {
    let mut known: Known = schema::health::fields().into_iter().map(|field| (field.name, field.kind)).collect();
    known.insert("data_stream.dataset".to_owned(), Type::ConstantKeyword);
    known
}

/// Fields that a panel may name: those of its data view, or of the one dataset that its query asks for.
pub(super) fn known(data_view: &str, query: &str) -> Known {
    if let Some(entity) = Entity::ALL.iter().find(|entity| entity.data_view() == data_view) {
        return of_entity(*entity);
    }
    if query.starts_with(&format!("event.dataset : \"{}.health\"", crate::PACKAGE)) {
        return of_health();
    }
    let dataset = query.strip_prefix("event.dataset : \"m365_security.").and_then(|rest| rest.split('"').next());
    dataset.map(|dataset| of_dataset(Some(dataset))).unwrap_or_default()
}

/// Whether a Lens operation takes a field of the type.
fn takes(operation: &str, kind: Type) -> bool {
    use Type::{Boolean, ConstantKeyword, Date, Double, Float, Ip, Keyword, Long, Wildcard};
    let number = matches!(kind, Long | Float | Double);
    let groups = number || matches!(kind, Keyword | ConstantKeyword | Wildcard | Boolean | Ip);
    match operation {
        "terms" => groups,
        "unique_count" | "last_value" => groups || kind == Date,
        "sum" | "average" | "median" | "percentile" | "range" => number,
        "min" | "max" => number || kind == Date,
        "date_histogram" => kind == Date,
        _ => false,
    }
}

/// Lens's `dataType` of a type.
fn data_type(kind: Type) -> &'static str {
    match kind {
        Type::Long | Type::Float | Type::Double => "number",
        Type::Date => "date",
        Type::Boolean => "boolean",
        Type::Ip => "ip",
        Type::GeoPoint => "geo_point",
        _ => "string",
    }
}

/// What a column names that is not there or has another type.
fn of_column(column: &Value, known: &Known, broken: &mut Vec<String>) {
    let (operation, field) = (text(column, "/operationType"), text(column, "/sourceField"));
    if !field.is_empty() && field != "___records___" {
        match known.get(field) {
            None => broken.push(format!("no field {field}")),
            Some(kind) if !takes(operation, *kind) => broken.push(format!("{operation} does not take {field}")),
            Some(kind) => {
                let shown = text(column, "/dataType");
                let differs = ["terms", "last_value", "min", "max"].contains(&operation) && shown != data_type(*kind);
                let several = column.pointer("/params/secondaryFields").is_some();
                if differs && !several {
                    broken.push(format!("{field} is shown as {shown}"));
                }
            }
        }
    }
    for more in column.pointer("/params/secondaryFields").and_then(Value::as_array).into_iter().flatten() {
        if !more.as_str().and_then(|name| known.get(name)).is_some_and(|kind| takes("terms", *kind)) {
            broken.push(format!("terms does not take {more}"));
        }
    }
    if let Some(by) = column.pointer("/params/orderAgg") {
        of_column(by, known, broken);
    }
    if let Some(time) = column.pointer("/params/sortField").and_then(Value::as_str)
        && known.get(time) != Some(&Type::Date)
    {
        broken.push(format!("nothing can be sorted by {time}"));
    }
    let filters = column.pointer("/params/filters").and_then(Value::as_array).into_iter().flatten();
    let queries = filters.map(|filter| text(filter, "/input/query")).chain([text(column, "/filter/query")]);
    queries.for_each(|query| of_query(query, known, broken));
}

/// What a query in KQL names that is not there, or compares with a value of another type.
fn of_query(query: &str, known: &Known, broken: &mut Vec<String>) {
    let words: Vec<&str> = query.split_whitespace().collect();
    for triple in words.windows(3).filter(|triple| [":", ">=", "<"].contains(&triple[1])) {
        let (field, value) = (triple[0].trim_start_matches('('), triple[2].trim_start_matches('('));
        let Some(kind) = known.get(field).or_else(|| of_flattened(field, known)) else {
            broken.push(format!("no field {field} in the query"));
            continue;
        };
        let fits = match data_type(*kind) {
            "number" => value.trim_end_matches(')').parse::<f64>().is_ok(),
            "boolean" => ["true", "false"].contains(&value.trim_end_matches(')')),
            _ => value.starts_with('"') || value.ends_with('*'),
        };
        if !fits && !value.starts_with('*') {
            broken.push(format!("{field} is compared with {value}"));
        }
    }
}

fn of_flattened<'a>(field: &str, known: &'a Known) -> Option<&'a Type> {
    let parents = field.match_indices('.').filter_map(|(at, _)| known.get(&field[..at]));
    parents.into_iter().find(|kind| **kind == Type::Flattened)
}

pub(super) fn law(dashboard: &Value, library: &[Value]) -> Vec<String> {
    let mut broken = Vec::new();
    let references = dashboard["references"].as_array().map(Vec::as_slice).unwrap_or_default();
    let view = |prefix: &str| {
        let of_it = |one: &&Value| text(one, "/name").starts_with(prefix) && one["type"] == "index-pattern";
        references.iter().find(of_it).map(|one| text(one, "/id")).unwrap_or_default()
    };
    for panel in panels(dashboard) {
        let id = text(panel, "/panelIndex");
        let data_view = view(&format!("{id}:"));
        let mut wrong = Vec::new();
        match text(panel, "/type") {
            "lens" => of_lens(panel, data_view, library, &mut wrong),
            "map" => of_map(panel, data_view, &mut wrong),
            _ => {}
        }
        broken.extend(wrong.into_iter().map(|what| format!("{id}: {what}")));
    }
    let filters = &dashboard["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"]["filter"];
    filters.as_array().into_iter().flatten().for_each(|filter| of_filter(filter, &mut broken));
    let controls = dashboard["attributes"]["controlGroupInput"]["panelsJSON"].as_object();
    for (id, control) in controls.into_iter().flatten() {
        let (field, data_view) =
            (text(control, "/explicitInput/fieldName"), text(control, "/explicitInput/dataViewId"));
        let entity = Entity::ALL.iter().find(|entity| entity.data_view() == data_view);
        let mut known = entity.map_or_else(|| of_dataset(None), |entity| of_entity(*entity));
        known.extend(of_health());
        let operation = if control["type"] == "rangeSliderControl" { "sum" } else { "terms" };
        if !known.get(field).is_some_and(|kind| takes(operation, *kind)) {
            broken.push(format!("the control {id} does not take {field}"));
        }
    }
    broken
}

/// What a filter of the dashboard names that is not everywhere, or compares with a value of another type.
fn of_filter(filter: &Value, broken: &mut Vec<String>) {
    let (field, value) = (text(filter, "/meta/key"), &filter["meta"]["params"]["query"]);
    let mut everywhere = vec![of_health()];
    everywhere.extend(schema::catalog().iter().map(|dataset| of_dataset(Some(dataset.definition.name))));
    everywhere.extend(Entity::ALL.iter().map(|entity| of_entity(*entity)));
    match everywhere[0].get(field).filter(|_| everywhere.iter().all(|known| known.contains_key(field))) {
        None => broken.push(format!("the filter's field {field} is not in all documents")),
        Some(kind) if value.is_string() != kind.is_text() => {
            broken.push(format!("the filter compares {field} with {value}"));
        }
        Some(_) => {}
    }
    if filter["query"]["match_phrase"][field] != *value || filter["meta"]["field"] != filter["meta"]["key"] {
        broken.push(format!("the filter on {field} says two things"));
    }
}

fn of_lens(panel: &Value, data_view: &str, library: &[Value], broken: &mut Vec<String>) {
    let state = &panel["embeddableConfig"]["attributes"]["state"];
    let query = text(state, "/query/query");
    let known = known(data_view, query);
    if known.is_empty() {
        broken.push("state and history are not told apart: the query must begin with the dataset".to_owned());
        return;
    }
    of_query(query, &known, broken);
    let has_time = library.iter().any(|object| {
        object["type"] == "index-pattern"
            && object["id"] == data_view
            && object["attributes"]["timeFieldName"].is_string()
    });
    for column in layers(panel).iter().flat_map(|(_, layer)| layer["columns"].as_object().into_iter().flatten()) {
        of_column(column.1, &known, broken);
        let timed = ["timeShift", "reducedTimeRange"].iter().any(|key| column.1.get(key).is_some());
        let auto = column.1["operationType"] == "date_histogram" && column.1["params"]["interval"] == "auto";
        if (timed || auto) && !has_time {
            broken.push(format!("{}: the data view has no time range", column.0));
        }
    }
}

fn of_map(panel: &Value, data_view: &str, broken: &mut Vec<String>) {
    let attributes = &panel["embeddableConfig"]["attributes"];
    let query = text(attributes, "/mapStateJSON/query/query");
    let known = known(data_view, query);
    of_query(query, &known, broken);
    for layer in attributes["layerListJSON"].as_array().into_iter().flatten() {
        let field = text(layer, "/sourceDescriptor/geoField");
        if !field.is_empty() && known.get(field) != Some(&Type::GeoPoint) {
            broken.push(format!("no place {field}"));
        }
    }
}

#[test]
fn constants_are_those_of_the_catalog() {
    let mut known = of_dataset(None);
    known.extend(of_health());
    known.extend(of_entity(Entity::IncidentResponse));
    let modules = [
        fields::ecs::ALL,
        fields::incident::ALL,
        fields::alert::ALL,
        fields::log::ALL,
        fields::shared::ALL,
        fields::health::ALL,
        fields::response::ALL,
    ];
    let wrong: Vec<&str> = modules
        .into_iter()
        .flatten()
        .filter(|(name, types)| !known.get(*name).is_some_and(|kind| types.contains(kind)))
        .map(|(name, _)| *name)
        .collect();
    assert!(wrong.is_empty(), "other types in the catalog; generate the files again: {wrong:?}");
}

#[test]
fn searches_name_fields_of_their_documents() {
    for object in crate::saved_objects::searches(&crate::all()) {
        let attributes = &object.attributes;
        let query = text(attributes, "/kibanaSavedObjectMeta/searchSourceJSON/query/query");
        let known = known(&object.references[0].id, query);
        let columns = attributes["columns"].as_array().unwrap();
        let missing: Vec<&Value> = columns.iter().filter(|name| !known.contains_key(name.as_str().unwrap())).collect();
        assert!(!columns.is_empty() && missing.is_empty(), "{}: {missing:?}", object.id);
        let mut broken = Vec::new();
        of_query(query, &known, &mut broken);
        assert!(broken.is_empty(), "{}: {broken:?}", object.id);
    }
}

const MAIN: &str = "/embeddableConfig/attributes/state/datasourceStates/formBased/layers/main/columns";

#[test]
fn fields_that_are_not_there_are_seen() {
    assert_seen(law, "no field m365_defender.incident.severity", |dashboard| {
        panel(dashboard, "Which hosts").pointer_mut(MAIN).unwrap()["host"]["sourceField"] =
            json!("m365_defender.incident.severity");
    });
    assert_seen(law, "no field nowhere in the query", |dashboard| {
        let query =
            panel(dashboard, "Which hosts").pointer_mut("/embeddableConfig/attributes/state/query/query").unwrap();
        *query = json!("nowhere : *");
    });
    assert_seen(law, "the control tenant does not take", |dashboard| {
        let control = &mut dashboard["attributes"]["controlGroupInput"]["panelsJSON"]["tenant"];
        control["explicitInput"]["fieldName"] = json!("message");
    });
}

#[test]
fn operations_on_wrong_types_are_seen() {
    assert_seen(law, "terms does not take message", |dashboard| {
        panel(dashboard, "Which hosts").pointer_mut(MAIN).unwrap()["host"]["sourceField"] = json!("message");
    });
    assert_seen(law, "is shown as string", |dashboard| {
        panel(dashboard, "Which hosts").pointer_mut(MAIN).unwrap()["host"]["sourceField"] = json!("source.ip");
    });
    assert_seen(law, "event.severity is compared with \"high\"", |dashboard| {
        let query =
            panel(dashboard, "Which hosts").pointer_mut("/embeddableConfig/attributes/state/query/query").unwrap();
        *query = json!("event.severity : \"high\"");
    });
}

#[test]
fn a_filter_that_some_documents_cannot_pass_is_seen() {
    let filter = "/attributes/kibanaSavedObjectMeta/searchSourceJSON/filter/0";
    assert_seen(law, "is not in all documents", |dashboard| {
        dashboard.pointer_mut(filter).unwrap()["meta"]["key"] = json!("rule.name");
    });
    assert_seen(law, "compares event.module with 7", |dashboard| {
        dashboard.pointer_mut(filter).unwrap()["meta"]["params"]["query"] = json!(7);
    });
    assert_seen(law, "says two things", |dashboard| {
        dashboard.pointer_mut(filter).unwrap()["query"]["match_phrase"]["event.module"] = json!("another");
    });
}

#[test]
fn state_is_not_among_the_logs() {
    let history = crate::HISTORY.trim_end_matches('*');
    for object in crate::saved_objects::data_views() {
        let title = text(&object.attributes, "/title");
        assert!(!title.is_empty() && !title.starts_with(history) && !title.contains(['*', ',']), "{title}");
    }
}

#[test]
fn history_without_its_dataset_is_seen() {
    assert_seen(law, "state and history", |dashboard| {
        let query = "/embeddableConfig/attributes/state/query/query";
        *panel(dashboard, "Which products").pointer_mut(query).unwrap() = json!("");
    });
}

#[test]
fn a_time_shift_without_time_is_seen() {
    assert_seen(law, "no time range", |dashboard| {
        panel(dashboard, "Which hosts").pointer_mut(MAIN).unwrap()["alerts"]["timeShift"] = json!("1d");
    });
}
