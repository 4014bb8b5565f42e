//! What people ask of a component through the agent: diagnostics, actions of Fleet.

mod answer;
mod outbox;
mod stream;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use serde_json::Value;

pub(crate) use self::stream::ActionStream;
use crate::UnitKey;

/// Answers what people ask for. Each request has a task of its own, so it may take its time; diagnostics have 20 seconds,
/// a minute with a profile, and are answered with FAILED when that is over.
#[async_trait]
pub trait Actions: Send + Sync + 'static {
    /// Files of diagnostics, redacted. An error becomes the file `error.txt` in the archive of the agent.
    async fn diagnostics(&self, request: DiagnosticsRequest) -> Result<Vec<Diagnostic>, Refusal>;

    /// An action of Fleet; its result is a JSON object. `None` says that there is no action of that name.
    async fn action(&self, action: CustomAction) -> Option<Result<Value, Refusal>> {
        let _ = action;
        None
    }
}

/// Why a request was not done, in a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub String);

/// What diagnostics are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiagnosticsRequest {
    /// One unit; `None` is the component as a whole.
    pub unit: Option<UnitKey>,
    /// The component as a whole and its units, as agents ask that know no levels.
    pub is_everything: bool,
    /// Names of more that is wanted (`additional_metrics`), such as `CPU`, `CONN`.
    pub additional_metrics: Vec<String>,
}

impl DiagnosticsRequest {
    /// A profile of the processor's time is wanted.
    pub fn wants_cpu(&self) -> bool {
        self.additional_metrics.iter().any(|name| name == "CPU")
    }
}

/// A file of diagnostics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Name of what is in it.
    pub name: String,
    /// Name of the file, without a folder.
    pub filename: String,
    /// What is in it.
    pub description: String,
    /// Media type, such as `application/json`. The agent looks for secrets in JSON and YAML, and in nothing else.
    pub content_type: String,
    /// The file.
    pub content: Vec<u8>,
}

/// An action of Fleet.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomAction {
    /// Its name.
    pub name: String,
    /// The unit that it is for.
    pub unit: UnitKey,
    /// Its parameters.
    pub params: Value,
}
