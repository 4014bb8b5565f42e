//! What a component holds in its hands: the handle for reports, the stream of changes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use crate::actions::{ActionStream, Actions};
use crate::checkin::Checkins;
use crate::chunks::Limits;
use crate::connection::{Connection, Disconnection, Link};
use crate::messages::VersionInfo;
use crate::units::Units;
use crate::{Change, LogLevel, Report, StartUp, Unit, UnitKey, UnitState};

/// The program, as it introduces itself to the agent (`CheckinObservedVersionInfo`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// The commit that it was built from; empty if that is not known.
    pub build_hash: String,
    /// What else there is to say, such as `version`.
    pub meta: BTreeMap<String, String>,
    /// Longest silence: below `timeouts.checkin` of the component's spec file, which is 30 seconds unless it says otherwise.
    pub period: Duration,
}

impl Default for Component {
    fn default() -> Self {
        Self { name: String::new(), build_hash: String::new(), meta: BTreeMap::new(), period: Duration::from_secs(25) }
    }
}

/// What the tasks of a connection and the handles have in common.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    units: Mutex<Units>,
    reported: Notify,
}

impl Shared {
    pub(crate) fn with_units<T>(&self, act: impl FnOnce(&mut Units) -> T) -> T {
        act(&mut self.units.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits for a report.
    pub(crate) async fn reported(&self) {
        self.reported.notified().await;
    }
}

/// The agent, as a component talks to it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Agent {
    shared: Arc<Shared>,
}

impl Agent {
    /// Says how a unit is, and that the configuration of this `unit` was taken over, be it to fail. Waits for nothing; what
    /// is the same as before is not sent again.
    ///
    /// The result is `false`, and the report is left out, if it comes too late: the unit is gone, or on its way to its end
    /// and the report says neither STOPPING nor STOPPED, or a report of a later configuration was made.
    pub fn report(&self, unit: &Unit, report: Report) -> bool {
        let is_taken = self.shared.with_units(|units| units.report(unit, report));
        if is_taken {
            self.shared.reported.notify_one();
        }
        is_taken
    }

    /// The units that the agent wants, with the latest configuration of each.
    pub fn units(&self) -> Vec<Unit> {
        self.shared.with_units(|units| units.wanted().cloned().collect())
    }

    /// The level of the most talkative unit, which is that of the process; `None` without units.
    pub fn log_level(&self) -> Option<LogLevel> {
        self.shared.with_units(|units| units.wanted().map(|unit| unit.log_level).max())
    }

    /// Every unit with the state and the sentence that the agent was told, or will be told next.
    pub fn states(&self) -> Vec<(UnitKey, UnitState, String)> {
        self.shared.with_units(|units| units.states())
    }
}

/// What became different, in order. Dropped, it ends the connection.
#[derive(Debug)]
pub struct Changes {
    receiver: mpsc::UnboundedReceiver<Change>,
    _tasks: JoinSet<()>,
}

impl Changes {
    /// The next change. `None` if the connection could not even be tried; [`Change::Disconnected`] was the change before.
    /// Losing the future loses no change.
    pub async fn next(&mut self) -> Option<Change> {
        self.receiver.recv().await
    }
}

/// Connects to the agent and stays connected, in tasks of the runtime that this is called in.
pub fn start(start_up: &StartUp, component: Component, actions: Arc<dyn Actions>) -> (Agent, Changes) {
    match Connection::new(start_up) {
        Ok(connection) => start_with(Arc::new(connection), start_up, component, actions),
        Err(error) => {
            let (sender, receiver) = mpsc::unbounded_channel();
            let Disconnection { reason, is_refused } = Disconnection::without_certificates(&error);
            // The receiver is in our hands.
            let _ = sender.send(Change::Disconnected { reason, is_refused });
            (Agent { shared: Arc::default() }, Changes { receiver, _tasks: JoinSet::new() })
        }
    }
}

/// The same over any link.
pub(crate) fn start_with(
    link: Arc<dyn Link>,
    start_up: &StartUp,
    component: Component,
    actions: Arc<dyn Actions>,
) -> (Agent, Changes) {
    let shared: Arc<Shared> = Arc::default();
    let (sender, receiver) = mpsc::unbounded_channel();
    if let Some(info) = &start_up.agent {
        // The receiver is in our hands.
        let _ = sender.send(Change::AgentInfo(info.clone()));
        shared.with_units(|units| units.introduce(info.clone()));
    }
    let Component { name, build_hash, meta, period } = component;
    let limits = Limits { size: start_up.max_message_size, chunking: start_up.chunking };
    let checkins = Checkins {
        link: Arc::clone(&link),
        shared: Arc::clone(&shared),
        changes: sender,
        token: start_up.token.clone(),
        version: VersionInfo { name, meta, build_hash },
        limits,
        period,
    };
    let streams = ActionStream::new(link, Arc::clone(&shared), actions, start_up.token.clone(), limits.size);
    let mut tasks = JoinSet::new();
    tasks.spawn(checkins.run());
    tasks.spawn(streams.run());
    (Agent { shared }, Changes { receiver, _tasks: tasks })
}
