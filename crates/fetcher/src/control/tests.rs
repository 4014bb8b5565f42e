//! The socket: answers, permissions, a stale one, a second process.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tokio::net::UnixListener;

use super::*;
use common::health::{Key, Reason, State};
use common::platform::POINTER;

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
    let control = open(folder.path(), health(), Arc::default()).await.expect("no other process").expect("a socket");
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
    let first = open(folder.path(), health(), Arc::default()).await.expect("no other process").expect("a socket");
    let refused = open(folder.path(), health(), Arc::default()).await.expect_err("a second one").to_string();
    assert!(refused.contains("another m365-fetcher (process ") && refused.contains("hint: "), "{refused}");
    assert!(ask(folder.path()).await.is_ok(), "the first one goes on");
    drop(first);
}

#[tokio::test]
async fn a_socket_that_took_our_place_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let control = open(folder.path(), health(), Arc::default()).await.expect("no other process").expect("a socket");
    fs::remove_file(folder.path().join(SOCKET)).expect("removed");
    let other = std::os::unix::net::UnixListener::bind(folder.path().join(SOCKET)).expect("a socket");
    drop(control);
    assert!(folder.path().join(SOCKET).exists());
    drop(other);
}

#[tokio::test]
async fn a_path_of_any_length_has_a_socket_that_is_found_and_goes_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path().as_os_str().len();
    for length in [80, 92, 93, 94, 95, 96, 100, 107, 108, 120, 200, 400] {
        let mut state = folder.path().to_owned();
        // Names are shorter than 256 bytes.
        let mut left = length - base;
        while left > 0 {
            let part = left.clamp(2, 150);
            state.push("x".repeat(part - 1));
            left -= part.min(left);
        }
        assert!(matches!(ask(&state).await, Err(AskError::NotRunning(_))), "{length}");
        let control = open(&state, health(), Arc::default()).await.expect("no other process").expect("a socket");
        assert_eq!(ask(&state).await.expect("an answer").head.pid, std::process::id(), "{length}");
        let refused = open(&state, health(), Arc::default()).await.expect_err("a second one").to_string();
        assert!(refused.contains("another m365-fetcher (process "), "{length}: {refused}");
        if let Ok(path) = fs::read_to_string(state.join(POINTER)) {
            assert!(!state.join(SOCKET).exists());
            let folder = PathBuf::from(&path).parent().expect("a folder").to_owned();
            assert_eq!(fs::metadata(folder).expect("the folder").permissions().mode() & 0o777, 0o700);
            drop(control);
            assert!(!PathBuf::from(path).exists(), "{length}");
        } else {
            drop(control);
        }
        let left: Vec<_> = fs::read_dir(&state).expect("the folder").collect();
        assert!(left.iter().all(|left| left.as_ref().is_ok_and(|left| left.path().is_dir())), "{length}: {left:?}");
        assert!(matches!(ask(&state).await, Err(AskError::NotRunning(_))), "{length}");
    }
}

#[tokio::test]
async fn without_any_socket_the_process_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("state");
    fs::write(&state, "a file is no folder").expect("written");
    assert!(open(&state, health(), Arc::default()).await.expect("no other process").is_none());
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
    let _control = open(folder.path(), health, Arc::default()).await.expect("a socket");
    let status = ask(folder.path()).await.expect("an answer");
    assert_eq!(status.sources.len(), 3000);
    assert!(status.sources.iter().all(|source| source.reasons[0].text.len() < 700), "texts of services are cut");
    assert!(status.sources.is_sorted_by_key(|source| source.tenant.clone()));
}

#[tokio::test]
async fn a_snapshot_is_exported_while_the_state_is_in_use() {
    use state::{DatasetUpdate, DedupKey, Options, Progress as Cursor, StateUpdate, Store};
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Arc::<Desk>::default();
    let _control = open(folder.path(), health(), Arc::clone(&desk)).await.expect("no other").expect("a socket");
    let early = show(folder.path()).await.expect_err("there is no state yet").to_string();
    assert!(early.contains("starting or stopping"), "{early}");
    let store = Store::open(folder.path(), Options::default()).expect("opens");
    desk.open(&store);
    let at = "2026-01-01T10:00:00Z";
    let update = |number: u128| {
        let progress = Some(Cursor { cursor: Some(at.to_owned()), ..Cursor::default() });
        let delivered = (0..5000).map(|id| DedupKey::new(Some(at), (number << 64 | id << 80).to_be_bytes())).collect();
        StateUpdate::of("incident", DatasetUpdate { progress, delivered })
    };
    let endpoint = |tenant: &str| store.endpoint("global", tenant, "graph/v1.0/security/incidents");
    endpoint("contoso").commit(update(1)).await.expect("commits");
    let mut first = Vec::new();
    assert_eq!(export(folder.path(), &mut first).await.expect("exports"), 1);
    endpoint("fabrikam").commit(update(2)).await.expect("commits while it was read");
    let shown = show(folder.path()).await.expect("shows");
    assert_eq!(shown.sources.len(), 2);
    assert!(shown.bytes > 0 && shown.sources.iter().all(|source| source.ids > 0), "{shown:?}");
    let first = String::from_utf8(first).expect("text");
    assert!(
        first.starts_with("{\"head\"") && first.ends_with("{\"end\":{\"endpoints\":1,\"sources\":1}}\n"),
        "{first}"
    );
    store.close().await.expect("closes");
    let closed = export(folder.path(), &mut Vec::new()).await.expect_err("it is closed").to_string();
    assert!(closed.contains("not open"), "{closed}");
}

#[tokio::test]
async fn a_backfill_that_nobody_can_read_is_refused_and_odd_questions_too() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let folder = tempfile::tempdir().expect("a folder");
    let _control = open(folder.path(), health(), Arc::default()).await.expect("no other").expect("a socket");
    let now = clock::now();
    let request = Request::Backfill { from: now, to: now, tenant: None, dataset: None };
    let refused = backfill(folder.path(), &request, &mut |_| {}).await.expect_err("no source").to_string();
    assert!(refused.contains("no such tenant or dataset"), "{refused}");
    let mut peer = tokio::net::UnixStream::connect(folder.path().join(SOCKET)).await.expect("connects");
    peer.write_all(b"{\"ask\":\"pigeon\"}\n").await.expect("written");
    let mut said = String::new();
    peer.read_to_string(&mut said).await.expect("an answer");
    assert!(said.starts_with("{\"error\":"), "{said}");
    // One of an earlier version says nothing, and waits for the status.
    let mut peer = tokio::net::UnixStream::connect(folder.path().join(SOCKET)).await.expect("connects");
    let mut said = String::new();
    peer.read_to_string(&mut said).await.expect("an answer");
    assert!(said.starts_with("{\"version\":"), "{said}");
}
