//! Elastic Agent's control protocol V2, the component's side: what the agent wants, as a stream of changes; how the units
//! are, as reports; what people ask for, as actions. It knows what a unit is, and nothing of what a unit's configuration
//! says.
//!
//! The agent starts a component and writes its start-up info to standard input ([`StartUp::from_stdin`]). [`start`] connects and
//! stays connected; from then on
//!
//! - [`Changes::next`] says which units there are, with their configuration, and what became of them;
//! - [`Agent::report`] says how a unit is, and thereby that its latest configuration was taken over;
//! - an implementation of [`Actions`] answers diagnostics and the actions of Fleet.
//!
//! ```no_run
//! # async fn example(start_up: agent::StartUp, actions: std::sync::Arc<dyn agent::Actions>) {
//! use agent::{Change, Component, Report, UnitState};
//!
//! let component = Component { name: "m365-fetcher".to_owned(), ..Component::default() };
//! let (agent, mut changes) = agent::start(&start_up, component, actions);
//! while let Some(change) = changes.next().await {
//!     match change {
//!         Change::UnitAdded(unit) | Change::UnitChanged(unit) => {
//!             // Take over `unit.config`, then say so; a report of FAILED takes it over, too.
//!             agent.report(&unit, Report::new(UnitState::Healthy, "collecting"));
//!         }
//!         // Deliver and store what is on its way, then let go of the unit.
//!         Change::UnitRemoved(unit) => {
//!             agent.report(&unit, Report::new(UnitState::Stopped, "stopped"));
//!         }
//!         _ => {}
//!     }
//! }
//! # }
//! ```
//!
//! Wire-compatible with Elastic Agent 8.15 and newer. The messages are declared by hand from their numbers and types;
//! nothing of Elastic's sources is in here.

mod actions;
mod api;
mod checkin;
mod chunks;
mod connection;
mod json;
pub mod messages;
#[cfg(any(test, fuzzing))]
pub mod probe;
mod report;
mod start_up;
#[cfg(test)]
mod tests;
mod unit;
mod units;

pub use actions::{Actions, CustomAction, Diagnostic, DiagnosticsRequest, Refusal};
pub use api::{Agent, Changes, Component, start};
pub use chunks::Joiner;
pub use report::{Report, StreamStatus};
pub use start_up::{StartUp, StartUpError};
pub use unit::{
    AgentInfo, Change, DataStream, LogLevel, Package, StreamConfig, Unit, UnitConfig, UnitKey, UnitState, UnitType,
};
