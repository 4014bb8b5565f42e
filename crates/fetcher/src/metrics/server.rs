//! The endpoint: HTTP/1.1, one answer per connection. Whoever holds a connection without asking, or asks without reading,
//! gives way to newcomers, so that there is always an answer.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{readiness, render};
use common::health::Health;

/// The format's media type.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Longest request head.
const MAX_HEAD: usize = 8 * 1024;
/// Longest time for a whole request head, and for taking the whole answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections whose request is awaited. They cost little.
const ASKING: usize = 128;
/// Answers on their way. Each holds its text.
const ANSWERING: usize = 8;

/// Answers until it is aborted.
pub async fn serve(listener: TcpListener, health: Arc<Health>) {
    let (asking, answering) = (Arc::new(Places::new(ASKING)), Arc::new(Places::new(ANSWERING)));
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let place = asking.take();
                let (health, answering) = (Arc::clone(&health), Arc::clone(&answering));
                // A peer that went away or dawdles is nobody's concern.
                tokio::spawn(async move { converse(stream, place, &answering, &health).await });
            }
            Err(error) => {
                tracing::warn!(%error, "metrics endpoint cannot accept");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// So many at a time; the one that came first gives way to one more.
#[derive(Debug)]
struct Places {
    most: usize,
    held: Mutex<VecDeque<oneshot::Sender<()>>>,
}

/// It is given up when it is dropped, and has to be when it closes.
type Place = oneshot::Receiver<()>;

impl Places {
    fn new(most: usize) -> Self {
        Self { most, held: Mutex::default() }
    }

    fn take(&self) -> Place {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|holder| !holder.is_closed());
        if held.len() >= self.most {
            held.pop_front();
        }
        let (holder, place) = oneshot::channel();
        held.push_back(holder);
        place
    }
}

async fn converse(mut stream: TcpStream, place: Place, answering: &Places, health: &Health) -> Option<()> {
    let head = within(place, request_head(&mut stream)).await?.ok()??;
    within(answering.take(), answer(stream, &head, health)).await?.ok()
}

/// What `work` gives, unless its time is over or its place is wanted.
async fn within<T>(place: Place, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        done = timeout(PATIENCE, work) => done.ok(),
        _ = place => None,
    }
}

async fn answer(mut stream: TcpStream, head: &str, health: &Health) -> io::Result<()> {
    let mut words = head.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default();
    let (status, kind, body) = match (method, path) {
        ("GET" | "HEAD", "/metrics") => ("200 OK", CONTENT_TYPE, render(health)),
        ("GET" | "HEAD", "/healthz") => ("200 OK", TEXT, "ok\n".to_owned()),
        ("GET" | "HEAD", "/readyz") => match readiness::obstacles(health) {
            none if none.is_empty() => ("200 OK", TEXT, "ok\n".to_owned()),
            obstacles => ("503 Service Unavailable", TEXT, obstacles),
        },
        ("GET" | "HEAD", _) => ("404 Not Found", TEXT, "there are /metrics, /healthz and /readyz\n".to_owned()),
        _ => ("405 Method Not Allowed\r\nAllow: GET, HEAD", TEXT, "only GET and HEAD\n".to_owned()),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nCache-Control: no-store\r\nConnection: \
         close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    if method != "HEAD" {
        stream.write_all(body.as_bytes()).await?;
    }
    stream.shutdown().await
}

const TEXT: &str = "text/plain; charset=utf-8";

/// The request up to its empty line; `None` if that does not come, or not as text.
async fn request_head(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = stream.read(&mut buffer).await?;
        if read == 0 || head.len() + read > MAX_HEAD {
            return Ok(None);
        }
        head.extend_from_slice(&buffer[..read]);
    }
    Ok(String::from_utf8(head).ok())
}
