//! Markdown panels, for short explanations.

use serde_json::{Value, json};

/// `embeddableConfig` of a Markdown panel.
pub(crate) fn markdown(text: &str) -> Value {
    json!({
        "enhancements": {},
        "savedVis": {
            "type": "markdown", "title": "", "description": "", "id": "",
            "params": {"fontSize": 12, "markdown": text, "openLinksInNewTab": false},
            "uiState": {},
            "data": {"aggs": [], "searchSource": {"query": {"language": "kuery", "query": ""}, "filter": []}},
        },
    })
}
