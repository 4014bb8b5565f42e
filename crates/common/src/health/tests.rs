//! States, reasons, hysteresis, watchdogs.

use super::*;

fn key(tenant: &str) -> Key {
    Key { cloud: "global".into(), tenant: tenant.into(), datasets: "alert+evidence".into() }
}

fn source(health: &Health) -> Arc<SourceHealth> {
    health.source(&key("contoso"), Duration::from_mins(1))
}

fn transient() -> Result<(), Error> {
    Err(Error::Transient("503".to_owned()))
}

fn reasons(source: &SourceHealth) -> Vec<Reason> {
    source.snapshot().reasons.iter().map(|reason| reason.reason).collect()
}

fn receipt(dataset: &str, created: u64, duplicates: u64) -> Receipt {
    let place = schema::catalog().iter().position(|known| known.definition.name == dataset).expect("a dataset");
    let mut receipt = Receipt::default();
    let outcome = receipt.of(u16::try_from(place).expect("few datasets"));
    (outcome.created, outcome.duplicates) = (created, duplicates);
    receipt
}

#[tokio::test(start_paused = true)]
async fn one_failed_cycle_after_a_good_one_is_no_reason_two_are_and_a_good_one_clears_them() {
    let health = Health::default();
    let source = source(&health);
    assert_eq!(source.snapshot().state, State::Starting);
    source.cycle_ended(&Ok(()));
    source.cycle_ended(&transient());
    assert_eq!(source.snapshot().state, State::Healthy);
    assert_eq!(source.snapshot().last_error.as_deref(), Some("503"));
    source.cycle_ended(&transient());
    assert_eq!((source.snapshot().state, reasons(&source)), (State::Degraded, vec![Reason::Failing]));
    source.cycle_ended(&Ok(()));
    assert_eq!(source.snapshot().state, State::Healthy);
    assert_eq!(source.snapshot().failures, 2);
}

#[tokio::test(start_paused = true)]
async fn requests_that_fail_for_long_are_told_before_the_cycle_ends_and_a_page_clears_it() {
    let health = Health::default();
    let source = source(&health);
    let error = Error::Transient("connection failed".to_owned());
    source.cycle_ended(&Ok(()));
    for _ in 0..2 {
        source.stumbled(&error);
        tokio::time::advance(Duration::from_secs(19)).await;
        source.stumbled(&error);
        assert_eq!(reasons(&source), []);
        source.page_read(50);
    }
    source.stumbled(&error);
    tokio::time::advance(Duration::from_secs(20)).await;
    source.stumbled(&error);
    assert_eq!((source.snapshot().state, reasons(&source)), (State::Degraded, vec![Reason::Failing]));
    source.page_read(50);
    assert_eq!(source.snapshot().state, State::Healthy);
}

#[tokio::test(start_paused = true)]
async fn what_never_worked_and_what_somebody_must_change_shows_at_once() {
    let health = Health::default();
    let source = source(&health);
    source.cycle_ended(&transient());
    assert_eq!(reasons(&source), [Reason::Failing]);
    source.cycle_ended(&Err(Error::Auth("AADSTS7000215".to_owned())));
    assert_eq!((source.snapshot().state, reasons(&source)), (State::Failed, vec![Reason::Auth, Reason::Failing]));
    source.answered();
    source.cycle_ended(&Ok(()));
    assert_eq!((source.snapshot().state, reasons(&source)), (State::Healthy, vec![]));
}

#[tokio::test(start_paused = true)]
async fn throttling_is_healthy_until_it_lasts() {
    let health = Health::default();
    let source = source(&health);
    source.page_read(50);
    source.throttled(Some(Duration::from_mins(5)));
    health.watch();
    assert_eq!(source.snapshot().state, State::Healthy);
    tokio::time::advance(Duration::from_mins(9)).await;
    health.watch();
    assert_eq!(reasons(&source), []);
    source.throttled(Some(Duration::from_mins(5)));
    tokio::time::advance(Duration::from_mins(7)).await;
    health.watch();
    assert_eq!(reasons(&source), [Reason::ThrottledLong], "silent for a reason that is told");
    let snapshot = source.snapshot();
    assert_eq!((snapshot.throttled, snapshot.throttled_seconds), (2, 600));
    source.page_read(50);
    health.watch();
    assert_eq!(source.snapshot().state, State::Healthy);
}

#[tokio::test(start_paused = true)]
async fn a_source_without_success_is_silent_and_comes_back() {
    let health = Health::default();
    let source = source(&health);
    tokio::time::advance(Duration::from_mins(19)).await;
    health.watch();
    assert_eq!(reasons(&source), []);
    tokio::time::advance(Duration::from_mins(2)).await;
    health.watch();
    assert_eq!((source.snapshot().state, reasons(&source)), (State::Degraded, vec![Reason::Silent]));
    source.cycle_ended(&Ok(()));
    assert_eq!(source.snapshot().state, State::Healthy);
}

#[tokio::test(start_paused = true)]
async fn empty_polls_are_healthy_for_ever() {
    let health = Health::default();
    let source = source(&health);
    for _ in 0..100 {
        tokio::time::advance(Duration::from_mins(1)).await;
        source.cycle_started();
        source.cycle_ended(&Ok(()));
        health.watch();
    }
    let snapshot = source.snapshot();
    assert_eq!((snapshot.state, snapshot.last_nonempty, snapshot.backlog_seconds), (State::Healthy, None, Some(0)));
}

#[tokio::test(start_paused = true)]
async fn records_without_progress_of_the_cursor_are_found() {
    let health = Health::default();
    let source = source(&health);
    source.seen("2026-01-01T00:00:00Z");
    for cycle in 0..6 {
        assert_eq!(reasons(&source), [], "cycle {cycle}");
        source.delivered(&receipt("alert", 1, 0));
        source.cycle_ended(&Ok(()));
    }
    assert_eq!(reasons(&source), [Reason::Stuck]);
    source.seen("2026-01-01T00:00:01Z");
    source.delivered(&receipt("alert", 1, 0));
    source.cycle_ended(&Ok(()));
    assert_eq!(reasons(&source), []);
}

#[tokio::test(start_paused = true)]
async fn nothing_but_duplicates_again_and_again_is_found() {
    let health = Health::default();
    let source = source(&health);
    for cycle in 0..5 {
        assert_eq!(reasons(&source), [], "cycle {cycle}");
        source.delivered(&receipt("evidence", 0, 3));
        source.cycle_ended(&Ok(()));
    }
    assert_eq!(reasons(&source), [Reason::Repeating]);
    let documents = source.snapshot().documents;
    assert_eq!(
        documents.iter().map(|d| (&*d.dataset, d.duplicates)).collect::<Vec<_>>(),
        [("alert", 0), ("evidence", 15)]
    );
}

#[tokio::test(start_paused = true)]
async fn the_same_key_is_the_same_source_and_a_removed_tenant_is_gone() {
    let health = Health::default();
    source(&health).late(3);
    assert_eq!(source(&health).snapshot().late, 3);
    health.source(&key("fabrikam"), Duration::from_mins(1));
    health.remove_tenant("global", "contoso");
    let left: Vec<_> = health.snapshot().sources.into_iter().map(|source| source.tenant).collect();
    assert_eq!(left, ["fabrikam"]);
}

#[tokio::test(start_paused = true)]
async fn the_output_is_blocked_until_it_takes_a_batch() {
    let health = Health::default();
    health.output().failed(&Error::Transient("disk is full".to_owned()));
    assert_eq!(health.snapshot().outputs[0].state, State::Degraded);
    health.output().failed(&Error::Auth("401".to_owned()));
    assert_eq!(health.snapshot().outputs[0].state, State::Failed);
    health.output().delivered();
    assert_eq!(health.snapshot().outputs[0].state, State::Healthy);
    assert_eq!(health.snapshot().outputs[0].last_error.as_deref(), Some("401"));
}

#[test]
fn names_of_reasons_are_those_of_json() {
    for reason in Reason::ALL {
        assert_eq!(serde_json::to_string(&reason).expect("json"), format!("\"{}\"", reason.name()));
        assert!(!reason.advice().is_empty());
    }
}
