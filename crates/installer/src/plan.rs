//! What is to be done: decided from what is there, and done by [`crate::perform`] alone. A plan for what is right already
//! has no steps.

use std::fmt;
use std::path::PathBuf;

use common::platform::FileAccess;

use crate::Error;
use crate::agent::Agent;
use crate::component::{Component, Present, Wanted};
use crate::systemd::{self, Watch};

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Put a file in place: another one of that name gives way in one moment.
    Write {
        /// Where.
        to: PathBuf,
        /// What it holds.
        content: Content,
        /// Its rights and owner.
        access: FileAccess,
        /// Why, for people.
        why: &'static str,
    },
    /// Give a file other rights.
    SetAccess {
        /// Which file.
        path: PathBuf,
        /// Its rights and owner.
        access: FileAccess,
    },
    /// Take a file away.
    Remove(PathBuf),
    /// Run a command.
    Run {
        /// The program.
        program: PathBuf,
        /// Its arguments.
        arguments: Vec<String>,
        /// Why, for people.
        why: &'static str,
    },
}

/// What a file is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The same as another file.
    Copy(PathBuf),
    /// A text.
    Text(String),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write { to, access, why, .. } => write!(f, "write {} ({access}): {why}", to.display()),
            Self::SetAccess { path, access } => write!(f, "set the rights of {} to {access}", path.display()),
            Self::Remove(path) => write!(f, "remove {}", path.display()),
            Self::Run { program, arguments, why } => {
                write!(f, "run {} {}: {why}", program.display(), arguments.join(" "))
            }
        }
    }
}

/// What else is wanted beside the files.
#[derive(Debug, Clone, Default)]
pub struct Manners {
    /// Restart the agent where something changed that concerns the version in use.
    pub restart: bool,
    /// The system's service manager puts the component back after an upgrade.
    pub watch: Option<Watch>,
}

/// Steps that put the component into every version of an agent.
pub fn install(agent: &Agent, wanted: &Wanted, manners: &Manners) -> Result<Vec<Step>, Error> {
    let (mut steps, mut is_current_changed) = (Vec::new(), false);
    for home in &agent.homes {
        let component = Component::look(home, wanted)?;
        let before = steps.len();
        let program = Content::Copy(wanted.program.clone());
        let access = component.folder_access.for_program();
        steps.extend(put(component.program, component.program_path(), program, access));
        let spec = Content::Text(wanted.spec.to_owned());
        steps.extend(put(component.spec, component.spec_path(), spec, component.folder_access.for_text()));
        is_current_changed |= steps.len() > before && home.is_current;
    }
    if let Some(watch) = &manners.watch {
        steps.extend(systemd::install(agent, wanted, watch)?);
    }
    if manners.restart && is_current_changed {
        steps.extend(restart(agent, "spec files are read when the agent starts")?);
    }
    Ok(steps)
}

/// Steps that take the component away from every version of an agent.
pub fn remove(agent: &Agent, wanted: &Wanted, manners: &Manners) -> Result<Vec<Step>, Error> {
    let (mut steps, mut is_current_changed) = (Vec::new(), false);
    // First: it would put back what is taken away.
    if let Some(watch) = &manners.watch {
        steps.extend(systemd::remove(agent, watch)?);
    }
    for home in &agent.homes {
        let component = Component::look(home, wanted)?;
        let before = steps.len();
        steps.extend(component.spec.map(|_| Step::Remove(component.spec_path())));
        steps.extend(component.program.map(|_| Step::Remove(component.program_path())));
        is_current_changed |= steps.len() > before && home.is_current;
    }
    if manners.restart && is_current_changed {
        steps.extend(restart(agent, "a running agent goes on with the component until it starts again")?);
    }
    Ok(steps)
}

fn put(present: Option<Present>, to: PathBuf, content: Content, access: FileAccess) -> Option<Step> {
    match present {
        None => Some(Step::Write { to, content, access, why: "it is missing" }),
        Some(present) if !present.is_wanted => Some(Step::Write { to, content, access, why: "it is another one" }),
        Some(present) if present.access != access => Some(Step::SetAccess { path: to, access }),
        Some(_) => None,
    }
}

/// The agent's own command: its process stays, so that nobody takes the restart for a crash.
fn restart(agent: &Agent, why: &'static str) -> Result<Option<Step>, Error> {
    let program = agent.program().ok_or_else(|| {
        let top = agent.top.display();
        Error::NoAgent(format!("{top}: the program `elastic-agent` is not there, so it cannot be restarted"))
    })?;
    Ok(Some(Step::Run { program, arguments: vec!["restart".to_owned()], why }))
}
