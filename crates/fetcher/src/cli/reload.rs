//! A changed configuration file, taken up by a running process.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;

use crate::config;

use crate::config::Config;
use collect::flow::Assignment;
use common::health::Health;
use common::platform::Reloads;

/// Time between two looks at the file.
const LOOK: Duration = Duration::from_secs(3);
/// Looks after which the file is read although it has not changed: a secret may lie in a file of its own.
const ANYWAY: u32 = 20;
/// Looks after which the file is read again while something is wrong, which somebody is about to mend.
const SOON: u32 = 3;

/// The tenants of the configuration file whenever it, or a file that it names, has changed, and when a signal asks for it.
pub(super) fn watch(path: &Path, reloads: Reloads, config: &Config, health: Arc<Health>) -> mpsc::Receiver<Assignment> {
    let (sender, tenants) = mpsc::channel(1);
    let path = path.to_owned();
    // The tenants that are in use, whatever the file says by now.
    let rest = read(&path).ok().and_then(|read| read.rest);
    let in_use = Read { assignment: assignment(config), rest };
    tokio::spawn(look(path, in_use, Heard { reloads, sender, health }));
    tenants
}

/// Length and time of the last change.
type Stamp = Option<(u64, SystemTime)>;

/// Where orders to read the file come from, and where its tenants go.
struct Heard {
    reloads: Reloads,
    sender: mpsc::Sender<Assignment>,
    health: Arc<Health>,
}

async fn look(path: PathBuf, mut former: Read, heard: Heard) {
    let Heard { mut reloads, sender, health } = heard;
    let stamp = || path.metadata().ok().and_then(|about| Some((about.len(), about.modified().ok()?))) as Stamp;
    // The first look is at once: the file may have changed since it was read.
    let mut known = None;
    let started_with = former.rest.clone();
    let (mut idle, mut refused) = (0, String::new());
    loop {
        let asked = tokio::select! {
            () = tokio::time::sleep(LOOK) => false,
            () = reloads.next() => true,
        };
        let now = stamp();
        let changed = asked || now != known;
        let is_wrong = !refused.is_empty() || !former.assignment.broken.is_empty();
        idle = if changed { 0 } else { idle + 1 };
        if !changed && idle < if is_wrong { SOON } else { ANYWAY } {
            continue;
        }
        idle = 0;
        // Taken before reading: what is written meanwhile is read the next time.
        known = now;
        match read(&path) {
            Err(error) => {
                if asked || error != refused {
                    tracing::error!(error, "the changed configuration is refused, the former one stays in use");
                }
                health.reloads().refused(&error);
                refused = error;
            }
            Ok(fresh) => {
                if !refused.is_empty() {
                    tracing::info!("RECOVERED: the configuration can be read again");
                }
                let was_refused = !std::mem::take(&mut refused).is_empty();
                let needs_restart = fresh.rest != started_with;
                if needs_restart && former.rest != fresh.rest {
                    tracing::warn!("only `tenants` is taken up by a running process; restart it for the other changes");
                }
                let assignment = differences(&former, &fresh, asked);
                if changed || was_refused || assignment.is_some() {
                    health.reloads().loaded(&path.display().to_string());
                }
                health.reloads().restart_needed(needs_restart);
                former = fresh;
                if let Some(assignment) = assignment
                    && sender.send(assignment).await.is_err()
                {
                    return;
                }
            }
        }
    }
}

/// The tenants of a configuration, and what it says apart from them.
struct Read {
    assignment: Assignment,
    rest: Option<serde_json::Value>,
}

fn read(path: &Path) -> Result<Read, String> {
    let (config, text) = config::load_with_text(path).map_err(|error| error.to_string())?;
    Ok(Read { assignment: assignment(&config), rest: config::apart_from_tenants(&text) })
}

fn assignment(config: &Config) -> Assignment {
    Assignment { tenants: config.tenants.clone(), broken: config.broken.clone() }
}

/// The tenants, if anything about them is new.
fn differences(former: &Read, fresh: &Read, asked: bool) -> Option<Assignment> {
    let (tenants, broken) = (fresh.assignment.tenants.len(), fresh.assignment.broken.len());
    if former.assignment == fresh.assignment {
        if asked {
            tracing::info!(tenants, "the configuration is read again, no tenant has changed");
        }
        return None;
    }
    tracing::info!(tenants, broken, "the configuration has changed");
    Some(fresh.assignment.clone())
}
