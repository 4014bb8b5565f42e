//! A component as a test holds it, and what the agent knows of it.

mod inner;

use std::sync::Arc;
use std::time::Duration;

use agent::messages::{
    ActionLevel, ActionRequest, ActionResponse, ActionType, CheckinObserved, ConnectionSupports, StartUpInfo,
};
use anyhow::{Context, Result, bail};
use prost::Message;
use rustix::process::Signal;
use tokio::time::Instant;

pub(super) use self::inner::{Inner, Order, Seat};
use super::logs::Line;
use super::policy::{Policy, UnitSpec};
use super::process::{self, Program};
use super::status::Status;
use super::{Shared, supervisor};

/// How long [`Component::until`] waits.
const PATIENCE: Duration = Duration::from_secs(30);

/// A message of the component.
#[derive(Debug, Clone)]
pub struct Received {
    /// When it came.
    pub at: Instant,
    /// What it said, parts joined.
    pub observed: CheckinObserved,
    /// It was the first one of its stream.
    pub is_first: bool,
}

/// A component of a [`super::FakeAgent`].
#[derive(Clone)]
pub struct Component {
    shared: Arc<Shared>,
    inner: Arc<Inner>,
}

impl Component {
    pub(super) fn new(shared: Arc<Shared>, inner: Arc<Inner>) -> Self {
        Self { shared, inner }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// What the agent writes to standard input, decoded, for components that do not run as a process or that get
    /// something wrong.
    pub fn start_up(&self) -> StartUpInfo {
        let options = &self.shared.options;
        let identity = &self.inner.identity;
        StartUpInfo {
            addr: format!("localhost:{}", self.shared.address.port()),
            server_name: identity.server_name.clone(),
            token: self.inner.token.clone(),
            ca_cert: identity.ca_pem.clone().into_bytes(),
            peer_cert: identity.peer.certificate_pem.clone().into_bytes(),
            peer_key: identity.peer.key_pem.clone().into_bytes(),
            services: vec![StartUpInfo::CHECKIN_V2],
            supports: options.chunking.then_some(ConnectionSupports::CheckinChunking as i32).into_iter().collect(),
            max_message_size: options.max_message_size,
            agent_info: Some(options.info.clone()),
        }
    }

    /// The bytes of [`Self::start_up`].
    pub fn start_up_info(&self) -> Vec<u8> {
        self.start_up().encode_to_vec()
    }

    /// Gives it the units of a policy; what changed reaches a component that can be told.
    pub fn set_policy(&self, policy: &Policy) {
        self.set_units(policy.units(&self.inner.id));
    }

    /// Gives it these units.
    pub fn set_units(&self, units: Vec<UnitSpec>) {
        self.inner.change(|model| model.set_units(units));
    }

    /// Hosts should be named by their fully qualified name.
    pub fn set_fqdn(&self, fqdn: bool) {
        self.inner.change(|model| model.set_fqdn(fqdn));
    }

    /// How many processors it may use.
    pub fn set_go_max_procs(&self, limit: u64) {
        self.inner.change(|model| model.set_go_max_procs(limit));
    }

    /// Starts its process, and again whenever that ends. Both streams of the process's output are log lines.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn spawn(&self, program: Program) -> Result<()> {
        let orders = self.inner.supervise()?;
        supervisor::start(Arc::clone(&self.inner), self.start_up_info(), program, orders).await
    }

    /// Tells the process to stop, and returns when it has. With `remove`, as when the component left the policy, its run
    /// folder goes away, too.
    pub async fn stop(&self, remove: bool) {
        self.begin_stop(remove);
        self.until("stopped", |status| status.state == super::ComponentState::Stopped).await;
    }

    /// The same without waiting.
    pub fn begin_stop(&self, remove: bool) {
        self.inner.order(Order::Stop { remove });
    }

    /// Sends a signal to the process.
    ///
    /// # Errors
    /// When there is no process.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = self.inner.pid().context("the component does not run")?;
        process::signal(pid, signal)
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.inner.pid()
    }

    /// What the agent shows of it.
    pub fn status(&self) -> Status {
        self.inner.status()
    }

    /// Waits until the agent shows what is waited for, half a minute at most.
    ///
    /// # Panics
    /// When it does not, with everything that is known.
    pub async fn until(&self, what: &str, is_it: impl Fn(&Status) -> bool) -> Status {
        self.until_within(PATIENCE, what, is_it).await
    }

    /// The same with another patience.
    ///
    /// # Panics
    /// When the patience is over, with everything that is known.
    pub async fn until_within(&self, patience: Duration, what: &str, is_it: impl Fn(&Status) -> bool) -> Status {
        let mut changed = self.inner.watch();
        let end = Instant::now() + patience;
        loop {
            let status = self.status();
            if is_it(&status) {
                return status;
            }
            if tokio::time::timeout_at(end, changed.changed()).await.is_err() {
                let lines: Vec<Line> = self.lines().into_iter().rev().take(20).rev().collect();
                panic!("not {what}: {status:#?}\nfaults: {:#?}\nlast lines: {lines:#?}", self.faults());
            }
        }
    }

    /// What it has sent.
    pub fn received(&self) -> Vec<Received> {
        self.inner.with(|held| held.received.clone())
    }

    /// How many lists were sent to it.
    pub fn lists_sent(&self) -> usize {
        self.inner.with(|held| held.lists_sent)
    }

    /// Rules that it has broken, in words.
    pub fn faults(&self) -> Vec<String> {
        self.inner.with(|held| held.faults.clone())
    }

    /// What it has logged.
    pub fn lines(&self) -> Vec<Line> {
        self.inner.with(|held| held.lines.clone())
    }

    /// Sends an action of Fleet and waits for its answer.
    ///
    /// # Errors
    /// When no answer comes within the agent's time.
    pub async fn action(&self, name: &str, params: &serde_json::Value) -> Result<ActionResponse> {
        let request = ActionRequest {
            name: name.to_owned(),
            params: params.to_string().into_bytes(),
            r#type: ActionType::Custom as i32,
            ..ActionRequest::default()
        };
        self.ask(request, self.shared.options.times.diagnostics.0).await
    }

    /// Asks for diagnostics: of a unit (type and id), else of the component; with a profile or without.
    ///
    /// # Errors
    /// When no answer comes within the agent's time.
    pub async fn diagnostics(&self, unit: Option<(i32, &str)>, cpu: bool) -> Result<ActionResponse> {
        let metrics = if cpu { r#"["CONN","CPU"]"# } else { r#"["CONN"]"# };
        let (level, params) = match unit {
            Some(_) => (ActionLevel::Unit, "null".to_owned()),
            None => (ActionLevel::Component, format!(r#"{{"additional_metrics":{metrics}}}"#)),
        };
        let (unit_type, unit_id) = unit.unwrap_or_default();
        let request = ActionRequest {
            unit_id: unit_id.to_owned(),
            unit_type,
            r#type: ActionType::Diagnostics as i32,
            level: level as i32,
            params: params.into_bytes(),
            ..ActionRequest::default()
        };
        let (short, long) = self.shared.options.times.diagnostics;
        self.ask(request, if cpu { long } else { short }).await
    }

    /// Sends any request under an id of its own and waits for the answer.
    ///
    /// # Errors
    /// When there is no stream of actions, or no answer in time.
    pub async fn ask(&self, request: ActionRequest, patience: Duration) -> Result<ActionResponse> {
        let answer = self.inner.ask(request)?;
        match tokio::time::timeout(patience, answer).await {
            Ok(answer) => answer.context("the component went away"),
            Err(_) => bail!("no answer within {patience:?}"),
        }
    }

    /// Waits until its stream of actions is open.
    ///
    /// # Panics
    /// When it is not within half a minute.
    pub async fn until_actions(&self) {
        let mut changed = self.inner.watch();
        while !self.inner.with(|held| held.actions.is_some()) {
            let wait = tokio::time::timeout(PATIENCE, changed.changed()).await;
            assert!(wait.is_ok(), "no stream of actions: {:#?}", self.faults());
        }
    }
}
