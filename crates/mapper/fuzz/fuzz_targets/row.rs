//! A row is accepted exactly if `serde_json` reads an object from it, but for our own limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mapper::Row;
use serde_json::Value;

/// Levels of nesting that a row may have, scalars counted.
const LEVELS: usize = 64;

fuzz_target!(|bytes: &[u8]| {
    // `serde_json` gives this name a meaning of its own.
    if bytes.windows(22).any(|part| part == b"serde_json::private::R") {
        return;
    }
    let ours = Row::parse(bytes).map_err(|reject| reject.reason);
    match (ours, serde_json::from_slice::<Value>(bytes)) {
        (Ok(_), Ok(value)) => assert!(value.is_object() && levels(&value) <= LEVELS),
        (Ok(_), Err(error)) => panic!("serde_json rejects it: {error}"),
        (Err("not_an_object"), Ok(value)) => assert!(!value.is_object()),
        (Err("too_deep"), Ok(value)) => assert!(levels(&value) > LEVELS),
        (Err(reason), Ok(_)) => panic!("serde_json accepts it, we say {reason}"),
        (Err(_), Err(_)) => {}
    }
});

fn levels(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(levels).max().unwrap_or(0),
        Value::Object(object) => object.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}
