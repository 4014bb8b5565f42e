//! When records appear and change: a pure function of tenant and incident index.
//!
//! An incident lives through a short list of events. Version `v` of an incident is its state after event `v`; an alert
//! has a version for each event of its incident that touches it. All events of an incident lie within [`SPAN`] spacings of
//! its creation, so that a listing in any order needs to look at a bounded neighbourhood only.

use crate::filetime::{self, SECOND};
use crate::rng::Rng;
use crate::tenant::{AlertsPerIncident, Tenant};

/// Lifetime of an incident, in spacings of its tenant.
pub(crate) const SPAN: u64 = 64;

/// Number of incidents at the front of a tenant that tell the attack story (with realistic alert counts only).
pub(crate) const STORY: u64 = 3;

const MAX_EVENTS: usize = 14;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventKind {
    /// The incident and its first alerts appear.
    Created,
    /// More alerts join.
    Added,
    /// An analyst takes it: `inProgress`.
    Assigned,
    /// A comment on the incident and on its first alert.
    Commented,
    /// `awaitingAction`, one of the newer members.
    Awaiting,
    /// Another incident merged into this one.
    Merged,
    Resolved,
    /// Merged into another one.
    Redirected,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    /// Ticks.
    pub(crate) at: i64,
    pub(crate) kind: EventKind,
    /// Own alerts that exist after the event.
    pub(crate) born: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct Timeline {
    events: [Event; MAX_EVENTS],
    len: usize,
    /// `createdDateTime` of the incident in ticks of 100 ns.
    pub(crate) created: i64,
}

/// A tenant's numbers in the form that generation needs. Cheap to make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TenantModel<'a> {
    pub(crate) tenant: &'a Tenant,
    start: i64,
    spacing: i64,
    root: Rng,
}

impl<'a> TenantModel<'a> {
    pub(crate) fn new(tenant: &'a Tenant) -> TenantModel<'a> {
        TenantModel {
            tenant,
            start: filetime::from_time(tenant.start),
            spacing: filetime::from_delta(tenant.spacing).clamp(1, i64::MAX / 1024),
            root: Rng::new(tenant.seed),
        }
    }

    pub(crate) fn rng(&self, incident: u64) -> Rng {
        self.root.sub(incident)
    }

    pub(crate) fn realistic(&self) -> bool {
        self.tenant.alerts_per_incident == AlertsPerIncident::Realistic
    }

    pub(crate) fn in_story(&self, incident: u64) -> bool {
        self.realistic() && incident < STORY
    }

    /// `createdDateTime`, never decreasing with the index. Every seventh incident shares it with its predecessor.
    pub(crate) fn created(&self, incident: u64) -> i64 {
        let of = if incident % 7 == 3 { incident - 1 } else { incident };
        let jitter = if of == 0 { 0 } else { self.root.sub(of).below(1, (self.spacing / 2).max(1) as u64) as i64 };
        // Room is left for the life of the last incident, however far apart they are.
        let offset = self.spacing.saturating_mul(of as i64).saturating_add(jitter);
        self.start.saturating_add(offset).min(i64::MAX / 2)
    }

    /// The longest time between an incident's creation and its last event.
    pub(crate) fn span(&self) -> i64 {
        self.spacing.saturating_mul(SPAN as i64)
    }

    /// First incident that can have been created at or after `time` (never too late).
    pub(crate) fn first_from(&self, time: i64) -> u64 {
        let at = (time.saturating_sub(self.start)).div_euclid(self.spacing).saturating_sub(2);
        at.clamp(0, self.tenant.incidents.min(i64::MAX as u64) as i64) as u64
    }

    /// One behind the last incident that can have been created at or before `time` (never too early).
    pub(crate) fn end_at(&self, time: i64) -> u64 {
        let at = (time.saturating_sub(self.start)).div_euclid(self.spacing).saturating_add(3);
        at.clamp(0, self.tenant.incidents.min(i64::MAX as u64) as i64) as u64
    }

    /// Alerts that the incident raises over its life.
    pub(crate) fn alerts(&self, incident: u64) -> u32 {
        match self.tenant.alerts_per_incident {
            AlertsPerIncident::Exactly(count) => count,
            AlertsPerIncident::Realistic => match incident {
                0 => 12,
                1 => 2,
                2 => 3,
                _ => realistic_alerts(self.rng(incident)),
            },
        }
    }

    /// The incident that this one is merged into.
    pub(crate) fn target(&self, incident: u64) -> Option<u64> {
        let merges = self.realistic() && incident < self.tenant.incidents && (incident == 1 || incident % 23 == 9);
        merges.then(|| incident - 1)
    }

    /// The incident that merges into this one.
    pub(crate) fn source(&self, incident: u64) -> Option<u64> {
        self.target(incident + 1).map(|_| incident + 1)
    }

    /// `thousandths` of a spacing.
    pub(crate) fn after(&self, thousandths: u64) -> i64 {
        (i128::from(self.spacing) * i128::from(thousandths) / 1000) as i64
    }

    /// The service needs a moment to store the incident.
    fn stored(&self, incident: u64) -> i64 {
        self.created(incident) + (SECOND * 11 / 60).min(self.spacing / 8)
    }

    fn redirected_at(&self, incident: u64) -> i64 {
        self.stored(incident) + self.after(2300 + self.rng(incident).below(2, 900))
    }

    pub(crate) fn timeline(&self, incident: u64) -> Timeline {
        let (rng, alerts, stored) = (self.rng(incident), self.alerts(incident), self.stored(incident));
        let mut line = Timeline {
            events: [Event { at: stored, kind: EventKind::Created, born: 0 }; MAX_EVENTS],
            len: 1,
            created: self.created(incident),
        };
        let waves = waves(incident, alerts, self.in_story(incident), rng);
        line.events[0].born = wave_end(alerts, 0, waves);
        let mut at = stored;
        for wave in 1..waves {
            at += self.after(400 + rng.below(10 + u64::from(wave), 600));
            line.push(at, EventKind::Added, wave_end(alerts, wave, waves));
        }
        if self.target(incident).is_some() {
            line.push(self.redirected_at(incident).max(at + 1), EventKind::Redirected, alerts);
            return line;
        }
        let merge = self.source(incident).map(|source| self.redirected_at(source));
        self.work(incident, &mut line, at, alerts);
        if let Some(merge) = merge {
            line.insert(merge, EventKind::Merged);
        }
        line
    }

    /// What analysts do after the alerts have arrived.
    fn work(&self, incident: u64, line: &mut Timeline, from: i64, alerts: u32) {
        let (rng, story) = (self.rng(incident), self.in_story(incident));
        let mut at = from;
        if !(story || rng.chance(20, 70)) {
            return;
        }
        at += self.after(1000 + rng.below(21, 8000));
        line.push(at, EventKind::Assigned, alerts);
        for comment in 0..if story { 3 } else { rng.below(22, 3) } {
            at += self.after(500 + rng.below(23 + comment, 4000));
            line.push(at, EventKind::Commented, alerts);
        }
        if !story && rng.chance(30, 12) {
            at += self.after(500 + rng.below(31, 5000));
            line.push(at, EventKind::Awaiting, alerts);
        }
        if incident != 0 && rng.chance(32, 80) {
            // Analysts close in batches: several incidents share the instant.
            at += self.after(1000 + rng.below(33, 20_000));
            let batch = self.spacing.saturating_mul(4);
            at = at - (at - self.start).rem_euclid(batch) + batch;
            line.push(at, EventKind::Resolved, alerts);
        }
    }
}

impl Timeline {
    fn push(&mut self, at: i64, kind: EventKind, born: u32) {
        if self.len < MAX_EVENTS {
            let at = at.max(self.events[self.len - 1].at + 1);
            self.events[self.len] = Event { at, kind, born };
            self.len += 1;
        }
    }

    /// Puts an event that leaves the own alerts alone into its place in time.
    fn insert(&mut self, at: i64, kind: EventKind) {
        let place = self.events[..self.len].iter().position(|e| e.at >= at).unwrap_or(self.len).max(1);
        if self.len == MAX_EVENTS {
            return;
        }
        self.events.copy_within(place..self.len, place + 1);
        self.len += 1;
        self.events[place] = Event { at, kind, born: self.events[place - 1].born };
        for later in place..self.len {
            self.events[later].at = self.events[later].at.max(self.events[later - 1].at + 1);
        }
    }

    pub(crate) fn events(&self) -> &[Event] {
        &self.events[..self.len]
    }

    /// Index of the last event that has happened by `now`.
    pub(crate) fn visible(&self, now: i64) -> Option<usize> {
        self.events().iter().rposition(|event| event.at <= now)
    }

    /// Event of incident version `version`; versions beyond the last are the last.
    pub(crate) fn event_of(&self, version: u32) -> usize {
        (version as usize).min(self.len - 1)
    }

    fn touches(&self, event: usize, alert: u32) -> bool {
        let Event { kind, born, .. } = self.events[event];
        match kind {
            EventKind::Created | EventKind::Added => event == self.birth(alert),
            EventKind::Assigned | EventKind::Resolved | EventKind::Redirected => alert < born,
            EventKind::Commented => alert == 0,
            EventKind::Awaiting | EventKind::Merged => false,
        }
    }

    /// The event at which the alert appears.
    pub(crate) fn birth(&self, alert: u32) -> usize {
        self.events().iter().position(|event| alert < event.born).unwrap_or(0)
    }

    /// The last event up to `event` that touched the alert.
    pub(crate) fn touched(&self, alert: u32, event: usize) -> usize {
        (0..=event).rev().find(|&at| self.touches(at, alert)).unwrap_or(0)
    }

    /// Version number of the alert after `event`.
    pub(crate) fn alert_version(&self, alert: u32, event: usize) -> u32 {
        (0..=event).filter(|&at| self.touches(at, alert)).count().saturating_sub(1) as u32
    }

    /// The event that made alert version `version`.
    pub(crate) fn alert_event(&self, alert: u32, version: u32) -> usize {
        let mut touching = (0..self.len).filter(|&at| self.touches(at, alert));
        let first = touching.next().unwrap_or(0);
        touching.take(version as usize).last().unwrap_or(first)
    }

    pub(crate) fn has(&self, kind: EventKind, event: usize) -> bool {
        self.events[..=event].iter().any(|e| e.kind == kind)
    }

    pub(crate) fn when(&self, kind: EventKind, event: usize) -> Option<i64> {
        self.events[..=event].iter().find(|e| e.kind == kind).map(|e| e.at)
    }

    /// Times of the comments made by `event`.
    pub(crate) fn comments(&self, event: usize) -> impl Iterator<Item = i64> + '_ {
        self.events[..=event].iter().filter(|e| e.kind == EventKind::Commented).map(|e| e.at)
    }
}

fn waves(incident: u64, alerts: u32, story: bool, rng: Rng) -> u32 {
    match (story, incident) {
        (true, 0) => 6,
        (true, _) => alerts,
        _ if alerts >= 2 && rng.chance(3, 40) => 2,
        _ => 1,
    }
}

/// Alerts that exist after wave `wave` of `waves`.
fn wave_end(alerts: u32, wave: u32, waves: u32) -> u32 {
    (u64::from(alerts) * u64::from(wave + 1)).div_ceil(u64::from(waves)) as u32
}

fn realistic_alerts(rng: Rng) -> u32 {
    let within = |from: u64, to: u64| (from + rng.below(5, to - from + 1)) as u32;
    match rng.below(4, 100) {
        0..45 => 1,
        45..65 => 2,
        65..78 => 3,
        78..86 => within(4, 6),
        86..94 => within(7, 12),
        94..99 => within(13, 30),
        _ => within(31, 80),
    }
}
