//! Several outputs and tenants that are wrongly configured: what is wrong with one is nothing to the others.

use std::path::Path;

use super::tenants::{Run, names, serve, start_with};
use super::*;
use common::health::{Reason, State};
use config::BrokenTenant;
use output::elasticsearch::Client;
use output::settings::{ElasticOutput, Login};

fn files(folder: &Path, name: &str) -> Target {
    let output = FileOutput::new(folder.join(name));
    let output = AnyOutput::File(Files::new(&output).expect("directory"));
    Target { name: name.into(), output, namespace: "default".to_owned() }
}

/// A cluster that is not there.
async fn nowhere(name: &str) -> Target {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let host = Url::parse(&format!("http://{}", listener.local_addr().expect("address"))).expect("address");
    let client = Client::new(&ElasticOutput::new(vec![host], Login::None)).expect("client");
    Target { name: name.into(), output: AnyOutput::Elasticsearch(client), namespace: "default".to_owned() }
}

#[tokio::test(start_paused = true)]
async fn an_output_that_is_down_stops_its_own_tenants_only() {
    // More tenants wait for it than there are turns, with more than its memory holds.
    let (_ill, mut tenants) = serve(&names("ill", 30), 4000, &["incident"]).await;
    for tenant in &mut tenants {
        tenant.delivery.output = Some("down".to_owned());
    }
    let (_well, mut others) = serve(&names("well", 2), 30, &["incident"]).await;
    others[0].delivery.namespace = Some("blue".to_owned());
    tenants.extend(others);
    let folder = tempfile::tempdir().expect("folder");
    let stats = Arc::<Stats>::default();
    let targets = vec![files(folder.path(), "up"), nowhere("down").await];
    let run = start_with(tenants.into(), targets, &stats).await;
    let found = |namespace: &str| {
        let path = folder.path().join(format!("up/logs-m365_security.incident-{namespace}.ndjson"));
        fs::read_to_string(path).unwrap_or_default().lines().count()
    };
    Run::until("all of the others", || found("blue") == 30 && found("default") == 30).await;
    let snapshot = stats.health.snapshot();
    let outputs: Vec<_> = snapshot.outputs.iter().map(|output| (output.name.as_str(), output.state)).collect();
    assert_eq!(outputs, [("up", State::Healthy), ("down", State::Degraded)]);
    let is_well = |tenant: &str| snapshot.sources.iter().any(|it| it.tenant == tenant && it.state == State::Healthy);
    assert!(is_well("well-0.example") && is_well("well-1.example") && !is_well("ill-0.example"));
    run.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_broken_tenant_is_failed_by_name_and_heals() {
    let (_first, one) = serve(&names("one", 1), 30, &["incident"]).await;
    let (_second, two) = serve(&names("two", 1), 30, &["incident"]).await;
    let broken = BrokenTenant::refused(&two[0], "m365.yml:3:5: environment variable NOWHERE is not set");
    let stats = Arc::<Stats>::default();
    let folder = tempfile::tempdir().expect("folder");
    let assignment = Assignment { tenants: one.clone(), broken: vec![broken.clone()] };
    let run = start_with(assignment, vec![files(folder.path(), "up")], &stats).await;
    let found = |tenant: &str| {
        let text = fs::read_to_string(folder.path().join("up/logs-m365_security.incident-default.ndjson"));
        text.unwrap_or_default().lines().filter(|line| line.contains(tenant)).count()
    };
    Run::until("the other", || found("one-0.example") == 30).await;
    let told = |reason: Reason| {
        let sources = stats.health.snapshot().sources;
        sources.into_iter().find(|source| source.reasons.iter().any(|found| found.reason == reason))
    };
    let failed = told(Reason::Configuration).expect("named");
    assert_eq!((&*failed.tenant, failed.state), ("two-0.example", State::Failed));
    assert!(failed.reasons[0].text.contains("NOWHERE"), "{failed:?}");
    // It is no silence that somebody should look for.
    tokio::time::sleep(Duration::from_hours(1)).await;
    stats.health.watch();
    assert_eq!(told(Reason::Configuration).expect("named").reasons.len(), 1);
    let all = Assignment { tenants: [one.clone(), two.clone()].concat(), broken: Vec::new() };
    run.tenants.send(all).await.expect("heard");
    Run::until("the healed one", || found("two-0.example") == 30).await;
    assert!(told(Reason::Configuration).is_none());
    // Broken again, it goes on as it was, and says so.
    run.tenants.send(Assignment { tenants: one, broken: vec![broken] }).await.expect("heard");
    Run::until("the mistake", || told(Reason::FormerConfiguration).is_some()).await;
    let sources = stats.health.snapshot().sources;
    assert!(sources.iter().any(|it| it.tenant == "two-0.example" && it.state == State::Healthy), "{sources:?}");
    run.end().await;
}

#[tokio::test]
async fn with_once_a_broken_tenant_is_a_failure_and_the_others_are_collected() {
    let mut scene = scene_of(5, AlertsPerIncident::Exactly(0)).await;
    scene.only("incident");
    scene.config.broken = vec![BrokenTenant::refused(&scene.config.tenants[0], "no secret")];
    let failed = scene.collect().await;
    assert_eq!(failed.len(), 1);
    assert!(failed[0].error.to_string().contains("no secret"), "{failed:?}");
    assert_eq!(scene.documents("incident").len(), 5);
}

#[tokio::test]
async fn tags_and_labels_are_on_every_document() {
    let mut scene = scene_of(5, AlertsPerIncident::Exactly(2)).await;
    let delivery = &mut scene.config.tenants[0].delivery;
    delivery.tags = vec!["gold".to_owned()];
    delivery.labels = [("customer".to_owned(), "4711".to_owned())].into();
    assert!(scene.collect().await.is_empty());
    for dataset in ["alert", "evidence", "incident", "log"] {
        let documents = scene.documents(dataset);
        assert!(!documents.is_empty(), "{dataset}");
        for line in documents {
            let document: serde_json::Value = serde_json::from_str(&line).expect("JSON");
            assert_eq!(document["tags"], serde_json::json!(["gold"]), "{line}");
            assert_eq!(document["labels"], serde_json::json!({"customer": "4711"}), "{line}");
        }
    }
}
