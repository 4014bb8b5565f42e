//! The collector's own reports say what each source did, in the data stream `health`.

use serde_json::Value;

use super::faults::respond;
use super::*;
use common::stats::Stats;

impl Scene {
    fn reports(&self) -> Vec<Value> {
        let read = |line: &String| serde_json::from_str(line).expect("JSON");
        self.documents("health").iter().map(read).collect()
    }

    async fn reported(&mut self, stats: &Arc<Stats>) -> Vec<Value> {
        self.config.health.documents = Some(true);
        let before = self.reports().len();
        let parts = Parts { stats: Arc::clone(stats), ..self.parts() };
        run(&self.config, parts, true, CancellationToken::new()).await.expect("runs");
        self.reports().split_off(before)
    }
}

fn of<'a>(reports: &'a [Value], dataset: &str) -> &'a Value {
    let is_of = |report: &&Value| {
        let datasets = report["m365_security"]["health"]["dataset"].as_array();
        datasets.is_some_and(|datasets| datasets.iter().any(|name| name == dataset))
    };
    let mut found = reports.iter().filter(is_of);
    let report = found.next().expect("a report");
    assert!(found.next().is_none(), "{dataset} is reported twice");
    report
}

#[tokio::test(start_paused = true)]
async fn a_run_reports_each_source_with_what_it_did() {
    let mut scene = scene(AlertsPerIncident::Exactly(2)).await;
    let stats = Arc::default();
    let reports = scene.reported(&stats).await;
    assert_eq!(reports.len(), stats.health.sources().len());
    for dataset in ["incident", "log"] {
        let report = of(&reports, dataset);
        let health = &report["m365_security"]["health"];
        assert_eq!(health["documents"], scene.documents(dataset).len(), "{report}");
        assert_eq!(
            (&health["state"], &health["failures"], &health["backlog"]),
            (&"healthy".into(), &0.into(), &0.into())
        );
        assert!(health["records"].as_u64() > Some(0) && health["freshness"].as_u64().is_some(), "{report}");
        assert!(health.get("reason").is_none() && report.get("message").is_none(), "{report}");
        assert_eq!(report["cloud"]["account"]["id"], *scene.config.tenants[0].id);
        assert_eq!(report["event"]["dataset"], "m365_security.health");
    }
    // The reports are no records: they count nowhere else.
    let datasets = scene.found().iter().sum::<usize>() as u64;
    assert_eq!((stats.created(), stats.settled()), (datasets, datasets + reports.len() as u64));
    // The next run has nothing new to tell but that it looked.
    let again = scene.reported(&stats).await;
    let health = &of(&again, "incident")["m365_security"]["health"];
    assert_eq!(health["state"], "healthy");
}

/// Every field of a report is one that the mapping knows, and every count of the mapping is reported.
#[tokio::test(start_paused = true)]
async fn a_report_has_the_fields_of_the_schema() {
    let mut scene = scene(AlertsPerIncident::Exactly(1)).await;
    let stats = Arc::default();
    let reports = scene.reported(&stats).await;
    let known: Vec<String> = schema::health::fields().into_iter().map(|field| field.name).collect();
    let mut found = BTreeSet::new();
    for report in &reports {
        leaves(report, "", &mut found);
    }
    let unknown: Vec<_> = found.iter().filter(|name| !known.contains(name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    for (name, kind, _) in schema::health::CUSTOM {
        let name = format!("{}.{name}", schema::health::PREFIX);
        // A tenant that is well has no reason, and its rows hold nothing unknown.
        let is_told = kind.name() != "keyword" || found.contains(&name);
        let is_absent = ["reason", "path", "clock_ahead"].iter().any(|end| name.ends_with(end));
        assert!(is_absent || is_told && found.contains(&name), "{name} is in no report: {reports:?}");
    }
}

fn leaves(value: &Value, prefix: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                leaves(value, &name, found);
            }
        }
        _ => {
            found.insert(prefix.to_owned());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_source_is_reported_with_its_reason() {
    let mut scene = scene(AlertsPerIncident::Exactly(1)).await;
    let body = r#"{"error":{"code":"Forbidden","message":"Missing application roles"}}"#;
    scene.simulator.faults().always(Endpoint::ALERTS, respond(403, &[], body));
    let reports = scene.reported(&Arc::default()).await;
    let report = of(&reports, "alert");
    let health = &report["m365_security"]["health"];
    assert_eq!((&health["state"], &health["failures"]), (&"failed".into(), &1.into()), "{report}");
    assert_eq!(health["reason"], serde_json::json!(["permission"]));
    assert!(report["message"].as_str().is_some_and(|text| text.contains("Missing application roles")), "{report}");
    assert_eq!(of(&reports, "log")["m365_security"]["health"]["state"], "healthy");
}

/// Files are read by other programs, which ask for records: only a cluster is sent reports unasked.
#[tokio::test(start_paused = true)]
async fn files_hold_reports_only_where_they_are_asked_for() {
    let mut scene = scene(AlertsPerIncident::Exactly(1)).await;
    scene.config.health.documents = None;
    assert!(scene.collect().await.is_empty());
    assert!(scene.reports().is_empty());
}
