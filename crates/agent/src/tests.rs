//! An agent in memory: what the component sends comes out, what the test says goes in. Time is tokio's, paused.

mod json;
mod life;
mod report;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::Status;

use crate::connection::{Inbound, Link};
use crate::messages::{
    ActionRequest, ActionResponse, CheckinExpected, CheckinObserved, State, UnitExpected, UnitExpectedConfig,
};
use crate::{Actions, Agent, Change, Changes, Component, Diagnostic, DiagnosticsRequest, Refusal, StartUp};

/// A stream that the component has opened.
pub(crate) struct Opened<Out, In> {
    pub(crate) sent: mpsc::Receiver<Out>,
    open: Option<oneshot::Sender<Result<Inbound<In>, Status>>>,
    answers: Option<mpsc::UnboundedSender<Result<In, Status>>>,
}

impl<Out, In: Send + 'static> Opened<Out, In> {
    /// Sends a message, response headers before the first one.
    pub(crate) fn say(&mut self, message: In) {
        self.put(Ok(message));
    }

    /// Ends the stream with an error.
    pub(crate) fn refuse(mut self, status: Status) {
        match self.open.take() {
            Some(open) => drop(open.send(Err(status))),
            None => self.put(Err(status)),
        }
    }

    fn put(&mut self, item: Result<In, Status>) {
        if let Some(open) = self.open.take() {
            let (sender, receiver) = mpsc::unbounded_channel();
            let inbound: Inbound<In> = Box::pin(UnboundedReceiverStream::new(receiver));
            assert!(open.send(Ok(inbound)).is_ok(), "the component waits for its call");
            self.answers = Some(sender);
        }
        self.answers.as_ref().unwrap().send(item).expect("the component listens");
    }

    /// The next message of the component.
    pub(crate) async fn hear(&mut self) -> Out {
        self.sent.recv().await.expect("the stream is open")
    }

    /// Whatever comes within a span of time.
    pub(crate) async fn hear_for(&mut self, span: Duration) -> Vec<Out> {
        let end = tokio::time::Instant::now() + span;
        let mut heard = Vec::new();
        while let Ok(Some(message)) = tokio::time::timeout_at(end, self.sent.recv()).await {
            heard.push(message);
        }
        heard
    }
}

pub(crate) type Checkin = Opened<CheckinObserved, CheckinExpected>;
pub(crate) type ActionsCall = Opened<ActionResponse, ActionRequest>;

struct Memory {
    checkins: mpsc::UnboundedSender<Checkin>,
    actions: mpsc::UnboundedSender<ActionsCall>,
}

async fn open<Out, In>(
    calls: &mpsc::UnboundedSender<Opened<Out, In>>,
    sent: mpsc::Receiver<Out>,
) -> Result<Inbound<In>, Status> {
    let (open, opened) = oneshot::channel();
    let call = Opened { sent, open: Some(open), answers: None };
    calls.send(call).map_err(|_| Status::unavailable("the test is over"))?;
    opened.await.unwrap_or_else(|_| Err(Status::unavailable("hung up")))
}

#[async_trait]
impl Link for Memory {
    async fn checkin(&self, sent: mpsc::Receiver<CheckinObserved>) -> Result<Inbound<CheckinExpected>, Status> {
        open(&self.checkins, sent).await
    }

    async fn actions(&self, sent: mpsc::Receiver<ActionResponse>) -> Result<Inbound<ActionRequest>, Status> {
        open(&self.actions, sent).await
    }
}

/// The component, and the calls that it makes.
pub(crate) struct Stage {
    pub(crate) agent: Agent,
    pub(crate) changes: Changes,
    checkins: mpsc::UnboundedReceiver<Checkin>,
    actions: Mutex<mpsc::UnboundedReceiver<ActionsCall>>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(Arc::new(Nothing), 4 * 1024 * 1024)
    }

    pub(crate) fn with(actions: Arc<dyn Actions>, max_message_size: usize) -> Self {
        let (checkins, checkin_calls) = mpsc::unbounded_channel();
        let (action_streams, action_calls) = mpsc::unbounded_channel();
        let link = Arc::new(Memory { checkins, actions: action_streams });
        let start_up = StartUp {
            address: "localhost:1".to_owned(),
            server_name: "00".to_owned(),
            token: "token-of-the-test".to_owned(),
            ca: Vec::new(),
            certificate: Vec::new(),
            key: Vec::new(),
            chunking: true,
            max_message_size,
            agent: None,
        };
        let component = Component { name: "tester".to_owned(), ..Component::default() };
        let (agent, changes) = crate::api::start_with(link, &start_up, component, actions);
        Self { agent, changes, checkins: checkin_calls, actions: Mutex::new(action_calls) }
    }

    pub(crate) async fn checkin(&mut self) -> Checkin {
        self.checkins.recv().await.unwrap()
    }

    pub(crate) async fn actions(&self) -> ActionsCall {
        self.actions.lock().await.recv().await.unwrap()
    }

    /// The next change that is not about the connection.
    pub(crate) async fn change(&mut self) -> Change {
        loop {
            match self.changes.next().await.unwrap() {
                Change::Connected | Change::Disconnected { .. } => {}
                change => return change,
            }
        }
    }

    /// No change comes within a span of time, those of the connection apart.
    pub(crate) async fn nothing_for(&mut self, span: Duration) {
        let change = tokio::time::timeout(span, self.change()).await;
        assert!(change.is_err(), "{change:?}");
    }
}

/// Knows no actions and has no diagnostics.
pub(crate) struct Nothing;

#[async_trait]
impl Actions for Nothing {
    async fn diagnostics(&self, _: DiagnosticsRequest) -> Result<Vec<Diagnostic>, Refusal> {
        Err(Refusal("none".to_owned()))
    }
}

/// A list of units with the numbers that agents begin with.
pub(crate) fn expected(units: Vec<UnitExpected>) -> CheckinExpected {
    CheckinExpected { units, features_idx: 2, component_idx: 2, ..CheckinExpected::default() }
}

/// A unit that should work, with a configuration that says its number.
pub(crate) fn wanted(id: &str, r#type: i32, idx: u64) -> UnitExpected {
    let mut source = Map::new();
    source.insert("number".to_owned(), Value::from(idx));
    UnitExpected {
        id: id.to_owned(),
        r#type,
        state: State::Healthy as i32,
        config_state_idx: idx,
        config: Some(UnitExpectedConfig {
            source: Some(crate::json::structure(&source)),
            r#type: "m365-fetcher".to_owned(),
            ..UnitExpectedConfig::default()
        }),
        log_level: 2,
    }
}

/// The same without its configuration, as agents send what was reported.
pub(crate) fn settled(id: &str, r#type: i32, idx: u64) -> UnitExpected {
    UnitExpected { config: None, ..wanted(id, r#type, idx) }
}

/// A unit that should end.
pub(crate) fn unwanted(id: &str, r#type: i32, idx: u64) -> UnitExpected {
    UnitExpected { state: State::Stopped as i32, ..settled(id, r#type, idx) }
}
