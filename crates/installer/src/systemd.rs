//! What puts the component back after an upgrade: an agent makes a new home then, and takes no component along that is not
//! of its flavor. A path unit of systemd waits for changes in the agent's folder of homes, and its service installs again.

use std::fs;
use std::path::{Path, PathBuf};

use common::platform::FileAccess;

use crate::Error;
use crate::agent::Agent;
use crate::component::{Wanted, program_name};
use crate::plan::{Content, Step};

/// Where systemd looks for units, and where the program lies that they run.
#[derive(Debug, Clone)]
pub struct Watch {
    /// The folder of units.
    pub units: PathBuf,
    /// The folder of the program, which no upgrade of the agent touches.
    pub library: PathBuf,
}

impl Watch {
    /// That of this system, if systemd runs it.
    pub fn of_system() -> Option<Self> {
        let runs = Path::new("/run/systemd/system").is_dir();
        runs.then(|| Self { units: "/etc/systemd/system".into(), library: "/usr/local/lib/m365-fetcher".into() })
    }

    /// The path unit and the service of an agent.
    pub fn units_of(&self, agent: &Agent) -> [PathBuf; 2] {
        let name = unit_name(&agent.top);
        ["path", "service"].map(|kind| self.units.join(format!("{name}.{kind}")))
    }

    fn program(&self) -> PathBuf {
        self.library.join(program_name())
    }
}

/// First part of the units' names.
const PREFIX: &str = "m365-fetcher-agent";

/// The name of an agent's units: its folder is part of it, as a host may have several.
fn unit_name(top: &Path) -> String {
    let folder: String = top
        .to_string_lossy()
        .trim_matches('/')
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' })
        .collect();
    format!("{PREFIX}-{folder}")
}

pub(crate) fn install(agent: &Agent, wanted: &Wanted, watch: &Watch) -> Result<Vec<Step>, Error> {
    let folder = FileAccess::of(&watch.units).map_err(|error| Error::io(&watch.units, error))?;
    let mut steps = Vec::new();
    let program = watch.program();
    if !is_same_file(&program, &wanted.program) && fs::read(&program).ok() != fs::read(&wanted.program).ok() {
        let content = Content::Copy(wanted.program.clone());
        let why = "the service runs it, whatever becomes of this one";
        steps.push(Step::Write { to: program.clone(), content, access: folder.for_all(true), why });
    }
    let before = steps.len();
    for (to, text) in watch.units_of(agent).into_iter().zip(texts(agent, &program)) {
        if fs::read_to_string(&to).ok().as_deref() != Some(&text) {
            let why = "it puts the component back after an upgrade";
            steps.push(Step::Write { to, content: Content::Text(text), access: folder.for_all(false), why });
        }
    }
    if steps.len() > before {
        steps.push(systemctl(&["daemon-reload"], "systemd reads its units"));
        let unit = format!("{}.path", unit_name(&agent.top));
        steps.push(systemctl(&["enable", "--now", &unit], "it waits for upgrades from now on"));
    }
    Ok(steps)
}

pub(crate) fn remove(agent: &Agent, watch: &Watch) -> Result<Vec<Step>, Error> {
    let units: Vec<PathBuf> = watch.units_of(agent).into_iter().filter(|unit| unit.exists()).collect();
    if units.is_empty() {
        return Ok(Vec::new());
    }
    let unit = format!("{}.path", unit_name(&agent.top));
    let mut steps = vec![systemctl(&["disable", "--now", &unit], "it would put the component back")];
    let entries = fs::read_dir(&watch.units).map_err(|error| Error::io(&watch.units, error))?;
    let is_of_another = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(PREFIX) && !units.contains(path)
    };
    let is_shared = entries.flatten().any(|entry| is_of_another(&entry.path()));
    steps.extend(units.iter().cloned().map(Step::Remove));
    steps.push(systemctl(&["daemon-reload"], "systemd forgets the units"));
    if !is_shared && watch.program().exists() {
        steps.push(Step::Remove(watch.program()));
    }
    Ok(steps)
}

fn systemctl(arguments: &[&str], why: &'static str) -> Step {
    let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    Step::Run { program: "systemctl".into(), arguments, why }
}

/// The path unit and the service.
///
/// The agent writes its upgrade marker into the watched folder when the new home is whole and the link leads there, so the
/// component is put in then at the latest, and the restart lets the new agent see it.
fn texts(agent: &Agent, program: &Path) -> [String; 2] {
    let (top, name) = (escaped(&agent.top), unit_name(&agent.top));
    let data = escaped(&agent.top.join("data"));
    let program = escaped(program);
    let path = format!(
        "[Unit]\nDescription=m365-fetcher: upgrades of the Elastic Agent in {top}\n\n[Path]\nPathChanged={data}\n\
         Unit={name}.service\n\n[Install]\nWantedBy=multi-user.target\n"
    );
    let service = format!(
        "[Unit]\nDescription=m365-fetcher: puts the component back into the Elastic Agent in {top}\n\
         StartLimitIntervalSec=0\n\n[Service]\nType=oneshot\n\
         ExecStart=\"{program}\" agent install --agent \"{top}\" --restart --no-systemd\n"
    );
    [path, service]
}

/// A path in a unit: a percent sign begins a variable there.
fn escaped(path: &Path) -> String {
    path.to_string_lossy().replace('%', "%%").replace('"', "\\\"")
}

fn is_same_file(one: &Path, two: &Path) -> bool {
    matches!((fs::canonicalize(one), fs::canonicalize(two)), (Ok(one), Ok(two)) if one == two)
}
