//! Laws of the HTTP helpers.

mod link;
mod said;
mod way;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_budget_pauses_all_who_share_it_and_nobody_else() {
    let (shared, other) = (Budget::default(), Budget::default());
    shared.refuse(Some(Duration::from_secs(40)));
    shared.refuse(Some(Duration::from_secs(10)));
    let start = tokio::time::Instant::now();
    other.ready().await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    tokio::join!(shared.ready(), shared.ready());
    let waited = start.elapsed();
    assert!(waited >= Duration::from_secs(40) && waited <= Duration::from_secs(46), "{waited:?}");
    // Without a time from the service the pauses grow until it answers.
    let mut pauses = Vec::new();
    for _ in 0..4 {
        let start = tokio::time::Instant::now();
        shared.refuse(None);
        shared.ready().await;
        pauses.push(start.elapsed());
    }
    assert!(pauses.is_sorted() && pauses[3] > Duration::from_secs(30), "{pauses:?}");
    shared.accept();
    shared.refuse(None);
    let start = tokio::time::Instant::now();
    shared.ready().await;
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[test]
fn every_known_code_of_the_token_endpoint_is_explained() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/token_errors.json");
    let extract: serde_json::Value = serde_json::from_slice(&std::fs::read(file).expect("the extract")).expect("JSON");
    let groups = extract["facts"].as_array().expect("groups of codes");
    let mut codes = 0;
    for code in groups.iter().flat_map(|group| group.as_array().expect("codes")) {
        let code = code.as_u64().expect("a number");
        assert!(aadsts::hint(code).is_some() != aadsts::is_transient(code), "AADSTS{code}");
        codes += 1;
    }
    assert!(groups.len() >= 25 && codes > groups.len(), "{codes} codes");
    assert_eq!(aadsts::hint(1), None);
}

const LIMIT: schema::Limit = schema::Limit { family: "test", per_minute: 50, per_hour: Some(1500) };

/// When requests went out that were asked for without a pause.
async fn sent(budget: &Budget, count: usize) -> Vec<tokio::time::Instant> {
    let mut sent = Vec::new();
    for _ in 0..count {
        budget.ready().await;
        budget.accept();
        sent.push(tokio::time::Instant::now());
    }
    sent
}

#[tokio::test(start_paused = true)]
async fn a_known_limit_is_never_reached_and_nearly_used() {
    let budget = Budget::within(LIMIT);
    let sent = sent(&budget, 4000).await;
    let most = |window: Duration| {
        let within =
            |start: &tokio::time::Instant| sent.iter().filter(|at| **at >= *start && **at - *start <= window).count();
        sent.iter().map(within).max().expect("some")
    };
    let (minute, hour) = (most(Duration::from_mins(1)), most(Duration::from_hours(1)));
    assert!(minute <= 50 && hour <= 1500, "{minute} in a minute, {hour} in an hour");
    let hours = (sent[3999] - sent[0]).as_secs_f64() / 3600.0;
    assert!(hours < 4000.0 / 1500.0 * 1.15, "{hours}");
    // One alone need not wait.
    let start = tokio::time::Instant::now();
    Budget::within(LIMIT).ready().await;
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn refusals_make_the_pace_slower_and_time_heals() {
    let budget = Budget::within(schema::Limit { per_hour: None, ..LIMIT });
    let start = tokio::time::Instant::now();
    sent(&budget, 400).await;
    let full = start.elapsed();
    for _ in 0..3 {
        budget.refuse(Some(Duration::from_secs(5)));
        budget.ready().await;
    }
    let start = tokio::time::Instant::now();
    sent(&budget, 100).await;
    assert!(start.elapsed() > full / 3, "{:?} after {full:?}", start.elapsed());
    sent(&budget, 1500).await;
    let start = tokio::time::Instant::now();
    sent(&budget, 400).await;
    assert!(start.elapsed() < full * 5 / 4, "{:?} after {full:?}", start.elapsed());
}
