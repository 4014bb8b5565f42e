//! Laws of the HTTP helpers.

mod way;

use super::*;

#[test]
fn retry_after_comes_in_two_forms() {
    let now = chrono::DateTime::parse_from_rfc3339("2026-03-01T10:00:00Z").expect("date").to_utc();
    assert_eq!(wait::of_header("17", now), Some(Duration::from_secs(17)));
    assert_eq!(wait::of_header("Sun, 01 Mar 2026 10:00:30 GMT", now), Some(Duration::from_secs(30)));
    assert_eq!(wait::of_header("Sun, 01 Mar 2026 09:00:00 GMT", now), Some(Duration::ZERO));
    assert_eq!(wait::of_header("soon", now), None);
}

#[test]
fn a_wait_is_found_in_the_words_of_a_body() {
    let now = chrono::DateTime::parse_from_rfc3339("2026-03-01T10:00:00Z").expect("date").to_utc();
    for (body, seconds) in [
        (
            r#"{"error":{"code":"TooManyRequests","message":"API calls quota exceeded! maximum admitted 50 per 1m. Try again in 26 seconds."}}"#,
            Some(26),
        ),
        (r#"{"error":{"message":"45 calls per 60 seconds are allowed, please retry after 2 minutes"}}"#, Some(120)),
        (r#"{"error":{"code":"429","retryAfter":"30"}}"#, Some(30)),
        (r#"{"message":"Wait 00:01:30 before the next call"}"#, Some(90)),
        (r#"{"message":"You can call again from 2026-03-01T10:00:45Z on."}"#, Some(45)),
        (r#"{"message":"Retry in 15s"}"#, Some(15)),
        (
            r#"{"error":{"code":"TooManyRequests","message":"Please retry again later.","innerError":{"code":"429","message":"Please retry after"}}}"#,
            None,
        ),
        (r#"{"error":{"code":"AF429","message":"Too many requests. Method=GetBlob, PublisherId=0000"}}"#, None),
        ("busy", None),
        ("", None),
    ] {
        assert_eq!(wait::of_body(body, now), seconds.map(Duration::from_secs), "{body}");
    }
}

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
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/aadsts.json");
    let Ok(text) = std::fs::read_to_string(file) else {
        println!("skipped: no reference of error codes beside the repository");
        return;
    };
    let groups: Vec<serde_json::Value> = serde_json::from_str(&text).expect("JSON");
    let mut codes = 0;
    for group in &groups {
        let text = group["codes"].as_str().expect("codes");
        for code in text.split(|c: char| !c.is_ascii_digit()).filter(|code| !code.is_empty()) {
            let code = code.parse().expect("a number");
            assert!(aadsts::hint(code).is_some() != aadsts::is_transient(code), "AADSTS{code}");
            codes += 1;
        }
    }
    assert!(groups.len() >= 25 && codes > groups.len(), "{codes} codes");
    assert_eq!(aadsts::hint(1), None);
}
