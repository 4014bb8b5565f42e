//! The bytes of one record, as pure functions of tenant, index and version.

pub(crate) mod alert;
pub(crate) mod incident;
pub(crate) mod legacy;
mod state;

pub(crate) use self::state::IncidentState;
use crate::json::Json;
use crate::list::{List, Story};
use crate::listing::Hit;
use crate::query::filter::Facets;
use crate::templates::Record;
use crate::tenant::Tenant;
use crate::timeline::TenantModel;

/// First incident number of every tenant.
const FIRST_INCIDENT: u64 = 20_000;

/// `id` of an incident.
pub(crate) fn incident_number(index: u64) -> u64 {
    FIRST_INCIDENT + index
}

/// Index of the incident with this `id`.
pub(crate) fn incident_index(tenant: &Tenant, id: &str) -> Option<u64> {
    let index = id.parse::<u64>().ok()?.checked_sub(FIRST_INCIDENT)?;
    (index < tenant.incidents && id.bytes().all(|b| b.is_ascii_digit())).then_some(index)
}

/// How records are shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Show {
    /// The client asked for enumeration members newer than `unknownFutureValue`.
    pub(crate) newer: bool,
    /// Pads the description of one alert (incident, alert) by this many bytes.
    pub(crate) oversize: Option<(u64, u32, usize)>,
}

impl Show {
    pub(crate) const ALL: Show = Show { newer: true, oversize: None };
}

/// The record of a list with this `id`: its incident, and its number within it.
pub(crate) fn locate(list: &'static List, model: &TenantModel<'_>, id: &str) -> Option<(u64, u32)> {
    match list.story() {
        Some(Story::Alerts) => alert::parse_id(model, id),
        Some(Story::Incidents | Story::LegacyIncidents) => incident_index(model.tenant, id).map(|index| (index, 0)),
        None => Record::find(list, *model, id).map(|record| record.place()),
    }
}

/// The record of a list as it is visible at `now`.
pub(crate) fn visible(list: &'static List, state: &IncidentState<'_>, number: u32, now: i64) -> Option<Hit> {
    let incident = state.index;
    let event = match list.story() {
        Some(Story::Incidents | Story::LegacyIncidents) => state.line.visible(now)?,
        Some(Story::Alerts) => state.line.visible(now).filter(|event| number < state.line.events()[*event].born)?,
        None => Record::new(list, state.model, incident, number)?.life().visible(now)?,
    };
    Some(Hit { incident, number, event })
}

/// Records of a list that an incident has at most.
pub(crate) fn most_records(list: &'static List, state: &IncidentState<'_>) -> u32 {
    match list.story() {
        Some(Story::Incidents | Story::LegacyIncidents) => 1,
        Some(Story::Alerts) => state.alerts,
        None => Record::all(list, state.model, state.index).count() as u32,
    }
}

/// Appends a record of a list; an incident without its alerts, one of the legacy API with them.
pub(crate) fn write(list: &'static List, state: &IncidentState<'_>, hit: &Hit, show: Show, out: &mut Vec<u8>) {
    match list.story() {
        Some(Story::Incidents) => incident_at(state, hit.event, false, show, out),
        Some(Story::LegacyIncidents) => legacy_at(state, hit.event, out),
        Some(Story::Alerts) => {
            alert::write(state, hit.number, hit.event, show, &mut Json::new(out, show.newer));
        }
        None => {
            if let Some(record) = Record::new(list, state.model, state.index, hit.number) {
                record.write(hit.event, out);
            }
        }
    }
}

/// The filterable properties of a record.
pub(crate) fn facets(state: &IncidentState<'_>, list: &'static List, hit: &Hit) -> Facets {
    if list.story().is_none() {
        let life = Record::new(list, state.model, state.index, hit.number).map(|record| record.life());
        return life.map_or_else(Facets::default, |life| Facets {
            created: life.created(),
            updated: life.time(hit.event),
            ..Facets::default()
        });
    }
    let is_alert = list.is(Story::Alerts);
    let touched = if is_alert { state.line.touched(hit.number, hit.event) } else { hit.event };
    let [classification, determination, ..] = state.verdict(touched);
    let common = Facets {
        created: state.line.created,
        updated: state.updated(touched),
        assigned: state.assignee(touched),
        classification,
        determination,
        severity: state.scenario.theme.severity(state.alerts).name(),
        status: state.incident_status(touched),
        service: "",
    };
    if !is_alert {
        return common;
    }
    let template = state.scenario.theme.template(hit.number);
    Facets {
        created: state.updated(state.line.birth(hit.number)),
        severity: template.severity.name(),
        status: state.alert_status(touched),
        service: template.service.source,
        ..common
    }
}

/// Appends one incident as it is after `event`.
pub(crate) fn incident_at(state: &IncidentState<'_>, event: usize, expand: bool, show: Show, out: &mut Vec<u8>) {
    incident::head(state, event, &mut Json::new(out, show.newer));
    if expand {
        close_with_alerts(&alert::Nested { state, event, list: Story::Incidents, show }, out);
    } else {
        out.push(b'}');
    }
}

fn close_with_alerts(alerts: &alert::Nested<'_, '_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"alerts\":[");
    let mut at = 0;
    while alerts.write(at, out) {
        at += 1;
    }
    out.extend_from_slice(b"]}");
}

/// Appends one record of Graph `security/incidents`, byte for byte as the service sends it to a client that asks for all
/// enumeration members. A version beyond the last one is the last one.
pub fn incident_json(tenant: &Tenant, index: u64, version: u32, expand_alerts: bool, out: &mut Vec<u8>) {
    let state = IncidentState::new(TenantModel::new(tenant), index);
    incident_at(&state, state.line.event_of(version), expand_alerts, Show::ALL, out);
}

/// Appends one record of Graph `security/alerts_v2`: alert number `alert` of incident number `incident`. A version beyond
/// the last one is the last one.
pub fn alert_json(tenant: &Tenant, incident: u64, alert: u32, version: u32, out: &mut Vec<u8>) {
    let state = IncidentState::new(TenantModel::new(tenant), incident);
    let event = state.line.alert_event(alert, version);
    alert::write(&state, alert, event, Show::ALL, &mut Json::new(out, true));
}

/// Appends one record of the legacy `/api/incidents`, its alerts and their entities included. A version beyond the last one
/// is the last one.
pub fn legacy_incident_json(tenant: &Tenant, index: u64, version: u32, out: &mut Vec<u8>) {
    let state = IncidentState::new(TenantModel::new(tenant), index);
    legacy_at(&state, state.line.event_of(version), out);
}

/// Appends one incident of the legacy API as it is after `event`.
pub(crate) fn legacy_at(state: &IncidentState<'_>, event: usize, out: &mut Vec<u8>) {
    legacy::head(state, event, &mut Json::new(out, true));
    close_with_alerts(&alert::Nested { state, event, list: Story::LegacyIncidents, show: Show::ALL }, out);
}

/// Number of alerts that the incident raises over its life, whatever becomes of it.
pub fn alert_count(tenant: &Tenant, incident: u64) -> u32 {
    TenantModel::new(tenant).alerts(incident)
}

/// Number of versions that the incident goes through; versions count from 0.
pub fn incident_versions(tenant: &Tenant, index: u64) -> u32 {
    TenantModel::new(tenant).timeline(index).events().len() as u32
}
