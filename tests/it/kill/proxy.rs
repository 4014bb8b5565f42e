//! A way to the cluster on which the moments of a bulk request can be seen.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::program::Run;

/// When a process is to be killed. Bulk requests count from its start.
#[derive(Debug, Clone, Copy)]
pub(super) enum Aim {
    /// So long after its start.
    Time(Duration),
    /// While the cluster may not have the request yet.
    Request { nth: u32, after: Duration },
    /// When the cluster has answered and the process does not know.
    Withheld { nth: u32, after: Duration },
    /// When the process has the answer.
    Answered { nth: u32, after: Duration },
}

/// A moment in the life of a bulk request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Request,
    Reply,
    Delivered,
}

#[derive(Debug, Default)]
struct ProxyState {
    /// The moment that is waited for and how many of its kind come before.
    target: Mutex<Option<(Moment, u32)>>,
    reached: Notify,
}

impl ProxyState {
    /// True when this is the moment.
    fn pass(&self, moment: Moment) -> bool {
        let mut target = self.target.lock().unwrap();
        match &mut *target {
            Some((wanted, 0)) if *wanted == moment => {
                *target = None;
                self.reached.notify_one();
                true
            }
            Some((wanted, left)) if *wanted == moment => {
                *left -= 1;
                false
            }
            _ => false,
        }
    }
}

/// Hands bytes on between the program and the cluster.
pub(super) struct Proxy {
    address: SocketAddr,
    shared: Arc<ProxyState>,
}

impl Proxy {
    pub(super) async fn start(server: &str) -> Self {
        let server = server.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(ProxyState::default());
        let accepting = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, shared) = (server.clone(), Arc::clone(&accepting));
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(server).await {
                        // Either side may be gone at any time.
                        let _ = hand_on(client, server, &shared).await;
                    }
                });
            }
        });
        Self { address, shared }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the moment to kill `run`; false when it did not come in time.
    pub(super) async fn wait(&self, aim: Aim, patience: Duration, run: &mut Run) -> bool {
        let (target, after) = match aim {
            Aim::Time(after) => {
                tokio::time::sleep(after).await;
                return true;
            }
            Aim::Request { nth, after } => ((Moment::Request, nth), after),
            Aim::Withheld { nth, after } => ((Moment::Reply, nth), after),
            Aim::Answered { nth, after } => ((Moment::Delivered, nth), after),
        };
        *self.shared.target.lock().unwrap() = Some(target);
        let reached = tokio::time::timeout(patience, self.shared.reached.notified()).await.is_ok();
        if !reached && self.shared.target.lock().unwrap().take().is_none() {
            // The moment came just after the time limit: its notice must not be taken for that of the next one.
            self.shared.reached.notified().await;
        }
        if reached && !run.has_ended() {
            tokio::time::sleep(after).await;
        }
        reached
    }
}

/// Bytes in both directions, until one side closes.
async fn hand_on(client: TcpStream, server: TcpStream, shared: &ProxyState) -> std::io::Result<()> {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let waiting = Mutex::new(false);
    let requests = async {
        let mut chunk = vec![0; 64 * 1024];
        loop {
            let length = from_client.read(&mut chunk).await?;
            if length == 0 {
                return Ok(());
            }
            let first_line = chunk[..length].split(|byte| *byte == b'\r').next().unwrap_or_default();
            if first_line.starts_with(b"POST /") && first_line.windows(5).any(|window| window == b"_bulk") {
                *waiting.lock().unwrap() = true;
                shared.pass(Moment::Request);
            }
            to_server.write_all(&chunk[..length]).await?;
        }
    };
    let replies = async {
        let mut chunk = vec![0; 64 * 1024];
        loop {
            let length = from_server.read(&mut chunk).await?;
            if length == 0 {
                return Ok::<(), std::io::Error>(());
            }
            let of_bulk = std::mem::take(&mut *waiting.lock().unwrap());
            if of_bulk && shared.pass(Moment::Reply) {
                // The process is killed while it waits for this answer.
                return std::future::pending().await;
            }
            to_client.write_all(&chunk[..length]).await?;
            if of_bulk {
                shared.pass(Moment::Delivered);
            }
        }
    };
    tokio::select! {
        ended = requests => ended,
        ended = replies => ended,
    }
}
