//! Names and types of Elastic's package, so that searches written for it find the same things here.

use std::collections::BTreeSet;

use super::reference;
use crate::incumbent::{differences, fields};
use crate::{dataset, ecs};

#[test]
fn the_list_is_no_stub() {
    let count = |name: &str| fields().filter(|(dataset, ..)| *dataset == name).count();
    assert!(count("incident") > 30 && count("alert") > 140 && count("log") > 45);
    let names: Vec<_> = fields().map(|(dataset, field, _)| (dataset, field)).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "a field stands there twice");
    for field in [
        "m365_defender.incident.comments.comment",
        "m365_defender.incident.comments.createdBy",
        "m365_defender.incident.comments.createdTime",
        "m365_defender.incident.web_url.full",
        "m365_defender.incident.web_url.username",
        "m365_defender.incident.web_url.password",
        "m365_defender.investigationState",
    ] {
        assert!(names.iter().any(|(_, name)| name == field), "{field}");
    }
}

#[test]
fn fields_of_the_package_are_kept_or_differ_for_a_reason() {
    let differences = differences();
    let unexplained: Vec<_> = differences.iter().filter(|one| one.why.is_empty()).collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    let missing = differences.iter().filter(|one| one.ours.is_none());
    assert!(missing.clone().all(|one| one.field.contains(".comments.")), "{:?}", missing.collect::<Vec<_>>());
    // Evidence documents have the names of the alert's evidence.
    let evidence: BTreeSet<_> =
        dataset("evidence").expect("dataset").fields().into_iter().map(|field| field.name).collect();
    for (_, field, _) in fields().filter(|(_, field, _)| field.starts_with("m365_defender.alert.evidence.")) {
        assert!(evidence.contains(&field), "{field}");
    }
}

/// Custom fields that Elastic's own detection rules for the package's records use.
#[test]
fn detection_rules_for_the_package_find_their_fields() {
    let rules = reference("detection_rules.json");
    let mut seen = 0;
    for rule in rules.as_array().expect("rules") {
        for name in ["incident", "alert", "log"] {
            let index = format!("logs-m365_defender.{name}-*");
            let names = |key: &str| rule[key].as_array().into_iter().flatten().filter_map(|name| name.as_str());
            if !names("index").any(|one| one == index) {
                continue;
            }
            let ours: BTreeSet<String> =
                dataset(name).expect("dataset").fields().into_iter().map(|field| field.name).collect();
            for field in names("fields").filter(|field| !field.starts_with('_') && *field != "data_stream.dataset") {
                let custom = field.starts_with("m365_defender.");
                // A rule for several products names fields that only some of them have.
                let needed = custom || (names("index").count() == 1 && ecs::find(field).is_some());
                assert!(!needed || ours.contains(field), "{}: {field} in {name}", rule["id"]);
                seen += usize::from(needed);
            }
        }
    }
    assert!(seen > 5, "{seen} fields compared");
}
