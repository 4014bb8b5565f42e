//! Any bytes as frames of an agent: no panic, no unit reported twice, no part too large.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| agent::probe::check(data));
