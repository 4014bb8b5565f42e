//! What tests of dead letters need, here and where they are replayed.

use std::fs;
use std::path::Path;

use common::health::Rejection;
use serde_json::Value;

/// Tenant of the rejections.
pub const TENANT: &str = "11111111-2222-3333-4444-555555555555";

/// A rejection of an alert.
pub fn rejection<'a>(reason: &'a str, record: Option<&'a str>) -> Rejection<'a> {
    Rejection { dataset: "alert", tenant: TENANT, reason, detail: "said", record }
}

/// All letters of a folder.
pub fn letters(folder: &Path) -> Vec<Value> {
    let mut letters = Vec::new();
    for file in fs::read_dir(folder).expect("folder") {
        let path = file.expect("file").path();
        if path.extension().is_some_and(|extension| extension == "ndjson") {
            let text = fs::read_to_string(path).expect("text");
            letters.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")));
        }
    }
    letters
}
