//! Speed of the page splitter alone, on pages of the simulated tenant in chunks as a socket gives them.
//!
//! `cargo bench -p fetcher --bench splitter`
#![allow(clippy::print_stdout, clippy::cast_precision_loss, clippy::disallowed_methods)]

use std::time::Instant;

use json_stream::{MAX_ROW, Splitter};
use microsoft::auth::{Credential, TokenSource};
use secrecy::ExposeSecret;
use simulator::{Simulator, Tenant};

const CHUNK: usize = 64 * 1024;
const ROUNDS: usize = 200;

fn main() {
    if std::env::args().all(|argument| argument != "--bench") {
        println!("left out: run with `cargo bench`");
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    for (path, nested) in [
        ("v1.0/security/alerts_v2?$top=1000", None),
        ("v1.0/security/incidents?$top=50&$expand=alerts", None),
        ("v1.0/security/incidents?$top=50&$expand=alerts", Some("alerts")),
    ] {
        let body = runtime.block_on(page(path));
        let (mut best, mut rows) = (f64::MAX, 0);
        for _ in 0..ROUNDS {
            let started = Instant::now();
            rows = split(&body, nested);
            best = best.min(started.elapsed().as_secs_f64());
        }
        let speed = body.len() as f64 / best / 1e9;
        println!("{path} {nested:?}: {} kB, {rows} rows: {speed:.2} GB/s", body.len() / 1000);
    }
}

fn split(body: &[u8], nested: Option<&'static str>) -> usize {
    let mut splitter = Splitter::new(nested, MAX_ROW);
    let mut rows = 0;
    for mut chunk in body.chunks(CHUNK) {
        while let Some(event) = splitter.next(&mut chunk).expect("a page") {
            std::hint::black_box(event);
            rows += 1;
        }
    }
    splitter.finish().expect("a whole page");
    rows
}

async fn page(path: &str) -> Vec<u8> {
    let tenant = Tenant::default().ending_at(common::clock::now());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let root = format!("http://{}", listener.local_addr().expect("address"));
    let credential = Credential {
        endpoint: format!("{root}/{}/oauth2/v2.0/token", tenant.id).parse().expect("address"),
        client_id: tenant.client_id.clone(),
        kind: fetcher::config::CredentialKind::Secret(tenant.client_secret.clone().into()),
        scope: "https://graph.microsoft.com/.default".to_owned(),
    };
    tokio::spawn(Simulator::new(tenant).serve(listener, std::future::pending()));
    let client = microsoft::client().expect("client");
    let token = TokenSource::new(client.clone(), credential).token().await.expect("token");
    let request = client.get(format!("{root}/{path}")).bearer_auth(token.expose_secret());
    request.send().await.expect("answer").bytes().await.expect("body").to_vec()
}
