//! Graph `security/incidents`.

use super::{IncidentState, incident_number};
use crate::json::{Digits, Json};
use crate::timeline::EventKind;

const COMMENTS: [&str; 4] = [
    "Confirmed with the user by phone. Sessions revoked, password reset.",
    "Machine isolated, investigation package collected. Waiting for the owner of the share.",
    "Searched for the same indicators on all other machines, nothing found so far.",
    "Known maintenance of the workplace team, compared with the change calendar.",
];

/// All properties of an incident, without the closing brace.
pub(crate) fn head(state: &IncidentState<'_>, event: usize, json: &mut Json<'_>) {
    let (tenant, rng, theme) = (state.model.tenant, state.scenario.rng, state.scenario.theme);
    let number = Digits::new(incident_number(state.index));
    let redirect = (state.owner(event) != state.index).then(|| Digits::new(incident_number(state.owner(event))));
    let resolved = state.line.has(EventKind::Resolved, event);
    let severity = theme.severity(state.alerts);
    json.out.push(b'{');
    json.text("id", number.as_str());
    json.text("tenantId", &tenant.id);
    json.member("status", state.incident_status(event));
    json.cat(
        "incidentWebUrl",
        &["https://security.microsoft.com/incident2/", number.as_str(), "/overview?tid=", &tenant.id],
    );
    json.opt("redirectIncidentId", redirect.as_ref().map(Digits::as_str));
    json.text("displayName", theme.name);
    json.time("createdDateTime", state.line.created);
    json.time("lastUpdateDateTime", state.updated(event));
    json.opt("assignedTo", state.assignee(event));
    let [classification, determination, ..] = state.verdict(event);
    json.text("classification", classification);
    json.text("determination", determination);
    json.text("severity", severity.name());
    json.list("customTags", if state.line.has(EventKind::Assigned, event) { theme.tags } else { &[] });
    json.list("systemTags", if state.scenario.story { &["Attack Disruption", "Ransomware precursor"] } else { &[] });
    describe(state, json);
    json.opt("lastModifiedBy", state.assignee(event).or(Some("Microsoft 365 Defender-IncidentCorrelation")));
    json.opt("resolvingComment", resolved.then(|| rng.pick(42, &COMMENTS)));
    json.when(rng.chance(43, 60) || state.scenario.story, "priorityScore", |json, key| {
        json.num(key, severity as i64 * 24 + rng.below(44, 28) as i64);
    });
    comments(state, event, json);
}

fn describe(state: &IncidentState<'_>, json: &mut Json<'_>) {
    let (scenario, count) = (&state.scenario, Digits::new(u64::from(state.alerts)));
    if !(scenario.story || scenario.rng.chance(45, 94)) {
        json.nulls(&["description", "summary"]);
        return;
    }
    let [given, space, family] = scenario.user.display();
    json.cat(
        "description",
        &[
            "Correlated ",
            count.as_str(),
            " alerts around ",
            given,
            space,
            family,
            ": ",
            scenario.theme.template(0).title,
            ".",
        ],
    );
    scenario.workstation.with_name(|host| {
        let parts =
            ["Activity of ", given, space, family, " and of ", host[0], host[1], host[2], host[3], " was grouped."];
        json.cat("summary", &parts);
    });
}

/// Comments in the shape of the metadata's `alertComment`.
pub(crate) fn comments(state: &IncidentState<'_>, event: usize, json: &mut Json<'_>) {
    json.array("comments", |json| {
        for (at, time) in state.line.comments(event).enumerate() {
            json.item(|json| {
                json.text("comment", comment(state, at as u64));
                json.opt("createdByDisplayName", state.assignee(event));
                json.time("createdDateTime", time);
            });
        }
    });
}

pub(crate) fn comment(state: &IncidentState<'_>, at: u64) -> &'static str {
    let first = state.scenario.rng.below(46, COMMENTS.len() as u64);
    COMMENTS[((first + at) % COMMENTS.len() as u64) as usize]
}
