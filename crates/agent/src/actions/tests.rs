//! The stream of actions, with tokio's clock paused.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tonic::Status;

use super::{Actions, CustomAction, Diagnostic, DiagnosticsRequest, Refusal};
use crate::messages::{ActionLevel, ActionRequest, ActionResponse, ActionStatus, ActionType};
use crate::tests::{ActionsCall, Nothing, Stage, expected, wanted};

/// Files of the sizes that a test wants, after a while.
#[derive(Default)]
struct Files {
    sizes: Vec<usize>,
    pause: Duration,
    calls: AtomicU32,
}

#[async_trait]
impl Actions for Files {
    async fn diagnostics(&self, request: DiagnosticsRequest) -> Result<Vec<Diagnostic>, Refusal> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(self.pause).await;
        let scope = request.unit.as_ref().map_or("component".to_owned(), ToString::to_string);
        let mut files: Vec<Diagnostic> =
            self.sizes.iter().enumerate().map(|(number, size)| file(number, *size)).collect();
        files.push(Diagnostic { description: scope, ..file(100, 1) });
        Ok(files)
    }

    async fn action(&self, action: CustomAction) -> Option<Result<Value, Refusal>> {
        match action.name.as_str() {
            "echo" => Some(Ok(json!({ "params": action.params, "unit": action.unit.to_string() }))),
            "fail" => Some(Err(Refusal("no tenant".to_owned()))),
            "panic" => panic!("on purpose"),
            "large" => Some(Ok(json!("x".repeat(5000)))),
            _ => None,
        }
    }
}

fn file(number: usize, size: usize) -> Diagnostic {
    Diagnostic {
        name: "name".to_owned(),
        filename: format!("{number}.json"),
        description: "description".to_owned(),
        content_type: "application/json".to_owned(),
        content: vec![b'x'; size],
    }
}

fn custom(id: &str, name: &str, params: &[u8]) -> ActionRequest {
    ActionRequest { id: id.to_owned(), name: name.to_owned(), params: params.to_vec(), ..ActionRequest::default() }
}

fn diagnostics(id: &str, level: ActionLevel, params: &[u8]) -> ActionRequest {
    ActionRequest { r#type: ActionType::Diagnostics as i32, level: level as i32, ..custom(id, "", params) }
}

/// The answer to one request, with the stream that it came by.
async fn ask(call: &mut ActionsCall, request: ActionRequest) -> ActionResponse {
    let id = request.id.clone();
    call.say(request);
    let answer = call.hear().await;
    assert_eq!((answer.id, answer.token.as_str()), (id, "token-of-the-test"));
    ActionResponse { id: String::new(), ..answer }
}

fn failed(answer: &ActionResponse) -> String {
    assert_eq!(answer.status, ActionStatus::Failed as i32);
    let result: Value = serde_json::from_slice(&answer.result).unwrap();
    result["error"].as_str().unwrap().to_owned()
}

async fn begin(stage: &Stage) -> ActionsCall {
    let mut call = stage.actions().await;
    let first = call.hear().await;
    assert_eq!((first.id.as_str(), first.status, first.result.as_slice()), ("init", 0, b"{}".as_slice()));
    assert_eq!(first.token, "token-of-the-test");
    call
}

/// Trap: the agent opens its half with the first action.
#[tokio::test(start_paused = true)]
async fn check_ins_do_not_wait_for_the_first_action() {
    let mut stage = Stage::new();
    let actions = begin(&stage).await;
    let mut call = stage.checkin().await;
    assert_eq!(call.hear_for(Duration::from_secs(51)).await.len(), 3);
    call.say(expected(vec![wanted("a", 0, 1)]));
    stage.change().await;
    drop(actions);
}

#[tokio::test(start_paused = true)]
async fn every_action_is_answered() {
    let stage = Stage::with(Arc::new(Files::default()), 4 << 20);
    let mut call = begin(&stage).await;
    let answer = ask(&mut call, custom("1", "echo", br#"{"a": 1}"#)).await;
    assert_eq!(answer.status, ActionStatus::Success as i32);
    let result: Value = serde_json::from_slice(&answer.result).unwrap();
    assert_eq!(result, json!({"params": {"a": 1}, "unit": "input "}));
    for (name, params, error) in [
        ("fail", "", "no tenant"),
        ("unheard of", "", "action undefined"),
        ("echo", "{", "parameters are no JSON"),
        ("panic", "", "a mistake of this component, see its log"),
    ] {
        assert_eq!(failed(&ask(&mut call, custom("2", name, params.as_bytes())).await), error);
    }
    let strange = ActionRequest { r#type: 7, ..custom("3", "echo", b"") };
    assert_eq!(failed(&ask(&mut call, strange).await), "action undefined");
}

#[tokio::test(start_paused = true)]
async fn diagnostics_are_of_the_component_or_of_a_unit() {
    let mut stage = Stage::with(Arc::new(Files::default()), 4 << 20);
    let mut checkin = stage.checkin().await;
    checkin.say(expected(vec![wanted("a", 1, 1)]));
    stage.change().await;
    let mut call = begin(&stage).await;
    for params in [&b"null"[..], b"", br#"{"additional_metrics":["CONN"]}"#, br#"{"additional_metrics":null}"#] {
        let answer = ask(&mut call, diagnostics("1", ActionLevel::Component, params)).await;
        assert_eq!(answer.diagnostic.last().unwrap().description, "component");
        assert!(answer.diagnostic.iter().all(|file| file.generated.is_some()));
    }
    let of = |unit_id: &str, unit_type| ActionRequest {
        unit_id: unit_id.to_owned(),
        unit_type,
        ..diagnostics("2", ActionLevel::Unit, b"null")
    };
    assert_eq!(ask(&mut call, of("a", 1)).await.diagnostic.last().unwrap().description, "output a");
    assert_eq!(failed(&ask(&mut call, of("a", 0)).await), "there is no input a");
    let stage = Stage::with(Arc::new(Nothing), 4 << 20);
    let mut call = begin(&stage).await;
    assert_eq!(failed(&ask(&mut call, diagnostics("3", ActionLevel::Component, b"")).await), "none");
}

#[tokio::test(start_paused = true)]
async fn diagnostics_are_answered_before_the_agent_stops_waiting() {
    for (params, least, most) in [("null", 15, 20), (r#"{"additional_metrics":["CONN","CPU"]}"#, 50, 60)] {
        let stage = Stage::with(Arc::new(Files { pause: Duration::from_hours(1), ..Files::default() }), 4 << 20);
        let mut call = begin(&stage).await;
        let begun = tokio::time::Instant::now();
        let answer = ask(&mut call, diagnostics("1", ActionLevel::Component, params.as_bytes())).await;
        assert!(failed(&answer).contains("not ready"));
        assert!((least..most).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    }
}

/// A message above the limit would break the stream, and the answer with it.
#[tokio::test(start_paused = true)]
async fn files_that_no_message_holds_are_left_out_by_name() {
    let stage = Stage::with(Arc::new(Files { sizes: vec![900, 9000, 1000], ..Files::default() }), 4000);
    let mut call = begin(&stage).await;
    let answer = ask(&mut call, diagnostics("1", ActionLevel::Component, b"null")).await;
    assert!(prost::Message::encoded_len(&answer) <= 4000);
    let names: Vec<&str> = answer.diagnostic.iter().map(|file| file.filename.as_str()).collect();
    assert_eq!(names, ["0.json", "2.json", "100.json", "left_out.txt"]);
    assert_eq!(answer.diagnostic[3].content, b"1.json: 9000 bytes\n");
    assert!(failed(&ask(&mut call, custom("2", "large", b"")).await).contains("no message holds"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_survives_the_loss_of_its_stream() {
    let files = Arc::new(Files { pause: Duration::from_secs(10), ..Files::default() });
    let stage = Stage::with(Arc::clone(&files) as Arc<dyn Actions>, 4 << 20);
    let mut call = begin(&stage).await;
    call.say(diagnostics("lost", ActionLevel::Component, b""));
    tokio::time::sleep(Duration::from_secs(1)).await;
    call.refuse(Status::unavailable("away"));
    // The agent asks again while the first request still runs: once is enough.
    let mut call = begin(&stage).await;
    call.say(diagnostics("lost", ActionLevel::Component, b""));
    assert_eq!(call.hear().await.id, "lost");
    assert_eq!(files.calls.load(Ordering::Relaxed), 1);
    assert!(call.hear_for(Duration::from_secs(30)).await.is_empty());
}

/// Nobody knows whether what was handed over a moment before the end has arrived.
#[tokio::test(start_paused = true)]
async fn what_was_handed_over_a_moment_before_the_end_is_sent_again() {
    let stage = Stage::with(Arc::new(Files::default()), 4 << 20);
    let mut call = begin(&stage).await;
    ask(&mut call, custom("old", "echo", b"")).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    call.say(custom("new", "echo", b""));
    tokio::time::sleep(Duration::from_millis(100)).await;
    call.refuse(Status::unavailable("away"));
    let mut call = begin(&stage).await;
    let ids: Vec<String> = call.hear_for(Duration::from_secs(9)).await.into_iter().map(|answer| answer.id).collect();
    assert_eq!(ids, ["new"], "the old one has arrived");
}
