//! One document from two interpreters: what the mapper writes, the generated pipeline writes too.

use std::collections::BTreeMap;

use it::{Elasticsearch, Stack, repository};
use mapper::Mapper;
use schema::Dataset;
use serde_json::{Value, json};

/// The fixtures of a dataset: name and row.
pub(crate) fn fixtures(dataset: &str) -> Vec<(String, String)> {
    let folder = repository().join("tests/fixtures").join(dataset);
    let mut rows: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    rows.sort();
    rows
}

/// Document and id by the mapper.
pub(crate) fn mapped(dataset: &Dataset, row: &str) -> Result<(String, Value), mapper::Reject> {
    let mut out = Vec::new();
    let id = Mapper::new(dataset).map(row.as_bytes(), &mut out)?;
    Ok((id.to_string(), serde_json::from_slice(&out).unwrap()))
}

/// Numbers as doubles and maps in order: equality of JSON values, not of texts.
pub(crate) fn normal(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.iter().map(normal).collect(),
        Value::Object(map) => {
            let sorted: BTreeMap<_, _> = map.iter().map(|(key, value)| (key.clone(), normal(value))).collect();
            Value::Object(sorted.into_iter().collect())
        }
        other => other.clone(),
    }
}

/// Runs rows through the script of the pipeline; document and id of each, or the error.
pub(crate) async fn by_script(
    server: &Elasticsearch,
    dataset: &Dataset,
    rows: &[String],
) -> Vec<Result<(String, Value), String>> {
    let docs: Vec<Value> =
        rows.iter().map(|row| json!({ "_id": "-", "_source": { "event": { "original": row } } })).collect();
    let body = json!({ "pipeline": { "processors": [mapper::pipeline::script(dataset)] }, "docs": docs });
    let (status, answer) = server.post_json("/_ingest/pipeline/_simulate", &body).await.unwrap();
    assert_eq!(status, 200, "{} at {}", answer["error"]["caused_by"], answer["error"]["position"]);
    answer["docs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|doc| match doc.get("doc") {
            Some(doc) => {
                let mut source = doc["_source"].clone();
                source["event"].as_object_mut().unwrap().remove("original");
                Ok((doc["_id"].as_str().unwrap().to_owned(), source))
            }
            None => Err(doc["error"].to_string()),
        })
        .collect()
}

#[tokio::test]
async fn script_equals_mapper_on_fixtures() {
    for stack in Stack::selected() {
        let Some(server) = Elasticsearch::shared(stack) else { return };
        for dataset in schema::catalog() {
            let (names, rows): (Vec<_>, Vec<_>) = fixtures(dataset.definition.name).into_iter().unzip();
            for ((name, row), answer) in names.iter().zip(&rows).zip(by_script(server, dataset, &rows).await) {
                let (id, document) = mapped(dataset, row).unwrap();
                let (pipeline_id, by_pipeline) = answer.unwrap_or_else(|error| panic!("{name}: {error}"));
                let what = format!("{} {name} on {}", dataset.definition.name, stack.version());
                assert_eq!(
                    serde_json::to_string_pretty(&normal(&document)).unwrap(),
                    serde_json::to_string_pretty(&normal(&by_pipeline)).unwrap(),
                    "{what}: mapper (left) and pipeline (right) differ"
                );
                assert_eq!(id, pipeline_id, "{what}: ids differ");
            }
        }
    }
}
