//! The opaque continuation of a listing.

use super::Refused;
use crate::encode::{base64url, from_base64url};

/// Position in a listing: the last record of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    /// The time that the listing is ordered by, in ticks.
    pub(crate) time: i64,
    pub(crate) incident: u64,
    /// Number of the record within its incident.
    pub(crate) number: u32,
}

impl Key {
    /// In front of every record of a listing.
    pub(crate) fn start(descending: bool) -> Key {
        if descending {
            Key { time: i64::MAX, incident: u64::MAX, number: u32::MAX }
        } else {
            Key { time: i64::MIN, incident: 0, number: 0 }
        }
    }

    /// The token for going on behind this record, good only for the query with this hash.
    pub(crate) fn encode(self, query: u64) -> String {
        let mut bytes = Vec::with_capacity(28);
        bytes.extend_from_slice(&query.to_be_bytes());
        bytes.extend_from_slice(&self.time.to_be_bytes());
        bytes.extend_from_slice(&self.incident.to_be_bytes());
        bytes.extend_from_slice(&self.number.to_be_bytes());
        base64url(&bytes)
    }

    /// Refuses what this tenant's current tokens for this very query do not look like.
    pub(crate) fn decode(token: &str, query: u64) -> Result<Key, Refused> {
        let refused = || Refused("The $skiptoken is invalid or has expired.".into());
        let bytes = from_base64url(token).filter(|bytes| bytes.len() == 28).ok_or_else(refused)?;
        let word = |at: usize| bytes[at..at + 8].iter().fold(0_u64, |word, &byte| word << 8 | u64::from(byte));
        if word(0) != query {
            return Err(refused());
        }
        let number = bytes[24..28].iter().fold(0_u32, |word, &byte| word << 8 | u32::from(byte));
        Ok(Key { time: word(8).cast_signed(), incident: word(16), number })
    }
}
