//! One document from two interpreters: what the mapper writes, the generated pipeline writes too.

mod bad;
mod fixtures;
mod fuzz;
mod mutations;
mod rows;
mod split;

pub(crate) use self::bad::mended;

use std::path::PathBuf;

use it::{Elasticsearch, Stack, repository};
use mapper::Mapper;
use schema::Dataset;
use serde_json::{Value, json};

use super::sources::datasets;

/// Rows that one `_simulate` call takes.
const BATCH: usize = 100;

/// A raw row of the repository.
pub(crate) struct Fixture {
    pub(crate) name: String,
    pub(crate) row: String,
}

impl Fixture {
    /// Wrong on purpose: exempt from the row's schema.
    pub(crate) fn odd(&self) -> bool {
        self.name.starts_with("odd-")
    }
}

/// The fixtures of a dataset, by name.
pub(crate) fn fixtures(dataset: &str) -> Vec<Fixture> {
    let folder = repository().join("tests/fixtures").join(dataset);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    paths
        .iter()
        .map(|path| Fixture {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            row: std::fs::read_to_string(path).unwrap(),
        })
        .collect()
}

/// Id and document, or why there is none.
pub(crate) type Outcome<E> = Result<(String, Value), E>;

/// Document and id by the mapper.
pub(crate) fn mapped(dataset: &Dataset, row: &str) -> Outcome<mapper::Reject> {
    let mut out = Vec::new();
    let id = Mapper::new(dataset).map(row.as_bytes(), &mut out)?;
    Ok((id.to_string(), serde_json::from_slice(&out).unwrap()))
}

/// Equality of JSON values, not of texts: `1`, `1.0` and `1e0` are one number. Whole numbers of 64 bits compare exactly.
fn same_number(left: &Value, right: &Value) -> bool {
    match (left.as_i64(), right.as_i64()) {
        (Some(left), Some(right)) => left == right,
        _ => left.as_f64() == right.as_f64(),
    }
}

/// Every place where the two differ, as `path: left | right`.
pub(crate) fn differences(left: &Value, right: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", left, right, &mut found);
    found
}

fn compare(path: &str, left: &Value, right: &Value, found: &mut Vec<String>) {
    match (left, right) {
        (Value::Object(one), Value::Object(other)) => {
            let both = one.keys().chain(other.keys().filter(|name| !one.contains_key(*name)));
            for name in both {
                match (one.get(name), other.get(name)) {
                    (Some(one), Some(other)) => compare(&format!("{path}/{name}"), one, other, found),
                    (one, other) => found.push(format!("{path}/{name}: {} | {}", short(one), short(other))),
                }
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (position, (one, other)) in one.iter().zip(other).enumerate() {
                compare(&format!("{path}/{position}"), one, other, found);
            }
        }
        (Value::Number(_), Value::Number(_)) if same_number(left, right) => {}
        _ if left == right => {}
        _ => found.push(format!("{path}: {} | {}", short(Some(left)), short(Some(right)))),
    }
}

fn short(value: Option<&Value>) -> String {
    value.map_or("nothing".to_owned(), |value| value.to_string().chars().take(200).collect())
}

/// What the two interpreters made of one row, if it is not the same.
pub(crate) fn verdict(mapper: &Outcome<mapper::Reject>, script: &Outcome<String>) -> Option<String> {
    match (mapper, script) {
        (Ok((id, document)), Ok((other_id, other))) => {
            let mut found = differences(document, other);
            if id != other_id {
                found.push(format!("_id: {id} | {other_id}"));
            }
            (!found.is_empty()).then(|| format!("mapper | script:\n  {}", found.join("\n  ")))
        }
        (Err(_), Err(_)) => None,
        // A shipper of raw rows gives @timestamp itself; without one the index refuses the document.
        (Err(reject), Ok((_, other))) if reject.reason == "no_timestamp" && other.get("@timestamp").is_none() => None,
        (Err(reject), Ok(_)) => Some(format!("only the mapper rejects: {reject}")),
        (Ok(_), Err(error)) => Some(format!("only the script fails: {}", error.chars().take(600).collect::<String>())),
    }
}

/// Runs rows through the script of the pipeline; document and id of each, or the error.
pub(crate) async fn by_script(server: &Elasticsearch, dataset: &Dataset, rows: &[String]) -> Vec<Outcome<String>> {
    by_processor(server, &mapper::pipeline::script(dataset), rows).await
}

/// The same with a given processor.
async fn by_processor(server: &Elasticsearch, processor: &Value, rows: &[String]) -> Vec<Outcome<String>> {
    let mut outcomes = Vec::new();
    for rows in rows.chunks(BATCH) {
        match simulate(server, processor, rows).await {
            Ok(answer) => outcomes.extend(answer["docs"].as_array().unwrap().iter().map(outcome)),
            // The server quotes a part of the row in its errors, and may cut it within a pair of surrogates.
            Err(_) => {
                for row in rows {
                    let answer = simulate(server, processor, std::slice::from_ref(row)).await;
                    outcomes.push(answer.and_then(|answer| outcome(&answer["docs"][0])));
                }
            }
        }
    }
    outcomes
}

/// The answer of `_simulate`, or its text if that is not JSON.
async fn simulate(server: &Elasticsearch, processor: &Value, rows: &[String]) -> Result<Value, String> {
    let docs: Vec<Value> =
        rows.iter().map(|row| json!({ "_id": "-", "_source": { "event": { "original": row } } })).collect();
    let body = json!({ "pipeline": { "processors": [processor] }, "docs": docs });
    let (status, answer) = server.post_json("/_ingest/pipeline/_simulate", &body).await.unwrap();
    assert_eq!(status, 200, "{} at {}", answer["error"]["caused_by"], answer["error"]["position"]);
    if let Value::String(text) = answer { Err(text) } else { Ok(answer) }
}

fn outcome(simulated: &Value) -> Outcome<String> {
    let Some(doc) = simulated.get("doc") else { return Err(simulated["error"].to_string()) };
    let mut source = doc["_source"].clone();
    let event = source["event"].as_object_mut().unwrap_or_else(|| panic!("no event in {simulated}"));
    event.remove("original");
    Ok((doc["_id"].as_str().unwrap().to_owned(), source))
}

#[tokio::test]
async fn script_equals_mapper_on_fixtures() {
    for stack in Stack::selected() {
        let Some(server) = Elasticsearch::shared(stack) else { return };
        let mut wrong = Vec::new();
        for dataset in datasets() {
            let fixtures = fixtures(dataset.definition.name);
            let rows: Vec<String> = fixtures.iter().map(|fixture| fixture.row.clone()).collect();
            for (fixture, script) in fixtures.iter().zip(by_script(server, dataset, &rows).await) {
                let mapper = mapped(dataset, &fixture.row);
                let name = format!("{} {} on {}", dataset.definition.name, fixture.name, stack.version());
                if let Err(reject) = &mapper {
                    wrong.push(format!("{name}: rejected: {reject}"));
                }
                wrong.extend(verdict(&mapper, &script).map(|verdict| format!("{name}: {verdict}")));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
