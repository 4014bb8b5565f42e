//! Credentials that lie in files: whoever replaces one need not restart anything.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use super::access::ship;
use super::*;
use crate::elasticsearch::mock::{BulkFault, Cluster, output};
use crate::settings::{Login, Secret};

#[tokio::test(start_paused = true)]
async fn a_key_is_read_again_when_its_file_is_replaced() {
    let (cluster, host) = Cluster::start().await;
    let folder = tempfile::tempdir().expect("folder");
    // As Kubernetes does it: a link to a link to the file of a version.
    let version = |name: &str, text: &str| {
        fs::create_dir(folder.path().join(name)).expect("folder");
        fs::write(folder.path().join(name).join("key"), text).expect("writes");
        let fresh = folder.path().join("fresh");
        symlink(name, &fresh).expect("links");
        fs::rename(fresh, folder.path().join("data")).expect("swaps");
    };
    version("1", "\u{feff}b25lOmtleQ== \r\n");
    symlink("data/key", folder.path().join("key")).expect("links");
    let mut output = output(vec![host]);
    output.login = Login::ApiKey(Secret::File(folder.path().join("key")));
    let client = Client::new(&output).expect("client");
    let ask = async || client.bulk(&[]).await;
    let _ = ask().await;
    version("2", "two:key");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let _ = ask().await;
    // It is not there for a moment: the former one serves.
    fs::remove_file(folder.path().join("data")).expect("removes");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let _ = ask().await;
    let sent = cluster.authorizations();
    assert_eq!(sent, ["ApiKey b25lOmtleQ==", "ApiKey dHdvOmtleQ==", "ApiKey dHdvOmtleQ=="], "{sent:?}");
}

#[tokio::test]
async fn a_refused_password_is_read_again_before_anything_fails() {
    let (cluster, host) = Cluster::start().await;
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("password");
    fs::write(&file, "old\n").expect("writes");
    let mut output = output(vec![host]);
    output.login = Login::Basic("elastic".to_owned(), Secret::File(file.clone()));
    // It is replaced while the first request is under way.
    let mut is_first = true;
    cluster.on_request(move |_| {
        std::mem::take(&mut is_first).then(|| {
            fs::write(&file, "new\n").expect("writes");
            BulkFault::Status(401, "no")
        })
    });
    ship(&output).await.expect("delivered");
    let sent = cluster.authorizations();
    assert_eq!(sent.last().map(String::as_str), Some("Basic ZWxhc3RpYzpuZXc="), "{sent:?}");
    // The same one refused again is an error.
    cluster.on_request(|_| Some(BulkFault::Status(401, "no")));
    assert!(matches!(ship(&output).await, Err(Error::Auth(_))));
}
