//! Answers on their way. A stream that breaks may take with it what it was given a moment before, so that is sent again on
//! the next one: the agent leaves out an answer that it has already.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::messages::ActionResponse;

/// What was handed over this long before the end of its stream has arrived.
const DOUBT: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: VecDeque<ActionResponse>,
    handed: VecDeque<(Instant, ActionResponse)>,
}

impl Outbox {
    pub(super) fn push(&mut self, answer: ActionResponse) {
        self.waiting.push_back(answer);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The next answer, for the stream to take.
    pub(super) fn hand_over(&mut self) -> Option<ActionResponse> {
        let now = Instant::now();
        while self.handed.front().is_some_and(|(at, _)| now.duration_since(*at) > DOUBT) {
            self.handed.pop_front();
        }
        let answer = self.waiting.pop_front()?;
        self.handed.push_back((now, answer.clone()));
        Some(answer)
    }

    /// The stream broke.
    pub(super) fn broke(&mut self) {
        let now = Instant::now();
        while let Some((at, answer)) = self.handed.pop_back() {
            if now.duration_since(at) <= DOUBT {
                self.waiting.push_front(answer);
            }
        }
    }
}
