//! The control endpoint: a socket in the state directory. Where its path is too long for a socket, or the file system has
//! no sockets, it lies in a private folder of the system, and a file in the state directory names it.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

use crate::platform::{POINTER, SOCKET};

/// A connection, as the side that asks sees it.
pub type ControlClient = UnixStream;
/// A connection, as the side that answers sees it.
pub type ControlServer = UnixStream;

/// The open socket.
#[derive(Debug)]
pub struct ControlListener(UnixListener);

impl ControlListener {
    /// The next connection.
    pub async fn accept(&mut self) -> io::Result<ControlServer> {
        self.0.accept().await.map(|(stream, _)| stream)
    }
}

/// Where an open socket lies. The socket is removed when this is dropped.
#[derive(Debug)]
pub struct ControlPlace {
    path: PathBuf,
    inode: u64,
    pointer: Option<PathBuf>,
}

impl Drop for ControlPlace {
    fn drop(&mut self) {
        // Not the socket of a process that has taken our place.
        if fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
            if let Some(pointer) = &self.pointer {
                let _ = fs::remove_file(pointer);
            }
        }
    }
}

/// Opens the socket of a state directory.
pub fn bind(state: &Path) -> io::Result<(ControlListener, ControlPlace)> {
    crate::private::folder(state)?;
    let (path, pointer) = (state.join(SOCKET), state.join(POINTER));
    let error = match bind_at(state, &path) {
        Ok((listener, inode)) => {
            remove(&pointer)?;
            return Ok((ControlListener(listener), ControlPlace { path, inode, pointer: None }));
        }
        Err(error) => error,
    };
    let owner = tempfile::tempfile_in(state)?.metadata()?.uid();
    for base in bases(owner) {
        let folder = base.join(format!("m365-fetcher-{owner}"));
        if !private(&folder, owner) {
            continue;
        }
        let elsewhere = folder.join(name(state)?);
        if let Ok((listener, inode)) = bind_at(&folder, &elsewhere) {
            let place = ControlPlace { path: elsewhere, inode, pointer: Some(pointer) };
            remove(&path)?;
            place.point(state)?;
            return Ok((ControlListener(listener), place));
        }
    }
    Err(error)
}

/// Connects to the socket of a state directory.
pub async fn connect(state: &Path) -> io::Result<ControlClient> {
    let error = match UnixStream::connect(state.join(SOCKET)).await {
        Ok(stream) => return Ok(stream),
        Err(error) => error,
    };
    match fs::read(state.join(POINTER)) {
        Ok(path) => UnixStream::connect(PathBuf::from(std::ffi::OsString::from_vec(path))).await,
        // A path that is too long for a socket is none.
        Err(_) if error.kind() == io::ErrorKind::InvalidInput => Err(io::ErrorKind::NotFound.into()),
        Err(_) => Err(error),
    }
}

impl ControlPlace {
    /// Writes down where the socket is, in one step.
    fn point(&self, state: &Path) -> io::Result<()> {
        let Some(pointer) = &self.pointer else { return Ok(()) };
        let mut draft = tempfile::NamedTempFile::new_in(state)?;
        draft.write_all(self.path.as_os_str().as_bytes())?;
        draft.persist(pointer)?;
        Ok(())
    }
}

/// Binds in a private folder and moves the socket to its place: it is never open to others, and replaces a stale one.
fn bind_at(folder: &Path, path: &Path) -> io::Result<(UnixListener, u64)> {
    // The draft's shorter name could be bound, but nobody could connect to the longer one.
    std::os::unix::net::SocketAddr::from_pathname(path)?;
    let private = tempfile::Builder::new().prefix(".").rand_bytes(4).tempdir_in(folder)?;
    let draft = private.path().join("s");
    let listener = UnixListener::bind(&draft)?;
    fs::set_permissions(&draft, Permissions::from_mode(0o600))?;
    fs::rename(&draft, path)?;
    let inode = fs::symlink_metadata(path)?.ino();
    Ok((listener, inode))
}

/// Folders for what lives as long as a process, the best first.
fn bases(owner: u32) -> [PathBuf; 3] {
    [PathBuf::from(format!("/run/user/{owner}")), std::env::temp_dir(), PathBuf::from("/tmp")]
}

/// Whether the folder is there, ours alone, and no way to somewhere else.
fn private(folder: &Path, owner: u32) -> bool {
    if folder.parent().is_some_and(Path::is_dir) {
        let _ = crate::private::folder(folder);
    }
    fs::symlink_metadata(folder)
        .is_ok_and(|found| found.is_dir() && found.uid() == owner && found.mode().trailing_zeros() >= 6)
}

/// One name per state directory, however it is written.
fn name(state: &Path) -> io::Result<String> {
    let path = state.canonicalize()?;
    let digest = ring::digest::digest(&ring::digest::SHA256, path.as_os_str().as_bytes());
    Ok(format!("{}.sock", crate::ids::hex(&digest.as_ref()[..8])))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
