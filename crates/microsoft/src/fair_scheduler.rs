//! Who may read a page. Few pages are read at the same time, which bounds memory; permits go to the tenants in permit, so
//! that no tenant waits for the backlog of another. A permit is held while bytes flow, never while its holder sleeps or
//! waits for a token; the reader of a server that is silent for a moment gives it back.

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
const PERMITS: usize = 24;
/// How many of them one tenant may read.
const SHARE: usize = 4;
/// How long a permit is kept for a server that says nothing.
const PATIENCE: Duration = Duration::from_millis(500);

/// Hands out the permits of the sources that deliver to the same output.
#[derive(Debug)]
pub struct FairScheduler(Mutex<Queue>);

#[derive(Debug)]
struct Queue {
    free: usize,
    /// Number of the last queue that was made.
    next: u64,
    /// Tenants that hold a permit or wait for one.
    tenants: FxHashMap<u64, QueueState>,
    /// Those of them that wait and are below their share, in the order of service.
    ring: VecDeque<u64>,
}

#[derive(Debug, Default)]
struct QueueState {
    held: usize,
    line: VecDeque<oneshot::Sender<Permit>>,
    /// The tenant stands in the ring.
    in_ring: bool,
}

impl Default for FairScheduler {
    fn default() -> Self {
        Self::among(1)
    }
}

impl FairScheduler {
    /// The permits for one of so many outputs: sources that wait for an output that is down must not hold the permits of
    /// others.
    pub fn among(outputs: usize) -> Self {
        let free = (PERMITS / outputs.max(1)).max(SHARE);
        Self(Mutex::new(Queue { free, next: 0, tenants: FxHashMap::default(), ring: VecDeque::new() }))
    }

    /// A queue for one tenant, shared by its sources.
    pub fn queue(self: &Arc<Self>) -> TenantQueue {
        let mut queue = self.lock();
        queue.next += 1;
        TenantQueue { scheduler: Arc::clone(self), id: queue.next }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands out what is free, tenant by tenant.
    fn serve(self: &Arc<Self>) {
        loop {
            let Some((id, waiter)) = self.lock().next_waiter() else { return };
            // A waiter that is gone drops its permit, which serves the next one.
            let _ = waiter.send(Permit { queue: TenantQueue { scheduler: Arc::clone(self), id }, held: true });
        }
    }
}

impl Queue {
    fn next_waiter(&mut self) -> Option<(u64, oneshot::Sender<Permit>)> {
        while self.free > 0 {
            let id = self.ring.pop_front()?;
            let Some(queue) = self.tenants.get_mut(&id) else { continue };
            queue.in_ring = false;
            while let Some(waiter) = queue.line.pop_front() {
                if !waiter.is_closed() {
                    queue.held += 1;
                    self.free -= 1;
                    self.line_up(id);
                    return Some((id, waiter));
                }
            }
            self.line_up(id);
        }
        None
    }

    /// Puts a tenant that waits into the ring, and forgets one that neither holds nor wants a permit.
    fn line_up(&mut self, id: u64) {
        let Some(queue) = self.tenants.get_mut(&id) else { return };
        if queue.line.is_empty() {
            if queue.held == 0 && !queue.in_ring {
                self.tenants.remove(&id);
            }
        } else if queue.held < SHARE && !queue.in_ring {
            queue.in_ring = true;
            self.ring.push_back(id);
        }
    }
}

/// One tenant's place in the order of service.
#[derive(Debug, Clone)]
pub struct TenantQueue {
    scheduler: Arc<FairScheduler>,
    id: u64,
}

impl TenantQueue {
    /// Waits for a permit.
    pub async fn permit(&self) -> Permit {
        let (waiter, permit) = oneshot::channel();
        {
            let mut queue = self.scheduler.lock();
            queue.tenants.entry(self.id).or_default().line.push_back(waiter);
            queue.line_up(self.id);
        }
        self.scheduler.serve();
        // The other end lies in the queue until it is served.
        permit.await.unwrap_or_else(|_| Permit { queue: self.clone(), held: false })
    }
}

/// The right to read; given back when dropped.
#[derive(Debug)]
pub struct Permit {
    queue: TenantQueue,
    held: bool,
}

impl Permit {
    /// Waits for a server's answer. While the server is silent, the permit serves others; another one is awaited after the
    /// answer.
    pub(crate) async fn while_waiting_for<T>(&mut self, answer: impl Future<Output = T>) -> T {
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
            *self = self.queue.permit().await;
        }
    }

    fn give_back(&mut self) {
        if !std::mem::take(&mut self.held) {
            return;
        }
        {
            let mut queue = self.queue.scheduler.lock();
            queue.free += 1;
            if let Some(queue) = queue.tenants.get_mut(&self.queue.id) {
                queue.held -= 1;
            }
            queue.line_up(self.queue.id);
        }
        self.queue.scheduler.serve();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// An answer whose body is read under a permit.
#[derive(Debug)]
pub struct PacedBody {
    response: Response,
    permit: Permit,
    /// Decodes the body, where it has a known content encoding.
    decoder: Option<Decoder>,
}

/// What arrives next of a body.
#[derive(Debug)]
pub enum Arrival {
    /// Some bytes.
    Chunk(Bytes),
    /// Nothing for a moment: the rows that were read so far need not wait for the rest.
    Silence,
    /// The end of the body.
    End,
}

impl PacedBody {
    /// An answer that is read under this permit.
    pub fn new(response: Response, permit: Permit) -> Self {
        let decoder = Decoder::of(response.headers()).ok().flatten();
        Self { response, permit, decoder }
    }

    /// The answer itself.
    pub fn response(&self) -> &Response {
        &self.response
    }

    /// The answer without its permit.
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
        let chunk = if self.permit.held {
            let Ok(chunk) = tokio::time::timeout(PATIENCE, self.response.chunk()).await else {
                self.permit.give_back();
                return Ok(Arrival::Silence);
            };
            chunk?
        } else {
            let chunk = self.response.chunk().await?;
            self.permit.regain().await;
            chunk
        };
        Ok(chunk.map_or(Arrival::End, Arrival::Chunk))
    }
}
