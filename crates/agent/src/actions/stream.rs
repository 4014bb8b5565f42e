//! The stream of actions, beside that of check-ins: the agent opens its half with the first action, which may be days later.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_stream::StreamExt;
use tonic::Status;

use super::Actions;
use super::answer::Desk;
use super::outbox::Outbox;
use crate::api::Shared;
use crate::checkin::Pauses;
use crate::connection::{Disconnection, Inbound, Link};
use crate::messages::{ACTIONS_INIT, ActionRequest, ActionResponse, ActionStatus};

/// Takes actions and answers them for ever.
pub(crate) struct ActionStream {
    link: Arc<dyn Link>,
    desk: Arc<Desk>,
    running: JoinSet<ActionResponse>,
    /// Ids of what is running, so that nothing that an agent repeats runs twice at a time.
    ids: BTreeSet<String>,
    outbox: Outbox,
}

/// What wakes the stream up.
enum Event {
    Opened(Result<Inbound<ActionRequest>, Status>),
    Asked(Option<Result<ActionRequest, Status>>),
    Answered(ActionResponse),
    Handed(bool),
}

impl ActionStream {
    pub(crate) fn new(
        link: Arc<dyn Link>,
        shared: Arc<Shared>,
        actions: Arc<dyn Actions>,
        token: String,
        limit: usize,
    ) -> Self {
        let desk = Arc::new(Desk { shared, actions, token, limit });
        Self { link, desk, running: JoinSet::new(), ids: BTreeSet::new(), outbox: Outbox::default() }
    }

    pub(crate) async fn run(mut self) {
        let mut pauses = Pauses::new();
        loop {
            let begun = Instant::now();
            let end = self.stream().await;
            // The stream of check-ins tells of a lost connection.
            tracing::debug!(reason = %end.reason, "the stream of actions ended, opening another");
            self.outbox.broke();
            self.pause(&mut pauses, begun).await;
        }
    }

    /// Actions go on while there is no stream.
    async fn pause(&mut self, pauses: &mut Pauses, begun: Instant) {
        let pause = pauses.after(begun);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => return,
                answer = done(&mut self.running) => self.keep(answer),
            }
        }
    }

    async fn stream(&mut self) -> Disconnection {
        let (outgoing, receiver) = mpsc::channel(1);
        // The first message is there before the call: the agent waits for it five seconds.
        let _ = outgoing.try_send(self.introduction());
        let link = Arc::clone(&self.link);
        let mut call = link.actions(receiver);
        let mut inbound: Option<Inbound<ActionRequest>> = None;
        loop {
            let event = tokio::select! {
                opened = &mut call, if inbound.is_none() => Event::Opened(opened),
                asked = next(&mut inbound), if inbound.is_some() => Event::Asked(asked),
                answer = done(&mut self.running) => Event::Answered(answer),
                permit = outgoing.reserve(), if !self.outbox.is_empty() => {
                    let handed = permit.ok().zip(self.outbox.hand_over());
                    Event::Handed(handed.map(|(permit, answer)| permit.send(answer)).is_some())
                }
            };
            match event {
                Event::Opened(Ok(stream)) => inbound = Some(stream),
                Event::Opened(Err(status)) | Event::Asked(Some(Err(status))) => return Disconnection::of(&status),
                Event::Asked(None) | Event::Handed(false) => return Disconnection::closed(),
                Event::Asked(Some(Ok(request))) => self.begin(request),
                Event::Answered(answer) => self.keep(answer),
                Event::Handed(true) => {}
            }
        }
    }

    fn introduction(&self) -> ActionResponse {
        ActionResponse {
            token: self.desk.token.clone(),
            id: ACTIONS_INIT.to_owned(),
            status: ActionStatus::Success as i32,
            result: b"{}".to_vec(),
            diagnostic: Vec::new(),
        }
    }

    fn begin(&mut self, request: ActionRequest) {
        if self.ids.insert(request.id.clone()) {
            self.running.spawn(Arc::clone(&self.desk).answer(request));
        }
    }

    fn keep(&mut self, answer: ActionResponse) {
        self.ids.remove(&answer.id);
        self.outbox.push(answer);
    }
}

/// The next answer that is ready; waits for ever while nothing runs.
async fn done(running: &mut JoinSet<ActionResponse>) -> ActionResponse {
    loop {
        match running.join_next().await {
            Some(Ok(answer)) => return answer,
            // A panic is caught in the answer's own task.
            Some(Err(_)) => {}
            None => std::future::pending().await,
        }
    }
}

async fn next<T>(inbound: &mut Option<Inbound<T>>) -> Option<Result<T, Status>> {
    match inbound {
        Some(stream) => Pin::new(stream).next().await,
        None => std::future::pending().await,
    }
}
