//! The oracle: what is visible at a time, counted record by record without the listings.

use chrono::{DateTime, Utc};

use crate::content::{self, Case, Show, alert, incident_number, legacy};
use crate::faults::Endpoint;
use crate::json::Json;
use crate::tenant::Tenant;
use crate::ticks;
use crate::timeline::Plan;

/// Everything that is visible in a tenant at a time, in the order of creation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census {
    /// Incidents at their visible version; `children` is the number of alerts that show under it.
    pub incidents: Vec<Seen>,
    /// Alerts at their visible version; `children` is the number of evidence items.
    pub alerts: Vec<Seen>,
    /// Evidence items of all alerts.
    pub evidence: u64,
    /// Rows of the legacy API: one per (incident, alert, entity).
    pub log_rows: Vec<LogRow>,
}

/// One visible record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `id` of the record.
    pub id: String,
    /// `incidentId` of an alert; of an incident its `redirectIncidentId`, or its own id.
    pub incident: String,
    /// `lastUpdateDateTime`, exact to 100 ns.
    pub last_update: DateTime<Utc>,
    /// Version number: how often the record has changed since it appeared.
    pub version: u32,
    /// Alerts of an incident, evidence items of an alert.
    pub children: u32,
}

/// One row of the legacy API. An alert without entities is one row, as is an incident without alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// `incidentId`.
    pub incident: String,
    /// `alertId`.
    pub alert: Option<String>,
    /// Position in the alert's `entities`.
    pub entity: Option<u32>,
    /// `lastUpdateTime` of the incident.
    pub last_update: DateTime<Utc>,
}

/// Counts a tenant at `now`.
pub(crate) fn take(tenant: &Tenant, now: DateTime<Utc>) -> Census {
    let (plan, now, mut census) = (Plan::new(tenant), ticks::from_time(now), Census::default());
    for index in 0..tenant.incidents {
        let case = Case::new(plan, index);
        let Some(event) = case.line.visible(now) else { continue };
        count_incident(&case, event, &mut census);
    }
    census
}

/// Hands over what became visible with its version after `after` and up to `until`, as the lists would serve it at `until`.
pub(crate) fn changed(
    tenant: &Tenant,
    after: DateTime<Utc>,
    until: DateTime<Utc>,
    each: &mut dyn FnMut(Endpoint, &[u8]),
) {
    let (plan, after, until) = (Plan::new(tenant), ticks::from_time(after), ticks::from_time(until));
    let mut record = Vec::new();
    for index in plan.first_from(after.saturating_sub(plan.span()))..plan.end_at(until) {
        let case = Case::new(plan, index);
        let Some(event) = case.line.visible(until) else { continue };
        let mut give = |endpoint, write: &dyn Fn(&mut Vec<u8>)| {
            record.clear();
            write(&mut record);
            each(endpoint, &record);
        };
        if case.updated(event) > after {
            give(Endpoint::Incidents, &|out| content::incident_at(&case, event, false, Show::ALL, out));
            give(Endpoint::Legacy, &|out| content::legacy_at(&case, event, out));
        }
        for number in 0..case.line.events()[event].born {
            if case.updated(case.line.touched(number, event)) > after {
                give(Endpoint::Alerts, &|out| alert::write(&case, number, event, Show::ALL, &mut Json::new(out, true)));
            }
        }
    }
}

fn count_incident(case: &Case<'_>, event: usize, census: &mut Census) {
    let merged = case.merged(event);
    let own = case.own_alerts(event);
    let joined = merged.as_ref().map_or(0, |(source, last)| source.line.events()[*last].born);
    let id = incident_number(case.index).to_string();
    let last_update = ticks::to_time(case.updated(event));
    census.incidents.push(Seen {
        id: id.clone(),
        incident: incident_number(case.owner(event)).to_string(),
        last_update,
        version: event as u32,
        children: own + joined,
    });
    for number in 0..case.line.events()[event].born {
        let touched = case.line.touched(number, event);
        let children = alert::evidence_count(case, number);
        census.evidence += u64::from(children);
        census.alerts.push(Seen {
            id: alert::id(case, number),
            incident: incident_number(case.owner(touched)).to_string(),
            last_update: ticks::to_time(case.updated(touched)),
            version: case.line.alert_version(number, event),
            children,
        });
    }
    let row = |alert, entity| LogRow { incident: id.clone(), alert, entity, last_update };
    if own + joined == 0 {
        census.log_rows.push(row(None, None));
    }
    let own_alerts = (0..own).map(|number| (case, number));
    let joined_alerts = merged.iter().flat_map(|(source, _)| (0..joined).map(move |number| (source, number)));
    for (of, number) in own_alerts.chain(joined_alerts) {
        let (alert, entities) = (alert::id(of, number), legacy::entity_count(of, number));
        if entities == 0 {
            census.log_rows.push(row(Some(alert.clone()), None));
        }
        census.log_rows.extend((0..entities).map(|entity| row(Some(alert.clone()), Some(entity))));
    }
}
