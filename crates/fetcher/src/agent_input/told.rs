//! Health as the agent is told it: per stream for inputs, and what the cluster says for the output.
//!
//! A report that differs is a message to the agent, so texts that hold counts change at most twice a minute, and the counts
//! beside them once a minute.

use std::collections::BTreeMap;
use std::time::Duration;

use agent::{Agent, Report, StreamStatus, UnitKey, UnitState};
use common::health::{OutputSnapshot, Reason, ReasonSnapshot, Snapshot, SourceSnapshot, State, in_one_line};
use config::policy::InputUnit;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::runs::{Runs, Trouble};
use super::units::{Input, Output, Units};

/// Longest time for which a text stays although another one says the same with other counts.
const TEXTS: Duration = Duration::from_secs(30);
/// Time between two counts.
const COUNTS: Duration = Duration::from_mins(1);

/// What was told last.
#[derive(Debug, Default)]
pub(super) struct Told {
    texts: BTreeMap<(UnitKey, String), Text>,
    counts: BTreeMap<UnitKey, (Instant, Map<String, Value>)>,
}

/// A text that people see.
#[derive(Debug)]
struct Text {
    state: UnitState,
    reason: Option<Reason>,
    words: String,
    since: Instant,
}

impl Told {
    /// The unit has another configuration, or is gone.
    pub(super) fn forget(&mut self, key: &UnitKey) {
        self.texts.retain(|(known, _), _| known != key);
        self.counts.remove(key);
    }

    /// Tells how every unit is.
    pub(super) fn look(&mut self, agent: &Agent, units: &Units, runs: &Runs) {
        let snapshot = runs.stats().health.snapshot();
        for output in units.outputs() {
            let report = self.output(output, &snapshot, runs);
            agent.report(&output.unit, report);
        }
        let has_output = units.outputs().any(|output| output.read.is_ok());
        for input in units.inputs() {
            let report = match (&input.read, &input.clash) {
                (Err(errors), _) => failed(errors),
                (Ok(_), Some(clash)) => failed(clash),
                (Ok(read), None) => self.input(input, read, &Around { units, runs, snapshot: &snapshot, has_output }),
            };
            agent.report(&input.unit, report);
        }
    }

    fn output(&mut self, Output { unit, read, .. }: &Output, snapshot: &Snapshot, runs: &Runs) -> Report {
        if let Err(errors) = read {
            return failed(errors);
        }
        if let Some(trouble) = runs.trouble_of_output() {
            return failed(trouble);
        }
        if runs.is_ending() {
            return Report::new(UnitState::Configuring, "what was read goes to the former output first");
        }
        if runs.is_asking() {
            return Report::new(UnitState::Configuring, "the cluster is asked whether it is prepared");
        }
        let Some(OutputSnapshot { reasons, refusing, .. }) = snapshot.outputs.first() else {
            return Report::new(UnitState::Healthy, "nothing was delivered yet");
        };
        let (state, reason, text) = match (reasons.first(), refusing.first()) {
            (None, None) => return Report::new(UnitState::Healthy, "delivers"),
            (Some(ReasonSnapshot { reason, text, .. }), _) => {
                (UnitState::Degraded, Some(*reason), sentence(text, reason.output_advice()))
            }
            (None, Some(stream)) => {
                let text = format!("{}: {}", stream.data_stream, sentence(&stream.text, ""));
                (UnitState::Degraded, None, text)
            }
        };
        let text = self.steady(&unit.key, "", (state, reason), text);
        Report::new(state, text)
    }

    fn input(&mut self, input: &Input, read: &InputUnit, around: &Around<'_>) -> Report {
        let key = &input.unit.key;
        if !around.has_output {
            return Report::new(UnitState::Degraded, "nothing is collected: the output is missing or refused");
        }
        let of_tenant =
            |source: &&SourceSnapshot| source.tenant == read.tenant.id && source.cloud == read.tenant.cloud.name;
        let sources: Vec<&SourceSnapshot> = around.snapshot.sources.iter().filter(of_tenant).collect();
        if let Some(Trouble::State(what)) = around.runs.trouble(&around.units.place(read).state) {
            // The trouble of a run without sources is that of any of its tenants.
            return refusal(&sources).map_or_else(|| failed(what), |(state, text)| Report::new(state, text));
        }
        let mut streams = BTreeMap::new();
        let mut counts = Map::new();
        for (dataset, stream) in read.tenant.datasets.iter().zip(&read.streams) {
            let name = dataset.dataset.definition.name;
            let is_meant = |source: &&&SourceSnapshot| source.dataset.split('+').any(|known| known == name);
            let (status, reason) = match sources.iter().find(is_meant) {
                Some(source) => {
                    counts.insert(stream.id.clone(), count(source, name));
                    status(source)
                }
                None => (StreamStatus { state: UnitState::Starting, error: String::new() }, None),
            };
            let error = self.steady(key, &stream.id, (status.state, reason), status.error);
            streams.insert(stream.id.clone(), StreamStatus { state: status.state, error });
        }
        if let Some(reports) = &read.reports {
            streams.insert(reports.id.clone(), StreamStatus { state: UnitState::Healthy, error: String::new() });
        }
        for broken in &read.broken {
            let error = in_one_line(&broken.errors.to_string()).0;
            streams.insert(broken.id.clone(), StreamStatus { state: UnitState::Failed, error });
        }
        let who = read.tenant.delivery.name.as_deref().unwrap_or(&read.tenant.id);
        let names = read.tenant.datasets.iter().map(|dataset| dataset.dataset.definition.name);
        let names = names.collect::<Vec<_>>().join(", ");
        let message = format!("collects {names} of {who}");
        let (state, message) = refusal(&sources).unwrap_or((UnitState::Healthy, message));
        let report = Report::of_streams(state, message, &streams);
        match self.counts(key, counts) {
            Some(counts) => report.with("collection", counts),
            None => report,
        }
    }

    /// The counts as they were told last, unless that is long ago.
    fn counts(&mut self, key: &UnitKey, now: Map<String, Value>) -> Option<Map<String, Value>> {
        let known = self.counts.get(key).filter(|(since, _)| since.elapsed() < COUNTS);
        if known.is_none() && !now.is_empty() {
            self.counts.insert(key.clone(), (Instant::now(), now));
        }
        self.counts.get(key).map(|(_, counts)| counts.clone())
    }

    /// The text as it was told last, if it still says the same and that is not long ago.
    fn steady(
        &mut self,
        key: &UnitKey,
        stream: &str,
        (state, reason): (UnitState, Option<Reason>),
        text: String,
    ) -> String {
        let known = self.texts.entry((key.clone(), stream.to_owned()));
        let fresh = Text { state, reason, words: text, since: Instant::now() };
        let known = known.or_insert_with(|| Text { words: fresh.words.clone(), ..fresh });
        if (known.state, known.reason) != (state, reason) || known.since.elapsed() > TEXTS {
            *known = fresh;
        }
        known.words.clone()
    }
}

/// What a report is made of beside the unit.
struct Around<'a> {
    units: &'a Units,
    runs: &'a Runs,
    snapshot: &'a Snapshot,
    has_output: bool,
}

/// Why the tenant is not collected as it is configured, although the policy can be read.
fn refusal(sources: &[&SourceSnapshot]) -> Option<(UnitState, String)> {
    let is_it = |reason: &&ReasonSnapshot| matches!(reason.reason, Reason::Configuration | Reason::FormerConfiguration);
    let ReasonSnapshot { reason, text, .. } = sources.iter().flat_map(|source| &source.reasons).find(is_it)?;
    let state = if *reason == Reason::Configuration { UnitState::Failed } else { UnitState::Degraded };
    Some((state, sentence(text, reason.advice())))
}

fn failed(what: &str) -> Report {
    Report::new(UnitState::Failed, sentence(what, ""))
}

/// How a stream is, by its source. What the output does is told of the output.
fn status(source: &SourceSnapshot) -> (StreamStatus, Option<Reason>) {
    let own = |reason: &&ReasonSnapshot| reason.reason != Reason::OutputBlocked;
    let Some(worst) = source.reasons.iter().filter(own).max_by_key(|reason| reason.reason.is_failure()) else {
        let state = if source.state == State::Starting { UnitState::Starting } else { UnitState::Healthy };
        return (StreamStatus { state, error: String::new() }, None);
    };
    let state = if worst.reason.is_failure() { UnitState::Failed } else { UnitState::Degraded };
    (StreamStatus { state, error: sentence(&worst.text, worst.reason.advice()) }, Some(worst.reason))
}

/// A text in one line, with its cure, or with what is usually to be done.
fn sentence(text: &str, advice: &str) -> String {
    match in_one_line(text) {
        (what, Some(hint)) => format!("{what}; {hint}"),
        (what, None) if advice.is_empty() => what,
        (what, None) => format!("{what}; {advice}"),
    }
}

fn count(source: &SourceSnapshot, dataset: &str) -> Value {
    let documents = source.documents.iter().find(|known| known.dataset == dataset);
    json!({
        "documents": documents.map(|known| known.created),
        "newest": source.newest,
        "freshness_seconds": source.freshness_seconds,
        "backlog_seconds": source.backlog_seconds,
        "throttled": source.throttled,
        "retry_queue": source.retry_queue,
    })
}
