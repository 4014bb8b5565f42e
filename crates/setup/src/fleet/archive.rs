//! The archive of a package, and the rules that Fleet judges it by which can be told from it alone.

use std::collections::BTreeSet;
use std::io::{Cursor, Read};

use bytes::Bytes;
use serde::Deserialize;
use zip::ZipArchive;

use common::error::Error;

/// Name of the archive that belongs to this program.
pub const FILE: &str = concat!("m365_security-", env!("CARGO_PKG_VERSION"), ".zip");
/// Fleet takes no larger upload.
const MAX_SIZE: usize = if cfg!(test) { 64 * 1024 } else { 100 * 1024 * 1024 };
/// Longest manifest that is read.
const MAX_MANIFEST: u64 = 1024 * 1024;

/// An archive and what it says of itself.
#[derive(Debug)]
pub struct Archive {
    bytes: Bytes,
    top: BTreeSet<String>,
    paths: Vec<String>,
    manifest: Manifest,
}

/// What matters of the package's manifest, and of those of its data streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    pub(crate) version: String,
    /// `conditions.kibana.version`.
    pub(crate) kibana: String,
    pub(crate) datasets: Vec<String>,
}

#[derive(Deserialize)]
struct Written {
    name: String,
    version: String,
    #[serde(default)]
    conditions: Conditions,
}

#[derive(Default, Deserialize)]
struct Conditions {
    #[serde(default)]
    kibana: Condition,
}

#[derive(Default, Deserialize)]
struct Condition {
    #[serde(default)]
    version: String,
}

#[derive(Deserialize)]
struct Stream {
    dataset: Option<String>,
}

impl Archive {
    /// Reads it; `name` is how errors call it.
    pub fn read(name: &str, bytes: Vec<u8>) -> Result<Self, Error> {
        let refused = |what: String| {
            let hint = "`m365-generator zip` builds the package's archive; it also lies beside every release";
            Error::Permanent(format!("{name}: {what}\nhint: {hint}"))
        };
        let bytes = Bytes::from(bytes);
        let mut zip =
            ZipArchive::new(Cursor::new(bytes.clone())).map_err(|error| refused(format!("is no zip: {error}")))?;
        let names: Vec<String> = zip.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect();
        let top: BTreeSet<String> = names.iter().filter_map(|name| Some(name.split_once('/')?.0.to_owned())).collect();
        let Some(folder) = top.first().cloned() else { return Err(refused("holds no package".to_owned())) };
        let paths = names.iter().filter_map(|name| Some(name.split_once('/')?.1.to_owned())).collect::<Vec<_>>();
        let mut file = |path: &str| {
            let file = zip.by_name(&format!("{folder}/{path}")).map_err(|error| refused(format!("{path}: {error}")))?;
            let mut text = String::new();
            let read = file.take(MAX_MANIFEST).read_to_string(&mut text);
            read.map(|_| text).map_err(|error| refused(format!("{path}: {error}")))
        };
        let written: Written = serde_saphyr::from_str(&file("manifest.yml")?)
            .map_err(|error| refused(format!("manifest.yml: {error}")))?;
        let mut datasets = Vec::new();
        for path in &paths {
            let Some(folder) = path.strip_prefix("data_stream/").and_then(|rest| rest.strip_suffix("/manifest.yml"))
            else {
                continue;
            };
            let stream: Stream =
                serde_saphyr::from_str(&file(path)?).map_err(|error| refused(format!("{path}: {error}")))?;
            datasets.push(stream.dataset.unwrap_or_else(|| format!("{}.{folder}", written.name)));
        }
        let Written { name, version, conditions } = written;
        let manifest = Manifest { name, version, kibana: conditions.kibana.version, datasets };
        Ok(Self { bytes, top, paths, manifest })
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    pub(crate) fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// Rules that it breaks, each with what to do.
    pub(crate) fn broken_rules(&self, kibana: &str) -> Vec<String> {
        let Manifest { name, version, kibana: wanted, .. } = &self.manifest;
        let mut broken = Vec::new();
        let mut rule = |is_broken: bool, text: String| {
            if is_broken {
                broken.push(text);
            }
        };
        rule(
            self.bytes.len() > MAX_SIZE,
            "the archive is larger than 100 MiB, and Fleet takes no larger one\nhint: leave out what is not needed"
                .to_owned(),
        );
        let expected = format!("{name}-{version}");
        rule(
            self.top.len() != 1 || !self.top.contains(&expected),
            format!("the archive must hold one folder, {expected}\nhint: build it with `m365-generator zip`"),
        );
        let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
            && (2..=150).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        rule(
            !is_name,
            format!(
                "`{name}` is no name for an uploaded package\nhint: lower case letters, digits and `_`, a letter first"
            ),
        );
        for (folder, what) in [
            ("elasticsearch/ingest_pipeline/", "ingest pipelines of the whole package"),
            ("elasticsearch/index_template/", "index templates"),
            ("elasticsearch/component_template/", "component templates"),
        ] {
            rule(
                self.paths.iter().any(|path| path.starts_with(folder) && path.len() > folder.len()),
                format!(
                    "the archive holds {what} ({folder}), which Fleet refuses in an upload\nhint: keep them with a data stream"
                ),
            );
        }
        rule(
            !wanted.is_empty() && !satisfies(kibana, wanted),
            format!(
                "the package is for Kibana {wanted}, and this one is {kibana}\nhint: take the archive for this version \
                 (`m365-generator zip --stack`), or upgrade Kibana"
            ),
        );
        broken
    }
}

/// Whether a dataset is the other one, or lies below it.
pub(super) fn is_within(dataset: &str, other: &str) -> bool {
    dataset.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether a version fits one of the ranges `^a.b.c`, `>=a.b.c` or `~a.b.c` that `||` joins. What is written otherwise is
/// left to Fleet to judge.
pub(super) fn satisfies(version: &str, ranges: &str) -> bool {
    let numbers = |text: &str| {
        let mut parts = text.split(['.', '-']).map_while(|part| part.parse::<u64>().ok());
        parts.next().map(|major| (major, parts.next().unwrap_or(0), parts.next().unwrap_or(0)))
    };
    let Some(version) = numbers(version) else { return true };
    ranges.split("||").map(str::trim).any(|range| {
        let (kind, first) = range.split_at(range.find(|c: char| c.is_ascii_digit()).unwrap_or(range.len()));
        match (kind, numbers(first)) {
            ("^", Some(first)) => version >= first && version.0 == first.0,
            ("~", Some(first)) => version >= first && (version.0, version.1) == (first.0, first.1),
            (">=", Some(first)) if !range.contains(char::is_whitespace) => version >= first,
            _ => true,
        }
    })
}
