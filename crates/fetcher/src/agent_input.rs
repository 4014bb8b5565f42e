//! The program as a component of Elastic Agent: units of the agent become tenants and an output, live, and what becomes of
//! them is told per stream.
//!
//! An input unit is a tenant with a dataset per stream ([`units`]). Inputs with the same state directory are collected by one
//! run ([`runs`]), which is the engine of `m365-fetcher run` with the same reload: a changed input starts its tenant's
//! sources again, the others do not notice. Another output ends the runs, which deliver and store what they have read, and
//! begins them again. [`told`] turns health into reports, [`delivery`] says what documents carry.

mod delivery;
mod diagnostics;
mod machine;
mod redact;
mod runs;
#[cfg(test)]
mod tests;
mod told;
mod units;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use agent::{Agent, Change, Component, Report, StartUp, Unit, UnitKey, UnitState, UnitType};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use self::delivery::Shipper;
use self::diagnostics::{Desks, Diagnostics};
use self::runs::Runs;
use self::told::Told;
use self::units::Units;
use crate::cli::logs;
use crate::cli::told::WATCH;
use crate::version;
use common::stats::Stats;

/// Time between two looks at how the sources are.
const LOOK: Duration = Duration::from_millis(250);
/// Changes that come close together are taken over at once.
const TOGETHER: Duration = Duration::from_millis(20);
/// Longest time that a unit is given to its end: the agent waits no longer.
const LONGEST_END: Duration = Duration::from_secs(10);

/// What the agent says on the command line.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    /// Its folder for the component (`path.data`).
    pub(crate) data: PathBuf,
}

/// Why the component ends by itself.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(String);

/// Serves an agent until `stop`.
///
/// # Errors
/// When agent and component do not accept each other.
pub(crate) async fn serve(start_up: &StartUp, settings: Settings, stop: CancellationToken) -> Result<(), Refused> {
    let stats = Arc::<Stats>::default();
    let desks = Arc::<Desks>::default();
    let diagnostics = Arc::new(Diagnostics::new(Arc::clone(&stats.health), Arc::clone(&desks)));
    let component = Component {
        name: options::PROGRAM.to_owned(),
        build_hash: version::COMMIT.to_owned(),
        meta: BTreeMap::from([("version".to_owned(), version::VERSION.to_owned())]),
        ..Component::default()
    };
    let (agent, mut changes) = agent::start(start_up, component, Arc::clone(&diagnostics) as Arc<dyn agent::Actions>);
    diagnostics.of(agent.clone());
    let mut input = AgentInput {
        agent,
        shipper: Shipper::default(),
        units: Units::new(settings.data),
        runs: Runs::new(stats, desks),
        told: Told::default(),
        ending: BTreeMap::new(),
        is_stale: None,
    };
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut watches = tokio::time::interval(WATCH);
    watches.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let stale = input.is_stale;
        let settled = async {
            match stale {
                Some(since) => tokio::time::sleep_until(since + TOGETHER).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            change = changes.next() => match change {
                Some(Change::Disconnected { reason, is_refused: true }) => {
                    input.runs.stop().await;
                    return Err(Refused(reason));
                }
                Some(change) => input.change(change),
                None => return Err(Refused("there is no way to the agent".to_owned())),
            },
            () = input.runs.ended() => input.is_stale = Some(Instant::now()),
            () = settled => input.take_over(),
            _ = watches.tick() => {
                input.runs.watch();
                logs::tell_repeats();
            }
            _ = looks.tick() => input.tell(),
        }
    }
    // The agent listens no more.
    input.runs.stop().await;
    Ok(())
}

/// The units, and what became of them.
struct AgentInput {
    agent: Agent,
    shipper: Shipper,
    units: Units,
    runs: Runs,
    told: Told,
    /// Units on their way to their end, and since when.
    ending: BTreeMap<UnitKey, (Unit, Instant)>,
    /// What is wanted has changed since then, and the runs do not know.
    is_stale: Option<Instant>,
}

impl AgentInput {
    fn change(&mut self, change: Change) {
        match change {
            Change::UnitAdded(unit) | Change::UnitChanged(unit) => {
                self.ending.remove(&unit.key);
                let state = if matches!(unit.key.unit_type, UnitType::Unknown(_)) {
                    Report::new(UnitState::Failed, "this type of unit is not known; use a newer m365-fetcher")
                } else {
                    Report::new(UnitState::Configuring, "the configuration is taken over")
                };
                self.agent.report(&unit, state);
                self.told.forget(&unit.key);
                self.units.set(unit);
                self.level();
            }
            Change::UnitRemoved(unit) => {
                self.agent.report(&unit, Report::new(UnitState::Stopping, "what was read is delivered"));
                self.units.remove(&unit.key);
                self.told.forget(&unit.key);
                self.ending.insert(unit.key.clone(), (unit, Instant::now()));
                self.level();
            }
            Change::LogLevel(_) => {
                self.level();
                return;
            }
            Change::AgentInfo(info) => self.shipper.agent(info),
            Change::Connected => {
                tracing::info!("connected to Elastic Agent");
                return;
            }
            Change::Disconnected { reason, .. } => {
                tracing::warn!(reason, "no connection to Elastic Agent, what it wanted last goes on");
                return;
            }
            // The documents name no host, and the work is bounded by other means.
            Change::Fqdn(_) | Change::GoMaxProcs(_) => return,
        }
        self.is_stale.get_or_insert_with(Instant::now);
    }

    /// The process is as talkative as the most talkative unit; the agent keeps of each unit what it wants.
    fn level(&self) {
        if let Some(level) = self.agent.log_level() {
            logs::set_level(level.name());
        }
    }

    /// Gives the runs what is wanted now.
    fn take_over(&mut self) {
        self.is_stale = None;
        let wanted = self.units.wanted(&self.shipper);
        logs::set_units(self.units.names());
        self.runs.reconcile(wanted);
        self.tell();
    }

    /// Tells the agent how the units are.
    fn tell(&mut self) {
        if self.runs.is_due() {
            self.is_stale.get_or_insert_with(Instant::now);
        }
        let Self { agent, units, runs, told, ending, .. } = self;
        runs.settle();
        told.look(agent, units, runs);
        ending.retain(|key, (unit, since)| {
            let is_over = match key.unit_type {
                UnitType::Input => !runs.collects(units.place_of_former(key)),
                UnitType::Output => runs.is_idle(),
                UnitType::Unknown(_) => true,
            };
            let is_over = is_over || since.elapsed() > LONGEST_END;
            if is_over {
                agent.report(unit, Report::new(UnitState::Stopped, "stopped"));
                units.forget(key);
            }
            !is_over
        });
    }
}
