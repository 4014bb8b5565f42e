//! The connection to the agent: mutual TLS by the start-up info, two streams of messages.

mod refusal;

use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use http::uri::PathAndQuery;
use prost::Message;
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::client::Grpc;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

pub(crate) use self::refusal::Disconnection;
use crate::StartUp;
use crate::messages::{ACTIONS_PATH, ActionRequest, ActionResponse, CHECKIN_PATH, CheckinExpected, CheckinObserved};

/// The agent listens on this machine.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// What a message may be longer than its largest size says: agents cut lists by the size of the units in them.
const SLACK: usize = 64 * 1024;

/// Messages from the agent, until the stream ends.
pub(crate) type Inbound<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The two streams. Either call gives its result when the agent answers for the first time, which can take days: whoever
/// calls sends meanwhile.
#[async_trait]
pub(crate) trait Link: Send + Sync + 'static {
    /// Opens the stream of check-ins.
    async fn checkin(&self, sent: mpsc::Receiver<CheckinObserved>) -> Result<Inbound<CheckinExpected>, Status>;

    /// Opens the stream of actions.
    async fn actions(&self, sent: mpsc::Receiver<ActionResponse>) -> Result<Inbound<ActionRequest>, Status>;
}

/// The connection. It is made when the first stream is opened, and again when one is opened after it was lost.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    channel: Channel,
    limit: usize,
}

impl Connection {
    /// Prepares a connection. Fails if the certificates of the start-up info are of no use.
    ///
    /// There are no pings: gRPC servers in Go, which agents are, close connections that ping more often than every five
    /// minutes. Check-ins do the same.
    pub(crate) fn new(start_up: &StartUp) -> Result<Self, tonic::transport::Error> {
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(&start_up.ca))
            .identity(Identity::from_pem(&start_up.certificate, &start_up.key))
            .domain_name(&start_up.server_name);
        let endpoint = Endpoint::from_shared(format!("https://{}", start_up.address))?
            .connect_timeout(CONNECT_TIMEOUT)
            .tls_config(tls)?;
        Ok(Self { channel: endpoint.connect_lazy(), limit: start_up.max_message_size })
    }

    async fn open<Out, In>(&self, path: &'static str, sent: mpsc::Receiver<Out>) -> Result<Inbound<In>, Status>
    where
        Out: Message + Send + Sync + 'static,
        In: Message + Default + Send + Sync + 'static,
    {
        let mut grpc = Grpc::new(self.channel.clone())
            .max_decoding_message_size(self.limit.saturating_add(SLACK))
            .max_encoding_message_size(self.limit);
        grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
        let codec: ProstCodec<Out, In> = ProstCodec::default();
        let sent = Request::new(ReceiverStream::new(sent));
        let answer = grpc.streaming(sent, PathAndQuery::from_static(path), codec).await?;
        Ok(Box::pin(answer.into_inner()))
    }
}

#[async_trait]
impl Link for Connection {
    async fn checkin(&self, sent: mpsc::Receiver<CheckinObserved>) -> Result<Inbound<CheckinExpected>, Status> {
        self.open(CHECKIN_PATH, sent).await
    }

    async fn actions(&self, sent: mpsc::Receiver<ActionResponse>) -> Result<Inbound<ActionRequest>, Status> {
        self.open(ACTIONS_PATH, sent).await
    }
}
