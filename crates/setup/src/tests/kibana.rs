//! Saved objects: imported as Kibana's API documents it, once; what somebody changed is told.

use serde_json::{Value, json};

use super::elasticsearch::Cluster;
use super::kibana_stub::Kibana;
use super::{artefacts, open, options, refused, set_up};
use crate::{Options, Setup};

#[tokio::test]
async fn objects_are_imported_once_and_again_where_somebody_changed_one() {
    let (_cluster, url) = Cluster::start().await;
    let (kibana, address) = Kibana::start("").await;
    let setup = open(options(&url, Some(address))).await;
    assert!(setup.reached()[1].starts_with("Kibana 8.19.13 at http://127.0.0.1:"), "{:?}", setup.reached());
    let steps = set_up(&setup).await.expect("set up");
    let objects = ["new index-pattern logs-*", "new tag m365_security-tag", "new dashboard m365_security-overview"];
    assert_eq!(steps[6..], objects);
    assert_eq!(kibana.kept().imports, 1, "one import of all");
    assert_eq!(kibana.kept().objects.len(), 3);
    assert_eq!(set_up(&setup).await.expect("set up"), Vec::<String>::new());
    assert_eq!(kibana.kept().imports, 1);

    let key = ("default".to_owned(), "dashboard".to_owned(), "m365_security-overview".to_owned());
    kibana.kept().objects.get_mut(&key).expect("there")["attributes"]["title"] = json!("Mine");
    kibana.kept().objects.get_mut(&key).expect("there")["updated_at"] = json!("2026-02-02T00:00:00.000Z");
    assert_eq!(set_up(&setup).await.expect("set up"), ["changed dashboard m365_security-overview: title"]);
    assert_eq!(kibana.kept().objects[&key]["attributes"]["title"], "[M365 Security] Overview");
    kibana.kept().objects.remove(&key);
    assert_eq!(set_up(&setup).await.expect("set up"), ["new dashboard m365_security-overview"]);
    assert_eq!(set_up(&setup).await.expect("set up"), Vec::<String>::new());
}

/// A newer Kibana writes panels in a form of its own.
fn migrate(object: &mut Value) {
    if object["type"] == "dashboard" {
        object["attributes"]["panelsJSON"] = json!("[{\"uid\":\"a\"}]");
        object["typeMigrationVersion"] = json!("10.9.0");
    }
}

#[tokio::test]
async fn what_a_newer_kibana_makes_of_an_object_is_no_change() {
    let (_cluster, url) = Cluster::start().await;
    let (kibana, address) = Kibana::start("").await;
    kibana.kept().migrate = migrate;
    let setup = open(options(&url, Some(address.clone()))).await;
    set_up(&setup).await.expect("set up");
    assert_eq!(set_up(&setup).await.expect("set up"), Vec::<String>::new());
    // A later version of the program brings another file: the tag tells.
    let mut newer = artefacts();
    newer.saved_objects = newer.saved_objects.replace("Overview", "Overview of all");
    let newer = Setup::open(options(&url, Some(address)), newer).await.expect("reached");
    let expected =
        ["changed tag m365_security-tag: description", "changed dashboard m365_security-overview: panelsJSON, title"];
    assert_eq!(set_up(&newer).await.expect("set up"), expected);
    assert_eq!(set_up(&newer).await.expect("set up"), Vec::<String>::new());
}

#[tokio::test]
async fn a_data_view_of_everybody_is_left_as_it_is() {
    let (_cluster, url) = Cluster::start().await;
    let (kibana, address) = Kibana::start("").await;
    let theirs =
        json!({ "type": "index-pattern", "id": "logs-*", "attributes": { "title": "theirs" }, "managed": true });
    let key = ("default".to_owned(), "index-pattern".to_owned(), "logs-*".to_owned());
    kibana.kept().objects.insert(key.clone(), theirs.clone());
    let setup = open(options(&url, Some(address))).await;
    assert_eq!(set_up(&setup).await.expect("set up").len(), 8, "all but that one");
    assert_eq!(kibana.kept().objects[&key], theirs);
    for installed in setup.installed().await.expect("told") {
        setup.remove(&installed).await.expect("removed");
    }
    assert_eq!(kibana.kept().objects.keys().collect::<Vec<_>>(), [&key]);
}

#[tokio::test]
async fn a_space_and_a_path_are_kept_to() {
    let (_cluster, url) = Cluster::start().await;
    let (kibana, address) = Kibana::start("/kibana").await;
    let with =
        |space: Option<&str>| Options { space: space.map(str::to_owned), ..options(&url, Some(address.clone())) };
    set_up(&open(with(Some("soc"))).await).await.expect("set up");
    assert!(kibana.kept().objects.keys().all(|(space, ..)| space == "soc"));
    let default = open(with(Some("default"))).await;
    set_up(&default).await.expect("set up");
    assert_eq!(kibana.kept().objects.len(), 6);
    // Kibana gives the copies ids of their own.
    let own = |kept: &super::kibana_stub::Kept| kept.objects.keys().filter(|(.., id)| id.ends_with("-copy")).count();
    assert_eq!(own(&kibana.kept()), 1);
    for setup in [&default, &open(with(Some("soc"))).await] {
        assert_eq!(set_up(setup).await.expect("set up"), Vec::<String>::new());
    }
    let said = refused(Setup::open(with(Some("nowhere")), artefacts()).await);
    assert!(said.contains("no space nowhere") && said.contains("one of: default, soc"), "{said}");
    let said = refused(Setup::open(with(Some("s/../x")), artefacts()).await);
    assert!(said.contains("is no id of a space"), "{said}");
    // Without the path, Kibana leads to its own pages.
    let root = address.join("/").expect("an address");
    let said = refused(Setup::open(options(&url, Some(root)), artefacts()).await);
    assert!(said.contains("server.basePath") && said.contains("https://host/kibana"), "{said}");
}

#[tokio::test]
async fn a_kibana_that_refuses_is_told_with_what_to_do() {
    let (cluster, url) = Cluster::start().await;
    let nowhere = url::Url::parse("http://127.0.0.1:9").expect("an address");
    let said = refused(Setup::open(options(&url, Some(nowhere)), artefacts()).await);
    assert!(said.contains("127.0.0.1:9"), "{said}");
    // Elasticsearch in its place.
    let said = refused(Setup::open(options(&url, Some(url.clone())), artefacts()).await);
    assert!(said.contains("does not answer as Kibana does"), "{said}");
    let (kibana, address) = Kibana::start("").await;
    kibana.kept().version = "8.17.0";
    let said = refused(Setup::open(options(&url, Some(address.clone())), artefacts()).await);
    assert!(said.contains("Kibana 8.17.0 is too old"), "{said}");
    kibana.kept().version = "9.1.0";
    cluster.changes();
    for (status, expected) in [(401, "does not accept the login"), (403, "Saved Objects Management: All")] {
        kibana.kept().refuses = Some(status);
        let said = refused(set_up(&open(options(&url, Some(address.clone()))).await).await);
        assert!(said.contains(expected) && said.contains("/api/saved_objects/_export"), "{said}");
        assert_eq!(cluster.changes(), Vec::<String>::new(), "it is asked before anything is put");
    }
    kibana.kept().refuses = None;
    let missing = json!([{ "type": "dashboard", "id": "m365_security-overview", "error": { "type": "missing_references",
        "references": [{ "type": "tag", "id": "gone" }] } }]);
    kibana.kept().import_errors = Some(missing);
    let setup = open(options(&url, Some(address))).await;
    let said = refused(set_up(&setup).await);
    assert!(
        said.contains("did not import 1 of the saved objects: dashboard m365_security-overview: missing_references"),
        "{said}"
    );
    assert!(said.contains("tag gone"), "{said}");
    kibana.kept().import_errors = None;
    assert_eq!(set_up(&setup).await.expect("set up").len(), 3, "the next run completes it");
    for object in kibana.kept().objects.values_mut() {
        object["managed"] = json!(true);
    }
    let said = refused(setup.plan().await);
    assert!(
        said.contains("saved object dashboard m365_security-overview is managed by a package that Fleet installed"),
        "{said}"
    );
}
