//! What a demo ends with: a page of all dashboards over what it has collected.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use preview::{Finished, Scope};
use reqwest::{Method, StatusCode};
use url::Url;

use super::documents;
use crate::cli::print;
use crate::config::{NamedOutput, Output};
use common::{clock, private};
use output::elasticsearch::{Call, Client, request_error};

/// Name of the page in the demo's folder.
pub(super) const FILE: &str = "preview.html";
/// More documents than this are not held in memory for a page.
const MOST: u64 = 256 * 1024 * 1024;

/// Writes the page and tells its address; with `open` a browser shows it.
pub(super) async fn write(folder: &Path, output: &NamedOutput, open: bool) -> anyhow::Result<()> {
    let finished = match &output.output {
        Output::File(files) => of_files(&files.directory).await?,
        Output::Elasticsearch(cluster) => {
            let client = Client::new(cluster)?.node().await?;
            let refresh = format!("/logs-m365_security.*-{}/_refresh", output.namespace);
            let response = client.send(Call::new(Method::POST, &refresh)).await?;
            if response.status() != StatusCode::OK {
                return Err(request_error(&format!("POST {refresh}"), response).await.into());
            }
            let source = format!("namespace {} of {}", output.namespace, cluster.hosts[0]);
            preview::cluster(&client, scope(&source, Some(&output.namespace))).await?
        }
        Output::Stdout => return Ok(()),
    };
    let path = folder.join(FILE);
    private::create(&path)
        .and_then(|mut file| file.write_all(finished.html.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))?;
    let address = address(&path)?;
    let mut out = print::out();
    for failure in &finished.failures {
        out.line(format_args!("Panel that failed: {failure}"))?;
    }
    out.line(format_args!("Dashboards: {address}"))?;
    if open {
        open::that_detached(address.as_str()).with_context(|| format!("no browser could be started for {address}"))?;
    }
    Ok(())
}

fn scope<'a>(source: &'a str, namespace: Option<&'a str>) -> Scope<'a> {
    Scope { source, now: clock::now().timestamp_millis(), namespace }
}

/// The page of the demo's files.
async fn of_files(folder: &Path) -> anyhow::Result<Finished> {
    let paths = documents(folder)?;
    let size: u64 = paths.iter().filter_map(|path| path.metadata().ok()).map(|metadata| metadata.len()).sum();
    if size > MOST {
        bail!(
            "{} MiB of documents are too many to search in memory; `--elasticsearch` searches any number",
            size >> 20
        );
    }
    let mut history = Vec::new();
    for path in &paths {
        read(path, &mut history)?;
    }
    let source = format!("the files in {}", folder.display());
    Ok(preview::documents(history, scope(&source, None)).await?)
}

/// Adds the documents of a file, which is named after their data stream.
fn read(path: &PathBuf, history: &mut Vec<(String, serde_json::Value)>) -> anyhow::Result<()> {
    let failed = || format!("cannot read {}", path.display());
    let stream = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    for line in BufReader::new(File::open(path).with_context(failed)?).lines() {
        let document = serde_json::from_str(&line.with_context(failed)?).with_context(failed)?;
        history.push((stream.clone(), document));
    }
    Ok(())
}

fn address(path: &Path) -> anyhow::Result<Url> {
    let full = path.canonicalize().with_context(|| format!("cannot find {}", path.display()))?;
    Url::from_file_path(&full).map_err(|()| anyhow::anyhow!("{} is no path of a file", full.display()))
}
