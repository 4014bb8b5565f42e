//! A state in memory, as small as the contract allows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;

use super::contract::{Place, contract};
use super::store::fenced;
use super::{DedupKey, EndpointKey, Fence, Loaded, Progress, State, StateUpdate, Task};
use common::error::Error;

/// What survives closing.
#[derive(Debug, Default)]
struct Kept {
    last_fence: u64,
    fences: BTreeMap<EndpointKey, Fence>,
    loaded: BTreeMap<EndpointKey, Loaded>,
    delivered: BTreeSet<(EndpointKey, String, DedupKey)>,
    tasks: BTreeMap<(EndpointKey, String, Vec<u8>), serde_json::Value>,
}

#[derive(Debug)]
struct MemoryState(Mutex<Option<Arc<Mutex<Kept>>>>);

impl MemoryState {
    fn with<T>(&self, work: impl FnOnce(MutexGuard<'_, Kept>) -> Result<T, Error>) -> Result<T, Error> {
        match &*self.0.lock().expect("lock") {
            Some(kept) => work(kept.lock().expect("lock")),
            None => Err(Error::Io("the state is closed".to_owned())),
        }
    }
}

impl Kept {
    fn check(&self, endpoint: &EndpointKey, fence: Fence) -> Result<(), Error> {
        let holder = self.fences.get(endpoint).copied();
        if holder == Some(fence) { Ok(()) } else { Err(fenced(endpoint, fence, holder)) }
    }
}

#[async_trait]
impl State for MemoryState {
    async fn acquire(&self, endpoints: &[EndpointKey]) -> Result<Fence, Error> {
        self.with(|mut kept| {
            kept.last_fence += 1;
            let fence = Fence(kept.last_fence);
            kept.fences.extend(endpoints.iter().map(|endpoint| (endpoint.clone(), fence)));
            Ok(fence)
        })
    }

    async fn load(&self, endpoint: &EndpointKey) -> Result<Loaded, Error> {
        self.with(|kept| Ok(kept.loaded.get(endpoint).cloned().unwrap_or_default()))
    }

    async fn commit(&self, updates: Vec<(EndpointKey, StateUpdate)>, fence: Fence) -> Result<(), Error> {
        self.with(|mut kept| {
            updates.iter().try_for_each(|(endpoint, _)| kept.check(endpoint, fence))?;
            for (endpoint, update) in updates {
                let StateUpdate { datasets, retry, put, done } = update;
                for (name, update) in datasets {
                    let known = kept.loaded.entry(endpoint.clone()).or_default();
                    let dataset = known.datasets.entry(name.clone()).or_default();
                    dataset.progress = update.progress.unwrap_or_else(|| dataset.progress.clone());
                    let newest = update.delivered.iter().map(|key| key.minute()).max();
                    dataset.newest = dataset.newest.max(newest.unwrap_or_default());
                    let keys = update.delivered.into_iter().map(|key| (endpoint.clone(), name.clone(), key));
                    kept.delivered.extend(keys);
                }
                if let Some(retry) = retry {
                    kept.loaded.entry(endpoint.clone()).or_default().retry = retry;
                }
                for (kind, key) in done {
                    kept.tasks.remove(&(endpoint.clone(), kind, key));
                }
                let put = put.into_iter().map(|Task { kind, key, body }| ((endpoint.clone(), kind, key), body));
                kept.tasks.extend(put);
            }
            Ok(())
        })
    }

    fn set_lazy(&self, endpoint: &EndpointKey, dataset: &str, progress: Progress, fence: Fence) -> Result<(), Error> {
        self.with(|mut kept| {
            kept.check(endpoint, fence)?;
            let loaded = kept.loaded.entry(endpoint.clone()).or_default();
            loaded.datasets.entry(dataset.to_owned()).or_default().progress = progress;
            Ok(())
        })
    }

    async fn tasks(&self, endpoint: &EndpointKey, kind: &str, limit: usize) -> Result<Vec<Task>, Error> {
        self.with(|kept| {
            let mine = kept.tasks.iter().filter(|((of, is, _), _)| of == endpoint && is == kind);
            let task = |((_, kind, key), body): (&(EndpointKey, String, Vec<u8>), &serde_json::Value)| Task {
                kind: kind.clone(),
                key: key.clone(),
                body: body.clone(),
            };
            Ok(mine.take(limit).map(task).collect())
        })
    }

    async fn unseen(&self, endpoint: &EndpointKey, dataset: &str, keys: &[DedupKey]) -> Result<Vec<bool>, Error> {
        self.with(|kept| {
            let is_known = |key: DedupKey| kept.delivered.contains(&(endpoint.clone(), dataset.to_owned(), key));
            Ok(keys.iter().map(|key| !is_known(*key)).collect())
        })
    }

    async fn close(&self) -> Result<(), Error> {
        *self.0.lock().expect("lock") = None;
        Ok(())
    }
}

#[derive(Default)]
struct InMemory(Arc<Mutex<Kept>>);

impl Place for InMemory {
    fn open(&self) -> Arc<dyn State> {
        Arc::new(MemoryState(Mutex::new(Some(Arc::clone(&self.0)))))
    }
}

contract!(InMemory::default());
