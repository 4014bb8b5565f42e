//! The control endpoint: a named pipe, whose name follows from the state directory.

use std::io;
use std::path::Path;
use std::time::Duration;

use ring::digest::{SHA256, digest};
use tokio::net::windows::named_pipe::{ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions};

/// `ERROR_PIPE_BUSY`: every instance of the pipe has its client, and the next one is about to be made.
const BUSY: i32 = 231;
/// Attempts to find an instance of the pipe that is free, and the time between two.
const ATTEMPTS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(20);

/// A connection, as the side that asks sees it.
pub type ControlClient = NamedPipeClient;
/// A connection, as the side that answers sees it.
pub type ControlServer = NamedPipeServer;

/// The open pipe.
#[derive(Debug)]
pub struct ControlListener {
    name: String,
    /// The instance that the next client connects to.
    next: NamedPipeServer,
}

impl ControlListener {
    /// The next connection.
    pub async fn accept(&mut self) -> io::Result<ControlServer> {
        self.next.connect().await?;
        // There is always an instance to connect to.
        let next = ServerOptions::new().create(&self.name)?;
        Ok(std::mem::replace(&mut self.next, next))
    }
}

/// Nothing to remove: a pipe goes with its last handle.
#[derive(Debug)]
pub struct ControlPlace(());

/// Opens the pipe of a state directory. Other machines cannot connect to it.
pub fn bind(state: &Path) -> io::Result<(ControlListener, ControlPlace)> {
    crate::private::folder(state)?;
    let name = name(state)?;
    let next = ServerOptions::new().first_pipe_instance(true).reject_remote_clients(true).create(&name)?;
    Ok((ControlListener { name, next }, ControlPlace(())))
}

/// Connects to the pipe of a state directory.
pub async fn connect(state: &Path) -> io::Result<ControlClient> {
    let name = name(state)?;
    let mut left = ATTEMPTS;
    loop {
        match ClientOptions::new().open(&name) {
            Err(error) if error.raw_os_error() == Some(BUSY) && left > 0 => left -= 1,
            outcome => return outcome,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// One name per state directory, however it is written.
fn name(state: &Path) -> io::Result<String> {
    let path = state.canonicalize()?;
    let digest = digest(&SHA256, path.as_os_str().as_encoded_bytes());
    Ok(format!(r"\\.\pipe\m365-fetcher-{}", crate::ids::hex(&digest.as_ref()[..8])))
}
