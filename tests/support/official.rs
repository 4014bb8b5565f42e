//! Elastic's descriptors of the agent's protocol, as published for Python, in an environment of their own. Nothing of them
//! is in this repository.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result};

use super::{Part, cache, left_out, repository, tool};

/// The Python that knows the descriptors. `None`, and a line that says so, if it is left out by `M365_SKIP=python` or if
/// `PyPI` cannot be had from this machine.
pub fn official_python() -> Option<PathBuf> {
    static PYTHON: OnceLock<Option<PathBuf>> = OnceLock::new();
    if left_out(Part::Python) {
        return None;
    }
    let made = PYTHON.get_or_init(|| match environment() {
        Ok(python) => Some(python),
        Err(error) => {
            // Not `eprintln!`, which the test harness would swallow for a test that passes.
            let _ = std::io::stderr().write_all(format!("left out: python ({error:#})\n").as_bytes());
            None
        }
    });
    made.clone()
}

/// Made once for each list of requirements.
fn environment() -> Result<PathBuf> {
    let requirements = repository().join("tests/official/requirements.txt");
    let wanted = fs::read_to_string(&requirements)?;
    let folder = cache::folder()?.join("official");
    let _lock = cache::lock(&folder)?;
    let (venv, made) = (folder.join("venv"), folder.join("made"));
    let python = venv.join("bin/python");
    if python.exists() && fs::read_to_string(&made).is_ok_and(|made| made == wanted) {
        return Ok(python);
    }
    let system = tool::find("python3", Part::Python)?;
    tool::run(Command::new(system).args(["-m", "venv", "--clear"]).arg(&venv)).context("cannot make a venv")?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&requirements);
    tool::run(&mut install).context("cannot install tests/official/requirements.txt from PyPI")?;
    fs::write(&made, wanted)?;
    Ok(python)
}
