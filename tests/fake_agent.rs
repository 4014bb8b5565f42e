//! An Elastic Agent for tests, as a component sees one: it starts the real binary, gives it a configuration, watches it,
//! and keeps to the rules of a real agent, those that hurt included.
//!
//! ```ignore
//! let agent = FakeAgent::start(Options::default()).await?;
//! let component = agent.component("m365-fetcher-default");
//! component.set_policy(&Policy::new(json!({"type": "elasticsearch", "hosts": [...]})).input(json!({"id": "one", ...})));
//! component.spawn(Program::new(binary, folder)).await?;      // or: agent::StartUp::decode(&component.start_up_info())
//! component.until("healthy", |status| status.is_healthy()).await;
//! ```
//!
//! Rules that a component can break without being told are in [`Component::faults`]; a test ends with
//! `assert_eq!(component.faults(), [""; 0])`.
//!
//! What it keeps to (and what a component meets that ignores it):
//!
//! - start-up info on standard input, then its end; mutual TLS with a certificate per component, picked by SNI;
//! - five seconds for the first message of a stream; the token; one stream of a kind at a time; `init` on the stream of
//!   actions, whose response headers come with the first action (a call that waits for them stalls);
//! - a first message that leaves nothing to say silences the stream for good (policy changes are lost);
//! - answers to unsettled components only, and to each of their messages (an echo never ends);
//! - a configuration only while its number was not reported; a list in parts when it is too long;
//! - units that are not reported, or not known, FAILED; a second STOPPED brings the unit back;
//! - three missed check-ins are the end; SIGTERM, then SIGKILL; a restart after an exit; a successor while the former
//!   process may still run; the run folder goes away with the component;
//! - log lines that an agent would mangle.

mod certificates;
mod component;
mod expected;
mod logs;
mod model;
mod policy;
mod process;
mod server;
mod status;
mod streams;
mod supervisor;
mod tls;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;

use self::certificates::Authority;
pub use self::component::{Component, Received};
pub use self::logs::{Line, parse_line};
pub use self::policy::{Policy, UnitSpec};
pub use self::process::Program;
pub use self::status::{ComponentState, Status, UnitStatus};

/// How long the agent waits. A real one's times by default; tests shorten what they wait for.
#[derive(Debug, Clone)]
pub struct Times {
    /// For the first message of a stream.
    pub first_message: Duration,
    /// Between check-ins (`timeouts.checkin`).
    pub checkin: Duration,
    /// Before an exited component is started again (`timeouts.restart`).
    pub restart: Duration,
    /// Between SIGTERM and SIGKILL (`timeouts.stop` less five seconds).
    pub stop: Duration,
    /// Before a successor is started under another output's name.
    pub successor: Duration,
    /// For diagnostics, and with a profile.
    pub diagnostics: (Duration, Duration),
}

impl Default for Times {
    fn default() -> Self {
        Self {
            first_message: Duration::from_secs(5),
            checkin: Duration::from_secs(30),
            restart: Duration::from_secs(2),
            stop: Duration::from_secs(25),
            successor: Duration::from_secs(15),
            diagnostics: (Duration::from_secs(20), Duration::from_mins(1)),
        }
    }
}

/// What kind of agent this is.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long it waits.
    pub times: Times,
    /// Largest message in bytes, both ways.
    pub max_message_size: u32,
    /// It joins parts and sends them.
    pub chunking: bool,
    /// What the start-up info and every list say of the agent.
    pub info: agent::messages::AgentInfo,
}

impl Default for Options {
    fn default() -> Self {
        let info = agent::messages::AgentInfo {
            id: "5f2f3d6e-1c0a-4a52-9a40-0d7b2f6a5c11".to_owned(),
            version: "9.5.2".to_owned(),
            snapshot: false,
            mode: 1,
            unprivileged: false,
        };
        Self { times: Times::default(), max_message_size: 104_857_600, chunking: true, info }
    }
}

/// The agent. Dropped, it kills its components.
pub struct FakeAgent {
    shared: Arc<Shared>,
}

/// What server and components have in common.
struct Shared {
    options: Options,
    authority: Authority,
    address: SocketAddr,
    components: Mutex<BTreeMap<String, Arc<component::Inner>>>,
    connections: server::Connections,
}

impl Shared {
    fn components(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<component::Inner>>> {
        self.components.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The component with that token.
    fn by_token(&self, token: &str) -> Option<Arc<component::Inner>> {
        self.components().values().find(|component| component.token == token).cloned()
    }
}

impl FakeAgent {
    /// Listens on a free port of this machine.
    ///
    /// # Errors
    /// When there is no port or no certificate can be made.
    pub async fn start(options: Options) -> Result<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let shared = Arc::new(Shared {
            options,
            authority: Authority::new()?,
            address: listener.local_addr()?,
            components: Mutex::default(),
            connections: server::Connections::default(),
        });
        server::serve(&shared, listener);
        Ok(Self { shared })
    }

    /// A component of that id, such as `m365-fetcher-default`, without units and not running. The same id gives the same
    /// component.
    ///
    /// # Errors
    /// When no certificate can be made.
    pub fn component(&self, id: &str) -> Result<Component> {
        let mut components = self.shared.components();
        if let Some(inner) = components.get(id) {
            return Ok(Component::new(Arc::clone(&self.shared), Arc::clone(inner)));
        }
        let identity = self.shared.authority.identity()?;
        let inner = Arc::new(component::Inner::new(id, identity, &self.shared.options));
        components.insert(id.to_owned(), Arc::clone(&inner));
        Ok(Component::new(Arc::clone(&self.shared), inner))
    }

    /// Breaks every connection. Components may come back at once.
    pub fn drop_connections(&self) {
        self.shared.connections.drop_all();
    }

    /// Starts a component under another output's name in place of one that runs, as an agent does: SIGTERM to the former
    /// one, and after a while its successor, whether the former one has ended or not.
    ///
    /// # Errors
    /// When the successor cannot be started.
    pub async fn replace(&self, former: &Component, id: &str, policy: &Policy, program: Program) -> Result<Component> {
        let successor = self.component(id)?;
        successor.set_policy(policy);
        former.begin_stop(true);
        tokio::time::sleep(self.shared.options.times.successor).await;
        successor.spawn(program).await?;
        Ok(successor)
    }
}

impl Drop for FakeAgent {
    fn drop(&mut self) {
        self.shared.connections.close();
        for component in self.shared.components().values() {
            component.abandon();
        }
    }
}
