//! What lies in a home: the program, its spec file, and the spec files of others.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use common::platform::FileAccess;
use serde::Deserialize;

use crate::Error;
use crate::agent::Home;

/// What is to lie there.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The program to copy.
    pub program: PathBuf,
    /// The spec file's text.
    pub spec: &'static str,
}

impl Wanted {
    /// This program, with the spec file that belongs to it.
    pub fn of(program: PathBuf) -> Self {
        Self { program, spec: options::SPEC }
    }
}

/// A component as it lies in a home.
#[derive(Debug)]
pub struct Component {
    /// The home's folder of components.
    pub folder: PathBuf,
    /// Rights and owner of that folder.
    pub folder_access: FileAccess,
    /// The program.
    pub program: Option<Present>,
    /// The spec file.
    pub spec: Option<Present>,
    /// Names of the other spec files that declare our input, too.
    pub rivals: Vec<String>,
}

/// A file that is there.
#[derive(Debug, Clone, Copy)]
pub struct Present {
    /// Its rights and owner.
    pub access: FileAccess,
    /// It holds what is wanted.
    pub is_wanted: bool,
    /// Processor that a program was built for, where it can be told.
    pub machine: Option<Machine>,
}

/// A processor, by the name that spec files have for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine(pub &'static str);

impl Machine {
    /// That of this host, as far as this program knows.
    pub fn of_host() -> Self {
        Self(match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        })
    }

    /// That of an ELF file, by its first bytes.
    fn of_elf(head: &[u8]) -> Option<Self> {
        let is_elf = head.starts_with(b"\x7fELF");
        let machine = head.get(18..20).filter(|_| is_elf)?;
        match machine {
            [62, 0] => Some(Self("amd64")),
            [183, 0] => Some(Self("arm64")),
            _ => Some(Self("another processor")),
        }
    }
}

impl Component {
    /// Looks at a home.
    pub fn look(home: &Home, wanted: &Wanted) -> Result<Self, Error> {
        let folder = home.components();
        let program = folder.join(program_name());
        let spec = folder.join(options::SPEC_FILE);
        Ok(Self {
            folder_access: FileAccess::of(&folder).map_err(|error| Error::io(&folder, error))?,
            program: present(&program, |path| same_files(path, &wanted.program), machine)?,
            spec: present(&spec, |path| Ok(fs::read(path)? == wanted.spec.as_bytes()), |_| Ok(None))?,
            rivals: rivals(&folder)?,
            folder,
        })
    }

    /// Where the program lies.
    pub fn program_path(&self) -> PathBuf {
        self.folder.join(program_name())
    }

    /// Where the spec file lies.
    pub fn spec_path(&self) -> PathBuf {
        self.folder.join(options::SPEC_FILE)
    }
}

/// The program's file name on this system.
pub fn program_name() -> String {
    format!("{}{}", options::PROGRAM, std::env::consts::EXE_SUFFIX)
}

fn present(
    path: &Path,
    is_wanted: impl Fn(&Path) -> io::Result<bool>,
    machine: impl Fn(&Path) -> io::Result<Option<Machine>>,
) -> Result<Option<Present>, Error> {
    let look = || -> io::Result<Present> {
        Ok(Present { access: FileAccess::of(path)?, is_wanted: is_wanted(path)?, machine: machine(path)? })
    };
    match look() {
        Ok(present) => Ok(Some(present)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(path, error)),
    }
}

fn machine(path: &Path) -> io::Result<Option<Machine>> {
    let mut head = Vec::new();
    File::open(path)?.take(20).read_to_end(&mut head)?;
    Ok(Machine::of_elf(&head))
}

/// Two files hold the same; they are read in blocks, as programs are large.
fn same_files(one: &Path, two: &Path) -> io::Result<bool> {
    let (mut one, mut two) = (File::open(one)?, File::open(two)?);
    if one.metadata()?.len() != two.metadata()?.len() {
        return Ok(false);
    }
    let mut blocks = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        let length = one.read(&mut blocks.0)?;
        if length == 0 {
            return Ok(true);
        }
        two.read_exact(&mut blocks.1[..length])?;
        if blocks.0[..length] != blocks.1[..length] {
            return Ok(false);
        }
    }
}

/// A spec file, as far as names go.
#[derive(Debug, Deserialize)]
struct Spec {
    #[serde(default)]
    inputs: Vec<SpecInput>,
}

#[derive(Debug, Deserialize)]
struct SpecInput {
    #[serde(default)]
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
}

/// The other spec files of a folder that declare our input; those that cannot be read are the agent's to tell.
fn rivals(folder: &Path) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| Error::io(folder, error))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.ends_with(".spec.yml") || name == options::SPEC_FILE {
            continue;
        }
        let spec = fs::read_to_string(entry.path()).ok().and_then(|text| serde_saphyr::from_str::<Spec>(&text).ok());
        let is_rival =
            |input: &SpecInput| input.name == options::INPUT || input.aliases.iter().any(|it| it == options::INPUT);
        if spec.is_some_and(|spec| spec.inputs.iter().any(is_rival)) {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}
