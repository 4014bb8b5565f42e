//! What the dedup index keeps of a document: the minute in which its record changed, and half of its id.

use common::clock;

#[cfg(test)]
mod tests;

/// Minute since 1970 in which a record changed; 0 where the time is not readable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MinuteBucket(pub(super) u32);

impl MinuteBucket {
    /// The bucket of records whose time is not readable.
    pub const UNDATED: MinuteBucket = MinuteBucket(0);

    /// The bucket of a time as the service wrote it. One time in two spellings has one bucket.
    pub fn of(changed: Option<&str>) -> Self {
        changed.and_then(|text| minute(text.as_bytes()).or_else(|| any_minute(text))).map_or(Self::UNDATED, Self)
    }

    /// Earlier by whole minutes.
    #[must_use]
    pub(super) fn before(self, minutes: u32) -> Self {
        Self(self.0.saturating_sub(minutes))
    }
}

/// One document of the dedup index. The time has to be the same whenever the document is met: that of its record's last
/// change where the document's id holds it too, else that of the record's creation. Within one minute of one dataset 64 bits
/// of a hash tell documents apart: among a million ids of a minute, the next document is mistaken for one of them with a
/// probability of 5e-14.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DedupKey {
    pub(super) minute: MinuteBucket,
    pub(super) id: u64,
}

impl DedupKey {
    /// The document `id` of a record that changed then.
    pub fn new(changed: Option<&str>, id: [u8; 16]) -> Self {
        Self { minute: MinuteBucket::of(changed), id: id.first_chunk().map_or(0, |half| u64::from_be_bytes(*half)) }
    }

    /// When its record changed.
    pub fn minute(self) -> MinuteBucket {
        self.minute
    }
}

/// `2026-01-01T10:00:…Z`, without the detour over a calendar type: this is done for every document.
fn minute(text: &[u8]) -> Option<u32> {
    let [.., b'Z'] = text else { return None };
    let (date, _) = text.split_first_chunk::<17>()?;
    let is_date = date.iter().zip(b"0000-00-00T00:00:").all(|(byte, form)| match form {
        b'0' => byte.is_ascii_digit(),
        form => byte == form,
    });
    if !is_date {
        return None;
    }
    let two = |at: usize| u32::from(date[at] - b'0') * 10 + u32::from(date[at + 1] - b'0');
    let (year, month, day, hour, minute) = (two(0) * 100 + two(2), two(5), two(8), two(11), two(14));
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 {
        return None;
    }
    // Days of the civil calendar: years begin in March, so that the leap day is the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some((days * 24 + hour) * 60 + minute)
}

fn any_minute(text: &str) -> Option<u32> {
    let time = clock::parse(text)?;
    u32::try_from(time.timestamp().div_euclid(60)).ok().filter(|minute| *minute > 0)
}
