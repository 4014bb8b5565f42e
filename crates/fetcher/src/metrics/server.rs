//! The endpoint: HTTP/1.1, one answer per connection. A connection whose peer does not ask, or does not read its answer,
//! gives way to newer ones, so that there is always an answer.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE as TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
pub use prometheus_client::encoding::prometheus_text::CONTENT_TYPE;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{readiness, render};
use common::health::Health;

/// Media type of everything but the metrics.
const TEXT: &str = "text/plain; charset=utf-8";
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
                // A peer that goes away or is slow harms nobody else.
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

/// Given up when it is dropped; its holder has to leave when it closes.
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

async fn converse(stream: TcpStream, place: Place, answering: &Places, health: &Health) -> Option<()> {
    let (asks, asked) = oneshot::channel();
    let asks = Mutex::new(Some(asks));
    let service = service_fn(|request: Request<Incoming>| {
        // The first request is the only one of a connection.
        if let Some(asks) = asks.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = asks.send(());
        }
        let answer = answer(request.method(), request.uri().path(), health);
        async move { Ok::<_, Infallible>(answer) }
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(MAX_HEAD)
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let has_asked = within(place, async {
        tokio::select! {
            biased;
            _ = &mut connection => false,
            asked = asked => asked.is_ok(),
        }
    });
    if !has_asked.await? {
        return Some(());
    }
    within(answering.take(), connection).await?.ok()
}

/// Waits for `work`, unless its time is over or its place is wanted.
async fn within<T>(place: Place, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        done = timeout(PATIENCE, work) => done.ok(),
        _ = place => None,
    }
}

fn answer(method: &Method, path: &str, health: &Health) -> Response<Full<Bytes>> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        let mut refusal = text(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD\n".to_owned());
        refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refusal;
    }
    match path {
        "/metrics" => text(StatusCode::OK, CONTENT_TYPE, render(health)),
        "/healthz" => text(StatusCode::OK, TEXT, "ok\n".to_owned()),
        "/readyz" => match readiness::obstacles(health) {
            none if none.is_empty() => text(StatusCode::OK, TEXT, "ok\n".to_owned()),
            obstacles => text(StatusCode::SERVICE_UNAVAILABLE, TEXT, obstacles),
        },
        _ => text(StatusCode::NOT_FOUND, TEXT, "there are /metrics, /healthz and /readyz\n".to_owned()),
    }
}

fn text(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
