//! The way with Fleet: the package's archive is uploaded, and Fleet installs it. What Fleet refuses is found out before.

mod archive;

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

pub use self::archive::{Archive, FILE};
use self::archive::{Manifest, is_within};
use crate::artefacts::{PACKAGE, PREFIX};
use crate::kibana::Kibana;
use crate::plan::{Difference, Kind, Plan, Work};
use crate::{Setup, removal, templates};
use common::error::Error;

/// Fleet takes one upload in this time.
const PAUSE: Duration = Duration::from_secs(10);
/// The first versions, by line, that judge archives before they install them; later lines all do.
const JUDGING: [(u64, u64, u64); 3] = [(8, 19, 22), (9, 4, 7), (9, 5, 4)];

/// What an upload of the archive would change, or why it would be refused.
pub async fn plan(setup: &Setup, archive: &Archive) -> Result<Plan, Error> {
    let kibana = kibana(setup)?;
    let manifest = archive.manifest();
    let mut plan = Plan::default();
    plan.in_the_way.extend(archive.broken_rules(&kibana.version));
    let known = known(kibana, &manifest.name).await?;
    let installed = known.as_ref().filter(|known| known["status"] == "installed");
    let version = installed.map(|known| text(&known["installationInfo"]["version"], &known["version"]));
    let source = installed.map(|known| text(&known["installationInfo"]["install_source"], &known["install_source"]));
    let judges = judges(&kibana.version);
    let name = &manifest.name;
    if let Some(source @ ("registry" | "bundled")) = source.as_deref() {
        plan.in_the_way.push(format!(
            "package {name} was installed from the {source}, and an upload may not replace it\nhint: uninstall it in Kibana \
             (Integrations) first"
        ));
    } else if judges && installed.is_none() && known.is_some() {
        plan.in_the_way.push(format!(
            "there is a package {name} in Kibana's registry, and an upload may not have its name\nhint: install that one, or \
             set up without --fleet"
        ));
    }
    let twice = removal::transforms(setup).await?;
    if let Some(first) = twice.first() {
        plan.in_the_way.push(format!(
            "transform {first} of a set-up without Fleet is there, and would fill the same index as the package's\nhint: run \
             `setup --remove` first; documents stay"
        ));
    }
    others(setup, manifest, &mut plan).await?;
    if judges && installed.is_none() {
        live(setup, &mut plan).await?;
    }
    let difference = match version {
        None => Difference::New,
        Some(version) if version == manifest.version => Difference::Same,
        Some(version) => Difference::Changed(vec![format!("version {version} is installed")]),
    };
    let named = format!("{name} {}", manifest.version);
    plan.add(Kind::Package, named, difference, Work::Upload(archive.bytes()));
    plan.unless_in_the_way()
}

/// The package, as far as Kibana knows it: installed, or offered by a registry.
async fn known(kibana: &Kibana, name: &str) -> Result<Option<Value>, Error> {
    let answer = kibana.request(Method::GET, &format!("/api/fleet/epm/packages/{name}"), &Value::Null).await?;
    match answer.status {
        // With 502 the registry is out of reach, and the package is not installed.
        StatusCode::NOT_FOUND | StatusCode::BAD_GATEWAY => Ok(None),
        _ => Ok(Some(answer.success()?["item"].take())),
    }
}

fn text(value: &Value, otherwise: &Value) -> String {
    value.as_str().or(otherwise.as_str()).unwrap_or_default().to_owned()
}

/// Datasets of other packages that ours would mix with: the same name, or one that begins the other.
async fn others(setup: &Setup, manifest: &Manifest, plan: &mut Plan) -> Result<(), Error> {
    for stored in templates::stored(setup).await?.into_iter().filter(|stored| stored.kind == Kind::IndexTemplate) {
        let owner = stored.body["_meta"]["package"]["name"].as_str();
        let (Some(owner), Some(theirs)) =
            (owner.filter(|owner| *owner != manifest.name), stored.name.strip_prefix("logs-"))
        else {
            continue;
        };
        let mixes = |ours: &&String| is_within(ours, theirs) || is_within(theirs, ours);
        if let Some(ours) = manifest.datasets.iter().find(mixes) {
            plan.in_the_way.push(format!(
                "dataset {ours} would mix with {theirs} of the package {owner}\nhint: uninstall that package in Kibana \
                 (Integrations)"
            ));
        }
    }
    Ok(())
}

/// Data streams that are there before the package is.
async fn live(setup: &Setup, plan: &mut Plan) -> Result<(), Error> {
    let found = setup.cluster.get(&format!("/_resolve/index/{PREFIX}*")).await?.unwrap_or_default();
    let names = found["data_streams"].as_array().into_iter().flatten().filter_map(|stream| stream["name"].as_str());
    let names: Vec<&str> = names.collect();
    if let Some(first) = names.first() {
        let more = if names.len() > 1 { format!(" (and {} more)", names.len() - 1) } else { String::new() };
        plan.in_the_way.push(format!(
            "data stream {first}{more} is there, and Fleet installs an uploaded package for the first time only where its \
             datasets have none\nhint: set up without --fleet; or keep what they hold elsewhere (reindex), delete them, \
             upload, and copy it back"
        ));
    }
    Ok(())
}

/// Puts the archive; Fleet installs it and answers when that is done.
pub(crate) async fn upload(setup: &Setup, archive: &Bytes) -> Result<(), Error> {
    let kibana = kibana(setup)?;
    let mut headers = headers();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    let send = || kibana.upload("/api/fleet/epm/packages", headers.clone(), archive.clone());
    let mut answer = send().await?;
    if answer.status == StatusCode::TOO_MANY_REQUESTS {
        tokio::time::sleep(PAUSE).await;
        answer = send().await?;
    }
    answer.success().map(drop)
}

/// Uninstalls the package; `None` where it is not installed from an upload.
pub async fn uninstall(setup: &Setup, dry_run: bool) -> Result<Option<String>, Error> {
    let kibana = kibana(setup)?;
    let Some(known) = known(kibana, PACKAGE).await?.filter(|known| known["status"] == "installed") else {
        return Ok(None);
    };
    let version = text(&known["installationInfo"]["version"], &known["version"]);
    if !dry_run {
        let path = format!("/api/fleet/epm/packages/{PACKAGE}/{version}");
        kibana.request(Method::DELETE, &path, &json!({})).await?.success()?;
    }
    Ok(Some(format!("{PACKAGE} {version}")))
}

fn kibana(setup: &Setup) -> Result<&Kibana, Error> {
    setup
        .kibana
        .as_ref()
        .ok_or_else(|| Error::Permanent("Fleet is a part of Kibana\nhint: name it with --kibana".to_owned()))
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("elastic-api-version", HeaderValue::from_static("2023-10-31"));
    headers
}

/// Whether this Kibana judges archives as the rules above say.
fn judges(version: &str) -> bool {
    let mut numbers = version.split(['.', '-']).map(|number| number.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    let version = (next(), next(), next());
    let line = JUDGING.iter().find(|(major, minor, _)| (*major, *minor) == (version.0, version.1));
    line.map_or(version >= (9, 6, 0), |first| version >= *first)
}

#[cfg(test)]
mod tests;
