//! Many searches in one request: Elasticsearch's `_msearch`.

use std::fmt::Write;

use panels::lens::Search;
use serde_json::{Value, json};

/// The request's body: a line with the index and a line with the search, each.
pub(crate) fn body(searches: &[Search]) -> String {
    let mut body = String::new();
    for search in searches {
        // An index that there is not is an error of this search alone.
        let head = json!({"index": search.index});
        // A `String` takes everything.
        let _ = write!(body, "{head}\n{}\n", search.body);
    }
    body
}

/// The answers, in the order of the searches; each is a search's answer or the reason why there is none.
///
/// # Errors
/// If the answer is none of `_msearch`.
pub(crate) fn answers(answer: &Value, asked: usize) -> Result<Vec<Result<Value, String>>, String> {
    let responses = answer["responses"].as_array().filter(|responses| responses.len() == asked);
    let responses =
        responses.ok_or_else(|| format!("the answer to {asked} searches holds another number of answers"))?;
    Ok(responses.iter().map(one).collect())
}

fn one(response: &Value) -> Result<Value, String> {
    if response["error"].is_object() {
        return Err(reason(&response["error"]));
    }
    let shards = &response["_shards"];
    if shards["failed"].as_u64().is_some_and(|failed| failed > 0) {
        let cause = reason(&shards["failures"][0]["reason"]);
        return Err(format!("{} of {} shards failed: {cause}", shards["failed"], shards["total"]));
    }
    Ok(response.clone())
}

/// The innermost cause that Elasticsearch names.
fn reason(error: &Value) -> String {
    let cause = [&error["root_cause"][0]["reason"], &error["reason"], &error["type"]];
    cause.into_iter().find_map(Value::as_str).unwrap_or("the cluster gave no reason").to_owned()
}
