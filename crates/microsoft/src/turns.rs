//! Whose turn it is to read a page. Few pages are read at the same time, which bounds memory; the tenants take turns, so
//! that none waits for another's backlog. A turn is held while bytes flow, never while somebody sleeps or waits for a
//! token, and a server that says nothing for a moment loses it.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use reqwest::Response;
use rustc_hash::FxHashMap;
use tokio::sync::oneshot;

use common::http::{BodyError, Decoder};

/// Pages that are read at the same time.
const TURNS: usize = 24;
/// How many of them one tenant may read.
const SHARE: usize = 4;
/// How long a turn is kept for a server that says nothing.
const PATIENCE: Duration = Duration::from_millis(500);

/// The turns of those who deliver to the same output.
#[derive(Debug)]
pub struct Turns(Mutex<Queue>);

#[derive(Debug)]
struct Queue {
    free: usize,
    /// Number of the next lane.
    next: u64,
    /// Tenants that hold a turn or wait for one.
    lanes: FxHashMap<u64, Waiting>,
    /// Those of them that wait and may have one more, in the order of service.
    ring: VecDeque<u64>,
}

#[derive(Debug, Default)]
struct Waiting {
    held: usize,
    line: VecDeque<oneshot::Sender<Turn>>,
    /// It stands in the ring.
    in_ring: bool,
}

impl Default for Turns {
    fn default() -> Self {
        Self::among(1)
    }
}

impl Turns {
    /// The turns of those who deliver to one of so many outputs: who waits for one that is down must not hold those of
    /// others.
    pub fn among(outputs: usize) -> Self {
        let free = (TURNS / outputs.max(1)).max(SHARE);
        Self(Mutex::new(Queue { free, next: 0, lanes: FxHashMap::default(), ring: VecDeque::new() }))
    }

    /// A lane for one tenant, to be shared by its sources.
    pub fn lane(self: &Arc<Self>) -> Lane {
        let mut queue = self.lock();
        queue.next += 1;
        Lane { turns: Arc::clone(self), id: queue.next }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands out what is free, tenant by tenant.
    fn serve(self: &Arc<Self>) {
        loop {
            let Some((id, waiter)) = self.lock().next_waiter() else { return };
            // A waiter that has gone gives the turn back, which serves the next one.
            let _ = waiter.send(Turn { lane: Lane { turns: Arc::clone(self), id }, held: true });
        }
    }
}

impl Queue {
    fn next_waiter(&mut self) -> Option<(u64, oneshot::Sender<Turn>)> {
        while self.free > 0 {
            let id = self.ring.pop_front()?;
            let Some(lane) = self.lanes.get_mut(&id) else { continue };
            lane.in_ring = false;
            while let Some(waiter) = lane.line.pop_front() {
                if !waiter.is_closed() {
                    lane.held += 1;
                    self.free -= 1;
                    self.line_up(id);
                    return Some((id, waiter));
                }
            }
            self.line_up(id);
        }
        None
    }

    /// Puts the lane into the ring where it belongs there, and forgets one that neither holds nor wants anything.
    fn line_up(&mut self, id: u64) {
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        if lane.line.is_empty() {
            if lane.held == 0 && !lane.in_ring {
                self.lanes.remove(&id);
            }
        } else if lane.held < SHARE && !lane.in_ring {
            lane.in_ring = true;
            self.ring.push_back(id);
        }
    }
}

/// One tenant's place in the order.
#[derive(Debug, Clone)]
pub struct Lane {
    turns: Arc<Turns>,
    id: u64,
}

impl Lane {
    /// Waits for a turn.
    pub async fn turn(&self) -> Turn {
        let (waiter, turn) = oneshot::channel();
        {
            let mut queue = self.turns.lock();
            queue.lanes.entry(self.id).or_default().line.push_back(waiter);
            queue.line_up(self.id);
        }
        self.turns.serve();
        // The other end lies in the queue until it is served.
        turn.await.unwrap_or_else(|_| Turn { lane: self.clone(), held: false })
    }
}

/// The right to read; given back when dropped.
#[derive(Debug)]
pub struct Turn {
    lane: Lane,
    held: bool,
}

impl Turn {
    /// Waits for a server. One that is silent for a moment gives its turn away and gets another when it has spoken.
    pub(crate) async fn patiently<T>(&mut self, answer: impl Future<Output = T>) -> T {
        let mut answer = std::pin::pin!(answer);
        if let Ok(answer) = tokio::time::timeout(PATIENCE, &mut answer).await {
            return answer;
        }
        self.give_back();
        let answer = answer.await;
        self.regain().await;
        answer
    }

    async fn regain(&mut self) {
        if !self.held {
            *self = self.lane.turn().await;
        }
    }

    fn give_back(&mut self) {
        if !std::mem::take(&mut self.held) {
            return;
        }
        {
            let mut queue = self.lane.turns.lock();
            queue.free += 1;
            if let Some(lane) = queue.lanes.get_mut(&self.lane.id) {
                lane.held -= 1;
            }
            queue.line_up(self.lane.id);
        }
        self.lane.turns.serve();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// An answer whose body is read in turns.
#[derive(Debug)]
pub struct Reading {
    response: Response,
    turn: Turn,
    /// Takes the packing off, where there is one that is known.
    decoder: Option<Decoder>,
}

/// The next of a body.
#[derive(Debug)]
pub enum Arrival {
    /// Some bytes.
    Chunk(Bytes),
    /// Nothing for a moment: what was read so far need not wait with the rest.
    Silence,
    /// The body is over.
    End,
}

impl Reading {
    /// An answer that is read under a turn.
    pub fn new(response: Response, turn: Turn) -> Self {
        let decoder = Decoder::of(response.headers()).ok().flatten();
        Self { response, turn, decoder }
    }

    /// The answer itself.
    pub fn response(&self) -> &Response {
        &self.response
    }

    /// The answer without its turn.
    pub fn into_response(self) -> Response {
        self.response
    }

    /// The next chunk.
    pub async fn next(&mut self) -> Result<Arrival, BodyError> {
        loop {
            if let Some(decoder) = &mut self.decoder
                && let Some(chunk) = decoder.next_chunk()?
            {
                return Ok(Arrival::Chunk(chunk));
            }
            match (self.arrive().await.map_err(BodyError::Connection)?, &mut self.decoder) {
                (Arrival::Chunk(chunk), Some(decoder)) => decoder.push(chunk),
                (Arrival::End, Some(decoder)) => {
                    let rest = decoder.finish()?;
                    self.decoder = None;
                    return Ok(if rest.is_empty() { Arrival::End } else { Arrival::Chunk(rest) });
                }
                (arrival, _) => return Ok(arrival),
            }
        }
    }

    async fn arrive(&mut self) -> reqwest::Result<Arrival> {
        let chunk = if self.turn.held {
            let Ok(chunk) = tokio::time::timeout(PATIENCE, self.response.chunk()).await else {
                self.turn.give_back();
                return Ok(Arrival::Silence);
            };
            chunk?
        } else {
            let chunk = self.response.chunk().await?;
            self.turn.regain().await;
            chunk
        };
        Ok(chunk.map_or(Arrival::End, Arrival::Chunk))
    }
}
