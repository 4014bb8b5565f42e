//! What others on this machine may ask of a running collection: its state as of now, and spans of the past to be read
//! beside the live polls.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use super::backfill::Meter;
use common::error::Error;
use common::health::{Key, locked};
use common::ids::canonical;
use state::offline::Offline;
use state::{Handle, Store};

/// Where orders are left for a running collection.
#[derive(Debug, Default)]
pub struct Desk {
    store: Mutex<Handle>,
    queues: Mutex<Vec<(Key, Weak<Queue>)>>,
}

/// Which sources read a span of the past.
#[derive(Debug, Clone)]
pub struct Span {
    /// Changed at or after this time,
    pub from: DateTime<Utc>,
    /// and before this one.
    pub to: DateTime<Utc>,
    /// Only of this tenant.
    pub tenant: Option<String>,
    /// Only of sources that feed this dataset.
    pub dataset: Option<String>,
}

/// Orders for one source.
#[derive(Debug, Default)]
pub(super) struct Queue {
    orders: Mutex<VecDeque<Order>>,
    wake: Notify,
}

/// A span of the past for one source.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
    pub(super) meter: Arc<Meter>,
}

impl Desk {
    /// From now on there is a state.
    pub fn open(&self, store: &Store) {
        *locked(&self.store) = store.handle();
    }

    /// The state as of now.
    pub fn state(&self) -> Result<Offline, Error> {
        let store = locked(&self.store).store();
        store.ok_or_else(|| Error::Io("the process is starting or stopping, ask again".to_owned()))?.view()
    }

    /// Hands a span to every source that is meant, and returns their meters; none if no such source is collected.
    pub fn backfill(&self, span: &Span) -> Vec<Arc<Meter>> {
        let mut meters = Vec::new();
        for (key, queue) in locked(&self.queues).iter() {
            let is_meant = span.tenant.as_ref().is_none_or(|tenant| canonical(tenant) == canonical(&key.tenant))
                && span.dataset.as_ref().is_none_or(|dataset| key.datasets.contains(dataset));
            let Some(queue) = queue.upgrade().filter(|_| is_meant) else { continue };
            let meter = Arc::new(Meter::new(format!("{} {}", key.tenant, key.datasets)));
            queue.put(Order { from: span.from, to: span.to, meter: Arc::clone(&meter) });
            meters.push(meter);
        }
        meters
    }

    /// Sources of the tenant are at work.
    pub fn collects(&self, cloud: &str, tenant: &str) -> bool {
        let is_meant = |key: &Key| *key.cloud == *cloud && *key.tenant == *tenant;
        locked(&self.queues).iter().any(|(key, queue)| is_meant(key) && queue.strong_count() > 0)
    }

    /// Where orders for this source are found; the same place for the same source as long as it is collected.
    pub(super) fn queue(&self, key: &Key) -> Arc<Queue> {
        let mut queues = locked(&self.queues);
        queues.retain(|(_, queue)| queue.strong_count() > 0);
        let known = queues.iter().find(|(known, _)| known == key).and_then(|(_, queue)| queue.upgrade());
        known.unwrap_or_else(|| {
            let queue = Arc::<Queue>::default();
            queues.push((key.clone(), Arc::downgrade(&queue)));
            queue
        })
    }
}

impl Queue {
    fn put(&self, order: Order) {
        locked(&self.orders).push_back(order);
        self.wake.notify_one();
    }

    /// The next order.
    pub(super) fn take(&self) -> Option<Order> {
        locked(&self.orders).pop_front()
    }

    /// Waits until there may be an order.
    pub(super) async fn called(&self) {
        self.wake.notified().await;
    }
}
