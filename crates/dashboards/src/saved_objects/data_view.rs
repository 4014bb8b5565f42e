//! Data views (`index-pattern`): over the current state, one per entity, and over all logs where Fleet is not there to make it.

use serde_json::{Value, json};

use super::SavedObject;
use crate::fields::ecs;
use crate::source::{Entity, HISTORY};

/// Data views over the current state. They have no time field, so that what is true now is shown whatever the time range is.
/// How incidents were handled is asked for by time: a time range is one of last changes there.
pub fn data_views() -> Vec<SavedObject> {
    Entity::ALL.iter().map(|entity| state(*entity)).collect()
}

/// The data view of all logs.
pub fn history() -> SavedObject {
    let attributes = json!({"title": HISTORY, "name": HISTORY, "timeFieldName": ecs::TIMESTAMP.name()});
    object(HISTORY.to_owned(), attributes)
}

fn state(entity: Entity) -> SavedObject {
    // Pages of the Defender portal are links.
    let link = json!({"id": "url", "params": {"urlTemplate": "{{value}}", "labelTemplate": "Open"}});
    let formats: Value = json!({ecs::EVENT_URL.name(): link});
    let mut attributes = json!({
        "title": entity.alias(),
        "name": format!("[M365 Security] {}", entity.title()),
        "allowNoIndex": true,
        "fieldFormatMap": formats.to_string(),
        "sourceFilters": "[]", "fields": "[]", "typeMeta": "{}", "runtimeFieldMap": "{}", "fieldAttrs": "{}",
    });
    if entity == Entity::IncidentResponse {
        attributes["timeFieldName"] = json!(ecs::TIMESTAMP.name());
    }
    object(entity.data_view(), attributes)
}

fn object(id: String, attributes: Value) -> SavedObject {
    SavedObject { kind: "index-pattern", id, version: "8.0.0", attributes, references: Vec::new() }
}
