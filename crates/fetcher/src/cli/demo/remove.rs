//! `demo --remove`: takes away what a demo has left, and nothing else.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use setup::{Artefacts, Kind, Options, Removed, Setup};

use super::{Access, NAMESPACE, clear};
use crate::cli::print::{self, Printer};
use crate::cli::{End, runtime};
use common::error::{Error, with_causes};
use output::elasticsearch::{Call, Client, NodeClient, request_error};

/// Data streams of all namespaces.
const ALL: &str = "logs-m365_security.*-*";

/// Files, state and dead letters; the folder too, if nothing else is in it.
pub(super) fn files(out: &Path) -> anyhow::Result<End> {
    if !out.is_dir() {
        print::out().line(format_args!("nothing to remove: there is no folder {}", out.display()))?;
        return Ok(End::Done);
    }
    clear(out)?;
    let is_gone = fs::remove_dir(out).is_ok();
    let what = if is_gone { "folder" } else { "documents, state and dead letters of the demo in" };
    print::out().line(format_args!("removed {what} {}", out.display()))?;
    Ok(End::Done)
}

/// The demo's data streams. Templates and pipelines go too, if they are those of this version and nothing else may need
/// them: no other data stream, and no set-up.
pub(super) fn cluster(access: &Access) -> anyhow::Result<End> {
    let output = match access.output() {
        Ok(output) => output,
        Err(message) => return Ok(End::Usage(message)),
    };
    runtime()?.block_on(async {
        let client = Client::new(&output)?.node().await?;
        let options = Options { elasticsearch: output, kibana: None, space: None, retention: None, rollover: false };
        let setup = Setup::open(options, Artefacts::embedded()).await?;
        let all = streams(&client).await?;
        let (own, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|name| name.ends_with(&format!("-{NAMESPACE}")));
        let mut out = print::out();
        for name in &own {
            delete(&client, &format!("/_data_stream/{name}")).await?;
            out.line(format_args!("removed data stream {name}"))?;
        }
        if own.is_empty() {
            out.line(format_args!("nothing to remove: there is no data stream of namespace {NAMESPACE}"))?;
        }
        if let Some(other) = others.first() {
            out.line(format_args!("templates and pipelines stay: data stream {other} needs them"))?;
        } else if !own.is_empty() {
            artefacts(&setup, &mut out).await?;
        }
        Ok(End::Done)
    })
}

/// Removes templates and pipelines, each before what it refers to.
async fn artefacts(setup: &Setup, out: &mut Printer<impl Write>) -> anyhow::Result<()> {
    let installed = setup.installed().await?;
    if let Some(transform) = installed.iter().find(|installed| installed.kind == Kind::Transform) {
        let name = &transform.name;
        out.line(format_args!(
            "templates and pipelines stay: a set-up put transform {name} there; `m365-fetcher setup --remove` takes all \
             of it away"
        ))?;
        return Ok(());
    }
    for one in &installed {
        let what = format!("{} {}", one.kind.name(), one.name);
        if !one.is_current {
            out.line(format_args!("{what} stays: it is not the one of this version"))?;
            continue;
        }
        match setup.remove(one).await? {
            Removed::Gone => out.line(format_args!("removed {what}"))?,
            Removed::Kept(why) => out.line(format_args!("{what} stays: {why}"))?,
        }
    }
    Ok(())
}

async fn streams(client: &NodeClient) -> Result<Vec<String>, Error> {
    let found = get(client, &format!("/_data_stream/{ALL}")).await?.unwrap_or_default();
    let streams = found["data_streams"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(streams.iter().filter_map(|stream| stream["name"].as_str()).map(str::to_owned).collect())
}

/// `None` where there is nothing.
async fn get(client: &NodeClient, path: &str) -> Result<Option<Value>, Error> {
    let response = send(client, Method::GET, path).await?;
    match response.status() {
        StatusCode::NOT_FOUND => Ok(None),
        StatusCode::OK => {
            let answer = response.json().await;
            answer.map(Some).map_err(|error| Error::Transient(format!("GET {path}: {}", with_causes(&error))))
        }
        _ => Err(request_error(&format!("GET {path}"), response).await),
    }
}

async fn delete(client: &NodeClient, path: &str) -> anyhow::Result<()> {
    let response = send(client, Method::DELETE, path).await?;
    if response.status().is_success() || response.status() == StatusCode::NOT_FOUND {
        return Ok(());
    }
    Err(request_error(&format!("DELETE {path}"), response).await).context("not everything could be removed")
}

async fn send(client: &NodeClient, method: Method, path: &str) -> Result<Response, Error> {
    client.send(Call::new(method, path)).await
}
