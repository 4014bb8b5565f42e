//! The flow against the simulated tenant: every record exactly once, whatever happens on the way.

use std::collections::BTreeSet;
use std::fs;

use serde_json::value::RawValue;
use simulator::{AlertsPerIncident, Endpoint, Fault as Misbehaviour, Simulator, Tenant};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

mod checkpoints;
mod dialects;
mod faults;
mod health;
mod health_reports;
mod manners;
mod outlets;
mod outputs;
mod parts;
mod past;
mod poison;
mod random;
mod redirects;
mod tenants;
mod times;

use super::committer::CHECKPOINT;
use super::kinds::list::page_size::PageSize;
use super::*;
use common::health::Reason;
use config::{Config, Delivery, TenantConfig};
use microsoft::auth::{Credential, TokenSource};
use microsoft::{Cloud, CredentialKind};
use output::file::Files;
use output::settings::{FileOutput, NamedOutput, Output};
use state::{DatasetUpdate, EndpointState, Progress, RetryItem, StateUpdate, Store};

/// A tenant, a place for documents, and the configuration between them.
struct Scene {
    simulator: Simulator,
    config: Config,
    folder: TempDir,
    dead: Arc<DeadLetters>,
}

#[derive(serde::Deserialize)]
struct Page {
    value: Vec<Box<RawValue>>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

async fn scene(alerts_per_incident: AlertsPerIncident) -> Scene {
    scene_of(60, alerts_per_incident).await
}

/// What the state says of a dataset, and the retry queue of its endpoint.
#[derive(Debug, Default, PartialEq, Eq)]
struct Remembered {
    progress: Progress,
    retry: Vec<RetryItem>,
}

async fn scene_of(incidents: u64, alerts_per_incident: AlertsPerIncident) -> Scene {
    let now = common::clock::now();
    let tenant = Tenant { incidents, alerts_per_incident, ..Tenant::default() }.ending_at(now);
    let lookback = (now - tenant.start).to_std().expect("past") + Duration::from_hours(1);
    let simulator = Simulator::new(tenant.clone());
    simulator.clock().follow(common::clock::now);
    simulator.clock().set(now);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let root = Url::parse(&format!("http://{}", listener.local_addr().expect("address"))).expect("address");
    tokio::spawn(simulator.clone().serve(listener, std::future::pending()));
    let folder = tempfile::tempdir().expect("folder");
    let datasets = schema::catalog().iter().zip(0..).map(|(dataset, index)| DatasetConfig {
        dataset,
        index,
        interval: Duration::from_mins(1),
        lookback,
        overlap: Duration::from_mins(2),
        late_arrival_scan: None,
    });
    let config = Config {
        tenants: vec![TenantConfig {
            id: tenant.id.clone(),
            cloud: Cloud::custom(root.clone(), root.clone(), root),
            client_id: tenant.client_id.clone(),
            credential: CredentialKind::Secret(tenant.client_secret.clone().into()),
            datasets: datasets.collect(),
            delivery: Delivery::default(),
            http: None,
        }],
        broken: Vec::new(),
        outputs: vec![NamedOutput::only(Output::File(FileOutput::new(folder.path().join("out"))))],
        state: folder.path().join("state"),
        store: state::Options::default(),
        dead_letter: folder.path().join("dead"),
        dead_letter_limit: output::dead_letters::Limit::default(),
        preserve_original_event: false,
        health: HealthReports { documents: Some(false), ..HealthReports::default() },
        http: microsoft::HttpConfig::default(),
        metrics: None,
        unencrypted: Vec::new(),
        literal_secrets: Vec::new(),
    };
    let dead = Arc::new(DeadLetters::new(&config.dead_letter));
    Scene { simulator, config, folder, dead }
}

impl Scene {
    async fn collect(&self) -> Vec<Failed> {
        let parts = self.parts();
        let stop = CancellationToken::new();
        run(&self.config, parts, true, stop).await.expect("runs")
    }

    fn parts(&self) -> Parts {
        let ids = matches!(&self.config.outputs[0].output, Output::File(files) if files.ids);
        let output = FileOutput { ids, ..FileOutput::new(self.folder.path().join("out")) };
        let files = Files::new(&output).expect("directory");
        Parts::new(AnyOutput::File(files), Arc::default(), Arc::clone(&self.dead))
    }

    /// The state, and the part of the endpoint that a dataset comes from.
    fn open_state(&self, dataset: &str) -> (Store, EndpointState) {
        let store = Store::open(&self.config.state, self.config.store).expect("opens");
        let tenant = &self.config.tenants[0];
        let configured = tenant.datasets.iter().map(|config| &config.dataset.definition).find(|it| it.name == dataset);
        let source = configured.unwrap_or_else(|| &schema::dataset(dataset).expect("dataset").definition).source;
        let state = store.endpoint(&tenant.cloud.name, &tenant.id, &source.name());
        (store, state)
    }

    /// What is remembered of a dataset, after a change of its progress or of the retry queue, where one is given.
    async fn change_state(
        &self,
        dataset: &str,
        progress: Option<Progress>,
        retry: Option<Vec<RetryItem>>,
    ) -> Remembered {
        let (store, state) = self.open_state(dataset);
        let progress = progress.map(|progress| DatasetUpdate { progress: Some(progress), delivered: Vec::new() });
        let datasets = progress.map(|update| (dataset.to_owned(), update)).into_iter().collect();
        state.commit(StateUpdate { datasets, retry, ..StateUpdate::default() }).await.expect("commits");
        let loaded = state.load().await.expect("loads");
        store.close().await.expect("closes");
        Remembered { progress: loaded.dataset(dataset).progress, retry: loaded.retry }
    }

    async fn state(&self, dataset: &str) -> Remembered {
        self.change_state(dataset, None, None).await
    }

    fn documents(&self, dataset: &str) -> Vec<String> {
        let path = self.folder.path().join("out").join(format!("logs-m365_security.{dataset}-default.ndjson"));
        fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    fn dead_letters(&self, dataset: &str) -> Vec<serde_json::Value> {
        self.dead.sync().expect("sync");
        let text = fs::read_to_string(self.config.dead_letter.join(format!("{dataset}.ndjson"))).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// What the tenant holds, in the order of the catalog, read independently: by whole pages into trees. An entity
    /// that an alert names twice with all properties alike is one document, and so are evidence items of one identity.
    async fn expected(&self) -> [usize; 4] {
        let census = self.simulator.census(&self.config.tenants[0].id, self.simulator.clock().now());
        let mut evidence = BTreeSet::new();
        for alert in self.records(schema::Api::Graph, "/v1.0/security/alerts_v2?$top=1000").await {
            let alert: serde_json::Value = serde_json::from_str(alert.get()).expect("JSON");
            let items = alert["evidence"].as_array().into_iter().flatten();
            evidence.extend(items.map(|item| format!("{} {}", alert["id"], simulator::evidence_name(item))));
        }
        let mut rows = BTreeSet::new();
        for incident in self.records(schema::Api::Defender, "/api/incidents?$top=100").await {
            let incident: serde_json::Value = serde_json::from_str(incident.get()).expect("JSON");
            let alerts = incident["alerts"].as_array().expect("alerts");
            if alerts.is_empty() {
                rows.insert(incident["incidentId"].to_string());
            }
            for alert in alerts {
                let start = format!("{} {}", incident["incidentId"], alert["alertId"]);
                let entities = alert["entities"].as_array().expect("entities");
                rows.extend(entities.iter().map(|entity| format!("{start} {entity}")));
                if entities.is_empty() {
                    rows.insert(start);
                }
            }
        }
        [census.alerts.len(), evidence.len(), census.incidents.len(), rows.len()]
    }

    async fn records(&self, api: schema::Api, path: &str) -> Vec<Box<RawValue>> {
        let tenant = &self.config.tenants[0];
        let client = microsoft::client().expect("client");
        let (root, scope) = tenant.cloud.api(api).expect("api");
        let credential = Credential {
            endpoint: tenant.cloud.token_endpoint(&tenant.id),
            client_id: tenant.client_id.clone(),
            kind: tenant.credential.clone(),
            scope,
        };
        let token = TokenSource::new(client.clone(), credential).token().await.expect("token");
        let mut records = Vec::new();
        let mut next = Some(root.join(path).expect("address").to_string());
        while let Some(page) = next {
            let request = client
                .get(page)
                .header("Prefer", "include-unknown-enum-members")
                .bearer_auth(secrecy::ExposeSecret::expose_secret(&token));
            let mut page: Page = request.send().await.expect("answer").json().await.expect("JSON");
            next = page.next.take();
            records.append(&mut page.value);
        }
        records
    }

    fn found(&self) -> [usize; 4] {
        ["alert", "evidence", "incident", "log"].map(|dataset| self.documents(dataset).len())
    }

    async fn check_complete(&self) {
        assert_eq!(self.found(), self.expected().await);
        for dataset in ["alert", "incident"] {
            let mut documents = self.documents(dataset);
            let count = documents.len();
            documents.sort();
            documents.dedup();
            assert_eq!(documents.len(), count, "{dataset}");
        }
        assert_eq!(self.dead.counts(), []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_record_arrives_exactly_once_over_two_cycles() {
    let scene = scene(AlertsPerIncident::Realistic).await;
    assert!(scene.collect().await.is_empty());
    scene.check_complete().await;
    // The second cycle reads the records at the cursor again and knows them.
    assert!(scene.collect().await.is_empty());
    scene.check_complete().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_alerts_in_an_incident_take_the_temporary_file_and_arrive() {
    let mut scene = scene(AlertsPerIncident::Exactly(150)).await;
    scene.config.tenants[0].datasets.retain(|config| config.dataset.definition.name == "log");
    assert!(scene.collect().await.is_empty());
    assert_eq!(scene.found()[3], scene.expected().await[3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_breaks_on_the_way_is_tried_again() {
    for (endpoint, fault) in [
        (Endpoint::ALERTS, Misbehaviour::Cut(300_000)),
        (Endpoint::LEGACY, Misbehaviour::Cut(100_001)),
        (Endpoint::INCIDENTS, Misbehaviour::Cut(70_000)),
        (Endpoint::INCIDENTS, Misbehaviour::status(401, "{}")),
        (Endpoint::ALERTS, Misbehaviour::throttled(1)),
        (Endpoint::LEGACY, Misbehaviour::status(503, "busy")),
        (Endpoint::INCIDENTS, Misbehaviour::Replace(b"<html>".to_vec())),
        (Endpoint::ALERTS, Misbehaviour::EmptyPage),
        (Endpoint::Token, Misbehaviour::status(500, "down")),
    ] {
        let scene = scene(AlertsPerIncident::Realistic).await;
        scene.simulator.faults().script(endpoint, fault.clone(), 1);
        let failed = scene.collect().await;
        assert!(failed.is_empty(), "{endpoint:?} {fault:?}: {failed:?}");
        scene.check_complete().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_fails_leaves_the_others_alone_and_continues_later() {
    let scene = scene(AlertsPerIncident::Realistic).await;
    let body = r#"{"error":{"code":"Forbidden","message":"Missing application roles"}}"#;
    scene.simulator.faults().always(Endpoint::INCIDENTS, Misbehaviour::status(403, body));
    let failed = scene.collect().await;
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].datasets, "incident");
    let said = failed[0].error.to_string();
    assert!(said.contains("Missing application roles") && said.contains("SecurityIncident.Read.All"), "{said}");
    let [alerts, evidence, _, log] = scene.expected().await;
    assert_eq!(scene.found(), [alerts, evidence, 0, log]);
    scene.simulator.faults().clear();
    assert!(scene.collect().await.is_empty());
    scene.check_complete().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_secret_is_named_with_its_cure_and_never_shown() {
    let mut scene = scene(AlertsPerIncident::Realistic).await;
    scene.config.tenants[0].credential = CredentialKind::Secret("canary-secret".into());
    let failed = scene.collect().await;
    assert_eq!(failed.len(), 3);
    for Failed { error, .. } in failed {
        let said = error.to_string();
        assert!(matches!(error, Error::Auth(_)), "{said}");
        assert!(said.contains("AADSTS7000215") && said.contains("not its id") && !said.contains("canary"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_next_link_to_another_host_is_refused() {
    let scene = scene(AlertsPerIncident::Realistic).await;
    let page = br#"{"value":[],"@odata.nextLink":"http://192.0.2.7/v1.0/security/incidents?$skiptoken=x"}"#;
    scene.simulator.faults().always(Endpoint::INCIDENTS, Misbehaviour::Replace(page.to_vec()));
    let failed = scene.collect().await;
    assert_eq!(failed.len(), 1);
    assert!(
        failed[0].error.to_string().contains("http://192.0.2.7/v1.0/security/incidents, which is not the API"),
        "{}",
        failed[0].error
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_rows_are_kept_and_the_rest_of_the_page_is_shipped() {
    let scene = scene(AlertsPerIncident::Realistic).await;
    let time = common::clock::timestamp();
    let good = format!(
        r#"{{"id":"7","tenantId":"t","lastUpdateDateTime":"{time}","createdDateTime":"{time}","displayName":"good","alerts":[]}}"#
    );
    let long = "x".repeat(5_000_000);
    let mut body = format!(r#"{{"value":[7,{{"id":"8","displayName":NaN}},{{"id":"9","t":"{long}"}},"#).into_bytes();
    body.extend_from_slice(b"{\"id\":\"10\",\"displayName\":\"\xff\xfe\"},");
    body.extend_from_slice(
        format!(r#"{{"id":"11","x":{}{}}},{good}]}}"#, "[".repeat(5000), "]".repeat(5000)).as_bytes(),
    );
    scene.simulator.faults().script(Endpoint::INCIDENTS, Misbehaviour::Replace(body), 2);
    assert!(scene.collect().await.is_empty());
    let documents = scene.documents("incident");
    assert_eq!(documents.len(), 1, "{documents:?}");
    assert!(documents[0].contains("good"));
    let letters = scene.dead_letters("incident");
    let reasons: Vec<_> = letters.iter().map(|letter| letter["reason"].as_str().expect("reason")).collect();
    assert_eq!(letters.len(), 5, "{reasons:?}");
    assert!(reasons.contains(&"too_large") && reasons.contains(&"not_json"), "{reasons:?}");
    for letter in &letters {
        assert_eq!(letter["dataset"], "incident");
        assert_eq!(letter["tenant"], scene.config.tenants[0].id);
        assert!(letter["row"].is_string() != letter["row_base64"].is_string(), "{}", letter["reason"]);
    }
    let long_letter = letters.iter().find(|letter| letter["reason"] == "too_large").expect("too large");
    assert_eq!(long_letter["record"], "9");
    assert!(long_letter["row"].as_str().is_some_and(|row| row.len() > 5_000_000));
    // The same rows in the next cycle are known.
    assert!(scene.collect().await.is_empty());
    assert_eq!(scene.dead_letters("incident").len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dataset_that_is_added_later_looks_back_alone() {
    let mut scene = scene(AlertsPerIncident::Realistic).await;
    let all = scene.config.tenants[0].datasets.clone();
    scene.config.tenants[0].datasets.retain(|config| config.dataset.definition.name == "alert");
    assert!(scene.collect().await.is_empty());
    scene.config.tenants[0].datasets = all;
    assert!(scene.collect().await.is_empty());
    scene.check_complete().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn state_stays_when_the_output_fails() {
    let scene = scene(AlertsPerIncident::Realistic).await;
    let out = scene.folder.path().join("out");
    fs::create_dir_all(out.join("logs-m365_security.alert-default.ndjson")).expect("in the way");
    assert_eq!(scene.collect().await.len(), 1);
    for (dataset, moved) in [("alert", false), ("evidence", false), ("incident", true), ("log", true)] {
        assert_eq!(scene.state(dataset).await.progress.cursor.is_some(), moved, "{dataset}");
    }
}
