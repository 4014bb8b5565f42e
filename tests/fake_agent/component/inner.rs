//! What the agent knows of a component.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use agent::messages::{ActionRequest, ActionResponse, CheckinExpected, CheckinObserved, State};
use anyhow::{Context, Result, bail};
use prost_types::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tonic::Status as Refused;

use super::super::certificates::{Identity, name};
use super::super::logs::Line;
use super::super::model::Model;
use super::super::status::{ComponentState, Status};
use super::super::{Options, expected};
use super::Received;

/// What a supervisor is told.
#[derive(Debug, Clone, Copy)]
pub(in crate::fake_agent) enum Order {
    /// SIGTERM, later SIGKILL; the run folder goes away if `remove`.
    Stop {
        /// The component has left the policy.
        remove: bool,
    },
}

/// A component.
pub(in crate::fake_agent) struct Inner {
    pub(in crate::fake_agent) id: String,
    pub(in crate::fake_agent) token: String,
    pub(in crate::fake_agent) identity: Identity,
    pub(in crate::fake_agent) options: Options,
    held: Mutex<Held>,
    changed: watch::Sender<()>,
}

/// What changes.
pub(in crate::fake_agent) struct Held {
    pub(in crate::fake_agent) model: Model,
    pub(in crate::fake_agent) state: ComponentState,
    pub(in crate::fake_agent) message: String,
    pub(in crate::fake_agent) pid: Option<u32>,
    pub(in crate::fake_agent) starts: u32,
    pub(in crate::fake_agent) checkins_since_tick: u32,
    pub(in crate::fake_agent) received: Vec<Received>,
    pub(in crate::fake_agent) lists_sent: usize,
    pub(in crate::fake_agent) faults: Vec<String>,
    pub(in crate::fake_agent) lines: Vec<Line>,
    checkins: Option<Checkins>,
    pub(in crate::fake_agent) actions: Option<mpsc::UnboundedSender<ActionRequest>>,
    asked: BTreeMap<String, oneshot::Sender<ActionResponse>>,
    orders: Option<mpsc::UnboundedSender<Order>>,
}

/// The stream of check-ins that is open.
struct Checkins {
    sender: mpsc::UnboundedSender<Result<CheckinExpected, Refused>>,
    /// Its first message left nothing to say: it stays silent.
    is_mute: bool,
}

/// A stream's place: one of a kind at a time. Dropped when the stream ends.
pub(in crate::fake_agent) struct Seat {
    inner: Arc<Inner>,
    is_of_actions: bool,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.inner.with(|held| {
            if self.is_of_actions {
                held.actions = None;
            } else {
                held.checkins = None;
            }
        });
    }
}

impl Inner {
    pub(in crate::fake_agent) fn new(id: &str, identity: Identity, options: &Options) -> Self {
        let held = Held {
            model: Model::default(),
            state: ComponentState::Starting,
            message: "Starting".to_owned(),
            pid: None,
            starts: 0,
            checkins_since_tick: 0,
            received: Vec::new(),
            lists_sent: 0,
            faults: Vec::new(),
            lines: Vec::new(),
            checkins: None,
            actions: None,
            asked: BTreeMap::new(),
            orders: None,
        };
        let (changed, _) = watch::channel(());
        let token = format!("token-{}", name());
        Self { id: id.to_owned(), token, identity, options: options.clone(), held: Mutex::new(held), changed }
    }

    /// Looks or changes; whoever waits looks again.
    pub(in crate::fake_agent) fn with<T>(&self, act: impl FnOnce(&mut Held) -> T) -> T {
        let result = act(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.send_replace(());
        result
    }

    pub(super) fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    pub(in crate::fake_agent) fn fault(&self, what: impl Into<String>) {
        let what = what.into();
        self.with(|held| held.faults.push(what));
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).pid
    }

    pub(super) fn status(&self) -> Status {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        Status {
            state: held.state,
            message: held.message.clone(),
            units: held.model.shown().clone(),
            is_settled: held.model.is_settled(),
            starts: held.starts,
        }
    }

    /// The state of the component, with a sentence.
    pub(in crate::fake_agent) fn say(&self, state: ComponentState, message: impl Into<String>) {
        let message = message.into();
        self.with(|held| {
            held.state = state;
            held.message = message;
        });
    }

    /// The process has ended or does not start: its units are in that state.
    pub(in crate::fake_agent) fn ended(&self, state: ComponentState, message: &str) {
        let of_units = if state == ComponentState::Stopped { State::Stopped } else { State::Failed };
        self.with(|held| {
            held.pid = None;
            held.model.end_process(of_units, message);
        });
        self.say(state, message);
    }

    /// Another policy, which goes out at once if there is a stream that speaks.
    pub(super) fn change(&self, act: impl FnOnce(&mut Model)) {
        self.with(|held| {
            act(&mut held.model);
            self.send_list(held);
        });
    }

    fn send_list(&self, held: &mut Held) {
        let Some(checkins) = held.checkins.as_ref().filter(|checkins| !checkins.is_mute) else { return };
        let list = held.model.expected(&self.options.info);
        let limit = if self.options.chunking { self.options.max_message_size as usize } else { usize::MAX };
        // Lists follow each other: the number of the list is as good as a time.
        let seconds = i64::try_from(held.lists_sent).unwrap_or_default() + 1;
        held.lists_sent += 1;
        for part in expected::split(list, limit, Timestamp { seconds, nanos: 0 }) {
            // The stream may have ended a moment ago.
            let _ = checkins.sender.send(Ok(part));
        }
    }

    /// Takes the place of the stream of check-ins.
    pub(in crate::fake_agent) fn sit(
        self: &Arc<Self>,
        sender: mpsc::UnboundedSender<Result<CheckinExpected, Refused>>,
    ) -> Result<Seat, Refused> {
        self.with(|held| {
            if held.state == ComponentState::Stopped {
                return Err(Refused::unavailable("the component is being destroyed"));
            }
            if held.checkins.is_some() {
                return Err(Refused::already_exists("component already has a stream of check-ins"));
            }
            held.checkins = Some(Checkins { sender, is_mute: true });
            Ok(())
        })?;
        Ok(Seat { inner: Arc::clone(self), is_of_actions: false })
    }

    /// Takes the place of the stream of actions.
    pub(in crate::fake_agent) fn sit_for_actions(
        self: &Arc<Self>,
        sender: mpsc::UnboundedSender<ActionRequest>,
    ) -> Result<Seat, Refused> {
        self.with(|held| {
            if held.actions.is_some() {
                return Err(Refused::already_exists("component already has a stream of actions"));
            }
            held.actions = Some(sender);
            Ok(())
        })?;
        Ok(Seat { inner: Arc::clone(self), is_of_actions: true })
    }

    /// Takes a check-in, and answers it where an agent does.
    pub(in crate::fake_agent) fn observe(&self, observed: CheckinObserved, is_first: bool) {
        self.with(|held| {
            // After SIGTERM nobody looks at check-ins.
            if held.state == ComponentState::Stopping {
                return;
            }
            held.checkins_since_tick += 1;
            held.state = ComponentState::Healthy;
            "Healthy".clone_into(&mut held.message);
            held.model.observe(&observed);
            held.received.push(Received { at: Instant::now(), observed, is_first });
            let is_settled = held.model.is_settled();
            if let Some(checkins) = held.checkins.as_mut().filter(|_| is_first) {
                checkins.is_mute = is_settled;
            }
            if !is_settled {
                self.send_list(held);
            }
        });
    }

    /// Sends a request; the receiver gives its answer.
    pub(super) fn ask(&self, mut request: ActionRequest) -> Result<oneshot::Receiver<ActionResponse>> {
        if request.id.is_empty() {
            request.id = name();
        }
        let (sender, receiver) = oneshot::channel();
        self.with(|held| {
            let actions = held.actions.as_ref().context("there is no stream of actions")?;
            if actions.send(request.clone()).is_err() {
                bail!("the stream of actions has ended");
            }
            held.asked.insert(request.id, sender);
            Ok(())
        })?;
        Ok(receiver)
    }

    /// Takes an answer. One that nobody waits for, such as a second one, is left out.
    pub(in crate::fake_agent) fn answered(&self, answer: ActionResponse) {
        if let Some(asker) = self.with(|held| held.asked.remove(&answer.id)) {
            // Whoever asked may have lost patience.
            let _ = asker.send(answer);
        }
    }

    /// There is a supervisor from now on.
    pub(super) fn supervise(&self) -> Result<mpsc::UnboundedReceiver<Order>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.with(|held| {
            if held.orders.as_ref().is_some_and(|orders| !orders.is_closed()) {
                bail!("the component runs already");
            }
            held.orders = Some(sender);
            Ok(receiver)
        })
    }

    pub(super) fn order(&self, order: Order) {
        // A component that has ended needs no order.
        self.with(|held| held.orders.as_ref().map(|orders| orders.send(order).is_ok()));
    }

    /// The agent is gone: the supervisor kills the process.
    pub(in crate::fake_agent) fn abandon(&self) {
        self.with(|held| held.orders = None);
    }
}
