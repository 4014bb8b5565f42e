//! The package: judged by Fleet's rules before it is uploaded, uploaded as Fleet documents it, uninstalled again.

use std::io::{Cursor, Write};

use serde_json::json;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::elasticsearch::Cluster;
use super::kibana_stub::Kibana;
use super::{open, options, refused, shown};
use crate::fleet::{self, Archive};

const MANIFEST: &str = "name: m365_security\nversion: 0.1.0\nconditions:\n  kibana:\n    version: ^8.19.0 || ^9.1.0\n";
const STREAM: &str = "title: Logs\ntype: logs\ndataset: m365_security.log\n";

fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, text) in files {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        zip.start_file(*path, options).expect("a file");
        zip.write_all(text.as_bytes()).expect("written");
    }
    zip.finish().expect("a zip").into_inner()
}

fn archive(more: &[(&str, &str)]) -> Archive {
    let mut files = vec![
        ("m365_security-0.1.0/manifest.yml", MANIFEST),
        ("m365_security-0.1.0/data_stream/log/manifest.yml", STREAM),
    ];
    files.extend(more);
    Archive::read("package.zip", zip(&files)).expect("an archive")
}

#[tokio::test]
async fn a_package_is_uploaded_once_and_uninstalled() {
    let (_cluster, url) = Cluster::start().await;
    let (kibana, address) = Kibana::start("").await;
    let setup = open(options(&url, Some(address))).await;
    let archive = archive(&[]);
    let upload = async || {
        let plan = fleet::plan(&setup, &archive).await?;
        for step in &plan.steps {
            setup.apply(step).await?;
        }
        Ok::<_, common::error::Error>(shown(&plan))
    };
    assert_eq!(upload().await.expect("uploaded"), ["new m365_security 0.1.0"]);
    assert_eq!(kibana.kept().uploaded, [archive.bytes()]);
    assert_eq!(upload().await.expect("nothing to do"), Vec::<String>::new());
    assert_eq!(kibana.kept().uploaded.len(), 1);
    let earlier =
        json!({ "status": "installed", "installationInfo": { "version": "0.0.9", "install_source": "upload" } });
    kibana.kept().package = Some(earlier);
    assert_eq!(upload().await.expect("uploaded"), ["changed m365_security 0.1.0: version 0.0.9 is installed"]);
    assert_eq!(fleet::uninstall(&setup, true).await.expect("told").as_deref(), Some("m365_security 0.1.0"));
    assert!(kibana.kept().package.is_some(), "told only");
    assert_eq!(fleet::uninstall(&setup, false).await.expect("gone").as_deref(), Some("m365_security 0.1.0"));
    assert_eq!(fleet::uninstall(&setup, false).await.expect("nothing there"), None);

    kibana.kept().refuses = Some(403);
    let said = refused(upload().await);
    assert!(said.contains("`Integrations: All`") && said.contains("`Rules: All`"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn an_upload_too_soon_after_another_is_made_ten_seconds_later() {
    let (_cluster, url) = Cluster::start().await;
    let (kibana, address) = Kibana::start("").await;
    let setup = open(options(&url, Some(address))).await;
    let plan = fleet::plan(&setup, &archive(&[])).await.expect("a plan");
    kibana.kept().uploads = vec![429];
    let start = tokio::time::Instant::now();
    setup.apply(&plan.steps[0]).await.expect("uploaded");
    assert!(start.elapsed().as_secs() >= 10, "{:?}", start.elapsed());
    assert_eq!(kibana.kept().uploaded.len(), 2);
}

#[tokio::test]
async fn what_fleet_refuses_is_told_before() {
    let (cluster, url) = Cluster::start().await;
    let (kibana, address) = Kibana::start("").await;
    let setup = |version: &'static str| {
        kibana.kept().version = version;
        open(options(&url, Some(address.clone())))
    };
    let judged = setup("9.6.0").await;
    for (package, expected) in [
        (
            json!({ "status": "not_installed", "version": "1.0.0" }),
            "in Kibana's registry, and an upload may not have its name",
        ),
        (
            json!({ "status": "installed", "installationInfo": { "version": "0.0.9", "install_source": "registry" } }),
            "installed from the registry, and an upload may not replace it",
        ),
    ] {
        kibana.kept().package = Some(package);
        let said = refused(fleet::plan(&judged, &archive(&[])).await);
        assert!(said.contains(expected) && said.contains("\nhint: "), "{said}");
    }
    kibana.kept().package = None;
    let streams = json!([{ "name": "logs-m365_security.log-default", "backing_indices": ["a"] }]);
    cluster.kept().resolved = json!({ "indices": [], "data_streams": streams });
    let said = refused(fleet::plan(&judged, &archive(&[])).await);
    assert!(
        said.contains("data stream logs-m365_security.log-default is there") && said.contains("without --fleet"),
        "{said}"
    );
    let lenient = setup("8.19.21").await;
    assert_eq!(fleet::plan(&lenient, &archive(&[])).await.expect("an earlier Kibana takes it").changes(), 1);

    cluster.kept().resolved = json!({});
    let ours = json!({ "id": "m365_security-latest-incident", "_meta": super::meta() });
    cluster.kept().stored.insert("/_transform/m365_security-latest-incident".to_owned(), ours);
    let said = refused(fleet::plan(&judged, &archive(&[])).await);
    assert!(said.contains("would fill the same index") && said.contains("`setup --remove`"), "{said}");
    let theirs = json!({ "_meta": { "managed_by": "fleet", "package": { "name": "other" } } });
    for (name, mixes) in [
        ("logs-m365_security", true),
        ("logs-m365_security.log", true),
        ("logs-m365_security.log.x", true),
        ("logs-m365_security.logs", false),
        ("logs-m365", false),
    ] {
        cluster.kept().stored.clear();
        cluster.kept().stored.insert(format!("/_index_template/{name}"), theirs.clone());
        let outcome = fleet::plan(&judged, &archive(&[])).await;
        assert_eq!(outcome.is_err(), mixes, "{name}");
        if mixes {
            let said = refused(outcome);
            assert!(
                said.contains("dataset m365_security.log would mix with") && said.contains("package other"),
                "{said}"
            );
        }
    }
}

#[test]
fn archives_are_judged_by_their_contents() {
    let broken = |files: &[(&str, &str)], kibana: &str| {
        let archive = Archive::read("package.zip", zip(files)).expect("an archive");
        archive.broken_rules(kibana).join("\n")
    };
    let manifest = ("m365_security-0.1.0/manifest.yml", MANIFEST);
    assert_eq!(broken(&[manifest], "9.1.2"), "");
    assert!(broken(&[manifest], "9.0.8").contains("is for Kibana ^8.19.0 || ^9.1.0, and this one is 9.0.8"));
    assert!(broken(&[manifest], "8.18.0").contains("is for Kibana"));
    let other = [("m365_security/manifest.yml", MANIFEST)];
    assert!(broken(&other, "9.1.0").contains("must hold one folder, m365_security-0.1.0"));
    let two = [manifest, ("zzz/a", "")];
    assert!(broken(&two, "9.1.0").contains("must hold one folder"));
    for folder in ["ingest_pipeline", "index_template", "component_template"] {
        let path = format!("m365_security-0.1.0/elasticsearch/{folder}/a.json");
        assert!(broken(&[manifest, (&path, "{}")], "9.1.0").contains(folder));
    }
    let transform = ("m365_security-0.1.0/elasticsearch/transform/a/transform.yml", "");
    let pipeline = ("m365_security-0.1.0/data_stream/log/elasticsearch/ingest_pipeline/default.yml", "");
    assert_eq!(broken(&[manifest, transform, pipeline], "9.1.0"), "", "those are allowed");
    let large = " ".repeat(65 * 1024);
    let said = broken(&[manifest, ("m365_security-0.1.0/img/large", &large)], "9.1.0");
    assert!(said.starts_with("the archive is larger than 100 MiB"), "{said}");
    let named = "name: M365-Security\nversion: 0.1.0\n";
    assert!(
        broken(&[("M365-Security-0.1.0/manifest.yml", named)], "9.1.0").contains("no name for an uploaded package")
    );
    for (bytes, expected) in [
        (b"no zip".to_vec(), "package.zip: is no zip"),
        (zip(&[("top/other.yml", "")]), "package.zip: manifest.yml"),
        (zip(&[("top/manifest.yml", "name: [")]), "package.zip: manifest.yml"),
        (zip(&[("lonely", "")]), "holds no package"),
    ] {
        let said = refused(Archive::read("package.zip", bytes));
        assert!(said.contains(expected) && said.contains("m365-generator zip"), "{said}");
    }
}
