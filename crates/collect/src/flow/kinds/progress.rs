//! What is stored of each kind of collection: how far it has come, so that a restart goes on from there.
//!
//! All of it is written as JSON, so that a state can be read and repaired by people; what a later version adds is a member
//! that an earlier one does not know.

#[cfg_attr(not(test), expect(dead_code, reason = "these kinds are still to be built; what they store is settled"))]
mod later;
#[cfg_attr(not(test), expect(dead_code, reason = "as above"))]
mod spans;
#[cfg(test)]
mod tests;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use self::later::{BlobsProgress, DeltaProgress, JobsProgress, SnapshotProgress, StreamProgress};
use common::error::Error;
use state::Progress;

/// How far a kind has come, for each dataset of its endpoint in their order. What is read beside the stored progress has
/// none for any of them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the other kinds are still to be built; the engine commits them already")
)]
pub(crate) enum KindProgress {
    /// Cursors of a list.
    List(Vec<CursorProgress>),
    /// Links of a delta query.
    Delta(Vec<DeltaProgress>),
    /// Readings of a snapshot.
    Snapshot(Vec<SnapshotProgress>),
    /// Blobs of a feed.
    Blobs(Vec<BlobsProgress>),
    /// Jobs of a query.
    Jobs(Vec<JobsProgress>),
    /// Offsets of a stream.
    Stream(Vec<StreamProgress>),
}

impl KindProgress {
    /// The progress of a dataset takes the place of what is stored of it. Whether that differs.
    pub(crate) fn replace(&self, dataset: usize, stored: &mut Progress) -> Result<bool, Error> {
        match self {
            Self::List(all) => Ok(all.get(dataset).is_some_and(|cursor| cursor.replace(stored))),
            Self::Delta(all) => write(all.get(dataset), stored),
            Self::Snapshot(all) => write(all.get(dataset), stored),
            Self::Blobs(all) => write(all.get(dataset), stored),
            Self::Jobs(all) => write(all.get(dataset), stored),
            Self::Stream(all) => write(all.get(dataset), stored),
        }
    }
}

/// Progress that is stored as one member of a dataset's progress, beside the times that people read.
pub(crate) trait Member: Serialize + DeserializeOwned + Default {
    /// Name of the member: that of the kind.
    const NAME: &'static str;

    /// What is stored; the default where nothing is.
    #[cfg_attr(not(test), expect(dead_code, reason = "the kinds that start from it are still to be built"))]
    fn read(stored: &Progress) -> Result<Self, Error> {
        let Some(member) = stored.more.get(Self::NAME) else { return Ok(Self::default()) };
        Self::deserialize(member).map_err(|error| unreadable(Self::NAME, &error))
    }
}

fn write<T: Member>(progress: Option<&T>, stored: &mut Progress) -> Result<bool, Error> {
    let Some(progress) = progress else { return Ok(false) };
    let member = serde_json::to_value(progress).map_err(|error| unreadable(T::NAME, &error))?;
    let is_new = stored.more.get(T::NAME) != Some(&member);
    if is_new {
        stored.more.insert(T::NAME.to_owned(), member);
    }
    Ok(is_new)
}

fn unreadable(name: &str, error: &serde_json::Error) -> Error {
    Error::Io(format!(
        "the stored progress `{name}` cannot be understood: {error}\nhint: `m365-fetcher state show` shows it, `state reset` \
         makes the dataset begin anew"
    ))
}

/// Progress of a list for one of its datasets: where its cursor is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CursorProgress {
    /// Largest version that was read, as the service wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<String>,
    /// Where collection began.
    pub(crate) floor: String,
    /// The floor was found by this machine's clock: the service has not told its time yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) guessed: bool,
}

impl CursorProgress {
    /// Takes the place of what is stored. Whether that differs.
    pub(crate) fn replace(&self, stored: &mut Progress) -> bool {
        let Self { cursor, floor, guessed } = self;
        let is_new = stored.cursor != *cursor || stored.floor.as_deref() != Some(floor) || stored.guessed != *guessed;
        if is_new {
            stored.cursor.clone_from(cursor);
            stored.floor = Some(floor.clone());
            stored.guessed = *guessed;
        }
        is_new
    }
}
