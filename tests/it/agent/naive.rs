//! A component that does what it is told and nothing more, over the bare calls.

use agent::messages::{
    ACTIONS_PATH, ActionRequest, ActionResponse, CHECKIN_PATH, CheckinExpected, CheckinObserved, StartUpInfo,
    UnitObserved, VersionInfo,
};
use http::uri::PathAndQuery;
use prost::Message;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::client::Grpc;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Status, Streaming};
use tonic_prost::ProstCodec;

pub(super) const STARTING: i32 = 0;
pub(super) const HEALTHY: i32 = 2;
pub(super) const DEGRADED: i32 = 3;
pub(super) const STOPPED: i32 = 6;

/// A connection by a start-up info, which may be spoilt.
pub(super) struct Naive {
    channel: Channel,
    pub(super) info: StartUpInfo,
}

/// The stream of check-ins.
pub(super) struct Checkins {
    token: String,
    sender: mpsc::UnboundedSender<CheckinObserved>,
    inbound: Option<Streaming<CheckinExpected>>,
    call: Option<tokio::task::JoinHandle<Result<Streaming<CheckinExpected>, Status>>>,
}

impl Naive {
    pub(super) fn new(info: StartUpInfo) -> Self {
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(&info.ca_cert))
            .identity(Identity::from_pem(&info.peer_cert, &info.peer_key))
            .domain_name(&info.server_name);
        Self { channel: channel(&info, tls), info }
    }

    /// Shows no certificate.
    pub(super) fn anonymous(info: StartUpInfo) -> Self {
        let tls =
            ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&info.ca_cert)).domain_name(&info.server_name);
        Self { channel: channel(&info, tls), info }
    }

    pub(super) async fn call<Out, In>(
        &self,
        path: &'static str,
        receiver: mpsc::UnboundedReceiver<Out>,
    ) -> Result<Streaming<In>, Status>
    where
        Out: Message + Send + Sync + 'static,
        In: Message + Default + Send + Sync + 'static,
    {
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
        let codec: ProstCodec<Out, In> = ProstCodec::default();
        let request = Request::new(UnboundedReceiverStream::new(receiver));
        Ok(grpc.streaming(request, PathAndQuery::from_static(path), codec).await?.into_inner())
    }

    /// Opens the stream of check-ins; nothing is sent yet.
    pub(super) fn checkins(&self) -> Checkins {
        let (sender, receiver) = mpsc::unbounded_channel();
        let other = Self { channel: self.channel.clone(), info: self.info.clone() };
        let call = tokio::spawn(async move { other.call(CHECKIN_PATH, receiver).await });
        Checkins { token: self.info.token.clone(), sender, inbound: None, call: Some(call) }
    }

    /// Opens the stream of actions with a first message, and waits for the response headers.
    pub(super) async fn actions(
        &self,
        first: ActionResponse,
    ) -> Result<(Streaming<ActionRequest>, mpsc::UnboundedSender<ActionResponse>), Status> {
        let (sender, receiver) = mpsc::unbounded_channel();
        sender.send(first).unwrap();
        Ok((self.call(ACTIONS_PATH, receiver).await?, sender))
    }

    pub(super) fn init(&self) -> ActionResponse {
        ActionResponse { token: self.info.token.clone(), id: "init".to_owned(), ..ActionResponse::default() }
    }
}

fn channel(info: &StartUpInfo, tls: ClientTlsConfig) -> Channel {
    let endpoint = Endpoint::from_shared(format!("https://{}", info.addr)).unwrap();
    endpoint.tls_config(tls).unwrap().connect_lazy()
}

impl Checkins {
    /// Sends a message with the token.
    pub(super) fn say(&self, observed: CheckinObserved) {
        let observed = CheckinObserved { token: self.token.clone(), ..observed };
        // The stream may have ended: that is seen when something is heard.
        let _ = self.sender.send(observed);
    }

    /// Sends a message as it is.
    pub(super) fn say_exactly(&self, observed: CheckinObserved) {
        let _ = self.sender.send(observed);
    }

    /// The next message of the agent, or how the stream ended.
    pub(super) async fn hear(&mut self) -> Result<CheckinExpected, Status> {
        if let Some(call) = self.call.take() {
            self.inbound = Some(call.await.unwrap()?);
        }
        let message = self.inbound.as_mut().unwrap().message().await?;
        message.ok_or_else(|| Status::cancelled("closed"))
    }

    /// The next message within half a second.
    pub(super) async fn hear_soon(&mut self) -> Option<CheckinExpected> {
        let wait = std::time::Duration::from_millis(500);
        if let Some(call) = &mut self.call {
            let opened = tokio::time::timeout(wait, call).await.ok()?;
            self.inbound = Some(opened.unwrap().unwrap());
            self.call = None;
        }
        let message = tokio::time::timeout(wait, self.inbound.as_mut().unwrap().message()).await.ok()?;
        message.unwrap()
    }
}

/// An introduction without units.
pub(super) fn introduction() -> CheckinObserved {
    let version_info = VersionInfo { name: "naive".to_owned(), ..VersionInfo::default() };
    CheckinObserved { version_info: Some(version_info), ..CheckinObserved::default() }
}

/// Everything that is wanted, in one state, with or without the numbers of features and component.
pub(super) fn echo(expected: &CheckinExpected, state: i32, numbers: bool) -> CheckinObserved {
    let unit = |unit: &agent::messages::UnitExpected| UnitObserved {
        id: unit.id.clone(),
        r#type: unit.r#type,
        config_state_idx: unit.config_state_idx,
        state,
        message: "as wanted".to_owned(),
        payload: None,
    };
    CheckinObserved {
        units: expected.units.iter().map(unit).collect(),
        features_idx: if numbers { expected.features_idx } else { 0 },
        component_idx: if numbers { expected.component_idx } else { 0 },
        ..CheckinObserved::default()
    }
}
