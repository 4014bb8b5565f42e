//! The socket: answers, permissions, a stale one, a second process.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::health::{Key, Reason, State};

fn health() -> Arc<Health> {
    let health = Arc::<Health>::default();
    let key = Key { cloud: "global".into(), tenant: "contoso".into(), datasets: "incident".into() };
    let source = health.source(&key, Duration::from_mins(1));
    source.cycle_ended(&Ok(()));
    source.degrade(Reason::HeavyRecord, "record 7");
    health
}

#[tokio::test]
async fn the_answer_is_what_the_process_knows() {
    let folder = tempfile::tempdir().expect("a folder");
    let control = open(folder.path(), health()).await.expect("a socket");
    let mode = fs::metadata(folder.path().join(SOCKET)).expect("the socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for _ in 0..2 {
        let status = ask(folder.path()).await.expect("an answer");
        assert_eq!(status.head.pid, std::process::id());
        let source = &status.sources[0];
        assert_eq!(
            (source.state, &*source.tenant, source.reasons[0].reason),
            (State::Degraded, "contoso", Reason::HeavyRecord)
        );
    }
    drop(control);
    let left: Vec<_> = fs::read_dir(folder.path()).expect("the folder").collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(matches!(ask(folder.path()).await, Err(AskError::NotRunning(_))));
}

#[tokio::test]
async fn a_second_process_is_refused_and_a_stale_socket_is_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    // Nobody listens on it any more, as after a kill.
    drop(std::os::unix::net::UnixListener::bind(folder.path().join(SOCKET)).expect("a socket"));
    assert!(matches!(ask(folder.path()).await, Err(AskError::NotRunning(_))));
    let first = open(folder.path(), health()).await.expect("a socket");
    let refused = open(folder.path(), health()).await.expect_err("a second one").to_string();
    assert!(refused.contains("another m365-fetcher (process ") && refused.contains("hint: "), "{refused}");
    assert!(ask(folder.path()).await.is_ok(), "the first one goes on");
    drop(first);
}

#[tokio::test]
async fn a_socket_that_took_our_place_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let control = open(folder.path(), health()).await.expect("a socket");
    fs::remove_file(folder.path().join(SOCKET)).expect("removed");
    let other = std::os::unix::net::UnixListener::bind(folder.path().join(SOCKET)).expect("a socket");
    drop(control);
    assert!(folder.path().join(SOCKET).exists());
    drop(other);
}

#[tokio::test]
async fn a_peer_that_says_nothing_sensible_is_told_apart_from_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = UnixListener::bind(folder.path().join(SOCKET)).expect("a socket");
    let server = tokio::spawn(async move { drop(listener.accept().await.expect("a caller")) });
    let error = ask(folder.path()).await.expect_err("no answer");
    assert!(matches!(&error, AskError::Broken { .. }), "{error}");
    server.await.expect("served");
}

#[tokio::test]
async fn a_thousand_tenants_are_told_line_by_line() {
    let health = Arc::<Health>::default();
    for tenant in 0..1000 {
        for datasets in ["alert+evidence", "incident", "log"] {
            let tenant = format!("{tenant:08}-2222-3333-4444-555555555555");
            let key = Key { cloud: "global".into(), tenant: tenant.as_str().into(), datasets: datasets.into() };
            health.source(&key, Duration::from_mins(1)).degrade(Reason::HeavyRecord, "x".repeat(5000));
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let _control = open(folder.path(), health).await.expect("a socket");
    let status = ask(folder.path()).await.expect("an answer");
    assert_eq!(status.sources.len(), 3000);
    assert!(status.sources.iter().all(|source| source.reasons[0].text.len() < 700), "texts of services are cut");
    assert!(status.sources.is_sorted_by_key(|source| source.tenant.clone()));
}
