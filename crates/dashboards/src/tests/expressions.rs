//! Filters as text, ids.

use crate::fields::{ecs, incident};
use crate::slug;

#[test]
fn text_that_looks_like_an_operator_is_a_value() {
    let name = incident::DISPLAY_NAME;
    assert_eq!(
        name.is(r#"a "quoted" \ or * b"#).kql(),
        r#"m365_defender.incident.display_name : "a \"quoted\" \\ or * b""#
    );
    assert_eq!(name.starts_with("T1 (x)").kql(), r"m365_defender.incident.display_name : T1\ \(x\)*");
}

#[test]
fn what_is_joined_stands_in_parentheses() {
    let (status, owner) = (incident::STATUS, incident::ASSIGNED_TO);
    let filter = !status.any_of(&["resolved", "redirected"]) & (owner.is("a") | !owner.exists());
    assert_eq!(
        filter.kql(),
        "not m365_defender.incident.status : (\"resolved\" or \"redirected\") and \
         (m365_defender.incident.assigned_to : \"a\" or not m365_defender.incident.assigned_to : *)"
    );
    let three = status.exists() & owner.exists() & incident::PRIORITY_SCORE.at_least(80);
    assert_eq!(
        (!three).kql(),
        "not (m365_defender.incident.status : * and m365_defender.incident.assigned_to : * and \
         m365_defender.incident.priority_score >= 80)"
    );
    assert_eq!(ecs::EVENT_CREATED.before("now-1d").kql(), "event.created < \"now-1d\"");
}

#[test]
fn ids_are_words_with_single_hyphens() {
    assert_eq!(slug("  Who -- works on what's open? "), "who-works-on-what-s-open");
    assert_eq!(slug("ATT&CK"), "att-ck");
    assert_eq!(slug("…"), "");
}
