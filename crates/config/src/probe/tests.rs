//! What the fuzz target found or might have: kept.

use std::fs;

#[test]
fn kept_configurations_are_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fetcher/fuzz/regressions/configuration");
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("folder") {
        super::check(&fs::read_to_string(entry.expect("entry").path()).expect("reads"));
        count += 1;
    }
    assert!(count >= 4);
}
