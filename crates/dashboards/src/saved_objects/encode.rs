//! The encoded form of saved objects, where parts of the attributes are JSON as text.

use serde_json::Value;

/// The decoded object with its parts as text, inner ones first. What is text already stays as it is.
pub fn encode(mut object: Value) -> Value {
    let attributes = &mut object["attributes"];
    if let Some(panels) = attributes.get_mut("panelsJSON").and_then(Value::as_array_mut) {
        for panel in panels {
            if let Some(attributes) = panel.pointer_mut("/embeddableConfig/attributes") {
                for path in ["/layerListJSON", "/mapStateJSON", "/uiStateJSON", SEARCH_SOURCE] {
                    text(attributes, path);
                }
            }
        }
    }
    let outer =
        ["/panelsJSON", "/optionsJSON", "/controlGroupInput/panelsJSON", "/controlGroupInput/ignoreParentSettingsJSON"];
    for path in outer.into_iter().chain([SEARCH_SOURCE]) {
        text(attributes, path);
    }
    object
}

const SEARCH_SOURCE: &str = "/kibanaSavedObjectMeta/searchSourceJSON";

fn text(value: &mut Value, path: &str) {
    if let Some(part) = value.pointer_mut(path).filter(|part| !part.is_string()) {
        *part = Value::String(part.to_string());
    }
}
