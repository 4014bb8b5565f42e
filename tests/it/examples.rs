//! Published examples of Microsoft's records, where they lie beside the checkout: nothing that they say gets lost.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use mapper::{FactsReader, Mapper, Rollup, Row};
use schema::{Column, Content, Dataset, Rows, Shape};
use serde_json::{Map, Value, json};

/// Files that hold no record of ours, and why.
const NO_RECORD: &[(&str, &str)] = &[
    ("graph_alert_v2/05.json", "a list of type names, not of alerts"),
    ("legacy_incident/04.json", "the body of an update: neither id nor time of an incident"),
];

/// Folders of published records, and the list that each was read from.
const FOLDERS: [(&str, &str); 4] = [
    ("graph_alert_v2", "/v1.0/security/alerts_v2"),
    ("graph_incident", "/v1.0/security/incidents"),
    ("graph_incident_with_alerts", "/v1.0/security/incidents"),
    ("legacy_incident", "/api/incidents"),
];

/// What is left out on purpose beyond what the catalog declares as dropped: dataset, source path, reason.
const DROPS: &[(&str, &str, &str)] = &[];

/// A row of a dataset, and the file that it comes from.
struct Example {
    file: String,
    dataset: &'static Dataset,
    row: Value,
}

/// The folder of examples, unless it is absent.
fn folder(name: &str) -> Option<PathBuf> {
    let folder = it::repository().join("../shared/data").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    // Past the harness, which shows what tests print only when they fail.
    let _ = writeln!(std::io::stderr(), "skipped: no examples in ../shared/data/{name}");
    None
}

/// The JSON files of a folder with their names.
fn files(folder: &Path) -> Vec<(String, Value)> {
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let read = |path: &PathBuf| {
        let file = format!("{name}/{}", path.file_name().unwrap().to_string_lossy());
        (file, serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
    };
    paths.iter().map(read).collect()
}

/// The records of an answer: the elements of `value`, or the one record that it is.
fn records(answer: &Value) -> Vec<Map<String, Value>> {
    match answer.get("value") {
        Some(Value::Array(records)) => records.iter().map(|record| record.as_object().unwrap().clone()).collect(),
        _ => vec![answer.as_object().unwrap().clone()],
    }
}

/// The datasets that are read from the list at a path.
fn datasets_at(path: &str) -> impl Iterator<Item = &'static Dataset> {
    schema::catalog().iter().filter(move |dataset| dataset.definition.source.path == path)
}

/// The dataset whose rows are the items of another one's records.
fn of_items() -> (&'static Dataset, &'static str) {
    let items = |dataset: &'static Dataset| match dataset.definition.rows {
        Rows::Items(items) => Some((dataset, items)),
        _ => None,
    };
    schema::catalog().iter().find_map(items).unwrap()
}

/// The rows that the collector makes of a record of the list at `path`: of items one each, of nested rows their own and
/// their sum.
fn of_record(path: &str, file: &str, record: &Map<String, Value>) -> Vec<Example> {
    let mut examples = Vec::new();
    for dataset in datasets_at(path) {
        let mut row = record.clone();
        let mut give = |row: Map<String, Value>| {
            examples.push(Example { file: file.to_owned(), dataset, row: Value::Object(row) });
        };
        match dataset.definition.rows {
            Rows::Elements | Rows::Outer { .. } => give(row),
            Rows::Items(items) => {
                row.retain(|name, _| dataset.root.columns.iter().any(|column| column.name == *name));
                for item in record.get(items).and_then(Value::as_array).into_iter().flatten() {
                    row.insert(items.into(), item.clone());
                    give(row.clone());
                }
            }
            Rows::Rollup { nested, dataset: of, rollup: column } => {
                let inner = schema::dataset(of).unwrap();
                if let Some(Value::Array(all)) = row.remove(nested) {
                    row.insert(column.into(), sum(inner, &all));
                    give(row);
                    for one in &all {
                        examples.extend(of_record(inner.definition.source.path, file, one.as_object().unwrap()));
                    }
                } else {
                    give(row);
                }
            }
        }
    }
    examples
}

/// What nested rows say together.
fn sum(dataset: &Dataset, rows: &[Value]) -> Value {
    let mut reader = FactsReader::new(dataset);
    let mut rollup = Rollup::default();
    for row in rows {
        rollup.add(reader.read(row.to_string().as_bytes()).unwrap());
    }
    let mut sum = Vec::new();
    rollup.write(&mut sum);
    serde_json::from_slice(&sum).unwrap()
}

/// An item alone, within as little of its record as a row needs.
fn of_item(file: &str, item: &Value) -> Example {
    let id = item.get("alertId").cloned().unwrap_or_else(|| "da-example".into());
    let time = item.get("createdDateTime").cloned().unwrap_or_else(|| "2026-03-02T09:12:44Z".into());
    let (dataset, items) = of_items();
    let row = json!({ "id": id, "lastUpdateDateTime": time, items: item });
    Example { file: file.to_owned(), dataset, row }
}

fn published(folder: &Path) -> Vec<Example> {
    let mut examples = Vec::new();
    let mut of = |kind: &str, rows: &dyn Fn(&str, &Value) -> Vec<Example>| {
        for (file, answer) in files(&folder.join(kind)) {
            if !NO_RECORD.iter().any(|(name, _)| *name == file) {
                examples.extend(rows(&file, &answer));
            }
        }
    };
    for (kind, path) in FOLDERS {
        of(kind, &|file, answer| records(answer).iter().flat_map(|record| of_record(path, file, record)).collect());
    }
    of("graph_alert_evidence", &|file, item| vec![of_item(file, item)]);
    examples
}

fn synthetic(folder: &Path) -> Vec<Example> {
    let mut examples: Vec<Example> =
        files(&folder.join("graph_alert_evidence")).iter().map(|(file, item)| of_item(file, item)).collect();
    for (file, answer) in files(folder) {
        for record in records(&answer) {
            let kind = if file.contains("incident") { "graph_incident" } else { "graph_alert_v2" };
            let (_, path) = FOLDERS.iter().find(|(known, _)| *known == kind).unwrap();
            examples.extend(of_record(path, &file, &record));
        }
    }
    examples
}

/// All documents that the row gives.
fn documents(example: &Example) -> Vec<Value> {
    let mut mapper = Mapper::new(example.dataset);
    let row = example.row.to_string();
    let name = format!("{} as {}", example.file, example.dataset.definition.name);
    if let Rows::Outer { .. } = example.dataset.definition.rows {
        let mut documents = Vec::new();
        mapper.map_items(&Row::parse(row.as_bytes()).unwrap(), &mut |result| {
            let (_, document) = result.unwrap_or_else(|reject| panic!("{name}: {reject}"));
            documents.push(serde_json::from_slice(document).unwrap());
        });
        return documents;
    }
    let mut out = Vec::new();
    mapper.map(row.as_bytes(), &mut out).unwrap_or_else(|reject| panic!("{name}: {reject}"));
    vec![serde_json::from_slice(&out).unwrap()]
}

/// Hands over every scalar but null with its dotted path, without indices.
fn scalars(value: &Value, path: &str, each: &mut dyn FnMut(&str, String)) {
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| scalars(item, path, each)),
        Value::Object(members) => {
            for (name, member) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                scalars(member, &path, each);
            }
        }
        Value::String(text) => each(path, text.clone()),
        other => each(path, other.to_string()),
    }
}

/// How often each scalar, in lower case, stands in the documents: in custom fields, and in ECS fields.
#[derive(Default)]
struct Found {
    custom: BTreeMap<String, usize>,
    ecs: BTreeMap<String, usize>,
}

impl Found {
    fn new(dataset: &Dataset, documents: &[Value]) -> Self {
        let mut found = Found::default();
        let prefix = dataset.definition.prefix;
        for document in documents {
            scalars(document, "", &mut |path, text| {
                let own = path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.'));
                let into = if own { &mut found.custom } else { &mut found.ecs };
                *into.entry(text.to_lowercase()).or_default() += 1;
            });
        }
        found
    }
}

fn columns<'d>(shape: &'d Shape, into: &mut BTreeMap<&'d str, &'d Column>) {
    for column in &shape.columns {
        into.entry(&column.source).or_insert(column);
        // What lies in a flattened object is kept with it.
        if let Content::Object(inner) = &column.content {
            columns(inner, into);
        }
    }
    shape.kinds.iter().for_each(|kind| columns(&kind.shape, into));
}

/// Scalars of the row that are neither in its documents nor left out on purpose.
fn lost(example: &Example) -> Vec<String> {
    lost_in(example, &documents(example))
}

fn lost_in(example: &Example, documents: &[Value]) -> Vec<String> {
    let found = Found::new(example.dataset, documents);
    let mut known = BTreeMap::new();
    columns(&example.dataset.root, &mut known);
    let mut input: BTreeMap<(String, String), usize> = BTreeMap::new();
    scalars(&example.row, "", &mut |path, text| *input.entry((path.to_owned(), text)).or_default() += 1);
    // A text that several properties hold must stand there as often as they hold it.
    let mut wanted: BTreeMap<String, usize> = BTreeMap::new();
    let mut lost = Vec::new();
    for ((path, text), count) in &input {
        let on_the_way = |column: &&&Column| {
            path == &column.source || path.strip_prefix(&column.source).is_some_and(|rest| rest.starts_with('.'))
        };
        let dropped = known.values().any(|column| column.dropped.is_some() && on_the_way(&column));
        let reviewed =
            DROPS.iter().any(|(dataset, source, _)| *dataset == example.dataset.definition.name && source == path);
        // Empty text says nothing where a type has no empty value.
        if dropped || reviewed || text.is_empty() {
            continue;
        }
        // A column's normal form may be lower case.
        let form = text.to_lowercase();
        let only_ecs = known.get(path.as_str()).is_some_and(|column| column.path.is_none());
        let enough = if only_ecs {
            found.ecs.contains_key(&form)
        } else {
            let there = found.custom.get(&form).copied().unwrap_or(0);
            let wanted = wanted.entry(form).or_default();
            *wanted += count;
            there >= *wanted
        };
        if !enough {
            lost.push(format!("{} as {}: {path}: {text}", example.file, example.dataset.definition.name));
        }
    }
    lost
}

#[test]
fn published_examples_lose_nothing() {
    let Some(folder) = folder("examples") else { return };
    let examples = published(&folder);
    assert!(examples.len() > 20, "{} rows", examples.len());
    let lost: Vec<String> = examples.iter().flat_map(lost).collect();
    assert!(lost.is_empty(), "{} scalars lost:\n{}", lost.len(), lost.join("\n"));
}

#[test]
fn synthetic_examples_lose_nothing() {
    let Some(folder) = folder("examples_synthetic") else { return };
    let examples = synthetic(&folder);
    assert!(examples.len() > 48, "{} rows", examples.len());
    let lost: Vec<String> = examples.iter().flat_map(lost).collect();
    assert!(lost.is_empty(), "{} scalars lost:\n{}", lost.len(), lost.join("\n"));
}

/// Our own rows, always at hand.
fn own() -> Vec<Example> {
    let rows = schema::catalog().iter().flat_map(|dataset| {
        let fixtures = super::equality::fixtures(dataset.definition.name).into_iter();
        fixtures.filter(|fixture| !fixture.odd()).map(move |fixture| Example {
            row: serde_json::from_str(&fixture.row).unwrap(),
            file: fixture.name,
            dataset,
        })
    });
    rows.collect()
}

#[test]
fn fixtures_lose_nothing() {
    let lost: Vec<String> = own().iter().flat_map(lost).collect();
    assert!(lost.is_empty(), "{} scalars lost:\n{}", lost.len(), lost.join("\n"));
}

#[test]
fn a_lost_scalar_is_found() {
    let examples = own();
    let example = examples.iter().find(|one| one.dataset.definition.name == "alert" && one.file == "process").unwrap();
    let mut documents = documents(example);
    documents[0]["m365_defender"]["alert"].as_object_mut().unwrap().remove("title").unwrap();
    let lost = lost_in(example, &documents);
    assert!(lost.len() == 1 && lost[0].contains("title"), "{lost:?}");
}

/// A list of exceptions that has outlived its reason would hide what is new.
#[test]
fn files_without_a_record_are_refused() {
    let Some(folder) = folder("examples") else { return };
    for (file, reason) in NO_RECORD {
        let answer: Value = serde_json::from_slice(&std::fs::read(folder.join(file)).unwrap()).unwrap();
        let (_, path) = FOLDERS.iter().find(|(kind, _)| file.starts_with(kind)).unwrap();
        let rows = answer.get("value").and_then(Value::as_array).cloned().unwrap_or_else(|| vec![answer]);
        for row in rows {
            let result =
                Mapper::new(datasets_at(path).next().unwrap()).map(row.to_string().as_bytes(), &mut Vec::new());
            assert!(result.is_err(), "{file} holds a record after all; {reason}");
        }
    }
}
