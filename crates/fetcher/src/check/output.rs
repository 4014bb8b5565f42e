//! The output: reachable, of a version that works, ready to take documents.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::{Finding, Item, Outcome, directory};
use crate::config::{Config, ElasticOutput, NamedOutput, Output};
use common::error::{Error, with_causes};
use output::elasticsearch::prepared::index_in_the_way;
use output::elasticsearch::setup;
use output::elasticsearch::{Call, Client, NodeClient};

/// Oldest version that knows the generated templates' fields, and the oldest that works at all.
const KNOWN: (u64, u64) = (8, 19);
const OLDEST: u64 = 8;

pub(super) async fn check(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for NamedOutput { name, output, namespace } in &config.outputs {
        let mut found = match output {
            Output::Elasticsearch(output) => cluster(output, namespace).await,
            Output::File(files) => vec![directory(Item::Output, &files.directory, "")],
            Output::Stdout => vec![Finding::ok(Item::Output, "documents go to standard output")],
        };
        if config.outputs.len() > 1 {
            for finding in &mut found {
                finding.text.insert_str(0, &format!("output {name}: "));
            }
        }
        findings.append(&mut found);
    }
    findings
}

async fn cluster(output: &ElasticOutput, namespace: &str) -> Vec<Finding> {
    let (mut findings, mut found) = (Vec::new(), None);
    for host in &output.hosts {
        match node(output, host).await {
            Ok((client, root)) => {
                let name = root["cluster_name"].as_str().unwrap_or("?");
                let text = format!("cluster {name} answers at {}", host.origin().ascii_serialization());
                findings.push(Finding::ok(Item::Output, text));
                found.get_or_insert((client, root));
            }
            Err(finding) => findings.push(*finding),
        }
    }
    let Some((client, root)) = found else { return findings };
    // Another node answers, so the output works without this one.
    for finding in &mut findings {
        finding.outcome = finding.outcome.min(Outcome::Warning);
    }
    findings.push(version(root["version"]["number"].as_str().unwrap_or_default()));
    findings.push(privileges(&client).await);
    findings.push(templates(&client).await);
    if let Ok(Some(what)) = index_in_the_way(&client, namespace).await {
        findings.push(Finding::of_error(Item::Templates, &Error::Permanent(what)));
    }
    findings.push(blocks(&client).await);
    findings
}

/// One node by itself, with what it says of itself.
async fn node(output: &ElasticOutput, host: &Url) -> Result<(NodeClient, Value), Box<Finding>> {
    let error = |error: Error| Box::new(Finding::of_error(Item::Output, &error));
    let output = ElasticOutput { hosts: vec![host.clone()], ..output.clone() };
    let client = Client::new(&output).map_err(error)?.node().await.map_err(error)?;
    let root = get(&client, "/").await.map_err(|mut finding| {
        finding.text = format!("{}: {}", host.origin().ascii_serialization(), finding.text);
        finding
    })?;
    Ok((client, root))
}

/// A GET's answer, or what its failure says of the output.
async fn get(client: &NodeClient, path: &str) -> Result<Value, Box<Finding>> {
    let response = send(client, Call::get(path)).await?;
    let status = response.status();
    let finding = match status.as_u16() {
        200 => match response.json().await {
            Ok(answer) => return Ok(answer),
            Err(error) => Finding::failed(Item::Output, format!("GET {path}: {}", with_causes(&error)))
                .cure("check `hosts`: is this Elasticsearch?"),
        },
        401 => {
            Finding::failed(Item::Privileges, format!("GET {path}: {status}: Elasticsearch does not accept the login"))
                .cure("check `api_key`, or `username` and `password`; an API key may have expired")
        }
        403 => Finding::failed(Item::Privileges, format!("GET {path}: {status}")).cure(NEEDED),
        _ => Finding::failed(Item::Output, format!("GET {path}: {status}"))
            .cure("check `hosts`: is this Elasticsearch, and is it up?"),
    };
    Err(Box::new(finding))
}

const NEEDED: &str = "the credential needs `monitor` on the cluster, and `auto_configure` and `create_doc` on \
                      logs-m365_security.*";

const PATIENCE: Duration = Duration::from_secs(20);

async fn send(client: &NodeClient, call: Call<'_>) -> Result<Response, Box<Finding>> {
    client.send(call.timeout(PATIENCE)).await.map_err(|error| {
        Box::new(match &error {
            error if error.is_temporary() => {
                Finding::failed(Item::Output, format!("the output is out of reach: {error}"))
                    .cure("check `hosts`, the firewall, and `ca_file` if the cluster has its own certificate authority")
            }
            error => Finding::of_error(Item::Output, error),
        })
    })
}

fn version(number: &str) -> Finding {
    let mut parts = number.split('.').map(|part| part.parse::<u64>().unwrap_or_default());
    let found = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if found.0 < OLDEST {
        Finding::failed(Item::Version, format!("version {number} is not supported")).cure("use version 8.19 or later")
    } else if found < KNOWN {
        Finding::warning(Item::Version, format!("version {number} is older than what is tested"))
            .cure("use version 8.19 or later")
    } else {
        Finding::ok(Item::Version, format!("version {number}"))
    }
}

async fn privileges(client: &NodeClient) -> Finding {
    let wanted = ["auto_configure", "create_doc"];
    let body = json!({ "index": [{ "names": ["logs-m365_security.*"], "privileges": wanted }] });
    let call = Call::new(Method::POST, "/_security/user/_has_privileges").json(&body);
    let response = match send(client, call).await {
        Ok(response) => response,
        Err(finding) => return *finding,
    };
    let status = response.status();
    let answer: Value = response.json().await.unwrap_or_default();
    match status {
        StatusCode::OK if answer["has_all_requested"] == true => {
            let user = answer["username"].as_str().unwrap_or("?");
            Finding::ok(Item::Privileges, format!("user {user} may write logs-m365_security.*"))
        }
        StatusCode::OK => {
            let granted = &answer["index"]["logs-m365_security.*"];
            let missing: Vec<_> = wanted.iter().filter(|name| granted[**name] != true).copied().collect();
            Finding::failed(Item::Privileges, format!("missing on logs-m365_security.*: {}", missing.join(", ")))
                .cure(NEEDED)
        }
        StatusCode::UNAUTHORIZED => Finding::failed(Item::Privileges, "Elasticsearch does not accept the login")
            .cure("check `api_key`, or `username` and `password`; an API key may have expired"),
        StatusCode::FORBIDDEN => {
            Finding::warning(Item::Privileges, "the credential may not ask for its privileges").cure(NEEDED)
        }
        // Security is disabled: the endpoint does not exist.
        _ => Finding::warning(Item::Privileges, "the cluster's security is disabled: everybody may read and write")
            .cure("good for tests only"),
    }
}

/// Templates and pipelines that this program was built with, against those of the cluster.
async fn templates(client: &NodeClient) -> Finding {
    let (mut missing, mut other) = (Vec::new(), Vec::new());
    for artefact in setup::artefacts() {
        let path = format!("/{}/{}", artefact.folder, artefact.name);
        let response = match send(client, Call::get(&path)).await {
            Ok(response) => response,
            Err(finding) => return *finding,
        };
        match response.status() {
            StatusCode::OK => {
                let answer: Value = response.json().await.unwrap_or_default();
                if !setup::is_current(&artefact, &answer) {
                    other.push(artefact.name);
                }
            }
            StatusCode::NOT_FOUND => missing.push(artefact.name),
            StatusCode::FORBIDDEN => {
                return Finding::warning(Item::Templates, "the credential may not look at templates, so they are unknown")
                    .cure("grant `monitor` and `read_pipeline` on the cluster for this check, or run `m365-fetcher setup` with another login");
            }
            status => return Finding::warning(Item::Templates, format!("GET {path}: {status}")),
        }
    }
    let cure = "install the integration package, or run `m365-fetcher setup --elasticsearch URL` with a credential that may \
                `manage_index_templates`, `manage_ingest_pipelines` and `manage_transform`";
    if !missing.is_empty() {
        Finding::failed(Item::Templates, format!("missing: {}", missing.join(", "))).cure(cure)
    } else if !other.is_empty() {
        Finding::warning(Item::Templates, format!("not those of this version: {}", other.join(", "))).cure(cure)
    } else {
        Finding::ok(Item::Templates, "templates and pipelines are those of this version")
    }
}

/// Blocks that keep documents out, of this data stream or of the cluster.
async fn blocks(client: &NodeClient) -> Finding {
    const PATH: &str =
        "/logs-m365_security.*/_settings?filter_path=**.blocks&expand_wildcards=all&allow_no_indices=true";
    let answer = match get(client, PATH).await {
        Ok(answer) => answer,
        Err(finding) if finding.item == Item::Privileges => {
            return Finding::warning(
                Item::Disk,
                "the credential may not look at the indices' settings, so blocks are unknown",
            )
            .cure("grant `view_index_metadata` on logs-m365_security.* for this check");
        }
        Err(finding) => return *finding,
    };
    let mut blocked: Vec<(&str, &str)> = Vec::new();
    for (index, settings) in answer.as_object().into_iter().flatten() {
        for (name, value) in settings["settings"]["index"]["blocks"].as_object().into_iter().flatten() {
            if value == "true" || value == true {
                blocked.push((index, name));
            }
        }
    }
    // Rolled-over indices may be read-only on purpose; the disk's block is never.
    let disk: Vec<_> =
        blocked.iter().filter(|(_, name)| *name == "read_only_allow_delete").map(|(index, _)| *index).collect();
    if !disk.is_empty() {
        return Finding::failed(
            Item::Disk,
            format!("the cluster blocks writes for want of disk space: {}", disk.join(", ")),
        )
        .cure("free disk space on the data nodes; the block goes away by itself");
    }
    match &blocked[..] {
        [] => Finding::ok(Item::Disk, "no index is blocked"),
        [(index, name), ..] => {
            Finding::warning(Item::Disk, format!("{} blocks, the first is {name} on {index}", blocked.len()))
                .cure("fine for indices that are rolled over; the newest of each data stream must be writable")
        }
    }
}
