//! What the fuzz target found or might have: kept.

use std::fs;

use reqwest::Response;

#[tokio::test]
async fn kept_refusals_are_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fetcher/fuzz/regressions/refusal");
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("folder") {
        let input = fs::read(entry.expect("entry").path()).expect("reads");
        super::check(&input, |status, body| {
            let response = axum::http::Response::builder().status(status).body(body.to_vec());
            Response::from(response.expect("a good status"))
        })
        .await;
        count += 1;
    }
    assert!(count >= 5);
}
