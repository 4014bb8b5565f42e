//! The gRPC server: two calls, over connections that can be broken.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use agent::messages::{ACTIONS_PATH, ActionRequest, ActionResponse, CHECKIN_PATH, CheckinExpected, CheckinObserved};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::server::{Grpc, StreamingService};
use tonic::{Code, Status, Streaming};
use tonic_prost::ProstCodec;

use super::{Shared, streams, tls};

/// The tasks of connections.
#[derive(Default)]
pub(super) struct Connections {
    tasks: Mutex<Vec<AbortHandle>>,
    is_closed: AtomicBool,
}

impl Connections {
    fn add(&self, task: AbortHandle) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|task| !task.is_finished());
        tasks.push(task);
    }

    /// Breaks all of them.
    pub(super) fn drop_all(&self) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.drain(..).for_each(|task| task.abort());
    }

    /// Takes no more.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        self.drop_all();
    }
}

/// Accepts connections until the agent is dropped.
pub(super) fn serve(shared: &Arc<Shared>, listener: TcpListener) {
    let weak = Arc::downgrade(shared);
    let acceptor = tls::config(shared).map(|config| TlsAcceptor::from(Arc::new(config)));
    tokio::spawn(async move {
        let Ok(acceptor) = acceptor else { return };
        while let Ok((stream, _)) = listener.accept().await {
            let Some(shared) = weak.upgrade().filter(|shared| !shared.connections.is_closed.load(Ordering::Relaxed))
            else {
                return;
            };
            let task = tokio::spawn(connection(Arc::clone(&shared), acceptor.clone(), stream));
            shared.connections.add(task.abort_handle());
        }
    });
}

async fn connection(shared: Arc<Shared>, acceptor: TlsAcceptor, stream: TcpStream) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(move |request| call(Arc::clone(&shared), request));
    // An error is a connection that broke.
    let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

async fn call(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let limit = shared.options.max_message_size as usize;
    let response = match request.uri().path() {
        CHECKIN_PATH => {
            let codec: ProstCodec<CheckinExpected, CheckinObserved> = ProstCodec::default();
            let mut grpc = Grpc::new(codec).max_decoding_message_size(limit).max_encoding_message_size(usize::MAX);
            grpc.streaming(Checkin(shared), request).await
        }
        ACTIONS_PATH => {
            let codec: ProstCodec<ActionRequest, ActionResponse> = ProstCodec::default();
            let mut grpc = Grpc::new(codec).max_decoding_message_size(limit).max_encoding_message_size(usize::MAX);
            grpc.streaming(Actions(shared), request).await
        }
        other => Status::new(Code::Unimplemented, format!("unknown method {other}")).into_http(),
    };
    Ok(response)
}

type Answer<T> =
    Pin<Box<dyn Future<Output = Result<tonic::Response<ReceiverStream<Result<T, Status>>>, Status>> + Send>>;

struct Checkin(Arc<Shared>);

impl StreamingService<CheckinObserved> for Checkin {
    type Response = CheckinExpected;
    type ResponseStream = ReceiverStream<Result<CheckinExpected, Status>>;
    type Future = Answer<CheckinExpected>;

    fn call(&mut self, request: tonic::Request<Streaming<CheckinObserved>>) -> Self::Future {
        Box::pin(streams::checkin(Arc::clone(&self.0), request.into_inner()))
    }
}

struct Actions(Arc<Shared>);

impl StreamingService<ActionResponse> for Actions {
    type Response = ActionRequest;
    type ResponseStream = ReceiverStream<Result<ActionRequest, Status>>;
    type Future = Answer<ActionRequest>;

    fn call(&mut self, request: tonic::Request<Streaming<ActionResponse>>) -> Self::Future {
        Box::pin(streams::actions(Arc::clone(&self.0), request.into_inner()))
    }
}
