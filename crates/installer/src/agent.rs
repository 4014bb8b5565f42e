//! Installations of Elastic Agent: a top folder with one home for each version.
//!
//! A home is `data/elastic-agent-<version>-<commit>`, or without the version in packages and images; its folder `components`
//! is where the agent of that version looks for spec files. The link `elastic-agent` in the top folder leads to the
//! version in use. After an upgrade the former home stays for a while, so that the agent can go back.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;
pub use crate::version::Version;

/// An installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// The folder that holds `elastic-agent` and `data`.
    pub top: PathBuf,
    /// The versions, by the names of their folders; at least one.
    pub homes: Vec<Home>,
}

/// One version of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Its folder.
    pub folder: PathBuf,
    /// Its version, where the folder's name has one.
    pub version: Option<Version>,
    /// The agent that is started is this one.
    pub is_current: bool,
}

impl Home {
    /// Where the agent looks for spec files and programs.
    pub fn components(&self) -> PathBuf {
        self.folder.join("components")
    }
}

impl Agent {
    /// The version in use.
    pub fn current(&self) -> Option<&Home> {
        self.homes.iter().find(|home| home.is_current)
    }

    /// The agent's own program, for its commands.
    pub fn program(&self) -> Option<PathBuf> {
        let name = format!("elastic-agent{}", std::env::consts::EXE_SUFFIX);
        let folders = std::iter::once(self.top.clone()).chain(self.current().map(|home| home.folder.clone()));
        folders.map(|folder| folder.join(&name)).find(|path| path.is_file())
    }
}

/// The folders in which installers put an agent: the archive's, with names of their own for further agents of one host,
/// packages, and the container image.
pub fn usual_places() -> Vec<PathBuf> {
    if cfg!(windows) {
        return vec![PathBuf::from(r"C:\Program Files\Elastic\Agent")];
    }
    let mut places: Vec<PathBuf> =
        fs::read_dir("/opt/Elastic").into_iter().flatten().flatten().map(|it| it.path()).collect();
    places.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("Agent")));
    places.sort();
    if places.is_empty() {
        places.push("/opt/Elastic/Agent".into());
    }
    places.extend(["/var/lib/elastic-agent", "/usr/share/elastic-agent"].map(PathBuf::from));
    places
}

/// The agents in these places, each once.
pub fn find(places: &[PathBuf]) -> Result<Vec<Agent>, Error> {
    let mut agents: Vec<Agent> = Vec::new();
    for place in places {
        let Some(agent) = look(place)? else { continue };
        let is_known = agents.iter().any(|known| is_same(&known.top, &agent.top));
        if !is_known {
            agents.push(agent);
        }
    }
    if agents.is_empty() {
        let places: Vec<_> = places.iter().map(|place| place.display().to_string()).collect();
        return Err(Error::NoAgent(format!(
            "no Elastic Agent is installed in {}\nhint: install one first, or name the folder that holds `elastic-agent` and \
             `data` with --agent",
            places.join(", ")
        )));
    }
    Ok(agents)
}

/// The agent that somebody names: by its top folder, a home, or a folder of components.
pub fn named(folder: &Path) -> Result<Agent, Error> {
    for above in folder.ancestors().take(4) {
        if let Some(agent) = look(above)? {
            return Ok(agent);
        }
    }
    Err(Error::NoAgent(format!(
        "{} is no Elastic Agent: there is no folder data/elastic-agent-*/components in it\nhint: name the folder that holds \
         `elastic-agent` and `data`, for example /opt/Elastic/Agent",
        folder.display()
    )))
}

fn look(top: &Path) -> Result<Option<Agent>, Error> {
    let data = top.join("data");
    if !data.is_dir() {
        return Ok(None);
    }
    let mut homes = Vec::new();
    for entry in fs::read_dir(&data).map_err(|error| Error::io(&data, error))? {
        let folder = entry.map_err(|error| Error::io(&data, error))?.path();
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("elastic-agent-") && folder.join("components").is_dir() {
            homes.push(Home { version: Version::of_folder(&name), folder, is_current: false });
        }
    }
    homes.sort_by(|one, two| one.folder.cmp(&two.folder));
    mark_current(top, &mut homes);
    Ok((!homes.is_empty()).then(|| Agent { top: top.to_owned(), homes }))
}

/// The link in the top folder leads to the version in use; without a link that is the only one, if there is only one.
fn mark_current(top: &Path, homes: &mut [Home]) {
    if let [only] = homes {
        only.is_current = true;
        return;
    }
    let link = top.join(format!("elastic-agent{}", std::env::consts::EXE_SUFFIX));
    let Ok(target) = fs::canonicalize(link) else { return };
    for home in homes {
        home.is_current = fs::canonicalize(&home.folder).is_ok_and(|folder| target.starts_with(folder));
    }
}

fn is_same(one: &Path, two: &Path) -> bool {
    let whole = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    whole(one) == whole(two)
}
