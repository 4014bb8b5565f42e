//! Many tenants in one process: whatever happens to some, the others do not notice.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::*;
use output::elasticsearch::Client;
use output::elasticsearch::mock::{BulkFault, Cluster, output};

/// A run over the tenants of several simulators.
pub(super) struct Run {
    folder: TempDir,
    stop: CancellationToken,
    pub(super) tenants: mpsc::Sender<Assignment>,
    task: JoinHandle<Result<Vec<Failed>, Error>>,
}

/// A simulator with tenants of these names, and their configuration.
pub(super) async fn serve(names: &[String], incidents: u64, datasets: &[&str]) -> (Simulator, Vec<TenantConfig>) {
    let now = common::clock::now();
    let tenant = |name: &String| {
        let alerts_per_incident = AlertsPerIncident::Exactly(0);
        Tenant { id: name.clone(), incidents, alerts_per_incident, ..Tenant::default() }.ending_at(now)
    };
    let tenants: Vec<Tenant> = names.iter().map(tenant).collect();
    let simulator = Simulator::with_tenants(tenants.clone());
    simulator.clock().set(now);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let root = Url::parse(&format!("http://{}", listener.local_addr().expect("address"))).expect("address");
    tokio::spawn(simulator.clone().serve(listener, std::future::pending()));
    let configured = schema::catalog().iter().zip(0..).map(|(dataset, index)| DatasetConfig {
        dataset,
        index,
        interval: Duration::from_mins(1),
        lookback: (now - tenants[0].start).to_std().expect("past") + Duration::from_hours(1),
        overlap: Duration::from_mins(2),
        late_arrival_scan: None,
    });
    let configured: Vec<_> = configured.filter(|config| datasets.contains(&config.dataset.definition.name)).collect();
    let config = |tenant: &Tenant| TenantConfig {
        id: tenant.id.clone(),
        cloud: Cloud::custom(root.clone(), root.clone(), root.clone()),
        client_id: tenant.client_id.clone(),
        credential: CredentialKind::Secret(tenant.client_secret.clone().into()),
        datasets: configured.clone(),
        delivery: Delivery::default(),
        http: None,
    };
    (simulator, tenants.iter().map(config).collect())
}

pub(super) fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|place| format!("{prefix}-{place}.example")).collect()
}

/// Collects until it is stopped.
async fn start(tenants: Vec<TenantConfig>) -> Run {
    start_with(tenants.into(), Vec::new(), &Arc::default()).await
}

/// The same with these outputs, files if there are none.
pub(super) async fn start_with(assignment: Assignment, outputs: Vec<Target>, stats: &Arc<Stats>) -> Run {
    let mut scene = scene_of(1, AlertsPerIncident::Exactly(0)).await;
    scene.config.tenants = assignment.tenants;
    scene.config.broken = assignment.broken;
    let Scene { config, folder, dead, .. } = scene;
    let files = Files::new(&FileOutput::new(folder.path().join("out"))).expect("directory");
    let mut parts = Parts::new(AnyOutput::File(files), Arc::clone(stats), dead);
    if !outputs.is_empty() {
        parts.outputs = outputs;
    }
    let stop = CancellationToken::new();
    let (change, changes) = mpsc::channel(1);
    let orders = RunOptions { once: false, stop: stop.clone(), tenants: Some(changes) };
    let task = tokio::spawn(async move { supervise(&config, parts, orders).await });
    Run { folder, stop, tenants: change, task }
}

impl Run {
    /// Documents of a tenant.
    fn found(&self, tenant: &str) -> usize {
        let path = self.folder.path().join("out").join("logs-m365_security.incident-default.ndjson");
        let text = fs::read_to_string(path).unwrap_or_default();
        text.lines().filter(|line| line.contains(tenant)).count()
    }

    /// Waits until all documents of the tenant are there.
    async fn arrived(&self, tenant: &str, count: usize) -> Duration {
        let start = Instant::now();
        while self.found(tenant) < count {
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert!(start.elapsed() < Duration::from_hours(1), "{tenant}: {}", self.found(tenant));
        }
        start.elapsed()
    }

    /// Waits for something that must come.
    pub(super) async fn until(what: &str, is_there: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_there() {
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert!(start.elapsed() < Duration::from_hours(1), "{what}");
        }
    }

    pub(super) async fn end(self) -> Vec<Failed> {
        self.stop.cancel();
        self.task.await.expect("ends").expect("runs")
    }
}

#[tokio::test(start_paused = true)]
async fn tenants_whose_service_hangs_or_throttles_do_not_delay_another() {
    for trouble in [Misbehaviour::Delay(Duration::from_hours(1)), Misbehaviour::throttled(3600)] {
        // More of them than there are turns.
        let (ill, mut tenants) = serve(&names("ill", 40), 30, &["incident"]).await;
        ill.faults().always(Endpoint::INCIDENTS, trouble.clone());
        let (_well, others) = serve(&names("well", 2), 30, &["incident"]).await;
        tenants.extend(others);
        let run = start(tenants).await;
        for name in names("well", 2) {
            let waited = run.arrived(&name, 30).await;
            assert!(waited < Duration::from_secs(30), "{trouble:?}: {waited:?}");
        }
        assert_eq!(run.found("ill"), 0);
        // Neither do they delay the end.
        let start = Instant::now();
        run.end().await;
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_records_of_one_tenant_do_not_delay_another() {
    let (_rich, mut tenants) = serve(&names("rich", 1), 1_000_000, &["incident"]).await;
    let (_poor, others) = serve(&names("poor", 1), 40, &["incident"]).await;
    tenants.extend(others);
    let run = start(tenants).await;
    run.arrived("rich-0.example", 500).await;
    run.arrived("poor-0.example", 40).await;
    assert!(run.found("rich-0.example") < 900_000);
    let seen = run.found("rich-0.example");
    let folder = run.folder.path().to_owned();
    let stop = run.stop.clone();
    stop.cancel();
    run.task.await.expect("ends").expect("runs");
    // What was read when the order came was delivered and committed: it is not read again.
    let text = fs::read_to_string(folder.join("out/logs-m365_security.incident-default.ndjson")).expect("documents");
    assert!(text.lines().count() >= seen);
}

#[tokio::test(start_paused = true)]
async fn tenants_come_change_and_go_and_the_others_go_on() {
    let (first, one) = serve(&names("one", 1), 30, &["incident"]).await;
    let (second, mut two) = serve(&names("two", 1), 30, &["incident"]).await;
    let run = start(one.clone()).await;
    run.arrived("one-0.example", 30).await;
    run.tenants.send([one.clone(), two.clone()].concat().into()).await.expect("heard");
    run.arrived("two-0.example", 30).await;
    // A wrong secret concerns its tenant only, and the next one heals it.
    let good = two[0].credential.clone();
    two[0].credential = CredentialKind::Secret("wrong~secret-1".into());
    run.tenants.send([one.clone(), two.clone()].concat().into()).await.expect("heard");
    tokio::time::sleep(Duration::from_mins(3)).await;
    let requests = first.requests();
    two[0].credential = good;
    run.tenants.send([one.clone(), two.clone()].concat().into()).await.expect("heard");
    tokio::time::sleep(Duration::from_mins(5)).await;
    assert!(first.requests() >= requests + 4, "the unchanged tenant is polled on");
    // It goes: nobody asks its service any more.
    run.tenants.send(two.into()).await.expect("heard");
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (gone, there) = (first.requests(), second.requests());
    tokio::time::sleep(Duration::from_mins(5)).await;
    assert_eq!(first.requests(), gone);
    assert!(second.requests() >= there + 4);
    // No document came twice, and its token was asked for once.
    assert_eq!((run.found("one-0.example"), run.found("two-0.example")), (30, 30));
    assert!(run.end().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn another_application_of_a_tenant_waits_for_the_sources_of_the_former_one() {
    let (simulator, tenants) = serve(&names("one", 1), 3, &["incident"]).await;
    let (cluster, host) = Cluster::start().await;
    let is_up = Arc::new(AtomicBool::new(false));
    let up = Arc::clone(&is_up);
    cluster.on_request(move |_| (!up.load(Ordering::Relaxed)).then_some(BulkFault::Status(503, "starts")));
    let client = Client::new(&output(vec![host])).expect("client");
    let output = AnyOutput::Elasticsearch(client);
    let target = Target { name: "default".into(), output, namespace: "default".to_owned() };
    let run = start_with(tenants.clone().into(), vec![target], &Arc::default()).await;
    Run::until("the former sources have read", || !cluster.requests().is_empty()).await;
    let requests = simulator.requests();
    let mut other = tenants;
    other[0].client_id = "0f0f0f0f-0000-4000-8000-000000000001".to_owned();
    run.tenants.send(other.into()).await.expect("heard");
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(simulator.requests(), requests, "two would fight over one state");
    is_up.store(true, Ordering::Relaxed);
    Run::until("the other application asks", || simulator.requests() > requests).await;
    assert_eq!(cluster.of("incident").len(), 3);
    run.stop.cancel();
}

/// Says that it is not available, then answers; notes how many connections it was asked on.
async fn flaky() -> (Url, Arc<std::sync::Mutex<Vec<usize>>>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let asked: Arc<std::sync::Mutex<Vec<usize>>> = Arc::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let root = Url::parse(&format!("http://{}", listener.local_addr().expect("address"))).expect("address");
    let noted = Arc::clone(&asked);
    tokio::spawn(async move {
        for connection in 0.. {
            let Ok((mut stream, _)) = listener.accept().await else { return };
            let noted = Arc::clone(&noted);
            tokio::spawn(async move {
                let mut request = vec![0; 16 * 1024];
                while let Ok(read) = stream.read(&mut request).await
                    && read > 0
                {
                    let is_token = request.starts_with(b"POST");
                    let (status, body) = if is_token {
                        ("200 OK", r#"{"access_token":"t","expires_in":3600}"#)
                    } else {
                        noted.lock().expect("lock").push(connection);
                        let first = noted.lock().expect("lock").len() == 1;
                        if first { ("503 Service Unavailable", "{}") } else { ("200 OK", r#"{"value":[]}"#) }
                    };
                    let length = body.len();
                    let head = format!(
                        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
                    );
                    if stream.write_all(format!("{head}{body}").as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (root, asked)
}

#[tokio::test]
async fn after_an_answer_of_503_another_connection_is_tried() {
    let (root, asked) = flaky().await;
    let mut scene = scene_of(1, AlertsPerIncident::Exactly(0)).await;
    scene.only("incident");
    scene.config.tenants[0].cloud = Cloud::custom(root.clone(), root.clone(), root);
    assert!(scene.collect().await.is_empty());
    let asked = asked.lock().expect("lock");
    assert!(asked.len() >= 2 && asked[1] != asked[0], "{asked:?}");
}
