//! Transforms run after a set-up, are renewed where the state would be another, and are left out where there are none.

use serde_json::json;

use super::elasticsearch::Cluster;
use super::{open, options, set_up, shown};

const ID: &str = "m365_security-latest-incident";

#[tokio::test]
async fn transforms_are_started_and_renewed_only_where_their_state_would_be_another() {
    let (cluster, url) = Cluster::start().await;
    let setup = open(options(&url, None)).await;
    set_up(&setup).await.expect("set up");
    assert_eq!(cluster.kept().started[ID], "started");
    let path = format!("/_transform/{ID}");
    let change = |part: &str, value| cluster.kept().stored.get_mut(&path).expect("stored")[part] = value;

    cluster.changes();
    change("frequency", json!("10m"));
    assert_eq!(set_up(&setup).await.expect("set up"), [format!("changed {ID}: frequency")]);
    assert_eq!(
        cluster.changes(),
        [format!("POST {path}/_update"), format!("POST {path}/_start")],
        "it keeps its state"
    );

    change("latest", json!({ "unique_key": ["other"], "sort": "@timestamp" }));
    assert_eq!(set_up(&setup).await.expect("set up"), [format!("changed {ID}: latest")]);
    let renewed =
        [format!("POST {path}/_stop"), format!("DELETE {path}"), format!("PUT {path}"), format!("POST {path}/_start")];
    assert_eq!(cluster.changes(), renewed);

    // An index that is there keeps the mapping that it was made with.
    let template = "/_index_template/m365_security_latest.incident";
    cluster.kept().stored.get_mut(template).expect("stored")["template"] = json!({});
    let steps = set_up(&setup).await.expect("set up");
    assert!(steps.contains(&format!("changed {ID}: index template of its destination")), "{steps:#?}");
    assert_eq!(cluster.changes()[1..], renewed);

    cluster.kept().started.insert(ID.to_owned(), "failed");
    assert_eq!(set_up(&setup).await.expect("set up"), [format!("changed {ID}: it is failed")]);
    assert_eq!(cluster.kept().started[ID], "started");
    assert_eq!(set_up(&setup).await.expect("set up"), Vec::<String>::new());
}

#[tokio::test]
async fn a_cluster_without_transforms_takes_the_rest() {
    let (cluster, url) = Cluster::start().await;
    cluster.kept().has_transforms = false;
    let setup = open(options(&url, None)).await;
    let plan = setup.plan().await.expect("a plan");
    assert_eq!(plan.left_out.len(), 1);
    assert!(plan.left_out[0].starts_with("1 transforms: this cluster has no transforms"), "{:?}", plan.left_out);
    assert_eq!(shown(&plan).len(), 5);
    assert_eq!(set_up(&setup).await.expect("set up").len(), 5);
}
