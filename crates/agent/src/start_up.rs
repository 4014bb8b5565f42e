//! The start-up info: how a component reaches its agent.

#[cfg(test)]
mod tests;

use std::{fmt, io};

use prost::Message;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::messages::{ConnectionSupports, StartUpInfo};

/// Longest start-up info that is read; an agent's is about 4 kB.
const LONGEST: u64 = 1024 * 1024;
/// Largest message where the agent does not say, bytes: 4 MiB.
const DEFAULT_MESSAGE_SIZE: usize = 4 * 1024 * 1024;
/// Smaller limits hold no unit.
const LEAST_MESSAGE_SIZE: usize = 1024;

/// The start-up info, checked. Its `Debug` shows where the agent listens, and no secret.
#[derive(Clone)]
pub struct StartUp {
    pub(crate) address: String,
    pub(crate) server_name: String,
    pub(crate) token: String,
    pub(crate) ca: Vec<u8>,
    pub(crate) certificate: Vec<u8>,
    pub(crate) key: Vec<u8>,
    pub(crate) chunking: bool,
    pub(crate) max_message_size: usize,
    pub(crate) agent: Option<crate::AgentInfo>,
}

/// Why there is no start-up info.
#[derive(Debug, thiserror::Error)]
pub enum StartUpError {
    /// Standard input cannot be read.
    #[error("start-up info: cannot read standard input: {0}")]
    Read(#[from] io::Error),
    /// Nothing was written before the end.
    #[error("start-up info: standard input is empty; this command is started by Elastic Agent, which writes it there")]
    Empty,
    /// No agent writes that much.
    #[error(
        "start-up info: standard input holds more than 1 MiB, which is none; only Elastic Agent starts this command"
    )]
    TooLong,
    /// The bytes are no message.
    #[error("start-up info: standard input is no StartUpInfo ({0}); only Elastic Agent starts this command")]
    Garbage(prost::DecodeError),
    /// A part is missing or wrong.
    #[error("start-up info: {0}; only Elastic Agent 8.15 or newer starts this command")]
    Wrong(&'static str),
}

impl StartUp {
    /// Reads standard input to its end, which the agent closes at once.
    pub async fn from_stdin() -> Result<Self, StartUpError> {
        let read = tokio::task::spawn_blocking(|| {
            let mut bytes = Vec::new();
            io::Read::read_to_end(&mut io::Read::take(io::stdin(), LONGEST + 1), &mut bytes)?;
            Ok(bytes)
        });
        let bytes: io::Result<Vec<u8>> = read.await.map_err(io::Error::other)?;
        Self::decode(&bytes?)
    }

    /// The same of any other stream.
    pub async fn read(input: impl AsyncRead + Unpin) -> Result<Self, StartUpError> {
        let mut bytes = Vec::new();
        input.take(LONGEST + 1).read_to_end(&mut bytes).await?;
        Self::decode(&bytes)
    }

    /// Takes the bytes of one `StartUpInfo`, without a length before it.
    pub fn decode(bytes: &[u8]) -> Result<Self, StartUpError> {
        if bytes.is_empty() {
            return Err(StartUpError::Empty);
        }
        if bytes.len() as u64 > LONGEST {
            return Err(StartUpError::TooLong);
        }
        let info = StartUpInfo::decode(bytes).map_err(StartUpError::Garbage)?;
        check(&info).map_err(StartUpError::Wrong)?;
        common::secrets::keep(&info.token);
        Ok(Self {
            address: info.addr,
            server_name: info.server_name,
            token: info.token,
            ca: info.ca_cert,
            certificate: info.peer_cert,
            key: info.peer_key,
            chunking: info.supports.contains(&(ConnectionSupports::CheckinChunking as i32)),
            max_message_size: match info.max_message_size {
                0 => DEFAULT_MESSAGE_SIZE,
                size => (size as usize).max(LEAST_MESSAGE_SIZE),
            },
            agent: info.agent_info.map(crate::AgentInfo::from),
        })
    }

    /// The agent, as far as it has said at the start who it is.
    pub fn agent(&self) -> Option<&crate::AgentInfo> {
        self.agent.as_ref()
    }
}

fn check(info: &StartUpInfo) -> Result<(), &'static str> {
    let is_pem = |bytes: &[u8]| bytes.starts_with(b"-----BEGIN ");
    if info.addr.is_empty() {
        return Err("the address of the agent (addr) is missing");
    }
    if info.addr.contains("://") || info.addr.starts_with(['/', '\\']) {
        return Err("the address of the agent (addr) is no host with a port; sockets and pipes are not supported");
    }
    if info.server_name.is_empty() {
        return Err("the name of the agent's certificate (server_name) is missing");
    }
    if info.token.is_empty() {
        return Err("the token is missing");
    }
    if !is_pem(&info.ca_cert) {
        return Err("the authority of the agent's certificate (ca_cert) is missing or no PEM");
    }
    if !is_pem(&info.peer_cert) || !is_pem(&info.peer_key) {
        return Err("the component's certificate or its key (peer_cert, peer_key) is missing or no PEM");
    }
    if !info.services.contains(&StartUpInfo::CHECKIN_V2) {
        return Err("the agent does not offer CheckinV2 (services): it is too old");
    }
    Ok(())
}

impl fmt::Debug for StartUp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StartUp").field("address", &self.address).finish_non_exhaustive()
    }
}
