//! A line as a JSON object with the names of the Elastic Common Schema.

use std::fmt;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use super::repeats::Summary;

/// Writes an event, perhaps for an agent.
pub(super) fn write(out: &mut dyn fmt::Write, event: &Event<'_>, for_agent: bool) -> fmt::Result {
    let metadata = event.metadata();
    let mut fields = Fields(head(*metadata.level(), metadata.target()));
    event.record(&mut fields);
    finish(out, fields.0, for_agent)
}

/// Writes how often a line was left out.
pub(super) fn write_summary(out: &mut dyn fmt::Write, summary: &Summary, for_agent: bool) -> fmt::Result {
    let mut fields = Fields(head(summary.level, &summary.target));
    fields.put("message", format!("{} (repeated)", summary.message).into());
    fields.put("repeated", summary.repeated.into());
    for (name, value) in &summary.fields {
        fields.put(name, value.as_str().into());
    }
    finish(out, fields.0, for_agent)
}

fn head(level: Level, target: &str) -> Map<String, Value> {
    let level = level.as_str().to_ascii_lowercase();
    [
        ("@timestamp", common::clock::timestamp().into()),
        ("log.level", level.into()),
        ("message", Value::from("")),
        ("ecs.version", schema::ecs::VERSION.into()),
        ("event.dataset", "m365_fetcher.log".into()),
        ("service.name", "m365-fetcher".into()),
        ("service.version", env!("CARGO_PKG_VERSION").into()),
        ("process.pid", std::process::id().into()),
        ("log.logger", target.into()),
    ]
    .map(|(name, value): (&str, Value)| (name.to_owned(), value))
    .into_iter()
    .collect()
}

fn finish(out: &mut dyn fmt::Write, fields: Map<String, Value>, for_agent: bool) -> fmt::Result {
    let fields = if for_agent { super::agent::shaped(fields) } else { fields };
    let line = serde_json::to_string(&fields).map_err(|_| fmt::Error)?;
    // JSON's own escapes take care of characters that a terminal would obey.
    out.write_str(&common::terminal::json(&line))?;
    out.write_str("\n")
}

/// Collects fields under their ECS names; those that ECS does not know are below `m365`.
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, name: &str, value: Value) {
        let known = match name {
            "message" => "message",
            "tenant" => "organization.id",
            "error" => "error.message",
            "reason" => "event.reason",
            "path" => "url.path",
            "place" => "error.stack_trace",
            "thread" => "process.thread.name",
            other => {
                // A name of more than one part is not used: a raw identifier's `r#` is no part of it.
                self.0.insert(format!("m365.{}", other.trim_start_matches("r#")), value);
                return;
            }
        };
        self.0.insert(known.to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field.name(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), value.into());
    }
}
