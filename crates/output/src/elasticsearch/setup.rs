//! Prepares a cluster: component templates, ingest pipelines, index templates, in this order.

use include_dir::{Dir, File, include_dir};
use serde_json::Value;

use super::{Client, request_error};
use common::error::Error;

static FIELDS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../fields");
static PIPELINES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../pipelines");
/// Generated for Kibana, below `fields/`.
const SAVED_OBJECTS: &str = "kibana/m365_security.ndjson";

/// Puts the generated artefacts that this program was built with; returns how many.
pub async fn install(client: &Client) -> Result<usize, Error> {
    let artefacts = artefacts();
    for artefact in &artefacts {
        put(client, artefact).await?;
    }
    client.set_prepared();
    Ok(artefacts.len())
}

/// A template or pipeline that this program was built with.
#[derive(Debug)]
pub struct Artefact {
    /// Its API, for example `_ingest/pipeline`.
    pub folder: &'static str,
    /// Its name in the cluster.
    pub name: String,
    contents: &'static [u8],
}

impl Artefact {
    /// What it holds.
    pub fn parsed(&self) -> Value {
        serde_json::from_slice(self.contents).unwrap_or_default()
    }
}

/// All of them, in the order in which they can be put.
pub fn artefacts() -> Vec<Artefact> {
    of("_component_template", folder(&FIELDS, "component-templates"))
        .chain(of("_ingest/pipeline", json_files(&PIPELINES)))
        .chain(of("_index_template", folder(&FIELDS, "index-templates")))
        .collect()
}

/// Templates of the indices that hold the current state, and the transforms that fill them. Collecting needs none of them.
pub fn state_artefacts() -> Vec<Artefact> {
    of("_index_template", folder(&FIELDS, "destination-templates"))
        .chain(of("_transform", folder(&FIELDS, "transforms")))
        .collect()
}

/// Saved objects of Kibana, one JSON text per line; empty where there are none.
pub fn saved_objects() -> &'static str {
    FIELDS.get_file(SAVED_OBJECTS).and_then(File::contents_utf8).unwrap_or_default()
}

/// Whether the stored artefact was put by [`install`] of this version.
pub fn is_ours(artefact: &Artefact, answer: &Value) -> bool {
    is_current(artefact, answer) && stored(artefact, answer).0["_meta"] == artefact.parsed()["_meta"]
}

/// Whether what the cluster answered to a GET of the artefact is the artefact of this version. One that Fleet installed
/// is taken for current: Fleet writes it in a form of its own.
pub fn is_current(artefact: &Artefact, answer: &Value) -> bool {
    let ours = artefact.parsed();
    let (stored, part) = stored(artefact, answer);
    stored["_meta"]["managed_by"] != ours["_meta"]["managed_by"]
        || stored["_meta"] == ours["_meta"] && stored.pointer(part) == ours.pointer(part)
}

/// What is stored, and the part of it that tells versions apart.
fn stored<'a>(artefact: &Artefact, answer: &'a Value) -> (&'a Value, &'static str) {
    match artefact.folder {
        "_component_template" => (&answer["component_templates"][0]["component_template"], "/template/mappings"),
        "_index_template" => (&answer["index_templates"][0]["index_template"], "/composed_of"),
        _ => (&answer[&artefact.name], "/processors"),
    }
}

fn of(folder: &'static str, files: Vec<&'static File<'static>>) -> impl Iterator<Item = Artefact> {
    files.into_iter().map(move |file| Artefact {
        folder,
        name: file.path().file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        contents: file.contents(),
    })
}

async fn put(client: &Client, artefact: &Artefact) -> Result<(), Error> {
    let path = format!("/{}/{}", artefact.folder, artefact.name);
    let response = client.put(&path, artefact.contents).await?;
    if response.status().is_success() {
        return Ok(());
    }
    Err(request_error(&format!("PUT {path}"), response).await)
}

fn folder(root: &'static Dir<'static>, name: &str) -> Vec<&'static File<'static>> {
    root.get_dir(name).map(json_files).unwrap_or_default()
}

fn json_files(folder: &'static Dir<'static>) -> Vec<&'static File<'static>> {
    let mut files: Vec<_> =
        folder.files().filter(|file| file.path().extension().is_some_and(|ext| ext == "json")).collect();
    files.sort_by_key(|file| file.path());
    files
}
