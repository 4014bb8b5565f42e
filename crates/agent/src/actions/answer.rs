//! One request and its answer.

use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use serde_json::{Value, json};

use super::{Actions, CustomAction, Diagnostic, DiagnosticsRequest, Refusal};
use crate::api::Shared;
use crate::checkin::timestamp;
use crate::messages::{ActionLevel, ActionRequest, ActionResponse, ActionStatus, ActionType, DiagnosticResult};
use crate::{UnitKey, UnitType};

/// How long an agent waits for diagnostics is 20 seconds, with a profile 60: the answer has to be on its way before.
const PATIENCE: Duration = Duration::from_secs(18);
const PATIENCE_WITH_CPU: Duration = Duration::from_secs(57);

/// What an answer is made with.
pub(super) struct Desk {
    pub(super) shared: Arc<Shared>,
    pub(super) actions: Arc<dyn Actions>,
    pub(super) token: String,
    /// Bytes of a message.
    pub(super) limit: usize,
}

impl Desk {
    /// The answer to a request, whatever becomes of it: without one the agent waits until its time is over.
    pub(super) async fn answer(self: Arc<Self>, request: ActionRequest) -> ActionResponse {
        let id = request.id.clone();
        let desk = Arc::clone(&self);
        // In a task of its own, so that a panic costs this answer alone.
        let done = tokio::spawn(async move { desk.act(request).await }).await;
        let response = match done {
            Ok(Ok(response)) => response,
            Ok(Err(Refusal(why))) => refused(&why),
            Err(_) => refused("a mistake of this component, see its log"),
        };
        self.fit(ActionResponse { token: self.token.clone(), id, ..response })
    }

    async fn act(&self, request: ActionRequest) -> Result<ActionResponse, Refusal> {
        if request.r#type == ActionType::Diagnostics as i32 {
            return self.diagnostics(&request).await;
        }
        if request.r#type != ActionType::Custom as i32 {
            return Err(undefined());
        }
        let params = match request.params.as_slice() {
            [] => Value::Null,
            params => serde_json::from_slice(params).map_err(|_| Refusal("parameters are no JSON".to_owned()))?,
        };
        let unit = unit_of(&request);
        let action = CustomAction { name: request.name, unit, params };
        let result = self.actions.action(action).await.ok_or_else(undefined)??;
        Ok(ActionResponse { result: result.to_string().into_bytes(), ..ActionResponse::default() })
    }

    async fn diagnostics(&self, request: &ActionRequest) -> Result<ActionResponse, Refusal> {
        let is_of_unit = request.level == ActionLevel::Unit as i32;
        let unit = is_of_unit.then(|| unit_of(request));
        if let Some(unit) = unit.as_ref().filter(|unit| !self.shared.with_units(|units| units.contains(unit))) {
            return Err(Refusal(format!("there is no {unit}")));
        }
        let asked = DiagnosticsRequest {
            unit,
            is_everything: request.level == ActionLevel::All as i32,
            additional_metrics: additional_metrics(&request.params),
        };
        let patience = if asked.wants_cpu() { PATIENCE_WITH_CPU } else { PATIENCE };
        let files = tokio::time::timeout(patience, self.actions.diagnostics(asked)).await;
        let seconds = patience.as_secs();
        let files = files.map_err(|_| Refusal(format!("diagnostics were not ready after {seconds} s")))??;
        let diagnostic = files.into_iter().map(result).collect();
        Ok(ActionResponse { result: b"{}".to_vec(), diagnostic, ..ActionResponse::default() })
    }

    /// A message above the limit would break the stream: the largest files are left out, and a file says so.
    fn fit(&self, mut response: ActionResponse) -> ActionResponse {
        let mut left_out = String::new();
        while response.encoded_len() + left_out.len() + 512 > self.limit {
            let largest = response.diagnostic.iter().enumerate().max_by_key(|(_, file)| file.content.len());
            let Some((at, file)) = largest else { break };
            left_out = format!("{left_out}{}: {} bytes\n", file.filename, file.content.len());
            response.diagnostic.remove(at);
        }
        if !left_out.is_empty() {
            response.diagnostic.push(result(Diagnostic {
                name: "left out".to_owned(),
                filename: "left_out.txt".to_owned(),
                description: "files that no message of the agent's size holds".to_owned(),
                content_type: "text/plain".to_owned(),
                content: left_out.into_bytes(),
            }));
        }
        if response.encoded_len() <= self.limit {
            return response;
        }
        let size = response.result.len();
        let ActionResponse { token, id, .. } = response;
        ActionResponse { token, id, ..refused(&format!("the result has {size} bytes, which no message holds")) }
    }
}

fn refused(why: &str) -> ActionResponse {
    let result = json!({ "error": why }).to_string().into_bytes();
    ActionResponse { status: ActionStatus::Failed as i32, result, ..ActionResponse::default() }
}

fn undefined() -> Refusal {
    Refusal("action undefined".to_owned())
}

fn unit_of(request: &ActionRequest) -> UnitKey {
    UnitKey { unit_type: UnitType::of(request.unit_type), id: Arc::from(request.unit_id.as_str()) }
}

/// `additional_metrics` of the parameters, which may also be null or absent.
fn additional_metrics(params: &[u8]) -> Vec<String> {
    let params: Value = serde_json::from_slice(params).unwrap_or_default();
    let names = params.get("additional_metrics").and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn result(file: Diagnostic) -> DiagnosticResult {
    let Diagnostic { name, filename, description, content_type, content } = file;
    DiagnosticResult { name, filename, description, content_type, content, generated: Some(timestamp()) }
}
