//! A source's way to its output for one cycle. What was handed over before is left out: a page that is fetched again, and a
//! record of the overlap that is read again, must not be delivered twice to an output that cannot tell.
//!
//! Most documents are of records that changed after everything in the dedup index, and need not be looked for there. The
//! others join the batch undecided, and are looked for together before the batch is handed over: the order of the
//! documents stays, and neighbours share the way to their place in the index.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use mapper::DocId;
use rustc_hash::FxHashSet;

use super::deduplicator::Deduplicator;
use common::error::Error;
use common::health::SourceHealth;
use output::BatchWriter;
use state::DedupKey;

/// So many ids may wait in any source.
const FEW_IDS: usize = if cfg!(test) { 50 } else { 500 };

/// The way of one cycle.
#[derive(Debug)]
pub(super) struct Outbox {
    writer: BatchWriter,
    /// What was handed over of each of the source's datasets, in their order.
    datasets: Vec<Deduplicator>,
    /// Documents of the batch that the dedup index may hold, in their order.
    undecided: Vec<Undecided>,
    health: Arc<SourceHealth>,
    /// Number of the element that is being mapped.
    element: u64,
    /// Elements of the batch that counted as late.
    late: FxHashSet<u64>,
}

/// A document for the output.
#[derive(Debug, Clone, Copy)]
pub(super) struct Document<'a> {
    /// Place of its dataset among those of the source.
    pub(super) dataset: usize,
    /// Place of its dataset in the catalog.
    pub(super) index: u16,
    pub(super) id: DocId,
    pub(super) key: DedupKey,
    pub(super) json: &'a [u8],
    /// An earlier cycle should have brought it.
    pub(super) is_late: bool,
}

/// A document of the batch that the dedup index may hold.
#[derive(Debug, Clone, Copy)]
struct Undecided {
    /// Its place in the batch.
    place: usize,
    dataset: usize,
    key: DedupKey,
    /// The element that is late if the document is new.
    late: Option<u64>,
}

impl Outbox {
    /// A way for a cycle, with what the state says of the source's datasets in their order.
    pub(super) fn new(mut writer: BatchWriter, datasets: Vec<Deduplicator>, health: &Arc<SourceHealth>) -> Self {
        writer.report_to(Arc::clone(health));
        Self {
            writer,
            datasets,
            undecided: Vec::new(),
            health: Arc::clone(health),
            element: 0,
            late: FxHashSet::default(),
        }
    }

    /// The documents that follow are made of another element.
    pub(super) fn begin_element(&mut self) {
        self.element += 1;
    }

    /// Adds a document, unless it was handed over before.
    pub(super) fn push(&mut self, document: Document<'_>) {
        let Document { dataset, index, id, key, json, is_late } = document;
        let Some(seen) = self.datasets.get_mut(dataset) else { return };
        let late = is_late.then_some(self.element);
        if seen.may_be_committed(key) {
            if !seen.is_pending(key) {
                self.undecided.push(Undecided { place: self.writer.documents(), dataset, key, late });
                self.writer.push(index, id, json);
            }
        } else if seen.insert(key, false) {
            self.writer.push(index, id, json);
            self.count_late(late);
        }
    }

    /// Whether something that is no document, and has an id like one, was not met before. From now on it was.
    pub(super) async fn is_new(&mut self, dataset: usize, key: DedupKey) -> Result<bool, Error> {
        let Some(seen) = self.datasets.get_mut(dataset) else { return Ok(false) };
        let is_known = seen.may_be_committed(key) && seen.unseen(&[key]).await? == [false];
        Ok(seen.insert(key, is_known))
    }

    /// Hands the batch over if it is large enough.
    pub(super) async fn relieve(&mut self) -> Result<(), Error> {
        if self.writer.is_full() {
            self.decide().await?;
            if self.writer.is_full() {
                return self.writer.send().await;
            }
        }
        Ok(())
    }

    /// Hands over what there is.
    pub(super) async fn send(&mut self) -> Result<(), Error> {
        self.decide().await?;
        self.writer.send().await
    }

    /// Hands over what there is, and waits until everything of the cycle is durable.
    pub(super) async fn flush(&mut self) -> Result<(), Error> {
        self.decide().await?;
        self.writer.flush().await
    }

    /// As many ids wait to be committed as may: `most`, or the source's share of `total` in all sources together.
    pub(super) async fn is_full_of_ids(&mut self, total: usize, most: usize) -> Result<bool, Error> {
        let room: usize = self.datasets.iter().map(|seen| seen.room(total)).sum();
        let limit = room.clamp(FEW_IDS, most);
        if self.pending() + self.undecided.len() < limit {
            return Ok(false);
        }
        self.decide().await?;
        Ok(self.pending() >= limit)
    }

    /// Documents that were new since the cycle began. What is still undecided does not count.
    pub(super) fn fresh(&self) -> u64 {
        self.datasets.iter().map(Deduplicator::fresh).sum()
    }

    /// What was handed over of each dataset, in their order.
    pub(super) fn datasets_mut(&mut self) -> impl Iterator<Item = &mut Deduplicator> {
        self.datasets.iter_mut()
    }

    fn pending(&self) -> usize {
        self.datasets.iter().map(Deduplicator::pending).sum()
    }

    /// Looks for the undecided documents in the dedup index, and takes those out of the batch that it holds.
    async fn decide(&mut self) -> Result<(), Error> {
        if self.undecided.is_empty() {
            self.late.retain(|element| *element == self.element);
            return Ok(());
        }
        let mut known = vec![false; self.undecided.len()];
        for (dataset, seen) in self.datasets.iter().enumerate() {
            let of_dataset = |(_, document): &(usize, &Undecided)| document.dataset == dataset;
            let (places, keys): (Vec<_>, Vec<_>) = self
                .undecided
                .iter()
                .enumerate()
                .filter(of_dataset)
                .map(|(place, document)| (place, document.key))
                .unzip();
            for (place, is_unseen) in places.into_iter().zip(seen.unseen(&keys).await?) {
                known[place] = !is_unseen;
            }
        }
        let mut left_out = Vec::new();
        for (document, is_known) in std::mem::take(&mut self.undecided).into_iter().zip(known) {
            let Undecided { place, dataset, key, late } = document;
            if self.datasets[dataset].insert(key, is_known) {
                self.count_late(late);
            } else {
                left_out.push(place);
            }
        }
        let mut left_out = left_out.into_iter().peekable();
        self.writer.retain(|place| left_out.next_if_eq(&place).is_none());
        self.late.retain(|element| *element == self.element);
        Ok(())
    }

    /// An element is late once, whatever the number of its documents.
    fn count_late(&mut self, element: Option<u64>) {
        if element.is_some_and(|element| self.late.insert(element)) {
            self.health.late(1);
        }
    }
}
