//! Diagnostics: configuration without secrets, health, state, metrics, recent errors, memory.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use agent::{Actions, Agent, Diagnostic, DiagnosticsRequest, Refusal, Unit, UnitKey};
use async_trait::async_trait;
use collect::flow::desk::Desk;
use common::health::{Health, Snapshot, SourceSnapshot, locked};
use serde_json::{Value, json};

use super::{machine, redact};
use crate::cli::logs;
use crate::{metrics, version};

/// How long the processor's time is watched; the agent waits a minute.
const PROFILE: Duration = if cfg!(test) { Duration::from_millis(100) } else { Duration::from_secs(10) };

/// Where the state of each run is found.
#[derive(Debug, Default)]
pub(super) struct Desks(Mutex<BTreeMap<PathBuf, Weak<Desk>>>);

impl Desks {
    /// A run has this state directory.
    pub(super) fn add(&self, state: &Path, desk: &Arc<Desk>) {
        let mut desks = locked(&self.0);
        desks.retain(|_, known| known.strong_count() > 0);
        desks.insert(state.to_owned(), Arc::downgrade(desk));
    }

    /// What is remembered of the sources, by state directory.
    fn states(&self) -> Value {
        let desks: Vec<_> = locked(&self.0).iter().map(|(state, desk)| (state.clone(), desk.upgrade())).collect();
        let shown = |desk: Option<Arc<Desk>>| -> Value {
            let view = desk.map(|desk| desk.state().and_then(|state| Ok((state.size(), state.sources()?))));
            match view {
                None => Value::Null,
                Some(Ok((bytes, sources))) => json!({ "bytes": bytes, "sources": sources }),
                Some(Err(error)) => json!({ "error": error.to_string() }),
            }
        };
        desks.into_iter().map(|(state, desk)| (state.display().to_string(), shown(desk))).collect()
    }
}

/// Answers what people ask for.
pub(super) struct Diagnostics {
    agent: OnceLock<Agent>,
    health: Arc<Health>,
    desks: Arc<Desks>,
}

impl Diagnostics {
    pub(super) fn new(health: Arc<Health>, desks: Arc<Desks>) -> Self {
        Self { agent: OnceLock::new(), health, desks }
    }

    /// The agent whose units are told of.
    pub(super) fn of(&self, agent: Agent) {
        // There is one agent.
        let _ = self.agent.set(agent);
    }

    fn units(&self) -> Vec<Unit> {
        self.agent.get().map(Agent::units).unwrap_or_default()
    }

    fn component(&self) -> Vec<Diagnostic> {
        let told = self.agent.get().map(Agent::states).unwrap_or_default();
        let units: Vec<Value> = told
            .into_iter()
            .map(|(key, state, message)| json!({ "unit": key.to_string(), "state": state.name(), "message": message }))
            .collect();
        let configuration: BTreeMap<String, Value> = self
            .units()
            .iter()
            .map(|unit| (unit.key.to_string(), redact::members(&unit.config.source).into()))
            .collect();
        let health = self.health.snapshot();
        let status = json!({
            "version": version::VERSION,
            "commit": version::COMMIT,
            "units": units,
            "health": health,
        });
        vec![
            json_file("status", "Units, sources and outputs as they are now", &status),
            json_file("configuration", "Configuration of the units, without secrets", &json!(configuration)),
            json_file(
                "state",
                "What is remembered of the sources: cursors, ids, the retry queue",
                &self.desks.states(),
            ),
            text_file("sources", "txt", "The sources, a line each", sources(&health)),
            text_file("metrics", "txt", "Counts, in the form of Prometheus", metrics::render(&self.health)),
            text_file("errors", "ndjson", "The last warnings and errors", logs::recent()),
            text_file("memory", "txt", "Memory of the process", machine::memory()),
        ]
    }

    fn unit(&self, key: &UnitKey) -> Result<Vec<Diagnostic>, Refusal> {
        let unit = self.units().into_iter().find(|unit| unit.key == *key);
        let unit = unit.ok_or_else(|| Refusal(format!("there is no {key}")))?;
        let states = self.agent.get().map(Agent::states).unwrap_or_default();
        let state = states.into_iter().find(|(known, _, _)| known == key);
        let state = state.map(|(_, state, message)| json!({ "state": state.name(), "message": message }));
        let tenant = unit.config.source.get("tenant_id").and_then(Value::as_str).unwrap_or_default();
        let snapshot = self.health.snapshot();
        let sources: Vec<_> =
            snapshot.sources.into_iter().filter(|source| source.tenant.eq_ignore_ascii_case(tenant)).collect();
        Ok(vec![
            json_file(
                "status",
                "The unit and its sources as they are now",
                &json!({ "unit": state, "sources": sources }),
            ),
            json_file(
                "configuration",
                "Configuration of the unit, without secrets",
                &redact::members(&unit.config.source).into(),
            ),
        ])
    }
}

#[async_trait]
impl Actions for Diagnostics {
    async fn diagnostics(&self, request: DiagnosticsRequest) -> Result<Vec<Diagnostic>, Refusal> {
        let mut files = match &request.unit {
            Some(key) => self.unit(key)?,
            None => self.component(),
        };
        if request.wants_cpu() {
            files.push(text_file("cpu", "txt", "Where the processor's time goes", cpu(&self.health).await));
        }
        // Whatever a text repeats, no secret of ours is in it.
        for file in &mut files {
            // Line by line: the end of a text that is too long is left out.
            let text = String::from_utf8_lossy(&file.content);
            let lines: String = text.split_inclusive('\n').map(common::secrets::without).collect();
            file.content = lines.into_bytes();
        }
        Ok(files)
    }
}

fn json_file(name: &str, description: &str, value: &Value) -> Diagnostic {
    // A value of JSON is always a text.
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    Diagnostic { content_type: "application/json".to_owned(), ..text_file(name, "json", description, text) }
}

fn text_file(name: &str, ending: &str, description: &str, text: String) -> Diagnostic {
    Diagnostic {
        name: name.to_owned(),
        filename: format!("{name}.{ending}"),
        description: description.to_owned(),
        content_type: "text/plain".to_owned(),
        content: text.into_bytes(),
    }
}

/// The processor's time by thread while sources work, and what they read in that time.
async fn cpu(health: &Health) -> String {
    let (before, threads_before) = (health.snapshot(), machine::threads());
    tokio::time::sleep(PROFILE).await;
    let (after, threads) = (health.snapshot(), machine::threads());
    let mut table = format!("in {} s\nuser ms  system ms  thread\n", PROFILE.as_secs());
    for (id, now) in &threads {
        let then = threads_before.get(id);
        let since = |time: fn(&machine::Thread) -> u64| time(now).saturating_sub(then.map_or(0, time));
        let (user, system) = (since(|thread| thread.user), since(|thread| thread.system));
        let _ = writeln!(table, "{user:>7}  {system:>9}  {} ({id})", now.name);
    }
    table.push_str("pages  records  source\n");
    for source in &after.sources {
        let is_same = |then: &&SourceSnapshot| {
            (&then.cloud, &then.tenant, &then.dataset) == (&source.cloud, &source.tenant, &source.dataset)
        };
        let then = before.sources.iter().find(is_same);
        let since = |count: fn(&SourceSnapshot) -> u64| count(source).saturating_sub(then.map_or(0, count));
        let (pages, fetched) = (since(|source| source.pages), since(|source| source.fetched));
        let _ = writeln!(table, "{pages:>5}  {fetched:>7}  {} {}", source.tenant, source.dataset);
    }
    table
}

/// The sources as a table.
fn sources(health: &Snapshot) -> String {
    let mut table = "state     tenant                                dataset          fetched  newest\n".to_owned();
    for source in &health.sources {
        let newest = source.newest.as_deref().unwrap_or("-");
        // A text takes whatever is written to it.
        let _ = writeln!(
            table,
            "{:<9} {:<37} {:<16} {:>7}  {newest}",
            source.state.name(),
            source.tenant,
            source.dataset,
            source.fetched
        );
        for reason in &source.reasons {
            let (error, hint) = common::health::in_one_line(&reason.text);
            let _ = writeln!(table, "          {}: {error}; {}", reason.reason.name(), hint.unwrap_or_default());
        }
    }
    table
}
