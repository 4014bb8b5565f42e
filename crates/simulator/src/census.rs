//! The oracle: what is visible at a time, counted record by record without the listings.

use chrono::{DateTime, Utc};

use crate::content::{self, IncidentState, Show, alert, incident_number, legacy};
use crate::filetime;
use crate::list::{List, Story};
use crate::templates::Record;
use crate::tenant::Tenant;
use crate::timeline::TenantModel;

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
    let (model, now, mut census) = (TenantModel::new(tenant), filetime::from_time(now), Census::default());
    for index in 0..tenant.incidents {
        let state = IncidentState::new(model, index);
        let Some(event) = state.line.visible(now) else { continue };
        count_incident(&state, event, &mut census);
    }
    census
}

/// Hands over what became visible with its version after `after` and up to `until`, as the lists would serve it at `until`.
pub(crate) fn changed(
    (lists, tenant): (&[&'static List], &Tenant),
    after: DateTime<Utc>,
    until: DateTime<Utc>,
    each: &mut dyn FnMut(&'static List, &[u8]),
) {
    let (model, after, until) = (TenantModel::new(tenant), filetime::from_time(after), filetime::from_time(until));
    let mut record = Vec::new();
    for index in model.first_from(after.saturating_sub(model.span()))..model.end_at(until) {
        let state = IncidentState::new(model, index);
        for list in lists {
            for number in 0..content::most_records(list, &state) {
                let Some(hit) = content::visible(list, &state, number, until) else { continue };
                if content::facets(&state, list, &hit).updated > after {
                    record.clear();
                    content::write(list, &state, &hit, Show::ALL, &mut record);
                    each(list, &record);
                }
            }
        }
    }
}

/// Every record of a list that is visible at `now`, in the order of creation of their incidents.
pub(crate) fn of_list(list: &'static List, tenant: &Tenant, now: DateTime<Utc>) -> Vec<Seen> {
    match list.story() {
        Some(Story::Incidents | Story::LegacyIncidents) => return take(tenant, now).incidents,
        Some(Story::Alerts) => return take(tenant, now).alerts,
        None => {}
    }
    let (model, now) = (TenantModel::new(tenant), filetime::from_time(now));
    let records = (0..tenant.incidents).flat_map(|incident| Record::all(list, model, incident));
    let seen = records.filter_map(|record| {
        let life = record.life();
        let version = life.visible(now)?;
        Some(Seen {
            id: record.id(),
            incident: incident_number(record.place().0).to_string(),
            last_update: filetime::to_time(life.time(version)),
            version: version as u32,
            children: 0,
        })
    });
    seen.collect()
}

fn count_incident(state: &IncidentState<'_>, event: usize, census: &mut Census) {
    let merged = state.merged(event);
    let own = state.own_alerts(event);
    let joined = merged.as_ref().map_or(0, |(source, last)| source.line.events()[*last].born);
    let id = incident_number(state.index).to_string();
    let last_update = filetime::to_time(state.updated(event));
    census.incidents.push(Seen {
        id: id.clone(),
        incident: incident_number(state.owner(event)).to_string(),
        last_update,
        version: event as u32,
        children: own + joined,
    });
    for number in 0..state.line.events()[event].born {
        let touched = state.line.touched(number, event);
        let children = alert::evidence_count(state, number);
        census.evidence += u64::from(children);
        census.alerts.push(Seen {
            id: alert::id(state, number),
            incident: incident_number(state.owner(touched)).to_string(),
            last_update: filetime::to_time(state.updated(touched)),
            version: state.line.alert_version(number, event),
            children,
        });
    }
    let row = |alert, entity| LogRow { incident: id.clone(), alert, entity, last_update };
    if own + joined == 0 {
        census.log_rows.push(row(None, None));
    }
    let own_alerts = (0..own).map(|number| (state, number));
    let joined_alerts = merged.iter().flat_map(|(source, _)| (0..joined).map(move |number| (source, number)));
    for (of, number) in own_alerts.chain(joined_alerts) {
        let (alert, entities) = (alert::id(of, number), legacy::entity_count(of, number));
        if entities == 0 {
            census.log_rows.push(row(Some(alert.clone()), None));
        }
        census.log_rows.extend((0..entities).map(|entity| row(Some(alert.clone()), Some(entity))));
    }
}
