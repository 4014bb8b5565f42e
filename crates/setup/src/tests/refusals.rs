//! What is in the way is told before anything is changed, with what to do.

use serde_json::{Value, json};
use url::Url;

use super::elasticsearch::Cluster;
use super::{artefacts, open, options, refused, set_up, shown};
use crate::{Options, Setup};

async fn refused_plan(cluster: &Cluster, url: &Url) -> String {
    cluster.changes();
    let said = refused(open(options(url, None)).await.plan().await);
    assert_eq!(cluster.changes(), Vec::<String>::new(), "nothing was changed");
    assert!(said.starts_with("nothing was changed: ") && said.contains("\nhint: "), "{said}");
    said
}

#[tokio::test]
async fn what_is_no_elasticsearch_of_ours_is_refused() {
    let nowhere = Url::parse("http://127.0.0.1:9").expect("an address");
    let said = refused(Setup::open(options(&nowhere, None), artefacts()).await);
    assert!(said.contains("127.0.0.1:9"), "{said}");
    let (cluster, url) = Cluster::start().await;
    for (about, expected) in [
        (json!({ "cluster_name": "c", "version": { "number": "8.18.4" } }), "Elasticsearch 8.18.4 is too old"),
        (json!({ "cluster_name": "c", "version": { "number": "7.17.0" } }), "upgrade it to 8.19 or later"),
        (
            json!({ "cluster_name": "c", "version": { "number": "3.1.0", "distribution": "opensearch" } }),
            "but opensearch",
        ),
        (json!({ "tagline": "something else" }), "what answers there is no Elasticsearch"),
        (json!(null), "what answers there is no Elasticsearch"),
    ] {
        cluster.kept().about = about;
        let said = refused(Setup::open(options(&url, None), artefacts()).await);
        assert!(said.contains(expected) && said.contains("\nhint: "), "{said}");
    }
    cluster.kept().refuses = Some(("GET", "/", 401, "missing authentication credentials"));
    let said = refused(Setup::open(options(&url, None), artefacts()).await);
    assert!(said.contains("--api-key-file") && said.contains("ELASTICSEARCH_API_KEY"), "{said}");
    assert!(!said.contains("canary-key"), "{said}");
}

#[tokio::test]
async fn missing_privileges_are_named_before_anything_is_changed() {
    let (cluster, url) = Cluster::start().await;
    cluster.kept().privileges = (
        200,
        json!({
            "has_all_requested": false,
            "cluster": { "monitor": true, "manage_index_templates": false, "manage_ingest_pipelines": true },
            "index": { "logs-m365_security.*": { "manage": false, "view_index_metadata": true } },
        }),
    );
    let said = refused_plan(&cluster, &url).await;
    assert!(said.contains("`manage_index_templates` on the cluster, `manage` on logs-m365_security.*"), "{said}");
    assert!(!said.contains("`monitor`") && said.contains("manage_transform"), "{said}");
    cluster.kept().privileges = (200, json!({ "cluster": { "monitor": true }, "index": {} }));
    assert_eq!(open(options(&url, None)).await.plan().await.expect("a plan").changes(), 6);
}

#[tokio::test]
async fn names_of_others_are_left_alone() {
    let (cluster, url) = Cluster::start().await;
    let fleet = |package: &str| json!({ "managed_by": "fleet", "package": { "name": package, "version": "1.2.3" } });
    for (path, meta, expected) in [
        (
            "/_index_template/logs-m365_security.log",
            fleet("m365_security"),
            "installed by Fleet, with the package m365_security 1.2.3",
        ),
        ("/_index_template/logs-m365_security.log", fleet("other"), "belongs to the package other 1.2.3"),
        ("/_ingest/pipeline/logs-m365_security.log-0.1.0", Value::Null, "was put by somebody else"),
        (
            "/_component_template/logs-m365_security.log@package",
            json!({ "managed_by": "terraform" }),
            "managed by terraform",
        ),
        (
            "/_transform/m365_security-latest-incident",
            fleet("m365_security"),
            "transform m365_security-latest-incident was installed by Fleet",
        ),
    ] {
        let id = path.rsplit('/').next().expect("a name");
        cluster.kept().stored.insert(path.to_owned(), json!({ "id": id, "_meta": meta }));
        let said = refused_plan(&cluster, &url).await;
        assert!(said.contains(expected), "{said}");
        cluster.kept().stored.clear();
    }
    let ours = json!({ "index_patterns": ["logs-*-*"], "priority": 100, "data_stream": {} });
    cluster.kept().stored.insert("/_index_template/logs".to_owned(), ours);
    assert_eq!(open(options(&url, None)).await.plan().await.expect("a plan").changes(), 6, "a lower priority yields");
    let rival = json!({ "index_patterns": "logs-m365*", "priority": 300, "data_stream": {} });
    cluster.kept().stored.insert("/_index_template/rival".to_owned(), rival);
    let said = refused_plan(&cluster, &url).await;
    assert!(
        said.contains("index template rival with priority 300") && said.contains("lower priority than 200"),
        "{said}"
    );
}

#[tokio::test]
async fn all_that_is_in_the_way_is_told_at_once() {
    let (cluster, url) = Cluster::start().await;
    let somebody = json!({ "_meta": null });
    for name in ["logs-m365_security.log-0.1.0", "logs-m365_security.log-0.1.0-raw"] {
        cluster.kept().stored.insert(format!("/_ingest/pipeline/{name}"), somebody.clone());
    }
    cluster.kept().resolved = json!({ "indices": [{ "name": "logs-m365_security.log-default" }], "data_streams": [] });
    let said = refused_plan(&cluster, &url).await;
    assert!(said.contains("3 things are in the way") && said.matches("\nhint: ").count() == 3, "{said}");
    assert!(said.contains("index logs-m365_security.log-default has the name of a data stream, but is none"), "{said}");
}

/// A data stream whose newest index has these properties and this pipeline.
fn stream(cluster: &Cluster, properties: &Value, pipeline: &str) -> &'static str {
    const STREAM: &str = "logs-m365_security.log-default";
    let indices: Vec<String> = (9..=10).map(|number| format!(".ds-{STREAM}-2026.01.01-{number:06}")).collect();
    let mut kept = cluster.kept();
    kept.resolved = json!({ "indices": [], "data_streams": [{ "name": STREAM, "backing_indices": indices }] });
    kept.indices.insert(indices[0].clone(), json!({ "mappings": {}, "settings": {} }));
    let index =
        json!({ "mappings": { "properties": properties }, "settings": { "index": { "default_pipeline": pipeline } } });
    kept.indices.insert(indices[1].clone(), index);
    STREAM
}

#[tokio::test]
async fn data_streams_of_another_mapping_are_refused_or_get_a_new_index() {
    let (cluster, url) = Cluster::start().await;
    let number = json!({ "user": { "properties": { "name": { "type": "long" } } } });
    let name = stream(&cluster, &number, "logs-m365_security.log-0.1.0");
    let said = refused_plan(&cluster, &url).await;
    assert!(said.contains("`user.name` is `long` in its index, `keyword` here"), "{said}");
    assert!(said.contains(name) && said.contains("--rollover") && said.contains("-000010"), "{said}");
    let setup = open(Options { rollover: true, ..options(&url, None) }).await;
    let steps = set_up(&setup).await.expect("set up");
    assert!(steps.iter().any(|step| step.starts_with(&format!("changed {name}: a new index"))), "{steps:#?}");
    let changes = cluster.changes();
    let place = |change: &str| changes.iter().position(|made| made == change).expect("a change");
    assert!(
        place("PUT /_index_template/logs-m365_security.log") < place(&format!("POST /{name}/_rollover")),
        "{changes:#?}"
    );
}

#[tokio::test]
async fn the_newest_index_takes_over_fields_and_pipeline() {
    let (cluster, url) = Cluster::start().await;
    let name = stream(&cluster, &json!({ "host": { "type": "object" } }), "logs-m365_security.log-0.0.9");
    let setup = open(options(&url, None)).await;
    let steps = set_up(&setup).await.expect("set up");
    let expected = format!("changed {name}: 2 fields are missing, its pipeline is logs-m365_security.log-0.0.9");
    assert!(steps.contains(&expected), "{steps:#?}");
    assert_eq!(set_up(&setup).await.expect("set up"), Vec::<String>::new());
    // A parameter that an index cannot change makes a new index instead.
    stream(&cluster, &json!({}), "logs-m365_security.log-0.1.0");
    cluster.kept().refuses = Some(("PUT", "/_mapping", 400, "Mapper for [user.name] conflicts"));
    cluster.changes();
    set_up(&setup).await.expect("set up");
    assert_eq!(cluster.changes(), [format!("POST /{name}/_rollover")]);
}

#[tokio::test]
async fn a_plan_alone_changes_nothing() {
    let (cluster, url) = Cluster::start().await;
    let plan = open(options(&url, None)).await.plan().await.expect("a plan");
    assert_eq!((shown(&plan).len(), cluster.changes()), (6, Vec::new()));
}
