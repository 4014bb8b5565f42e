//! Any bytes as a refusal or a token answer: no panic, short texts without control characters, no token in them.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use microsoft::probe;
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().build().expect("starts"));

fuzz_target!(|data: &[u8]| {
    RUNTIME.block_on(probe::check(data, |status, body| {
        let response = http::Response::builder().status(status).body(body.to_vec());
        response.expect("a good status").into()
    }));
});
