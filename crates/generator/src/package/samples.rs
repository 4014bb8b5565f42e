//! Sample events and pipeline tests: what the mapper makes of the fixtures.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use mapper::Mapper;
use schema::Dataset;
use serde_json::{Value, json};

use crate::{render, tree};

/// Raw rows by dataset and fixture.
pub type Fixtures = BTreeMap<String, BTreeMap<String, Vec<u8>>>;

/// A fixture with the document it maps to.
#[derive(Debug)]
pub(crate) struct Sample {
    name: String,
    row: String,
    pub(crate) document: Value,
}

/// Fixtures of the datasets below the repository root: `tests/fixtures/<dataset>/<fixture>.json`, one row each.
///
/// # Errors
/// If a fixture cannot be read.
pub fn read(root: &Path, datasets: &[Dataset]) -> Result<Fixtures> {
    let folder = root.join("tests/fixtures");
    let read = |name: &str| Ok((name.to_owned(), tree::read_json_folder(&folder.join(name))?));
    datasets.iter().map(|dataset| read(dataset.definition.name)).collect()
}

/// Maps the fixtures of a dataset.
pub(super) fn map(dataset: &Dataset, fixtures: &Fixtures) -> Result<Vec<Sample>> {
    let mut mapper = Mapper::new(dataset);
    let rows = fixtures.get(dataset.definition.name).into_iter().flatten();
    rows.map(|(name, row)| {
        let context = || format!("fixture {name} of dataset {}", dataset.definition.name);
        let mut document = Vec::new();
        mapper.map(row, &mut document).with_context(context)?;
        Ok(Sample {
            name: name.replace('_', "-"),
            row: compact(row).with_context(context)?,
            document: serde_json::from_slice(&document).with_context(context)?,
        })
    })
    .collect()
}

/// The row on one line, its numbers and members untouched.
fn compact(row: &[u8]) -> Result<String> {
    let raw: &serde_json::value::RawValue = serde_json::from_slice(row)?;
    let mut line = String::new();
    let (mut text, mut escaped) = (false, false);
    for character in raw.get().chars() {
        if text || !character.is_ascii_whitespace() {
            line.push(character);
        }
        if escaped {
            escaped = false;
        } else if text && character == '\\' {
            escaped = true;
        } else if character == '"' {
            text = !text;
        }
    }
    Ok(line)
}

/// Longest row that is shown to people.
const READABLE: usize = 8 * 1024;

impl Sample {
    /// Wrong on purpose: for tests, not for showing. Elastic's runner takes its odd addresses and numbers amiss.
    fn is_odd(&self) -> bool {
        self.name.starts_with("odd-")
    }

    /// The cluster adds what depends on its own tables: the document is not the whole expectation.
    fn is_enriched(&self) -> bool {
        self.document.pointer("/user_agent/original").is_some()
    }
}

/// The sample that shows most, and can still be read.
pub(super) fn richest(samples: &[Sample]) -> Option<&Sample> {
    let shown = |sample: &&Sample| !sample.is_odd() && sample.row.len() <= READABLE;
    samples.iter().filter(shown).max_by_key(|sample| sample.row.len())
}

/// Files of the pipeline tests: each fixture as a raw row, and as the document that our fetcher would send.
pub(super) fn pipeline_tests(samples: &[Sample]) -> Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for sample in samples.iter().filter(|sample| !sample.is_odd() && !sample.is_enriched()) {
        let expected = render::json(&json!({ "expected": [sample.document] }))?;
        let cases = [
            (format!("test-{}", sample.name), json!({ "message": sample.row })),
            (format!("test-{}-mapped", sample.name), sample.document.clone()),
        ];
        for (name, event) in cases {
            files.push((format!("{name}.json"), render::json(&json!({ "events": [event] }))?));
            files.push((format!("{name}.json-expected.json"), expected.clone()));
        }
    }
    if !files.is_empty() {
        let config = json!({ "dynamic_fields": { "event.ingested": ".*" } });
        files.push(("test-common-config.yml".into(), render::yaml(&config)?));
    }
    Ok(files)
}
