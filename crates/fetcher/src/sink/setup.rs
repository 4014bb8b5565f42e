//! Prepares a cluster: component templates, ingest pipelines, index templates, in this order.

use elasticsearch::http::Method;
use elasticsearch::http::headers::HeaderMap;
use include_dir::{Dir, File, include_dir};

use super::elastic::{Elastic, request_fault};
use crate::error::{Fault, with_causes};

static FIELDS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../fields");
static PIPELINES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../pipelines");

/// Puts the generated artefacts that this program was built with; returns how many.
pub async fn install(elastic: &Elastic) -> Result<usize, Fault> {
    let mut count = 0;
    for (folder, files) in [
        ("_component_template", folder(&FIELDS, "component-templates")),
        ("_ingest/pipeline", json_files(&PIPELINES)),
        ("_index_template", folder(&FIELDS, "index-templates")),
    ] {
        for file in files {
            put(elastic, folder, file).await?;
            count += 1;
        }
    }
    Ok(count)
}

async fn put(elastic: &Elastic, folder: &str, file: &File<'static>) -> Result<(), Fault> {
    let name = file.path().file_stem().unwrap_or_default().to_string_lossy();
    let path = format!("/{folder}/{name}");
    let response = elastic
        .client()
        .await?
        .send(Method::Put, &path, HeaderMap::new(), None::<&()>, Some(file.contents()), None)
        .await
        .map_err(|error| Fault::Transient(format!("PUT {path}: {}", with_causes(&error))))?;
    if response.status_code().is_success() {
        return Ok(());
    }
    Err(request_fault(&format!("PUT {path}"), response).await)
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
