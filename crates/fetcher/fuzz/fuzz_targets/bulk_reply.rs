//! Any bytes as a bulk reply: no panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = output::elasticsearch::reply::read_reply(data, &mut |_, _| {});
});
