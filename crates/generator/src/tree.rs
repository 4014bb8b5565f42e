//! Generated files in memory, and the one place where this crate touches the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Folders below the repository root whose every file is generated.
pub const OWNED: &[&str] = &["fields", "package", "pipelines", crate::ids::FOLDER, crate::typed_fields::FOLDER];

/// Files by path relative to the repository root.
#[derive(Debug, Default)]
pub struct Tree(BTreeMap<PathBuf, Vec<u8>>);

/// A difference between a tree and the disk.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
    /// The disk lacks the file.
    New(PathBuf),
    /// The file differs.
    Changed(PathBuf),
    /// The file is not generated any more.
    Stale(PathBuf),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::New(path) => write!(f, "new      {}", path.display()),
            Change::Changed(path) => write!(f, "changed  {}", path.display()),
            Change::Stale(path) => write!(f, "stale    {}", path.display()),
        }
    }
}

impl Tree {
    /// Adds a file.
    ///
    /// # Errors
    /// If two generators write one path.
    pub fn add(&mut self, path: impl Into<PathBuf>, bytes: impl Into<Vec<u8>>) -> Result<()> {
        let path = path.into();
        if self.0.insert(path.clone(), bytes.into()).is_some() {
            bail!("{} is generated twice", path.display());
        }
        Ok(())
    }

    /// Files by path.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &[u8])> {
        self.0.iter().map(|(path, bytes)| (path.as_path(), bytes.as_slice()))
    }

    /// How the disk below `root` differs, by path.
    ///
    /// # Errors
    /// If a file or folder cannot be read.
    pub fn compare(&self, root: &Path) -> Result<Vec<Change>> {
        let mut present = BTreeSet::new();
        for folder in OWNED {
            list(root, Path::new(folder), &mut present)?;
        }
        let mut changes = Vec::new();
        for (path, bytes) in &self.0 {
            if !present.remove(path) {
                changes.push(Change::New(path.clone()));
            } else if read(&root.join(path))? != *bytes {
                changes.push(Change::Changed(path.clone()));
            }
        }
        changes.extend(present.into_iter().map(Change::Stale));
        Ok(changes)
    }

    /// Makes the disk below `root` like the tree.
    ///
    /// # Errors
    /// If a file cannot be written or removed.
    pub fn apply(&self, root: &Path, changes: &[Change]) -> Result<()> {
        for change in changes {
            match change {
                Change::New(path) | Change::Changed(path) => {
                    write(&root.join(path), self.0.get(path).map_or(&[][..], Vec::as_slice))?;
                }
                Change::Stale(path) => {
                    let path = root.join(path);
                    fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
                    // A folder that still holds files stays: that is the error we ignore.
                    path.ancestors().skip(1).take_while(|folder| *folder != root).for_each(|folder| {
                        let _ = fs::remove_dir(folder);
                    });
                }
            }
        }
        Ok(())
    }
}

/// Contents of a file.
///
/// # Errors
/// If it cannot be read; the message names it.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Writes a file and the folders above it.
///
/// # Errors
/// If it cannot be written; the message names it.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// Files with the extension `json` directly in a folder, by stem; none if the folder is absent.
///
/// # Errors
/// If the folder or a file cannot be read.
pub fn read_json_folder(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    if !folder.is_dir() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.insert(stem, read(&path)?);
        }
    }
    Ok(files)
}

fn list(root: &Path, folder: &Path, found: &mut BTreeSet<PathBuf>) -> Result<()> {
    let full = root.join(folder);
    if !full.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(&full).with_context(|| format!("cannot list {}", full.display()))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            list(root, &path, found)?;
        } else {
            found.insert(path);
        }
    }
    Ok(())
}
