//! A component for the tests of the fake agent: the crate `agent` with units that are healthy as soon as they are known.
//! It reads `-E path.data=` like any component, and misbehaves where a test asks for it by an argument.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use agent::{
    Actions, Change, Component, Diagnostic, DiagnosticsRequest, Refusal, Report, StartUp, UnitState, UnitType,
};

/// Diagnostics of one file.
struct Files;

#[async_trait::async_trait]
impl Actions for Files {
    async fn diagnostics(&self, request: DiagnosticsRequest) -> Result<Vec<Diagnostic>, Refusal> {
        Ok(vec![Diagnostic {
            name: "state".to_owned(),
            filename: "state.json".to_owned(),
            description: format!("{request:?}"),
            content_type: "application/json".to_owned(),
            content: b"{}".to_vec(),
        }])
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log("error", &error.to_string());
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let is_given = |name: &str| arguments.iter().any(|argument| argument == name);
    let period = arguments.iter().find_map(|argument| argument.strip_prefix("checkin.period_ms=")?.parse().ok());
    let start_up = StartUp::from_stdin().await?;
    let mut component = Component { name: "component".to_owned(), ..Component::default() };
    component.period = period.map_or(component.period, std::time::Duration::from_millis);
    let (agent, mut changes) = agent::start(&start_up, component, Arc::new(Files));
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    loop {
        let change = tokio::select! {
            change = changes.next() => change,
            _ = terminate.recv(), if !is_given("--deaf") => break,
            _ = tokio::signal::ctrl_c() => break,
        };
        match change {
            Some(Change::UnitAdded(unit) | Change::UnitChanged(unit)) => {
                let report = match (unit.key.unit_type, unit.config.config_type.as_str()) {
                    (UnitType::Output, "elasticsearch") | (UnitType::Input, _) => {
                        Report::new(UnitState::Healthy, format!("{}", unit.config.source["number"]))
                    }
                    (_, other) => Report::new(UnitState::Failed, format!("output type {other} is not supported")),
                };
                agent.report(&unit, report);
                log("info", "taken over");
            }
            Some(Change::UnitRemoved(unit)) => {
                agent.report(&unit, Report::new(UnitState::Stopped, "stopped"));
            }
            Some(Change::Disconnected { reason, is_refused: true }) => return Err(reason.into()),
            None => return Err("no connection".into()),
            _ => {}
        }
    }
    log("info", "stopped");
    Ok(())
}

/// One line of the shape that agents read.
fn log(level: &str, message: &str) {
    let line = serde_json::json!({ "log.level": level, "@timestamp": "2026-11-20T13:18:00.123Z", "message": message });
    // Nobody reads when the agent is gone.
    let _ = writeln!(std::io::stderr(), "{line}");
}
