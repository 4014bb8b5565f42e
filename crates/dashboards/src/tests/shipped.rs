//! The dashboards that ship are understood, every panel of them.

use crate::saved_objects::{self, SavedObject};
use panels::lens::{Fields, Library, View, queries};

#[test]
fn every_shipped_panel_is_understood() {
    let all = crate::all();
    let mut objects = saved_objects::searches(&all);
    objects.extend(saved_objects::data_views());
    let objects: Vec<_> = objects.iter().map(SavedObject::decoded).collect();
    let library = Library::new(&objects);
    let view = View { now: 1_772_452_800_000, ..View::default() };
    // State has fields of its own.
    let mut fields = Fields::of_catalog();
    for entity in crate::state::ENTITIES {
        fields.extend(entity.fields(schema::catalog()).into_iter().map(|field| (field.name, field.kind)));
    }
    let (mut count, mut errors) = (0, Vec::new());
    for dashboard in saved_objects::dashboards(&all) {
        match queries(&dashboard.decoded(), &library, &fields, &view) {
            Ok(found) => count += found.len(),
            Err(found) => errors.extend(found.iter().map(ToString::to_string)),
        }
    }
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    assert!(count > 0, "nothing ships");
}
