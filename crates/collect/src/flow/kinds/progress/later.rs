//! Progress of the kinds whose engines are still to be built: the stored form is what they have in common with the state,
//! with the commands that show and repair it, and with each other's versions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Member;
use super::spans::{Span, Spans};

/// Progress of a delta query.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeltaProgress {
    /// The link that the last complete round ended with; the next one starts there. Opaque.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delta_link: Option<String>,
    /// When the service gave it, by the service's clock: links are forgotten after some days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<String>,
    /// The link to go on with in a round that is not complete, all of whose records up to there are acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next_link: Option<String>,
    /// The round reads all records anew, because the service did not know the link any more: ids that it does not bring are
    /// those of removed records.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_full: bool,
}

impl DeltaProgress {
    /// Where the next request goes; none for the beginning.
    pub(crate) fn resume(&self) -> Option<&str> {
        self.next_link.as_deref().or(self.delta_link.as_deref())
    }

    /// A page with a link to the next one is acknowledged.
    pub(crate) fn page(&mut self, next_link: String) {
        self.next_link = Some(next_link);
    }

    /// The last page of a round is acknowledged.
    pub(crate) fn complete(&mut self, delta_link: String, now: String) {
        *self = Self { delta_link: Some(delta_link), since: Some(now), next_link: None, is_full: false };
    }

    /// The service does not know the link any more (410 Gone).
    pub(crate) fn expired(&mut self) {
        *self = Self { is_full: true, ..Self::default() };
    }
}

/// Progress of a snapshot. Ids and versions of its records are in the index of delivered documents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SnapshotProgress {
    /// When the last complete reading began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) complete: Option<String>,
    /// Number of the last complete reading: records that were last seen by an earlier one are gone.
    #[serde(default)]
    pub(crate) generation: u64,
}

impl SnapshotProgress {
    /// A reading that began then was read to its end, and all of it is acknowledged. Nothing of a broken one counts.
    pub(crate) fn completed(&mut self, began: String) {
        self.complete = Some(began);
        self.generation += 1;
    }
}

/// Progress of a blob feed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BlobsProgress {
    /// When the subscription was started; without one there are no blobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subscribed: Option<String>,
    /// Times whose blobs are listed.
    #[serde(default, skip_serializing_if = "Spans::is_empty")]
    pub(crate) listed: Spans,
    /// Blobs that are listed and not acknowledged, by their addresses.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) queue: BTreeMap<String, Blob>,
    /// Times of which a blob expired before it was read.
    #[serde(default, skip_serializing_if = "Spans::is_empty")]
    pub(crate) lost: Spans,
}

/// A blob that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Blob {
    /// When it became available.
    pub(crate) available: String,
    /// When it is gone.
    pub(crate) expires: String,
    /// How often it failed.
    #[serde(default)]
    pub(crate) attempts: u32,
}

impl BlobsProgress {
    /// The blobs of a time were listed; those that were read before are not known here, their records are by their ids.
    pub(crate) fn list(&mut self, span: Span, blobs: impl IntoIterator<Item = (String, Blob)>) {
        self.listed.add(span);
        for (uri, blob) in blobs {
            self.queue.entry(uri).or_insert(blob);
        }
    }

    /// All records of a blob are acknowledged.
    pub(crate) fn acknowledged(&mut self, uri: &str) {
        self.queue.remove(uri);
    }

    /// Takes out the blobs that are gone by now, and says how many.
    pub(crate) fn expire(&mut self, now: &str) -> usize {
        let is_gone = |blob: &Blob| common::clock::order(&blob.expires, now).is_le();
        let gone: Vec<_> = self.queue.extract_if(.., |_, blob| is_gone(blob)).map(|(_, blob)| blob).collect();
        for blob in &gone {
            self.lost.add(Span { from: blob.available.clone(), to: blob.available.clone() });
        }
        gone.len()
    }
}

/// Progress of query jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JobsProgress {
    /// Time slices whose results are acknowledged.
    #[serde(default, skip_serializing_if = "Spans::is_empty")]
    pub(crate) finished: Spans,
    /// Jobs that were created and are not finished, by their ids.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) running: BTreeMap<String, Span>,
    /// Length of the time slices in seconds that stays below the most records of a result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seconds: Option<u64>,
}

impl JobsProgress {
    /// A job was created for a time slice.
    pub(crate) fn created(&mut self, id: String, slice: Span) {
        self.running.insert(id, slice);
    }

    /// The result of a job is acknowledged.
    pub(crate) fn finish(&mut self, id: &str) {
        if let Some(slice) = self.running.remove(id) {
            self.finished.add(slice);
        }
    }

    /// The result of a job has as many records as results can have: its time slice is asked for again in halves.
    pub(crate) fn split(&mut self, id: &str, seconds: u64) {
        self.running.remove(id);
        self.seconds = Some((seconds / 2).max(1));
    }
}

/// Progress of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StreamProgress {
    /// Offset of the last acknowledged message of each partition. Opaque.
    #[serde(default)]
    pub(crate) offsets: BTreeMap<String, String>,
}

impl Member for DeltaProgress {
    const NAME: &'static str = "delta";
}

impl Member for SnapshotProgress {
    const NAME: &'static str = "snapshot";
}

impl Member for BlobsProgress {
    const NAME: &'static str = "blobs";
}

impl Member for JobsProgress {
    const NAME: &'static str = "jobs";
}

impl Member for StreamProgress {
    const NAME: &'static str = "stream";
}
