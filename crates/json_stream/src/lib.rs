//! Splits a page `{"@odata.context":…,"value":[…],"@odata.nextLink":…}` into its rows while it arrives. The rows may also lie
//! in a member of another name, or the page may be an array itself.
//!
//! Nothing holds a page: at most one element (or, with a nested array split off, one nested item and the rest of its
//! parent) is in memory, and one that is longer than the limit goes to a temporary file. The order of properties does
//! not matter. Rows are found by structure only; whether a row is valid JSON is for the mapper to say, so that one bad
//! row costs one rejection.

mod member;
mod scan;
mod spill_buffer;
mod step;
#[cfg(test)]
mod tests;

use std::io;

use schema::{Envelope, List, NextPage};
use tempfile::SpooledTempFile;

pub use self::member::{Member as RowMember, all_members, members};
pub use self::member::{replace_member, scalar_member, scalar_members, string_member};
use self::scan::ValueScan;
use self::spill_buffer::SpillBuffer;

/// Longest row that is held in memory: 4 MiB.
pub const MAX_ROW: usize = 4 * 1024 * 1024;
/// Longest key and longest link that are understood; rows may buffer longer ones.
const MAX_TEXT: usize = 64 * 1024;

/// One finding in a page.
#[derive(Debug)]
pub enum Event<'a> {
    /// An element of `value[]`; without the nested array if one is split off.
    Element(&'a [u8]),
    /// An item of the nested array; comes before the element that it belongs to.
    Nested(&'a [u8]),
    /// The nested array stands a second time in its element: the items that came before do not count.
    NestedAgain,
    /// An element (or nested item) longer than the limit.
    TooLarge {
        /// It is an item of the nested array.
        nested: bool,
        /// Its bytes; the position is at the end.
        raw: SpooledTempFile,
        /// Its length in bytes.
        length: u64,
    },
    /// `@odata.nextLink`, if it holds anything.
    NextLink(String),
    /// `@odata.count`.
    Count(u64),
    /// The member that says whether there are more records.
    More(bool),
    /// The page says that it is not whole: the JSON text of its `error`.
    Error(&'a [u8]),
}

/// Why a page cannot be read to its end. The rows before that point were complete.
#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    /// The body stopped early: fetch the page again.
    #[error("body ended inside {inside} after {offset} bytes")]
    Truncated {
        /// What was open.
        inside: &'static str,
        /// Bytes read.
        offset: u64,
    },
    /// The body is not a page.
    #[error("body is not a page of records: found {found} at byte {offset}, expected {expected}")]
    Unexpected {
        /// The byte, printable.
        found: String,
        /// What may stand there.
        expected: &'static str,
        /// Where.
        offset: u64,
    },
    /// The body is complete JSON without the array of rows.
    #[error("body has no `{0}` array")]
    NoValue(&'static str),
    /// Which of them is the page, nobody knows.
    #[error("body has `value` twice, the second one at byte {0}")]
    Twice(u64),
    /// The temporary file for a long row failed.
    #[error("temporary file for a long row: {0}")]
    Spill(#[from] io::Error),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Body,
    Element,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    /// Before the first key of an object.
    FirstKey(Level),
    /// After a comma.
    Key(Level),
    InKey(Level),
    Colon(Level),
    Value(Level),
    InValue(Level),
    AfterValue(Level),
    /// Between the items of `value[]` or, one level deeper, of the nested array.
    Items(Level),
    InItem(Level),
    /// In an element whose members cannot be told apart.
    Broken,
    End,
}

/// What the current member of the body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Value,
    NextLink,
    Count,
    More,
    Error,
    Other,
}

/// How a page holds its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageForm {
    /// Member of the body that holds the rows; the body itself is an array of them where there is none.
    pub rows: Option<&'static str>,
    /// Member of the body that says whether there are more records.
    pub more: Option<&'static str>,
}

impl PageForm {
    /// OData's: the rows are in `value`.
    pub const ODATA: Self = Self { rows: Some("value"), more: None };
    /// The body is an array.
    pub const ARRAY: Self = Self { rows: None, more: None };

    /// That of a list's pages, and whether they have to be put between brackets first.
    pub fn of(list: &List) -> (Self, bool) {
        let more = if let NextPage::Offset { more } = list.next { more } else { None };
        match list.envelope {
            Envelope::Member(rows) => (Self { rows: Some(rows), more }, false),
            Envelope::Array => (Self::ARRAY, false),
            // Blanks stand between records as commas do.
            Envelope::Record | Envelope::Lines => (Self::ARRAY, true),
        }
    }
}

/// What `value` was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rows {
    None,
    Null,
    Array,
}

/// The incremental scanner of one page: [`Splitter::next`] until `None`, chunk by chunk, then [`Splitter::finish`].
#[derive(Debug)]
pub struct Splitter {
    form: PageForm,
    nested: Option<&'static str>,
    state: State,
    scan: ValueScan,
    member: Member,
    key: Vec<u8>,
    /// Text of a kept member of the body.
    text: Vec<u8>,
    element: SpillBuffer,
    item: SpillBuffer,
    /// The buffer that the last event was made of.
    emitted: Option<Level>,
    first_member: bool,
    rows: Rows,
    /// The element at hand has had its nested array.
    has_nested: bool,
    offset: u64,
}

impl Splitter {
    /// A splitter for one page of OData; `nested` names the array that is split off the elements, `max_row` the longest row
    /// held.
    pub fn new(nested: Option<&'static str>, max_row: usize) -> Self {
        Self::of(PageForm::ODATA, nested, max_row)
    }

    /// A splitter for one page of this form.
    pub fn of(form: PageForm, nested: Option<&'static str>, max_row: usize) -> Self {
        Self {
            form,
            nested,
            state: State::Start,
            scan: ValueScan::default(),
            member: Member::Other,
            key: Vec::new(),
            text: Vec::new(),
            element: SpillBuffer::new(max_row),
            item: SpillBuffer::new(max_row),
            emitted: None,
            first_member: true,
            rows: Rows::None,
            has_nested: false,
            offset: 0,
        }
    }

    /// The next finding in `rest`, which is moved past what was read; `None` asks for the next chunk.
    pub fn next<'s, 'c: 's>(&'s mut self, rest: &mut &'c [u8]) -> Result<Option<Event<'s>>, SplitError> {
        match self.emitted.take() {
            Some(Level::Body) => self.element.clear(),
            Some(Level::Element) => self.item.clear(),
            None => {}
        }
        match self.step(rest)? {
            None => Ok(None),
            Some(Found::Link(link)) => Ok(Some(Event::NextLink(link))),
            Some(Found::Count(count)) => Ok(Some(Event::Count(count))),
            Some(Found::More(more)) => Ok(Some(Event::More(more))),
            Some(Found::Error) => Ok(Some(Event::Error(&self.text))),
            Some(Found::Again) => Ok(Some(Event::NestedAgain)),
            Some(Found::Row(level, bytes)) => Ok(Some(row(level, bytes))),
            Some(Found::Held(level)) => {
                self.emitted = Some(level);
                let buffer = if level == Level::Body { &mut self.element } else { &mut self.item };
                if let Some((raw, length)) = buffer.take_spill() {
                    return Ok(Some(Event::TooLarge { nested: level == Level::Element, raw, length }));
                }
                Ok(Some(row(level, buffer.bytes())))
            }
        }
    }

    /// `value` is `null`: the page has no rows, and says so in an odd way.
    pub fn is_null(&self) -> bool {
        self.rows == Rows::Null
    }

    /// The page must be complete now.
    pub fn finish(&self) -> Result<(), SplitError> {
        let inside = match self.state {
            State::End if self.rows == Rows::None => {
                return Err(SplitError::NoValue(self.form.rows.unwrap_or("top-level")));
            }
            State::End => return Ok(()),
            State::Items(Level::Body) => "`value[]`",
            State::Items(Level::Element) | State::InItem(Level::Element) => "a nested array of an element of `value[]`",
            State::InItem(Level::Body) | State::Broken => "an element of `value[]`",
            State::Start => "the response body, before its first byte",
            State::FirstKey(level)
            | State::Key(level)
            | State::InKey(level)
            | State::Colon(level)
            | State::Value(level)
            | State::InValue(level)
            | State::AfterValue(level) => match level {
                Level::Body => "the response body",
                Level::Element => "an element of `value[]`",
            },
        };
        Err(SplitError::Truncated { inside, offset: self.offset })
    }
}

enum Found<'c> {
    Row(Level, &'c [u8]),
    Held(Level),
    Link(String),
    Count(u64),
    More(bool),
    Error,
    Again,
}

fn row(level: Level, bytes: &[u8]) -> Event<'_> {
    match level {
        Level::Body => Event::Element(bytes),
        Level::Element => Event::Nested(bytes),
    }
}
