//! A row that `serde_json` reads as an object is accepted and needs no mending but for our own limits; documents of rows
//! that are read beyond that are the business of the other target.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mapper::Row;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    // `serde_json` gives this name a meaning of its own.
    if bytes.windows(22).any(|part| part == b"serde_json::private::R") {
        return;
    }
    let ours = Row::parse(bytes).map_err(|reject| reject.reason);
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return };
    match ours {
        Ok(row) => {
            for (name, value) in value.as_object().expect("an object") {
                if name.len() <= 512 && !name.contains('\0') {
                    assert_eq!(row.string(name).as_deref(), value.as_str());
                }
            }
        }
        Err("not_an_object") => assert!(!value.is_object()),
        Err(reason) => panic!("serde_json accepts it, we say {reason}"),
    }
});
