//! Graph `security/incidents`.

use super::{Case, incident_number};
use crate::json::{Digits, Json};
use crate::timeline::Step;

const COMMENTS: [&str; 4] = [
    "Confirmed with the user by phone. Sessions revoked, password reset.",
    "Machine isolated, investigation package collected. Waiting for the owner of the share.",
    "Searched for the same indicators on all other machines, nothing found so far.",
    "Known maintenance of the workplace team, compared with the change calendar.",
];

/// All properties of an incident, without the closing brace.
pub(crate) fn head(case: &Case<'_>, event: usize, json: &mut Json<'_>) {
    let (tenant, mix, theme) = (case.plan.tenant, case.scene.mix, case.scene.theme);
    let number = Digits::new(incident_number(case.index));
    let redirect = (case.owner(event) != case.index).then(|| Digits::new(incident_number(case.owner(event))));
    let resolved = case.line.has(Step::Resolved, event);
    let severity = theme.severity(case.alerts);
    json.out.push(b'{');
    json.text("id", number.as_str());
    json.text("tenantId", &tenant.id);
    json.member("status", case.incident_status(event));
    json.cat(
        "incidentWebUrl",
        &["https://security.microsoft.com/incident2/", number.as_str(), "/overview?tid=", &tenant.id],
    );
    json.opt("redirectIncidentId", redirect.as_ref().map(Digits::as_str));
    json.text("displayName", theme.name);
    json.time("createdDateTime", case.line.created);
    json.time("lastUpdateDateTime", case.updated(event));
    json.opt("assignedTo", case.assignee(event));
    let [classification, determination, ..] = case.verdict(event);
    json.text("classification", classification);
    json.text("determination", determination);
    json.text("severity", severity.name());
    json.list("customTags", if case.line.has(Step::Assigned, event) { theme.tags } else { &[] });
    json.list("systemTags", if case.scene.story { &["Attack Disruption", "Ransomware precursor"] } else { &[] });
    describe(case, json);
    json.opt("lastModifiedBy", case.assignee(event).or(Some("Microsoft 365 Defender-IncidentCorrelation")));
    json.opt("resolvingComment", resolved.then(|| mix.pick(42, &COMMENTS)));
    json.when(mix.chance(43, 60) || case.scene.story, "priorityScore", |json, key| {
        json.num(key, severity as i64 * 24 + mix.below(44, 28) as i64);
    });
    comments(case, event, json);
}

fn describe(case: &Case<'_>, json: &mut Json<'_>) {
    let (scene, count) = (&case.scene, Digits::new(u64::from(case.alerts)));
    if !(scene.story || scene.mix.chance(45, 94)) {
        json.nulls(&["description", "summary"]);
        return;
    }
    let [given, space, family] = scene.user.display();
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
            scene.theme.template(0).title,
            ".",
        ],
    );
    scene.workstation.with_name(|host| {
        let parts =
            ["Activity of ", given, space, family, " and of ", host[0], host[1], host[2], host[3], " was grouped."];
        json.cat("summary", &parts);
    });
}

/// Comments in the shape of the metadata's `alertComment`.
pub(crate) fn comments(case: &Case<'_>, event: usize, json: &mut Json<'_>) {
    json.array("comments", |json| {
        for (at, time) in case.line.comments(event).enumerate() {
            json.item(|json| {
                json.text("comment", comment(case, at as u64));
                json.opt("createdByDisplayName", case.assignee(event));
                json.time("createdDateTime", time);
            });
        }
    });
}

pub(crate) fn comment(case: &Case<'_>, at: u64) -> &'static str {
    let first = case.scene.mix.below(46, COMMENTS.len() as u64);
    COMMENTS[((first + at) % COMMENTS.len() as u64) as usize]
}
