//! Why an agent calls the input "not supported", or does not start its component.

use std::fmt;
use std::fs;
use std::path::Path;

use crate::Error;
use crate::agent::{Agent, Home, Version};
use crate::component::{Component, Machine, Wanted};
use crate::systemd::Watch;

/// Agents that are older are not tested with.
const OLDEST: Version = Version(8, 15, 0);
const INSTALL: &str = "run `m365-fetcher agent install --restart`";

/// One thing to know about an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What, and what to do.
    pub text: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// As it should be.
    Fine,
    /// Works, and may surprise somebody later.
    Note,
    /// The input does not work.
    Trouble,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fine => "ok",
            Self::Note => "note",
            Self::Trouble => "wrong",
        })
    }
}

/// Everything that there is to know about an agent.
pub fn examine(agent: &Agent, wanted: &Wanted, watch: Option<&Watch>) -> Result<Vec<Finding>, Error> {
    let mut findings = Findings::default();
    let top = agent.top.display();
    match (agent.current(), agent.homes.as_slice()) {
        (Some(home), [_]) => findings.fine(format!("{top}: {}", name(home))),
        (Some(home), homes) => findings.note(format!(
            "{top}: {} is in use, and {} other versions are there; an agent may go back to a former one after an upgrade, so \
             all get the component",
            name(home),
            homes.len() - 1
        )),
        (None, homes) => findings.note(format!(
            "{top}: {} versions are there, and the link `elastic-agent` leads to none of them, so that the one in use cannot \
             be told",
            homes.len()
        )),
    }
    for home in &agent.homes {
        examine_home(home, &Component::look(home, wanted)?, &mut findings);
    }
    capabilities(&agent.top, &mut findings);
    upgrades(agent, watch, &mut findings);
    Ok(findings.0)
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn fine(&mut self, text: String) {
        self.0.push(Finding { severity: Severity::Fine, text });
    }

    fn note(&mut self, text: String) {
        self.0.push(Finding { severity: Severity::Note, text });
    }

    fn trouble(&mut self, text: String) {
        self.0.push(Finding { severity: Severity::Trouble, text });
    }
}

fn name(home: &Home) -> String {
    home.folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn examine_home(home: &Home, component: &Component, findings: &mut Findings) {
    let name = name(home);
    if let Some(version) = home.version.filter(|version| *version < OLDEST) {
        findings.note(format!("{name}: version {version} is older than {OLDEST}, with which nobody has tried this"));
    }
    for rival in &component.rivals {
        findings.trouble(format!(
            "{name}: {rival} declares the input `{}` too, and the agent does not start with two of that name; take one away",
            options::INPUT
        ));
    }
    let (program, spec) = (component.program_path(), component.spec_path());
    match (&component.program, &component.spec) {
        (None, None) => findings.trouble(format!(
            "{name}: input not supported: neither the program nor its spec file is in {}; {INSTALL}",
            component.folder.display()
        )),
        (Some(_), None) => findings.trouble(format!(
            "{name}: input not supported: the program is there, but its spec file is missing: {}; {INSTALL}",
            spec.display()
        )),
        (None, Some(_)) => findings.trouble(format!(
            "{name}: the agent does not start: {} has no program `{}` beside it; {INSTALL}",
            spec.display(),
            program.file_name().unwrap_or_default().to_string_lossy()
        )),
        (Some(_), Some(_)) => files(&name, component, findings),
    }
}

/// Program and spec file are both there.
fn files(name: &str, component: &Component, findings: &mut Findings) {
    let before = findings.0.len();
    let path = component.program_path();
    let path = path.display();
    if let Some(present) = &component.program {
        let access = present.access;
        if !access.lets_owner_run() {
            findings.trouble(format!("{name}: {path} ({access}) is not executable by its owner; {INSTALL}"));
        }
        if access.lets_others_write() {
            findings.trouble(format!(
                "{name}: {path} ({access}) can be changed by its group or others, and the agent does not run such a program; \
                 {INSTALL}"
            ));
        }
        if !access.is_of_root() && !access.has_owner_of(component.folder_access) {
            findings.trouble(format!(
                "{name}: {path} ({access}) belongs neither to root nor to the agent's user ({}); {INSTALL}",
                component.folder_access
            ));
        }
        if let Some(machine) = present.machine.filter(|machine| *machine != Machine::of_host()) {
            findings.trouble(format!(
                "{name}: input not supported on this platform: {path} was built for {}, this host is {}; run the command of \
                 the program for this host",
                machine.0,
                Machine::of_host().0
            ));
        }
        if !present.is_wanted {
            findings.note(format!("{name}: {path} is another build than this program; {INSTALL} to replace it"));
        }
    }
    if let Some(present) = component.spec.as_ref().filter(|present| !present.is_wanted) {
        let spec = component.spec_path();
        let rights = present.access;
        findings.note(format!(
            "{name}: {} ({rights}) is not the one of this program: platforms and outputs may be others; {INSTALL}",
            spec.display()
        ));
    }
    if findings.0.len() == before {
        findings.fine(format!("{name}: program and spec file are in place; the agent reads them when it starts"));
    }
}

/// A file of the agent that may forbid inputs.
fn capabilities(top: &Path, findings: &mut Findings) {
    let file = top.join("capabilities.yml");
    if fs::read_to_string(&file).is_ok_and(|text| text.contains("deny")) {
        findings.note(format!(
            "{} forbids inputs or outputs: it must allow the input `{}` and the output `elasticsearch`, by whole names",
            file.display(),
            options::INPUT
        ));
    }
}

/// What becomes of the component when the agent is upgraded.
fn upgrades(agent: &Agent, watch: Option<&Watch>, findings: &mut Findings) {
    let flavor = fs::read_to_string(agent.top.join(".flavor")).ok();
    let flavor = flavor.map(|flavor| format!(" (flavor `{}`)", flavor.trim())).unwrap_or_default();
    let lost = format!("{}: an upgrade of the agent{flavor} leaves the component behind", agent.top.display());
    match watch {
        Some(watch) if watch.units_of(agent).iter().all(|unit| unit.is_file()) => {
            findings.fine(format!("{lost}, and {} puts it back", watch.units_of(agent)[0].display()));
        }
        Some(_) => findings.note(format!("{lost}, and no unit of systemd puts it back; {INSTALL}")),
        None => findings.note(format!(
            "{lost}, and there is no systemd to put it back; {INSTALL} after each upgrade, or make an image that holds it"
        )),
    }
}
