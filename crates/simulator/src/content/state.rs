//! One incident after one of its events: what its records say of status, people and verdict.

use crate::filetime::SECOND;
use crate::scenario::{ANALYSTS, Scenario};
use crate::timeline::{EventKind, TenantModel, Timeline};

/// One incident with what its records need again and again.
#[derive(Debug, Clone)]
pub(crate) struct IncidentState<'a> {
    pub(crate) model: TenantModel<'a>,
    pub(crate) index: u64,
    pub(crate) scenario: Scenario,
    pub(crate) line: Timeline,
    pub(crate) alerts: u32,
}

/// What analysts decided: `classification` and `determination` of Graph, the same in the legacy API's names.
pub(crate) type Verdict = [&'static str; 4];

const VERDICTS: [Verdict; 8] = [
    ["truePositive", "malware", "TruePositive", "Malware"],
    ["truePositive", "phishing", "TruePositive", "Phishing"],
    ["truePositive", "compromisedAccount", "TruePositive", "CompromisedUser"],
    ["falsePositive", "notMalicious", "FalsePositive", "Clean"],
    ["falsePositive", "notEnoughDataToValidate", "FalsePositive", "InsufficientData"],
    ["informationalExpectedActivity", "securityTesting", "InformationalExpectedActivity", "SecurityTesting"],
    [
        "informationalExpectedActivity",
        "lineOfBusinessApplication",
        "InformationalExpectedActivity",
        "LineOfBusinessApplication",
    ],
    ["truePositive", "unwantedSoftware", "TruePositive", "UnwantedSoftware"],
];
const UNDECIDED: Verdict = ["unknown", "unknown", "Unknown", "NotAvailable"];
const STORY_VERDICT: Verdict = ["truePositive", "multiStagedAttack", "TruePositive", "MultiStagedAttack"];

impl<'a> IncidentState<'a> {
    pub(crate) fn new(model: TenantModel<'a>, index: u64) -> IncidentState<'a> {
        IncidentState {
            model,
            index,
            scenario: Scenario::new(&model, index),
            line: model.timeline(index),
            alerts: model.alerts(index),
        }
    }

    pub(crate) fn assignee(&self, event: usize) -> Option<&'static str> {
        self.line.has(EventKind::Assigned, event).then(|| self.scenario.rng.pick(40, &ANALYSTS))
    }

    pub(crate) fn verdict(&self, event: usize) -> Verdict {
        if self.scenario.story && self.line.has(EventKind::Commented, event) {
            STORY_VERDICT
        } else if self.line.has(EventKind::Resolved, event) {
            self.scenario.rng.pick(41, &VERDICTS)
        } else {
            UNDECIDED
        }
    }

    pub(crate) fn incident_status(&self, event: usize) -> &'static str {
        let (mut status, events) = ("active", &self.line.events()[..=event]);
        for event in events {
            status = match event.kind {
                EventKind::Assigned => "inProgress",
                EventKind::Awaiting => "+awaitingAction",
                EventKind::Resolved => "resolved",
                EventKind::Redirected => "redirected",
                _ => status,
            };
        }
        status
    }

    pub(crate) fn alert_status(&self, event: usize) -> &'static str {
        if self.line.has(EventKind::Resolved, event) {
            "resolved"
        } else if self.line.has(EventKind::Assigned, event) {
            "inProgress"
        } else {
            "new"
        }
    }

    /// The minute from which the scenario's events count: hours before the first incident of the story, or so long before the
    /// incident that its processes have started when the alerts come.
    pub(crate) fn opens(&self) -> i64 {
        let minutes = if self.scenario.story { 190 } else { 200 };
        let of = if self.scenario.story { self.model.created(0) } else { self.line.created };
        of - minutes * 60 * SECOND
    }

    /// `lastUpdateDateTime` of the incident after `event`.
    pub(crate) fn updated(&self, event: usize) -> i64 {
        self.line.events()[event].at
    }

    /// The incident that the alerts belong to after `event`.
    pub(crate) fn owner(&self, event: usize) -> u64 {
        if self.line.has(EventKind::Redirected, event) {
            self.model.target(self.index).unwrap_or(self.index)
        } else {
            self.index
        }
    }

    /// Own alerts that show under this incident after `event`.
    pub(crate) fn own_alerts(&self, event: usize) -> u32 {
        if self.line.has(EventKind::Redirected, event) { 0 } else { self.line.events()[event].born }
    }

    /// The incident that has merged into this one by `event`, with its last event.
    pub(crate) fn merged(&self, event: usize) -> Option<(IncidentState<'a>, usize)> {
        if !self.line.has(EventKind::Merged, event) {
            return None;
        }
        let source = IncidentState::new(self.model, self.model.source(self.index)?);
        let last = source.line.events().len() - 1;
        Some((source, last))
    }
}
