//! The saved objects that ship, decoded.

use dashboards::{all, saved_objects, state};
use panels::lens::{Fields, Library};
use serde_json::Value;

/// Dashboards and what they point to.
#[derive(Debug)]
pub(crate) struct Objects {
    /// In the order of the page's navigation.
    pub(crate) dashboards: Vec<Value>,
    /// Data views and saved searches.
    pub(crate) library: Library,
    /// Types of all fields that a panel may name.
    pub(crate) fields: Fields,
}

impl Objects {
    /// The package's own.
    pub(crate) fn own() -> Self {
        let all = all();
        let decoded = |objects: Vec<saved_objects::SavedObject>| {
            objects.iter().map(saved_objects::SavedObject::decoded).collect::<Vec<_>>()
        };
        let mut pointed_to = decoded(saved_objects::data_views());
        pointed_to.extend(decoded(saved_objects::searches(&all)));
        Self {
            dashboards: decoded(saved_objects::dashboards(&all)),
            library: Library::new(&pointed_to),
            fields: fields(),
        }
    }
}

/// Fields of history and of the current state.
pub(crate) fn fields() -> Fields {
    let mut fields = Fields::of_catalog();
    for entity in state::ENTITIES {
        fields.extend(entity.fields(schema::catalog()).into_iter().map(|field| (field.name, field.kind)));
    }
    fields
}
