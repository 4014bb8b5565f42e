//! Times of data and of clocks: whatever a record claims and however it is written, whatever this machine's clock shows,
//! everything is collected once.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::faults::respond;
use super::*;
use common::health::{Reason, SourceSnapshot, State};
use state::Progress;

/// A list: its dataset, its endpoint, and the names of id, version and creation.
const LISTS: [(&str, Endpoint, [&str; 3]); 3] = [
    ("incident", Endpoint::INCIDENTS, ["id", "lastUpdateDateTime", "createdDateTime"]),
    ("alert", Endpoint::ALERTS, ["id", "lastUpdateDateTime", "createdDateTime"]),
    ("log", Endpoint::LEGACY, ["incidentId", "lastUpdateTime", "createdTime"]),
];

fn micros(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// A record of a list that changed then.
fn row(names: [&str; 3], number: u32, changed: &Value) -> Value {
    let id = if names[0] == "id" { json!(number.to_string()) } else { json!(number) };
    let mut row = json!({names[0]: id, names[1]: changed, names[2]: "2026-01-01T00:00:00Z", "alerts": []});
    if names[0] == "id" {
        row["tenantId"] = json!("t");
    }
    row
}

fn page(rows: &[Value]) -> Vec<u8> {
    json!({ "value": rows }).to_string().into_bytes()
}

impl Scene {
    fn serve(&self, endpoint: Endpoint, rows: &[Value]) {
        self.simulator.faults().clear();
        self.simulator.faults().always(endpoint, Misbehaviour::Replace(page(rows)));
    }

    /// One cycle without a failure, and what health says then.
    async fn health(&self) -> SourceSnapshot {
        let parts = self.parts();
        let stats = Arc::clone(&parts.stats);
        let stop = CancellationToken::new();
        assert!(run(&self.config, parts, true, stop).await.expect("runs").is_empty());
        stats.health.snapshot().sources.remove(0)
    }

    async fn cursor(&self, dataset: &str) -> DateTime<Utc> {
        let cursor = self.state(dataset).await.progress.cursor.expect("a cursor");
        common::clock::parse(&cursor).unwrap_or_else(|| panic!("{cursor}"))
    }
}

fn says(health: &SourceSnapshot, word: &str) -> bool {
    health.reasons.iter().any(|reason| reason.reason == Reason::RecordTime && reason.text.contains(word))
}

#[tokio::test(start_paused = true)]
async fn a_record_from_the_future_is_delivered_once_named_and_moves_nothing() {
    for (dataset, endpoint, names) in LISTS {
        let mut scene = scene_of(1, AlertsPerIncident::Exactly(0)).await;
        scene.only(dataset);
        let now = common::clock::now();
        let at = |seconds: i64| json!(micros(now + TimeDelta::seconds(seconds)));
        for (round, future) in
            [at(5), at(3600), at(23 * 3600), at(400 * 86_400), json!("9999-12-31T23:59:59.9999999Z")].iter().enumerate()
        {
            scene.start_over();
            // The first record, and every other order that a service may have.
            let mut first = vec![row(names, 7, future), row(names, 1, &at(-300)), row(names, 2, &at(-200))];
            first.rotate_left(round % 3);
            scene.serve(endpoint, &first);
            let health = scene.health().await;
            assert_eq!(scene.documents(dataset).len(), 3, "{dataset} {future}");
            assert!(says(&health, "record 7"), "{dataset} {future}: {:?}", health.reasons);
            assert!(health.misdated > 0 && health.freshness_seconds.is_some_and(|age| age >= 0));
            assert!(scene.cursor(dataset).await <= common::clock::now(), "{dataset} {future}");
            // Later ones are not missed, and it is not repeated.
            let second = [row(names, 2, &at(-200)), row(names, 3, &at(-100)), row(names, 7, future)];
            scene.serve(endpoint, &second);
            for _ in 0..2 {
                scene.health().await;
                assert_eq!(scene.documents(dataset).len(), 4, "{dataset} {future}");
            }
            // Mended, it is a new version.
            scene.serve(endpoint, &[row(names, 3, &at(-100)), row(names, 7, &at(-1))]);
            let health = scene.health().await;
            assert_eq!(scene.documents(dataset).len(), 5, "{dataset} {future}");
            assert!(health.reasons.is_empty(), "{:?}", health.reasons);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_does_not_go_on_behind_a_record_from_the_future() {
    for (dataset, endpoint, names) in &LISTS[..2] {
        let mut scene = scene_of(1, AlertsPerIncident::Exactly(0)).await;
        scene.only(dataset);
        let now = common::clock::now();
        let at = |seconds: i64| json!(micros(now + TimeDelta::seconds(seconds)));
        let path = if *dataset == "incident" { "incidents" } else { "alerts_v2" };
        let (root, _) = scene.config.tenants[0].cloud.api(schema::Api::Graph).expect("Graph");
        let link = format!("{root}v1.0/security/{path}?$skiptoken=x");
        let rows =
            [row(*names, 1, &at(-300)), row(*names, 2, &at(-200)), row(*names, 7, &json!("9999-01-01T00:00:00Z"))];
        let first = json!({"value": rows, "@odata.nextLink": link}).to_string().into_bytes();
        let faults = scene.simulator.faults();
        faults.script(*endpoint, Misbehaviour::Replace(first), 1);
        faults.script_when(*endpoint, "9999", Misbehaviour::Replace(page(&[])), None);
        faults.always(*endpoint, Misbehaviour::Replace(page(&[row(*names, 2, &at(-200)), row(*names, 3, &at(-100))])));
        scene.health().await;
        assert_eq!(scene.documents(dataset).len(), 4, "{dataset}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_time_is_a_moment_however_it_is_written() {
    type Form = fn(DateTime<Utc>) -> Value;
    let forms: [(&str, Form); 14] = [
        ("west", |time| json!((time - TimeDelta::hours(5)).format("%Y-%m-%dT%H:%M:%S%.6f-05:00").to_string())),
        ("east", |time| json!((time + TimeDelta::minutes(330)).format("%Y-%m-%dT%H:%M:%S%.6f+05:30").to_string())),
        ("compact", |time| json!((time + TimeDelta::minutes(330)).format("%Y-%m-%dT%H:%M:%S+0530").to_string())),
        ("hours", |time| json!((time + TimeDelta::hours(5)).format("%Y-%m-%dT%H:%M:%S+05").to_string())),
        ("lower", |time| json!(micros(time).to_ascii_lowercase())),
        ("space", |time| json!(micros(time).replace('T', " "))),
        ("no zone", |time| json!(micros(time).trim_end_matches('Z'))),
        ("comma", |time| json!(micros(time).replace('.', ","))),
        ("long", |time| json!(micros(time).replace('Z', "000000Z"))),
        ("minutes", |time| json!(time.format("%Y-%m-%dT%H:%MZ").to_string())),
        ("http", |time| json!(time.format("%a, %d %b %Y %H:%M:%S GMT").to_string())),
        ("script", |time| json!(format!("/Date({})/", time.timestamp_millis()))),
        ("seconds", |time| json!(time.timestamp())),
        ("millis", |time| json!(time.timestamp_millis())),
    ];
    for (dataset, endpoint, names) in LISTS {
        let mut scene = scene_of(1, AlertsPerIncident::Exactly(0)).await;
        scene.only(dataset);
        let now = common::clock::now();
        for (form, write) in forms {
            scene.start_over();
            let of = |number: u32, minutes: i64| row(names, number, &write(now - TimeDelta::minutes(minutes)));
            scene.serve(endpoint, &[of(1, 9), of(2, 6), of(3, 3)]);
            for _ in 0..2 {
                let health = scene.health().await;
                assert_eq!(scene.documents(dataset).len(), 3, "{dataset} {form}: {:?}", scene.dead_letters(dataset));
                assert_eq!(
                    (health.state, health.misdated),
                    (State::Healthy, 0),
                    "{dataset} {form}: {:?}",
                    health.reasons
                );
            }
            let cursor = scene.cursor(dataset).await;
            assert!((now - cursor - TimeDelta::minutes(3)).abs() < TimeDelta::minutes(1), "{dataset} {form}: {cursor}");
            scene.serve(endpoint, &[of(3, 3), of(4, 2)]);
            scene.health().await;
            assert_eq!(scene.documents(dataset).len(), 4, "{dataset} {form}");
            assert!(scene.documents(dataset).iter().all(|text| text.contains("@timestamp")), "{dataset} {form}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_escaped_offset_is_read() {
    for (dataset, endpoint, names) in LISTS {
        let mut scene = scene_of(1, AlertsPerIncident::Exactly(0)).await;
        scene.only(dataset);
        let time = common::clock::now() - TimeDelta::minutes(5);
        let body = page(&[row(names, 1, &json!(time.format("%Y-%m-%dT%H:%M:%S+00:00").to_string()))]);
        let body = String::from_utf8(body).expect("text").replace("+00:00", "\\u002B00:00");
        scene.simulator.faults().always(endpoint, Misbehaviour::Replace(body.into_bytes()));
        let health = scene.health().await;
        assert_eq!(scene.documents(dataset).len(), 1, "{dataset}");
        assert_eq!(health.misdated, 0);
        assert!((scene.cursor(dataset).await - time).abs() < TimeDelta::seconds(2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_time_that_cannot_be_read_is_named_and_moves_nothing() {
    for (dataset, endpoint, names) in LISTS {
        let mut scene = scene_of(1, AlertsPerIncident::Exactly(0)).await;
        scene.only(dataset);
        let time = micros(common::clock::now() - TimeDelta::minutes(5));
        for odd in [json!("yesterday"), json!(""), json!(null), json!({"at": 1}), json!("2026-99-01T00:00:00Z")] {
            scene.start_over();
            scene.serve(endpoint, &[row(names, 1, &json!(time)), row(names, 7, &odd)]);
            for _ in 0..3 {
                let health = scene.health().await;
                assert_eq!(scene.documents(dataset).len(), 2, "{dataset} {odd}");
                assert!(says(&health, "record 7"), "{dataset} {odd}: {:?}", health.reasons);
            }
            assert_eq!(scene.state(dataset).await.progress.cursor.as_deref(), Some(time.as_str()));
        }
    }
}

/// A tenant whose service's clock is ahead of this machine's, or behind.
async fn skewed(by: TimeDelta) -> Scene {
    let mut scene = scene_of(1, AlertsPerIncident::Exactly(0)).await;
    let now = common::clock::now();
    let tenant = Tenant { incidents: 40, ..Tenant::default() }.ending_at(now + by);
    let lookback = (now + by - tenant.start).to_std().expect("past") + Duration::from_hours(1);
    let simulator = Simulator::new(tenant);
    simulator.clock().set(now);
    simulator.clock().skew(by);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let root = Url::parse(&format!("http://{}", listener.local_addr().expect("address"))).expect("address");
    tokio::spawn(simulator.clone().serve(listener, std::future::pending()));
    scene.simulator = simulator;
    let tenant = &mut scene.config.tenants[0];
    tenant.cloud = Cloud::custom(root.clone(), root.clone(), root);
    for dataset in &mut tenant.datasets {
        dataset.lookback = lookback;
    }
    scene
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_wrong_at_the_first_start_loses_nothing() {
    for days in [-365, -1, 1, 365] {
        let mut scene = skewed(TimeDelta::days(days)).await;
        let theirs = common::clock::now() + TimeDelta::days(days);
        let floors = [None, Some("2099-01-01T00:00:00Z")];
        for floor in floors {
            scene.start_over();
            if let Some(floor) = floor {
                // As an earlier version has left it.
                for dataset in ["alert", "evidence", "incident", "log"] {
                    let progress = Progress { floor: Some(floor.to_owned()), ..Progress::default() };
                    scene.change_state(dataset, Some(progress), None).await;
                }
            }
            let health = scene.health().await;
            scene.check_complete().await;
            assert!(health.freshness_seconds.is_some_and(|age| (0..86_400).contains(&age)), "{health:?}");
            assert!(health.clock_ahead_seconds.is_some_and(|ahead| (ahead + days * 86_400).abs() < 60));
            for dataset in ["alert", "incident", "log"] {
                let behind = theirs - scene.cursor(dataset).await;
                assert!((TimeDelta::zero()..TimeDelta::days(1)).contains(&behind), "{days} {dataset}: {behind}");
            }
            // The next cycle reads little, and nothing twice.
            let before = scene.simulator.requests();
            scene.health().await;
            scene.check_complete().await;
            assert!(scene.simulator.requests() - before < 30);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_usable_date_this_machines_clock_stands_in() {
    for (dataset, endpoint, names) in LISTS {
        let mut scene = scene_of(1, AlertsPerIncident::Exactly(0)).await;
        scene.only(dataset);
        let now = common::clock::now();
        let at = |seconds: i64| json!(micros(now + TimeDelta::seconds(seconds)));
        for date in ["soon", "", "Thu, 01 Jan 1970 00:00:00 GMT"] {
            scene.start_over();
            let body = page(&[row(names, 1, &at(-100)), row(names, 7, &at(7200))]);
            let answer = Misbehaviour::Respond {
                status: 200,
                headers: vec![("date".into(), date.into()), ("content-type".into(), "application/json".into())],
                body,
            };
            scene.simulator.faults().always(endpoint, answer);
            let health = scene.health().await;
            assert_eq!(scene.documents(dataset).len(), 2, "{dataset} {date}");
            assert!(says(&health, "record 7") && health.clock_ahead_seconds.is_none(), "{dataset} {date}: {health:?}");
            assert!((scene.cursor(dataset).await - now).abs() < TimeDelta::minutes(3), "{dataset} {date}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_way_leaves_the_page_size_alone_and_is_told_at_once() {
    let mut scene = scene_of(130, AlertsPerIncident::Realistic).await;
    assert!(scene.collect().await.is_empty());
    let expected = scene.all();
    scene.start_over();
    // Bound, so that nobody else gets the port, and not listened on before the outage ends.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let address = socket.local_addr().expect("address");
    let root = Url::parse(&format!("http://{address}")).expect("address");
    scene.config.tenants[0].cloud = Cloud::custom(root.clone(), root.clone(), root);
    // It knows no single reads, and is there after a while.
    scene.simulator.faults().always(Endpoint::INCIDENT, respond(404, &[], "{}"));
    let (simulator, parts) = (scene.simulator.clone(), scene.parts());
    let stats = Arc::clone(&parts.stats);
    let outage = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        // The clock moves on while connections are still being refused: they are given time, the clock is not.
        for _ in 0..100_000 {
            if stats.health.snapshot().sources.iter().all(|source| source.state != State::Starting) {
                break;
            }
            tokio::task::spawn_blocking(std::thread::yield_now).await.expect("yields");
        }
        for source in stats.health.snapshot().sources {
            assert_eq!(source.state, State::Degraded);
            let text = &source.reasons[0].text;
            assert_eq!(source.reasons[0].reason, Reason::Unreachable);
            assert!(text.contains(&format!("http://{address}: no connection")) && text.contains("firewall"), "{text}");
        }
        tokio::time::sleep(Duration::from_secs(45)).await;
        let listener = socket.listen(64).expect("listens");
        tokio::spawn(simulator.serve(listener, std::future::pending()));
    };
    let before = scene.simulator.requests();
    let stop = CancellationToken::new();
    let (failed, ()) = tokio::join!(run(&scene.config, parts, true, stop), outage);
    assert!(failed.expect("runs").is_empty());
    assert_eq!(scene.all(), expected, "with all that is nested in them");
    let sizes: Vec<_> = stats.health.snapshot().sources.iter().map(|source| source.page_size).collect();
    assert_eq!(sizes, [1000, 50, 100]);
    assert!(scene.simulator.requests() - before < 30, "{} requests", scene.simulator.requests() - before);
    // Records that others were merged into are in the retry queue: they cannot be asked for.
    let reasons = |source: &SourceSnapshot| source.reasons.iter().all(|reason| reason.reason == Reason::HeavyRecord);
    assert!(stats.health.snapshot().sources.iter().all(reasons));
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_service_is_not_taken_for_heavy_records() {
    let mut scene = scene_of(130, AlertsPerIncident::Realistic).await;
    assert!(scene.collect().await.is_empty());
    let expected = scene.all();
    for seconds in [5, 32] {
        scene.start_over();
        for endpoint in [Endpoint::INCIDENTS, Endpoint::ALERTS, Endpoint::LEGACY] {
            scene.simulator.faults().always(endpoint, respond(503, &[], "down"));
        }
        let (parts, before) = (scene.parts(), scene.simulator.requests());
        let stats = Arc::clone(&parts.stats);
        let outage = async {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            assert!(stats.health.snapshot().sources.iter().all(|source| source.state == State::Degraded));
            scene.simulator.faults().clear();
            scene.simulator.faults().always(Endpoint::INCIDENT, respond(404, &[], "{}"));
        };
        let stop = CancellationToken::new();
        let (failed, ()) = tokio::join!(run(&scene.config, parts, true, stop), outage);
        assert!(failed.expect("runs").is_empty());
        assert_eq!(scene.all(), expected, "with all that is nested in them");
        let sizes: Vec<_> = stats.health.snapshot().sources.iter().map(|source| source.page_size).collect();
        assert_eq!(sizes, [1000, 50, 100]);
        assert!(scene.simulator.requests() - before < 90, "{} requests", scene.simulator.requests() - before);
    }
}
