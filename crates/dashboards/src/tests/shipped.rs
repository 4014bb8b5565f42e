//! The dashboards that ship are understood, every panel of them.

use crate::saved_objects::{self, SavedObject};
use std::collections::BTreeSet;

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

#[test]
fn clicks_lead_from_the_whole_to_every_detail() {
    let all = crate::all();
    // Health is about the collector, not about what it collects.
    let (whole, apart) = (["overview", "incident-investigation"], ["overview", "collection-health"]);
    let from = all.iter().filter(|dashboard| whole.contains(&dashboard.name));
    let opened: BTreeSet<&str> =
        from.flat_map(|dashboard| &dashboard.placed).flat_map(|(_, panel)| panel.opens.iter().copied()).collect();
    let missing = all.iter().map(|dashboard| dashboard.name).filter(|name| !apart.contains(name));
    assert_eq!(missing.filter(|name| !opened.contains(name)).collect::<Vec<_>>(), Vec::<&str>::new());
}
