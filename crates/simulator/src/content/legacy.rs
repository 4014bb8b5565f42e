//! The Defender API's `/api/incidents`: flat entities, devices apart, members in Pascal case.

mod entity;

use super::alert::{activity, id};
use super::incident::comment;
use super::{IncidentState, incident_number};
use crate::entities::{AD_DOMAIN, Host};
use crate::evidence::{self, Item, Kind};
use crate::json::Json;
use crate::timeline::EventKind;

/// All properties of an incident but `alerts`, without the closing brace.
pub(crate) fn head(state: &IncidentState<'_>, event: usize, json: &mut Json<'_>) {
    let theme = state.scenario.theme;
    let [.., classification, determination] = state.verdict(event);
    json.out.push(b'{');
    json.num("incidentId", incident_number(state.index).cast_signed());
    json.when(state.owner(event) != state.index, "redirectIncidentId", |json, key| {
        json.num(key, incident_number(state.owner(event)).cast_signed());
    });
    json.text("incidentName", theme.name);
    json.time("createdTime", state.line.created);
    json.time("lastUpdateTime", state.updated(event));
    json.opt("assignedTo", state.assignee(event));
    json.text("classification", classification);
    json.text("determination", determination);
    json.text(
        "status",
        match state.incident_status(event) {
            "resolved" => "Resolved",
            "redirected" => "Redirected",
            "inProgress" => "InProgress",
            "+awaitingAction" => "AwaitingAction",
            _ => "Active",
        },
    );
    json.text("severity", theme.severity(state.alerts).legacy());
    json.list("tags", if state.line.has(EventKind::Assigned, event) { theme.tags } else { &[] });
    json.array("comments", |json| {
        for (at, time) in state.line.comments(event).enumerate() {
            json.item(|json| {
                json.text("comment", comment(state, at as u64));
                json.opt("createdBy", state.assignee(event));
                json.time("createdTime", time);
            });
        }
    });
}

/// One alert as it is after incident event `event`.
pub(crate) fn alert(state: &IncidentState<'_>, number: u32, event: usize, json: &mut Json<'_>) {
    let (touched, template) = (state.line.touched(number, event), state.scenario.theme.template(number));
    let [.., classification, determination] = state.verdict(touched);
    let decided = state.line.has(EventKind::Resolved, touched);
    let (first, last) = activity(state, number);
    json.out.push(b'{');
    json.text("alertId", &id(state, number));
    json.num("incidentId", incident_number(state.owner(touched)).cast_signed());
    json.text("serviceSource", template.service.legacy);
    json.time("creationTime", state.updated(state.line.birth(number)));
    json.time("lastUpdatedTime", state.updated(touched));
    json.opt_time("resolvedTime", state.line.when(EventKind::Resolved, touched));
    json.time("firstActivity", first);
    json.time("lastActivity", last);
    json.text("title", template.title);
    json.text("description", template.description);
    json.text("category", template.category);
    json.text(
        "status",
        match state.alert_status(touched) {
            "resolved" => "Resolved",
            "inProgress" => "InProgress",
            _ => "New",
        },
    );
    json.text("severity", template.severity.legacy());
    json.null("investigationId");
    json.text("investigationState", if touched == 0 { "Queued" } else { "UnsupportedAlertType" });
    json.opt("classification", decided.then_some(classification));
    json.opt("determination", decided.then_some(determination));
    json.text("detectionSource", detection(template.detection));
    json.opt("assignedTo", state.assignee(touched));
    json.opt("actorName", state.scenario.story.then_some("Quiet Ledger"));
    json.opt("threatFamilyName", template.family);
    json.list("mitreTechniques", template.techniques);
    let count = evidence::count(state, number);
    let items = || (0..count).map(|at| Item::new(state, number, at, touched));
    json.array("devices", |json| {
        for item in items().filter(|item| item.kind() == Kind::Device) {
            json.item(|json| device(item.host(), &item, json));
        }
    });
    json.array("entities", |json| {
        for item in items().filter(|item| entity::type_of(item.kind()).is_some()) {
            json.item(|json| entity::write(&item, json));
        }
    });
    json.out.push(b'}');
}

/// Number of `entities` of the alert.
pub(crate) fn entity_count(state: &IncidentState<'_>, number: u32) -> u32 {
    let kinds = (0..evidence::count(state, number)).map(|at| Item::new(state, number, at, 0).kind());
    kinds.filter(|kind| entity::type_of(*kind).is_some()).count() as u32
}

fn detection(source: &str) -> &'static str {
    match source {
        "antivirus" => "WindowsDefenderAv",
        "smartScreen" => "WindowsDefenderSmartScreen",
        "microsoftDefenderForEndpoint" => "WindowsDefenderAtp",
        "microsoftDefenderForOffice365" | "manual" => "OfficeATP",
        "microsoftDefenderForIdentity" => "AzureATP",
        "cloudAppSecurity" => "MCAS",
        "azureAdIdentityProtection" => "AAD Identity Protection",
        "microsoft365Defender" => "MTP",
        "customDetection" => "CustomDetection",
        "microsoftDataLossPrevention" => "Microsoft Data Loss Prevention",
        _ => "Unknown",
    }
}

fn device(host: Host, item: &Item<'_>, json: &mut Json<'_>) {
    let os = host.os();
    host.write_mde_id("mdatpDeviceId", json);
    json.when(!(host.server), "aadDeviceId", |json, key| json.guid(key, host.id() ^ 1));
    host.with_name(|name| json.cat("deviceDnsName", &[name[0], name[1], name[2], name[3], ".", AD_DOMAIN]));
    json.text("osPlatform", os.platform);
    json.text("version", os.version);
    json.text("osProcessor", "x64");
    json.when(os.build != 0, "osBuild", |json, key| json.num(key, os.build));
    json.text("healthStatus", "Active");
    json.text("riskScore", item.rng.pick(21, &["None", "Low", "Medium", "High"]));
    json.text("rbacGroupName", if host.server { "Servers" } else { "Workstations" });
    json.num("rbacGroupId", 75 + i64::from(host.server));
    json.time("firstSeen", item.created - (20 + i64::from(host.number) % 300) * 86_400 * crate::filetime::SECOND);
}
