//! What is stored of each kind of collection: how far it has come, so that a restart goes on from there.
//!
//! All of it is written as JSON, so that a state can be read and repaired by people; what a later version adds is a member
//! that an earlier one does not know.

#[cfg_attr(not(test), expect(dead_code, reason = "their engines are still to be built; what they store is settled"))]
mod later;
#[cfg_attr(not(test), expect(dead_code, reason = "as above"))]
mod spans;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use state::Progress;

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
