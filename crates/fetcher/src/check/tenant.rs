//! One tenant: the way to its hosts, a token per API, permissions, one record per dataset.

use reqwest::Client;
use schema::Api;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::token::{Claims, decode, excess};
use super::{Finding, Item, Outcome, probe, reach};
use crate::config::{CredentialKind, DatasetConfig, TenantConfig};
use common::clock;
use microsoft::auth::{Credential, TokenSource};

/// A token lives an hour or so; one that is about to end when it is new tells of a clock.
const SHORT: i64 = 300;
/// Graph's own id, which may stand for its address in a token.
const GRAPH_ID: &str = "00000003-0000-0000-c000-000000000000";

pub(super) async fn check(tenant: &TenantConfig, route: &reach::Route) -> Vec<Finding> {
    let client = &route.client;
    let mut findings = Vec::new();
    let mut hosts = Vec::new();
    let is_managed = matches!(tenant.credential, CredentialKind::ManagedIdentity(_));
    if !is_managed {
        hosts.push(tenant.cloud.login.clone());
    }
    let mut apis: Vec<Api> = Vec::new();
    for dataset in &tenant.datasets {
        let api = dataset.dataset.definition.source.api;
        if !apis.contains(&api) {
            apis.push(api);
            hosts.extend(tenant.cloud.api(api).map(|(root, _)| root.clone()));
        }
    }
    let missing = reach_all(route, hosts, &mut findings).await;
    for api in apis {
        let Some((root, scope)) = tenant.cloud.api(api) else { continue };
        let way_lies_open = |url: &Url| !missing.contains(&url.origin());
        if !is_managed && !way_lies_open(&tenant.cloud.login) {
            continue;
        }
        let Some(token) = token(tenant, client, &scope, &mut findings).await else { continue };
        let claims = decode(&token);
        judge_claims(tenant, &scope, claims.as_ref(), &mut findings);
        if way_lies_open(root) {
            let datasets = tenant.datasets.iter().filter(|dataset| dataset.dataset.definition.source.api == api);
            access(client, Access { root, token: &token, claims: claims.as_ref() }, datasets, &mut findings).await;
        }
    }
    for finding in &mut findings {
        finding.tenant = Some(tenant.id.clone());
    }
    findings
}

/// Looks at each host once; returns those that are out of reach. The clock is told once, by the worst of them.
async fn reach_all(route: &reach::Route, hosts: Vec<Url>, findings: &mut Vec<Finding>) -> Vec<url::Origin> {
    let (mut seen, mut missing, mut clocks) = (Vec::new(), Vec::new(), Vec::new());
    for root in hosts {
        let origin = root.origin();
        if seen.contains(&origin) {
            continue;
        }
        seen.push(origin.clone());
        let (found, date) = reach::reach(route, &root).await;
        if found.outcome == Outcome::Failed {
            missing.push(origin);
        }
        findings.push(found);
        clocks.extend(date.map(reach::clock));
    }
    findings.extend(clocks.into_iter().max_by_key(|clock| clock.outcome));
    missing
}

async fn token(
    tenant: &TenantConfig,
    client: &Client,
    scope: &str,
    findings: &mut Vec<Finding>,
) -> Option<SecretString> {
    let credential = Credential {
        endpoint: tenant.cloud.token_endpoint(&tenant.id),
        client_id: tenant.client_id.clone(),
        kind: tenant.credential.clone(),
        scope: scope.to_owned(),
    };
    match TokenSource::new(client.clone(), credential).token().await {
        Ok(token) => {
            common::secrets::keep(token.expose_secret());
            Some(token)
        }
        Err(error) => {
            findings.push(Finding::of_error(Item::Token, &error));
            None
        }
    }
}

/// Audience, tenant, lifetime and surplus of the token.
fn judge_claims(tenant: &TenantConfig, scope: &str, claims: Option<&Claims>, findings: &mut Vec<Finding>) {
    let audience = scope.trim_end_matches("/.default");
    let Some(claims) = claims else {
        let text = format!("a token for {audience} was issued; it cannot be read, so its roles are unknown");
        findings.push(Finding::warning(Item::Token, text));
        return;
    };
    let is_meant = claims.aud.trim_end_matches('/').eq_ignore_ascii_case(audience.trim_end_matches('/'))
        || claims.aud == GRAPH_ID && audience.contains("graph");
    let is_guid = tenant.id.len() == 36 && !tenant.id.contains('.');
    let left = claims.exp.saturating_sub(clock::now().timestamp());
    findings.push(if !is_meant {
        Finding::failed(Item::Token, format!("the token is for {}, not for {audience}", claims.aud))
            .cure("check `cloud`")
    } else if is_guid && !claims.tid.is_empty() && !claims.tid.eq_ignore_ascii_case(&tenant.id) {
        Finding::failed(Item::Token, format!("the token is of tenant {}", claims.tid))
            .cure("a managed identity works in its own tenant only; otherwise check `id`")
    } else if left < SHORT {
        Finding::warning(Item::Token, format!("a new token for {audience} ends in {left} s"))
            .cure("check this machine's clock, and token lifetime policies of the tenant")
    } else {
        Finding::ok(Item::Token, format!("a token for {audience} was issued, good for {} min", left / 60))
    });
    let surplus = excess(&claims.roles);
    if !surplus.is_empty() {
        let text = format!("the application may change things, which a collector never needs: {}", surplus.join(", "));
        findings.push(
            Finding::warning(Item::Excess, text).cure("remove these permissions, or use an application of its own"),
        );
    }
}

/// The credential and the token for the datasets of one API.
#[derive(Clone, Copy)]
struct Access<'a> {
    root: &'a Url,
    token: &'a SecretString,
    claims: Option<&'a Claims>,
}

async fn access(
    client: &Client,
    access: Access<'_>,
    datasets: impl Iterator<Item = &DatasetConfig>,
    findings: &mut Vec<Finding>,
) {
    // Datasets of one list share its answer.
    let mut known: Vec<(&str, Finding)> = Vec::new();
    for dataset in datasets {
        let definition = &dataset.dataset.definition;
        let (name, source) = (definition.name, &definition.source);
        let held = match access.claims {
            None => Held::Unknown,
            Some(claims) => source.accepts(&claims.roles).map_or(Held::Missing, Held::Granted),
        };
        let granted = match held {
            Held::Unknown => None,
            Held::Missing => Some(false),
            Held::Granted(_) => Some(true),
        };
        let answer = match known.iter().find(|(path, _)| *path == source.path) {
            Some((_, answer)) => answer.clone(),
            None => match probe::ask(client, access.root, source, access.token).await {
                Ok(answer) => probe::classify(&answer, source, granted),
                Err(error) => Finding::of_error(Item::Probe, &error),
            },
        };
        known.push((source.path, answer.clone()));
        findings.push(permission(source, held, answer.outcome).of_dataset(name));
        findings.push(answer.of_dataset(name));
    }
}

/// Whether the token's roles hold a permission, as far as they tell.
#[derive(Debug, Clone, Copy)]
enum Held {
    Unknown,
    Missing,
    Granted(&'static str),
}

/// The token's roles against what the dataset needs.
fn permission(source: &schema::Source, held: Held, probe: Outcome) -> Finding {
    let needed = source.permission;
    let missing = format!("the token has no role {needed}");
    match held {
        Held::Unknown => Finding::warning(Item::Permission, format!("roles unknown; {needed} is needed")),
        Held::Granted(held) if held == needed => Finding::ok(Item::Permission, format!("{held} is granted")),
        Held::Granted(held) => {
            Finding::warning(Item::Permission, format!("{held} is granted, which is more than {needed}"))
                .cure(format!("grant {needed} instead: it is enough"))
        }
        Held::Missing if probe == Outcome::Ok => {
            Finding::warning(Item::Permission, format!("{missing}, but the API answers"))
        }
        Held::Missing => Finding::failed(Item::Permission, missing).cure(format!(
            "grant the application permission {needed} and give admin consent; a managed identity may hold an old token \
             for up to a day"
        )),
    }
}
