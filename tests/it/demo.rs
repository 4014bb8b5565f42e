//! The demo's documents, as the program writes them to files.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

/// Documents by dataset, in the order of their arrival, with a time of arrival as the cluster sets it.
pub(super) fn documents() -> &'static BTreeMap<String, Vec<Value>> {
    static DOCUMENTS: OnceLock<BTreeMap<String, Vec<Value>>> = OnceLock::new();
    DOCUMENTS.get_or_init(make)
}

fn make() -> BTreeMap<String, Vec<Value>> {
    let folder = TempDir::new().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_collector"));
    let output = program.args(["demo", "--out"]).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut documents = BTreeMap::new();
    for dataset in schema::catalog() {
        let name = dataset.definition.name;
        let file = folder.path().join(format!("logs-m365_security.{name}-default.ndjson"));
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let read = |line: &str| {
            let mut document: Value = serde_json::from_str(line).unwrap();
            document["event"]["ingested"] = document["@timestamp"].clone();
            document
        };
        documents.insert(name.to_owned(), text.lines().map(read).collect());
    }
    documents
}
