//! The two calls of a component.

use std::sync::Arc;
use std::time::Duration;

use agent::messages::{ACTIONS_INIT, ActionRequest, ActionResponse, CheckinExpected, CheckinObserved};
use prost_types::Timestamp;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Status, Streaming};

use super::Shared;
use super::component::{Inner, Seat};

type Opened<T> = Result<Response<ReceiverStream<Result<T, Status>>>, Status>;

async fn first<T>(inbound: &mut Streaming<T>, patience: Duration) -> Result<T, Status> {
    match tokio::time::timeout(patience, inbound.message()).await {
        Ok(Ok(Some(message))) => Ok(message),
        Ok(Ok(None)) => Err(Status::cancelled("the stream ended before its first message")),
        Ok(Err(status)) => Err(status),
        Err(_) => Err(Status::deadline_exceeded("never received the first message")),
    }
}

fn by_token(shared: &Shared, token: &str) -> Result<Arc<Inner>, Status> {
    shared.by_token(token).ok_or_else(|| Status::permission_denied("invalid token"))
}

/// Response headers go out with the first message: until then the call is open.
async fn open<T: Send + 'static>(mut receiver: mpsc::UnboundedReceiver<Result<T, Status>>) -> Opened<T> {
    let Some(first) = receiver.recv().await else { return Err(Status::cancelled("the stream ended")) };
    let (sender, stream) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut next = Some(first);
        while let Some(message) = next {
            if sender.send(message).await.is_err() {
                return;
            }
            next = receiver.recv().await;
        }
    });
    Ok(Response::new(ReceiverStream::new(stream)))
}

/// The stream of check-ins.
pub(super) async fn checkin(shared: Arc<Shared>, mut inbound: Streaming<CheckinObserved>) -> Opened<CheckinExpected> {
    let first = first(&mut inbound, shared.options.times.first_message).await?;
    let component = by_token(&shared, &first.token)?;
    let (sender, receiver) = mpsc::unbounded_channel();
    let seat = component.sit(sender.clone())?;
    tokio::spawn(async move {
        if let Err(status) = read_checkins(&component, seat, first, inbound).await {
            component.fault(status.message());
            // The stream may have ended.
            let _ = sender.send(Err(status));
        }
    });
    open(receiver).await
}

async fn read_checkins(
    component: &Inner,
    seat: Seat,
    first: CheckinObserved,
    mut inbound: Streaming<CheckinObserved>,
) -> Result<(), Status> {
    let (mut parts, mut is_first) = (Parts::default(), true);
    let mut next = Some(first);
    while let Some(message) = next {
        if message.token != component.token {
            return Err(Status::permission_denied("a message without the component's token"));
        }
        if let Some(whole) = parts.push(message) {
            component.observe(whole, std::mem::take(&mut is_first));
        }
        // An error is a connection that broke.
        next = inbound.message().await.ok().flatten();
    }
    drop(seat);
    Ok(())
}

/// Joins what a component sends in parts.
#[derive(Default)]
struct Parts {
    begun: Option<(Timestamp, CheckinObserved)>,
}

impl Parts {
    fn push(&mut self, mut part: CheckinObserved) -> Option<CheckinObserved> {
        let Some(time) = part.units_timestamp.take() else {
            self.begun = None;
            return Some(part);
        };
        match &mut self.begun {
            Some((begun, whole)) if *begun == time && part.units.is_empty() => {
                let whole = std::mem::take(whole);
                self.begun = None;
                return Some(whole);
            }
            Some((begun, whole)) if *begun == time => whole.units.append(&mut part.units),
            Some((begun, _)) if (begun.seconds, begun.nanos) > (time.seconds, time.nanos) => {}
            _ => self.begun = Some((time, part)),
        }
        None
    }
}

/// The stream of actions.
pub(super) async fn actions(shared: Arc<Shared>, mut inbound: Streaming<ActionResponse>) -> Opened<ActionRequest> {
    let first = first(&mut inbound, shared.options.times.first_message).await?;
    if first.id != ACTIONS_INIT {
        return Err(Status::invalid_argument("the first message has to have the id init"));
    }
    let component = by_token(&shared, &first.token)?;
    let (sender, mut requests) = mpsc::unbounded_channel();
    let seat = component.sit_for_actions(sender)?;
    let (outgoing, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let read = async {
            // An error is a connection that broke.
            while let Ok(Some(answer)) = inbound.message().await {
                if answer.token != component.token {
                    component.fault("an answer without the component's token");
                }
                component.answered(answer);
            }
        };
        let write = async {
            while let Some(request) = requests.recv().await {
                if outgoing.send(Ok(request)).is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = read => {}
            () = write => {}
        }
        drop(seat);
    });
    open(receiver).await
}
