//! Cloud and applications: resources, clusters, applications and identities of machines.

use super::evidence::{INVESTIGATION, alerts, is, is_any, kind, warn};
use crate::color::Scale;
use crate::fields::{alert, ecs};
use crate::panel::{Tile, area, bars, donut, panel, table, tag_cloud, tile, treemap};
use crate::{
    Cell, Dashboard, Source, by_severity, cell, choose, count, dashboard, last, max, newest, over_time, top, unique,
};

/// Resources of a cloud.
const RESOURCES: &[&str] = &[kind::AZURE_RESOURCE, kind::AMAZON_RESOURCE, kind::GOOGLE_CLOUD_RESOURCE];
/// Applications, and identities that applications have.
const APPLICATIONS: &[&str] =
    &[kind::CLOUD_APPLICATION, kind::OAUTH_APPLICATION, kind::SERVICE_PRINCIPAL, kind::AI_AGENT];

pub(super) fn cloud() -> Dashboard {
    dashboard(
        "cloud-and-applications",
        "Cloud and applications",
        "Cloud resources, Kubernetes, storage, applications and service principals.",
    )
    .since("now-30d")
    .control(choose("Tenant", Source::Evidence, alert::TENANT_ID))
    .control(choose("Provider", Source::Evidence, ecs::CLOUD_PROVIDER))
    .control(choose("Application", Source::Evidence, ecs::SERVICE_NAME))
    .row(6, tiles())
    .row(13, resources())
    .row(13, clusters())
    .row(15, applications())
    .row(13, storage())
}

fn tiles() -> Vec<Cell> {
    let of = |title, tile: Tile| cell(8, panel(title, Source::Evidence, tile));
    vec![
        of("How many providers are concerned?", tile(unique("Providers", ecs::CLOUD_PROVIDER))),
        of(
            "How many kinds of resources?",
            tile(unique("Kinds", alert::EVIDENCE_RESOURCE_TYPE).only(is_any(RESOURCES))),
        ),
        of("How many applications?", tile(unique("Applications", ecs::SERVICE_ID).only(is_any(APPLICATIONS)))),
        of("How many clusters?", tile(unique("Clusters", ecs::ORCHESTRATOR_CLUSTER_NAME))),
        of("How many containers had all rights?", {
            warn(unique("Privileged", ecs::CONTAINER_ID).only(alert::EVIDENCE_IS_PRIVILEGED.is(true)))
        }),
        of("How many images were named?", tile(unique("Images", ecs::CONTAINER_IMAGE_NAME))),
    ]
}

fn resources() -> Vec<Cell> {
    let over = area(over_time("Time", ecs::TIMESTAMP), alerts()).split(by_severity(alert::SEVERITY));
    let kinds =
        treemap(top("Provider", ecs::CLOUD_PROVIDER, 4), alerts()).then(top("Kind", alert::EVIDENCE_RESOURCE_TYPE, 8));
    let products = bars(top("Product", alert::SERVICE_SOURCE, 8), alerts());
    let cloud = is_any(RESOURCES);
    vec![
        cell(18, panel("When were resources attacked, and how severely?", Source::Evidence, over).only(cloud.clone())),
        cell(18, panel("Which resources of which provider?", Source::Evidence, kinds).only(cloud.clone())),
        cell(12, panel("Which products name them?", Source::Evidence, products).only(cloud)),
    ]
}

fn clusters() -> Vec<Cell> {
    let clusters = table(newest("Cluster", ecs::ORCHESTRATOR_CLUSTER_NAME, 25))
        .then(top("Namespace", ecs::ORCHESTRATOR_NAMESPACE, 5))
        .column(unique("Objects", ecs::ORCHESTRATOR_RESOURCE_NAME))
        .column(alerts())
        .column(max("Last alert", ecs::TIMESTAMP));
    let kinds = donut(top("Kind", ecs::ORCHESTRATOR_RESOURCE_TYPE, 8), count("Items"));
    let images = bars(top("Image", ecs::CONTAINER_IMAGE_NAME, 8), alerts());
    vec![
        cell(20, panel("Which clusters are attacked?", Source::Evidence, clusters)),
        cell(12, panel("Which objects of Kubernetes?", Source::Evidence, kinds)),
        cell(16, panel("Which images are in most alerts?", Source::Evidence, images).opens(INVESTIGATION)),
    ]
}

fn applications() -> Vec<Cell> {
    let applications = table(newest("Application", ecs::SERVICE_NAME, 50))
        .column(last("Kind", alert::EVIDENCE_ODATA_TYPE))
        .column(last("Id", ecs::SERVICE_ID))
        .colored(last("Verdict", alert::EVIDENCE_VERDICT), Scale::Verdict)
        .colored(last("Remediation", alert::EVIDENCE_REMEDIATION_STATUS), Scale::Remediation)
        .column(alerts())
        .column(max("Last alert", ecs::TIMESTAMP))
        .sorted();
    let publishers = bars(top("Publisher", alert::EVIDENCE_PUBLISHER, 8), alerts());
    vec![
        cell(
            34,
            panel("Which applications are named, newest first?", Source::Evidence, applications)
                .only(is_any(APPLICATIONS))
                .opens(INVESTIGATION),
        ),
        cell(
            14,
            panel("Who published the OAuth applications?", Source::Evidence, publishers)
                .only(is(kind::OAUTH_APPLICATION)),
        ),
    ]
}

fn storage() -> Vec<Cell> {
    let blobs = table(newest("File", ecs::FILE_NAME, 25))
        .column(last("Address", ecs::URL_FULL))
        .colored(last("Verdict", alert::EVIDENCE_VERDICT), Scale::Verdict)
        .column(max("Last alert", ecs::TIMESTAMP))
        .sorted();
    let agents = table(newest("Agent", alert::EVIDENCE_AGENT_NAME, 10))
        .column(last("Platform", alert::EVIDENCE_HOSTING_PLATFORM_TYPE))
        .column(alerts());
    let apps = tag_cloud(top("Application", alert::EVIDENCE_DISPLAY_NAME, 15), alerts());
    vec![
        cell(20, panel("Which stored files are named?", Source::Evidence, blobs).only(is(kind::BLOB))),
        cell(14, panel("Which AI agents are named?", Source::Evidence, agents).only(is(kind::AI_AGENT))),
        cell(
            14,
            panel("Which cloud applications were used?", Source::Evidence, apps).only(is(kind::CLOUD_APPLICATION)),
        ),
    ]
}
