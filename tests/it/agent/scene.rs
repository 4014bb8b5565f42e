//! A tenant, a cluster, an agent, and the real program between them.

use std::sync::atomic::{AtomicU32, Ordering};

use chrono::TimeDelta;
use it::fake_agent::{Component, FakeAgent, Options, Policy, Program};
use it::{Elasticsearch, Stack};
use output::elasticsearch::{Client, setup};
use output::settings::{ElasticOutput, Login};
use serde_json::{Value, json};
use simulator::{Simulator, Tenant};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::super::expected_documents::ExpectedDocuments;
use super::super::{sources, stored};
use super::growth;

/// Incidents of a tenant.
const INCIDENTS: u64 = 20;

/// The tenant that grows; see [`growth`].
pub(super) const GROWING: usize = 2;

/// What secrets of tests contain, and nothing else does.
pub(super) const CANARY: &str = "canary";

/// All of it.
pub(super) struct Scene {
    pub(super) server: &'static Elasticsearch,
    pub(super) simulator: Simulator,
    pub(super) agent: FakeAgent,
    pub(super) component: Component,
    pub(super) namespace: String,
    pub(super) folder: TempDir,
    pub(super) tenants: Vec<Tenant>,
    pub(super) address: std::net::SocketAddr,
}

impl Scene {
    /// Three tenants, and an agent whose component does not run yet; nothing without a server.
    pub(super) async fn new(options: Options) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = Elasticsearch::shared(Stack::selected()[0])?;
        let url = server.url().parse().unwrap();
        let client = Client::new(&ElasticOutput::new(vec![url], Login::None)).unwrap();
        setup::install(&client).await.unwrap();
        let tenant = |number: u32| {
            let id = format!("{number:08}-2222-3333-4444-555555555555");
            let tenant = Tenant { id, seed: number.into(), incidents: INCIDENTS, ..Tenant::default() };
            tenant.ending_at(common::clock::now() - TimeDelta::minutes(1))
        };
        let growing = Tenant {
            incidents: u64::MAX >> 32,
            spacing: growth::SPACING,
            start: common::clock::now() - growth::SPACING * growth::BACKLOG,
            ..tenant(3)
        };
        let tenants = vec![tenant(1), tenant(2), growing];
        let simulator = Simulator::with_tenants(tenants.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(simulator.clone().serve(listener, std::future::pending()));
        let agent = FakeAgent::start(options).await.unwrap();
        let component = agent.component("m365_security-default").unwrap();
        let namespace = format!("agent{}x{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let folder = tempfile::tempdir().unwrap();
        Some(Self { server, simulator, agent, component, namespace, folder, tenants, address })
    }

    /// An input that collects every dataset of a tenant, as often as possible.
    pub(super) fn input(&self, tenant: usize) -> Value {
        let Tenant { id, client_id, client_secret, .. } = &self.tenants[tenant];
        let root = format!("http://{}", self.address);
        let stream = |dataset: &&schema::Dataset| {
            let name = dataset.definition.name;
            json!({
                "id": format!("stream-{name}"),
                "data_stream": {"type": "logs", "dataset": format!("m365_security.{name}")},
                "interval": "1s",
                "lookback": "8760h",
                "preserve_original_event": true,
            })
        };
        let streams: Vec<Value> = sources::datasets().iter().map(stream).collect();
        json!({
            "id": format!("tenant-{tenant}"),
            "type": "m365_security",
            "name": "Contoso",
            "revision": 3,
            "data_stream": {"namespace": self.namespace},
            "tenant_id": id,
            "client_id": client_id,
            "client_secret": client_secret,
            "login_url": root, "graph_url": root, "defender_url": root,
            "streams": streams,
        })
    }

    /// The cluster as an output of a policy.
    pub(super) fn output(&self) -> Value {
        json!({"type": "elasticsearch", "hosts": [self.server.url()], "preset": "latency"})
    }

    /// The policy with these inputs.
    pub(super) fn policy(&self, inputs: impl IntoIterator<Item = Value>) -> Policy {
        inputs.into_iter().fold(Policy::new(self.output()), Policy::input)
    }

    /// The real program: as it was built for the tests, or another build of it.
    pub(super) fn program(&self) -> Program {
        let path = it::path("M365_TEST_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_collector").into());
        Program::new(path, self.folder.path())
    }

    /// Waits until every version of the tenants' records, as they are now, is in the cluster, each once.
    pub(super) async fn until_complete(&self, tenants: &[usize]) {
        let mut expected = ExpectedDocuments::default();
        let now = common::clock::now();
        for tenant in tenants {
            expected.enter(&self.simulator, &self.tenants[*tenant].id, (now - TimeDelta::days(300), now));
        }
        expected.require();
        let mut wrong = String::new();
        for _ in 0..120 {
            tokio::time::sleep(std::time::Duration::from_millis(250)).await;
            if !self.has_streams().await {
                continue;
            }
            wrong = expected.compare(&stored::documents(self.server, &self.namespace).await);
            if wrong.is_empty() {
                return;
            }
        }
        panic!("{wrong}\n{:#?}\n{:#?}", self.component.status(), self.component.lines());
    }

    pub(super) async fn has_streams(&self) -> bool {
        for stream in stored::streams(&self.namespace) {
            if self.server.get_json(&format!("/{stream}/_count")).await.unwrap().0 != 200 {
                return false;
            }
        }
        true
    }

    /// Any document of a dataset, whole.
    pub(super) async fn document(&self, dataset: &str) -> Value {
        let path = format!("/logs-m365_security.{dataset}-{}/_search", self.namespace);
        stored::ask(self.server, &path, &json!({"size": 1})).await["hits"]["hits"][0]["_source"].clone()
    }

    /// Lines of the log that begin like this.
    pub(super) fn lines(&self, beginning: &str) -> usize {
        self.component.lines().iter().filter(|line| line.message.starts_with(beginning)).count()
    }

    /// Ends the process: no rule was broken, no secret was told.
    pub(super) async fn end(&self) {
        self.component.stop(false).await;
        self.look(&self.component);
        self.clear().await;
    }

    /// Removes what was delivered.
    pub(super) async fn clear(&self) {
        stored::clear(self.server, &self.namespace).await;
    }

    /// No rule was broken, no secret was told, in a line of the log or to the agent.
    pub(super) fn look(&self, component: &Component) {
        assert_eq!(component.faults(), [""; 0]);
        let is_secret = |text: &str| text.contains(&self.tenants[0].client_secret) || text.contains(CANARY);
        for line in component.lines() {
            let text = format!("{:?}", line.fields);
            assert!(!is_secret(&text), "{text}");
        }
        for received in component.received() {
            let text = format!("{:?}", received.observed);
            assert!(!is_secret(&text), "{text}");
        }
    }
}
