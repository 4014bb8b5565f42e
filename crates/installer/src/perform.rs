//! Does what a plan says, step by step. A step that fails ends it; what was done stays, and the next plan goes on from there.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use common::platform::FileAccess;
use common::private;

use crate::Error;
use crate::plan::{Content, Step};

/// Does one step.
pub fn step(step: &Step) -> Result<(), Error> {
    match step {
        Step::Write { to, content, access, .. } => write(to, content, *access).map_err(|error| Error::io(to, error)),
        Step::SetAccess { path, access } => access.set(path).map_err(|error| Error::io(path, error)),
        Step::Remove(path) => match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done.map_err(|error| Error::io(path, error)),
        },
        Step::Run { program, arguments, .. } => run(program, arguments),
    }
}

/// Writes beside the place and moves the file there: the agent never sees half of it. A dot before the name keeps the agent
/// from taking it for a spec file.
fn write(to: &Path, content: &Content, access: FileAccess) -> io::Result<()> {
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let beside = to.with_file_name(format!(".{name}.new"));
    if let Some(folder) = to.parent().filter(|folder| !folder.is_dir()) {
        private::folder(folder)?;
    }
    let mut file = private::create(&beside)?;
    match content {
        Content::Copy(from) => drop(io::copy(&mut fs::File::open(from)?, &mut file)?),
        Content::Text(text) => file.write_all(text.as_bytes())?,
    }
    file.sync_all()?;
    drop(file);
    access.set(&beside)?;
    if let Err(error) = fs::rename(&beside, to) {
        // Windows keeps the file of a program that runs; under another name it does not stand in the way.
        let aside: PathBuf = to.with_file_name(format!(".{name}.old"));
        fs::rename(to, aside).and_then(|()| fs::rename(&beside, to)).map_err(|_| error)?;
    }
    to.parent().map_or(Ok(()), private::sync_folder)
}

fn run(program: &Path, arguments: &[String]) -> Result<(), Error> {
    let line = format!("{} {}", program.display(), arguments.join(" "));
    let done = Command::new(program).args(arguments).output();
    let done = done.map_err(|error| Error::Command(format!("`{line}` cannot be run: {error}")))?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let said = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
    Err(Error::Command(format!("`{line}` failed ({}): {}", done.status, said.trim())))
}
