//! A changed configuration file, taken up by a running process.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::signal::unix::Signal;
use tokio::sync::mpsc;

use crate::config::{self, Config, TenantConfig};

/// Time between two looks at the file.
const LOOK: Duration = Duration::from_secs(3);
/// Looks after which the file is read although it has not changed: a secret may lie in a file of its own.
const ANYWAY: u32 = 20;

/// The tenants of the configuration file whenever it, or a file that it names, has changed, and on SIGHUP.
pub(super) fn watch(path: &Path, hangup: Signal) -> mpsc::Receiver<Vec<TenantConfig>> {
    let (sender, tenants) = mpsc::channel(1);
    let path = path.to_owned();
    tokio::spawn(look(path, hangup, sender));
    tenants
}

/// Length and time of the last change.
type Stamp = Option<(u64, SystemTime)>;

async fn look(path: PathBuf, mut hangup: Signal, sender: mpsc::Sender<Vec<TenantConfig>>) {
    let stamp = || path.metadata().ok().and_then(|about| Some((about.len(), about.modified().ok()?))) as Stamp;
    let mut known = stamp();
    let mut former = read(&path).ok();
    let (mut idle, mut refused) = (0, String::new());
    loop {
        let asked = tokio::select! {
            () = tokio::time::sleep(LOOK) => false,
            Some(()) = hangup.recv() => true,
        };
        let now = stamp();
        let changed = asked || now != known;
        idle = if changed { 0 } else { (idle + 1) % ANYWAY };
        if !changed && idle != 0 {
            continue;
        }
        // Taken before reading: what is written meanwhile is read the next time.
        known = now;
        match read(&path) {
            Err(error) => {
                if changed || error != refused {
                    tracing::error!(error, "the changed configuration is refused, the former one stays in use");
                }
                refused = error;
            }
            Ok(fresh) => {
                refused.clear();
                let tenants = differences(former.as_ref(), &fresh, asked);
                former = Some(fresh);
                if let Some(tenants) = tenants
                    && sender.send(tenants).await.is_err()
                {
                    return;
                }
            }
        }
    }
}

/// A configuration, and what it says apart from its tenants.
struct Read {
    config: Config,
    rest: Option<serde_json::Value>,
}

fn read(path: &Path) -> Result<Read, String> {
    let (config, text) = config::load_with_text(path).map_err(|error| error.to_string())?;
    Ok(Read { config, rest: config::apart_from_tenants(&text) })
}

/// The tenants, if anything about them is new.
fn differences(former: Option<&Read>, fresh: &Read, asked: bool) -> Option<Vec<TenantConfig>> {
    if former.is_some_and(|former| former.rest != fresh.rest) {
        tracing::warn!("only `tenants` is taken up by a running process; restart it for the other changes");
    }
    let tenants = &fresh.config.tenants;
    if former.is_some_and(|former| former.config.tenants == *tenants) {
        if asked {
            tracing::info!(tenants = tenants.len(), "the configuration is read again, no tenant has changed");
        }
        return None;
    }
    tracing::info!(tenants = tenants.len(), "the configuration has changed");
    Some(tenants.clone())
}
