//! Any text as a configuration: no panic, errors with a place and without the environment's values.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    fetcher::config::probe::check(text);
});
