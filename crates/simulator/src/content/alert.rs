//! Graph `security/alerts_v2`, and the same records nested in an incident.

use super::incident::comment;
use super::{IncidentState, Show, incident_number, legacy};
use crate::catalogue::playbook::CLOSING;
use crate::catalogue::{Severity, Template};
use crate::evidence::{self, Item};
use crate::filetime::SECOND;
use crate::json::{Digits, Json, write_hex};
use crate::list::Story;
use crate::timeline::{EventKind, TenantModel};

/// Alert ids look like ticks, a product's letters in front and the alert's number behind.
const FIRST_TICKS: u64 = 638_700_000_000_000_000;
const TICKS_PER_INCIDENT: u64 = 6_000_019;

fn id_parts(state: &IncidentState<'_>, alert: u32) -> (&'static str, Digits, Digits) {
    let ticks = FIRST_TICKS + state.index * TICKS_PER_INCIDENT;
    (state.scenario.theme.template(alert).service.prefix, Digits::new(ticks), Digits::new(u64::from(alert)))
}

/// `id` of an alert.
pub(crate) fn id(state: &IncidentState<'_>, alert: u32) -> String {
    let (prefix, ticks, number) = id_parts(state, alert);
    [prefix, ticks.as_str(), "_", number.as_str()].concat()
}

/// Incident index and number of the alert with this `id`.
pub(crate) fn parse_id(model: &TenantModel<'_>, text: &str) -> Option<(u64, u32)> {
    let (ticks, number) = text.get(2..)?.split_once('_')?;
    let offset = ticks.parse::<u64>().ok()?.checked_sub(FIRST_TICKS)?;
    let (index, alert) = (offset / TICKS_PER_INCIDENT, number.parse().ok()?);
    (index < model.tenant.incidents && id(&IncidentState::new(*model, index), alert) == text).then_some((index, alert))
}

/// Number of evidence items of the alert.
pub(crate) fn evidence_count(state: &IncidentState<'_>, alert: u32) -> u32 {
    evidence::count(state, alert)
}

/// First and last activity that the alert is about. The story runs through its hours in order.
pub(crate) fn activity(state: &IncidentState<'_>, alert: u32) -> (i64, i64) {
    if state.scenario.story {
        let minutes = match state.index {
            0 => 14 * i64::from(alert),
            1 => 3 * i64::from(alert),
            _ => 160 + 9 * i64::from(alert),
        };
        let first = state.opens() + minutes * 60 * SECOND;
        return (first, first + 260 * SECOND);
    }
    let rng = state.scenario.rng.sub(0xAC71).sub(u64::from(alert));
    let last = state.updated(state.line.birth(alert))
        - (30 + rng.below(1, 2400)) as i64 * SECOND
        - rng.below(3, 9_999_999) as i64;
    (last - rng.below(2, 7200) as i64 * SECOND, last)
}

/// One alert as it is after incident event `event`.
pub(crate) fn write(state: &IncidentState<'_>, alert: u32, event: usize, show: Show, json: &mut Json<'_>) {
    let (touched, template) = (state.line.touched(alert, event), state.scenario.theme.template(alert));
    let (prefix, ticks, number) = id_parts(state, alert);
    let id = [prefix, ticks.as_str(), "_", number.as_str()];
    let owner = Digits::new(incident_number(state.owner(touched)));
    let tenant = &state.model.tenant.id;
    json.out.push(b'{');
    json.cat("id", &id);
    json.cat("providerAlertId", &id[1..]);
    json.text("incidentId", owner.as_str());
    json.text("status", state.alert_status(touched));
    json.text("severity", template.severity.name());
    let [classification, determination, ..] = state.verdict(touched);
    json.text("classification", classification);
    json.text("determination", determination);
    json.member("serviceSource", template.service.source);
    json.member("detectionSource", template.detection);
    json.text("productName", template.service.product);
    detector(template, json);
    json.text("tenantId", tenant);
    json.text("title", template.title);
    describe(state, template, alert, show, json);
    json.when(!template.advice.is_empty(), "recommendedActions", |json, key| {
        json.cat(key, &[template.advice, "\n\n", template.service.playbook, CLOSING]);
    });
    json.text("category", template.category);
    json.list("categories", &[template.category]);
    json.opt("assignedTo", state.assignee(touched));
    json.cat("alertWebUrl", &["https://security.microsoft.com/alerts/", id[0], id[1], id[2], id[3], "?tid=", tenant]);
    json.cat(
        "incidentWebUrl",
        &["https://security.microsoft.com/incident2/", owner.as_str(), "/overview?tid=", tenant],
    );
    threat(state, template, json);
    json.list("mitreTechniques", template.techniques);
    times(state, alert, touched, json);
    investigation(state, template, alert, touched, json);
    json.list("systemTags", if state.scenario.story { &["Attack Disruption"] } else { &[] });
    comments(state, alert, touched, json);
    custom(state, template, alert, json);
    json.array("evidence", |json| {
        for at in 0..evidence::count(state, alert) {
            json.item(|json| Item::new(state, alert, at, touched).write(json));
        }
    });
    json.out.push(b'}');
}

fn detector(template: &Template, json: &mut Json<'_>) {
    let seed = template.title.bytes().fold(7_u64, |h, b| h.wrapping_mul(0x0000_0100_0000_01B3) ^ u64::from(b));
    json.guid("detectorId", seed);
    json.when(template.detection.contains("olicy") || template.service.prefix == "dl", "alertPolicyId", |json, key| {
        json.guid(key, seed ^ 1);
    });
}

fn describe(state: &IncidentState<'_>, template: &Template, alert: u32, show: Show, json: &mut Json<'_>) {
    let padding = match show.oversize {
        Some((incident, number, bytes)) if incident == state.index && number == alert => "x".repeat(bytes),
        _ => String::new(),
    };
    let [given, space, family] = state.scenario.user.display();
    let who = [" Account concerned: ", given, space, family, " ("];
    let upn = state.scenario.user.upn();
    state.scenario.workstation.with_name(|host| {
        let parts = [
            template.description,
            who[0],
            who[1],
            who[2],
            who[3],
            who[4],
            upn[0],
            upn[1],
            upn[2],
            upn[3],
            upn[4],
            "), usually working on ",
            host[0],
            host[1],
            host[2],
            host[3],
            ".",
            &padding,
        ];
        json.cat("description", &parts);
    });
}

fn threat(state: &IncidentState<'_>, template: &Template, json: &mut Json<'_>) {
    let rng = state.scenario.rng;
    json.opt("actorDisplayName", (state.scenario.story || rng.chance(50, 3)).then_some("Quiet Ledger"));
    match template.family {
        Some(family) => json.cat("threatDisplayName", &["Trojan:Win32/", family, ".A!ml"]),
        None => json.null("threatDisplayName"),
    }
    json.opt("threatFamilyName", template.family);
}

fn times(state: &IncidentState<'_>, alert: u32, touched: usize, json: &mut Json<'_>) {
    let (first, last) = activity(state, alert);
    json.time("createdDateTime", state.updated(state.line.birth(alert)));
    json.time("lastUpdateDateTime", state.updated(touched));
    json.opt_time("resolvedDateTime", state.line.when(EventKind::Resolved, touched));
    json.time("firstActivityDateTime", first);
    json.time("lastActivityDateTime", last);
}

fn investigation(state: &IncidentState<'_>, template: &Template, alert: u32, touched: usize, json: &mut Json<'_>) {
    let rng = state.scenario.rng.sub(0x1417).sub(u64::from(alert));
    let state = match (template.service.prefix, touched) {
        ("da" | "fa", 0) => rng.pick(1, &["queued", "running", "unsupportedAlertType", "pendingApproval", "unknown"]),
        ("da" | "fa", _) => rng.pick(
            1,
            &[
                "successfullyRemediated",
                "benign",
                "partiallyRemediated",
                "terminatedByUser",
                "partiallyInvestigated",
                "unsupportedOs",
            ],
        ),
        _ => "unsupportedAlertType",
    };
    json.text("investigationState", state);
}

fn comments(state: &IncidentState<'_>, alert: u32, touched: usize, json: &mut Json<'_>) {
    json.array("comments", |json| {
        // The first alert carries what was said about it; others stay without.
        for (at, time) in state.line.comments(touched).enumerate().filter(|_| alert == 0) {
            json.item(|json| {
                json.text("comment", comment(state, at as u64));
                json.opt("createdByDisplayName", state.assignee(touched));
                json.time("createdDateTime", time);
            });
        }
    });
}

/// The two open dictionaries, filled by rules of the customer's own and by products that have more to say.
fn custom(state: &IncidentState<'_>, template: &Template, alert: u32, json: &mut Json<'_>) {
    let rng = state.scenario.rng.sub(0xC057).sub(u64::from(alert));
    json.when(template.service.prefix == "sn", "customDetails", |json, key| {
        json.object(key, |json| {
            state.scenario.remote.with_ip(|ip| json.cat("RemoteAddress", ip));
            json.text("Watchlist", "rare-domains");
        });
    });
    json.when(rng.chance(1, 30) || template.severity == Severity::High, "additionalData", |json, key| {
        json.object(key, |json| {
            json.num("AlertCountForEntity", 1 + rng.below(2, 20) as i64);
            let mut hash = Vec::with_capacity(32);
            write_hex(&mut hash, rng.draw(3), 32);
            json.text("CorrelationKey", std::str::from_utf8(&hash).unwrap_or_default());
        });
    });
}

/// The alerts that show under an incident after an event, its own first, then those of an incident merged into it.
pub(crate) struct Nested<'c, 'a> {
    pub(crate) state: &'c IncidentState<'a>,
    pub(crate) event: usize,
    pub(crate) list: Story,
    pub(crate) show: Show,
}

impl Nested<'_, '_> {
    /// Appends the alert number `at` with its comma; false behind the last one.
    pub(crate) fn write(&self, at: u32, out: &mut Vec<u8>) -> bool {
        let own = self.state.own_alerts(self.event);
        let joined = if at < own { None } else { self.state.merged(self.event) };
        let (state, number, event) = match &joined {
            _ if at < own => (self.state, at, self.event),
            Some((from, last)) if at - own < from.line.events()[*last].born => (from, at - own, *last),
            _ => return false,
        };
        if at > 0 {
            out.push(b',');
        }
        let mut json = Json::new(out, self.show.newer);
        match self.list {
            Story::LegacyIncidents => legacy::alert(state, number, event, &mut json),
            Story::Incidents | Story::Alerts => write(state, number, event, self.show, &mut json),
        }
        true
    }
}
