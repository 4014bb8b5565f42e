mod assets;

use std::io::Write;
use std::path::{Path, PathBuf};

use schema::Dataset;
use serde_json::Value;

use crate::package::{self, Fixtures, Target};
use crate::pipeline::Form;
use crate::tree::{Change, Tree};
use crate::{archive, ecs, fields, ids, names, pipeline, reference, render, templates};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn datasets() -> &'static [Dataset] {
    schema::catalog()
}

fn fixtures() -> Fixtures {
    package::read_fixtures(&root(), datasets()).unwrap()
}

#[test]
fn generated_files_are_fresh() {
    let mut tree = crate::artefacts(datasets(), &fixtures()).unwrap();
    ids::add(datasets(), &fixtures(), &ids::read(&root()).unwrap(), &mut tree).unwrap();
    let changes = tree.compare(&root()).unwrap();
    let list: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert!(changes.is_empty(), "run `{}`:\n{}", crate::COMMAND, list.join("\n"));
}

/// The folder of the reference data, which lies beside some checkouts; without it one line says so.
fn reference_data() -> Option<PathBuf> {
    let folder = root().join("../shared/data");
    if folder.is_dir() {
        return Some(folder);
    }
    // Past the harness, which shows what tests print only when they fail.
    let _ = std::io::stderr().write_all(b"skipped: no reference data in ../shared/data\n");
    None
}

#[test]
fn ecs_constants_are_fresh() {
    let Some(folder) = reference_data() else { return };
    let source = ecs::source(&std::fs::read(folder.join("ecs_flat.json")).unwrap()).unwrap();
    let present = std::fs::read_to_string(root().join(ecs::PATH)).unwrap();
    assert!(source == present, "run `cargo gen ecs --from ../shared/data/ecs_flat.json`");
}

#[test]
fn extracts_of_the_reference_data_are_fresh() {
    let Some(folder) = reference_data() else { return };
    for (path, text) in reference::extracts(datasets(), |file| crate::tree::read(&folder.join(file))).unwrap() {
        let present = std::fs::read_to_string(root().join(&path)).unwrap_or_default();
        assert!(text == present, "{path}: run `cargo gen reference --from ../shared/data`");
    }
}

#[test]
fn ecs_fields_become_constants() {
    let flat = br#"{
        "@timestamp": {"type": "date", "normalize": []},
        "dns.answers": {"type": "object", "normalize": ["array"]},
        "dns.resolved_ip": {"type": "ip", "normalize": ["array"]},
        "entity.id": {"type": "keyword"},
        "gen_ai.agent.id": {"type": "keyword", "beta": "may change"},
        "host.entity.id": {"type": "keyword"},
        "process.pid": {"type": "long"}
    }"#;
    let source = ecs::source(flat).unwrap();
    let lines: Vec<&str> = source.lines().map(str::trim).filter(|line| line.contains(" = ")).collect();
    let expected = [
        "TIMESTAMP = \"@timestamp\", Date, one;",
        "DNS_RESOLVED_IP = \"dns.resolved_ip\", Ip, many;",
        "PROCESS_PID = \"process.pid\", Long, one;",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn unknown_ecs_types_are_named() {
    let error = ecs::source(br#"{"a.b": {"type": "histogram"}}"#).unwrap_err();
    assert_eq!(format!("{error:#}"), "field a.b: unknown type histogram: add it to the schema's types");
}

#[test]
fn every_dataset_has_a_sample() {
    let fixtures = fixtures();
    for dataset in datasets() {
        let name = dataset.definition.name;
        assert!(!fixtures[name].is_empty(), "add tests/fixtures/{name}/<fixture>.json");
    }
}

/// Every dataset has pinned ids, and one that does not fit is an error, not a new file.
#[test]
fn pinned_ids_are_kept() {
    let (fixtures, mut pinned) = (fixtures(), ids::read(&root()).unwrap());
    for dataset in datasets() {
        let name = dataset.definition.name;
        assert_eq!(pinned[name].len(), fixtures[name].len(), "{name}");
        assert!(pinned[name].values().all(|id| id.len() == 32), "{name}");
    }
    let ids = pinned.get_mut("alert").unwrap();
    let id = ids.insert("process".to_owned(), "0".repeat(32)).unwrap();
    let error = ids::add(datasets(), &fixtures, &pinned, &mut Tree::default()).unwrap_err().to_string();
    assert!(error.contains(&id) && error.contains("fixture process of dataset alert"), "{error}");
    // A fixture that is not pinned yet gets its id.
    pinned.get_mut("alert").unwrap().remove("process");
    let mut tree = Tree::default();
    ids::add(datasets(), &fixtures, &pinned, &mut tree).unwrap();
    let path = PathBuf::from("tests/ids/alert.json");
    let (_, file) = tree.files().find(|(known, _)| *known == path).unwrap();
    assert!(std::str::from_utf8(file).unwrap().contains(&format!("\"process\": \"{id}\"")));
}

#[test]
fn archives_are_reproducible_and_built() {
    let files = package::built(datasets(), &fixtures(), Target::default()).unwrap();
    assert_eq!(archive::zip(&files).unwrap(), archive::zip(&files).unwrap());
    let top = format!("{}-{}/", names::PACKAGE, names::VERSION);
    assert!(files.iter().all(|(path, _)| path.starts_with(&top) && !path.contains("/_dev/")));
    assert!(files.iter().any(|(path, _)| *path == format!("{top}manifest.yml")));
    // Kibana refuses uploads that hold pipelines or templates outside their data streams.
    let outside =
        ["ingest_pipeline", "index_template", "component_template"].map(|kind| format!("{top}elasticsearch/{kind}/"));
    assert!(!files.iter().any(|(path, _)| outside.iter().any(|folder| path.starts_with(folder))));
}

#[test]
fn yaml_says_what_json_says() {
    for dataset in datasets() {
        for value in [pipeline::default(dataset, Form::Package), pipeline::raw(dataset, Form::Package)] {
            let yaml = render::yaml_document(&value).unwrap();
            assert_eq!(serde_saphyr::from_str::<Value>(&yaml).unwrap(), value);
            assert_eq!(serde_json::from_str::<Value>(&render::short_json(&value)).unwrap(), value);
        }
    }
}

#[test]
fn yaml_keeps_text_that_looks_like_something_else() {
    let value = serde_json::json!({"on": "yes", "version": "0.1", "date": "2026-01-01", "empty": "", "list": []});
    let yaml = render::yaml(&value).unwrap();
    assert_eq!(serde_saphyr::from_str::<Value>(&yaml).unwrap(), value);
    for quoted in ["\"on\":", "\"yes\"", "\"0.1\"", "\"2026-01-01\""] {
        assert!(yaml.contains(quoted), "{quoted} is not quoted in {yaml}");
    }
}

#[test]
fn pipeline_tags_are_unique_and_complete() {
    for dataset in datasets() {
        for pipeline in [pipeline::default(dataset, Form::Api), pipeline::raw(dataset, Form::Api)] {
            let mut tags: Vec<&str> = pipeline["processors"]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|processor| processor.as_object().unwrap().values())
                .map(|processor| processor["tag"].as_str().unwrap())
                .collect();
            let all = tags.len();
            tags.sort_unstable();
            tags.dedup();
            assert_eq!(tags.len(), all);
        }
    }
}

#[test]
fn mappings_and_field_definitions_agree() {
    for dataset in datasets() {
        let definitions = fields::definitions(dataset);
        let mut mapped = Vec::new();
        let component = templates::component(dataset.definition.name, &definitions);
        leaves(&component["template"]["mappings"]["properties"], "", &mut mapped);
        let mut defined = Vec::new();
        groups(&fields::groups(&definitions), "", &mut defined);
        assert_eq!(mapped, defined);
        assert_eq!(defined.len(), definitions.len());
        assert!(definitions.len() <= 2048, "Elastic's limit for a data stream of a package");
        assert!(templates::field_limit(&definitions) > definitions.len());
    }
}

fn leaves(properties: &Value, prefix: &str, found: &mut Vec<(String, String)>) {
    for (name, mapping) in properties.as_object().unwrap() {
        let name = format!("{prefix}{name}");
        match mapping.get("properties") {
            Some(below) => leaves(below, &format!("{name}."), found),
            None => found.push((name, mapping["type"].as_str().unwrap().to_owned())),
        }
    }
}

fn groups(list: &Value, prefix: &str, found: &mut Vec<(String, String)>) {
    for field in list.as_array().unwrap() {
        let name = format!("{prefix}{}", field["name"].as_str().unwrap());
        match field.get("fields") {
            Some(below) => groups(below, &format!("{name}."), found),
            None => found.push((name, field["type"].as_str().unwrap().to_owned())),
        }
    }
}

/// A field that the pipeline adds without a definition would not be searchable.
#[test]
fn every_look_up_has_a_field() {
    for dataset in datasets() {
        let names: Vec<_> = fields::definitions(dataset).into_iter().map(|definition| definition.name).collect();
        let pipeline = pipeline::default(dataset, Form::Api);
        for processor in pipeline["processors"].as_array().unwrap() {
            let Some(target) = processor["geoip"]["target_field"].as_str() else { continue };
            let leaf = if processor["geoip"]["database_file"].is_string() { "number" } else { "location" };
            let field = format!("{target}.{leaf}");
            assert!(names.contains(&field), "{field} is not defined in {}", dataset.definition.name);
        }
    }
}

#[test]
fn trees_find_and_make_every_change() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| crate::tree::write(&folder.path().join(path), text.as_bytes()).unwrap();
    write("fields/same.yml", "same");
    write("fields/changed.yml", "old");
    write("package/gone/stale.yml", "old");
    write("elsewhere.yml", "not ours");
    let mut tree = Tree::default();
    tree.add("fields/same.yml", "same").unwrap();
    tree.add("fields/changed.yml", "new").unwrap();
    tree.add("pipelines/new.json", "{}").unwrap();
    assert!(tree.add("pipelines/new.json", "{}").is_err());
    let changes = tree.compare(folder.path()).unwrap();
    let path = PathBuf::from;
    let expected = [
        Change::Changed(path("fields/changed.yml")),
        Change::New(path("pipelines/new.json")),
        Change::Stale(path("package/gone/stale.yml")),
    ];
    assert_eq!(changes, expected);
    tree.apply(folder.path(), &changes).unwrap();
    assert_eq!(tree.compare(folder.path()).unwrap(), []);
    assert!(!folder.path().join("package").exists() && folder.path().join("elsewhere.yml").exists());
}
