//! Over a record that no page can carry: the listing goes on behind it, and its place is owed.
//!
//! One record is to blame only if others can be read at the same time. Where they fail too, the service is down and the
//! source stays where it is. A wrong judgement loses nothing: the place stays in the retry ledger until it was read.

use std::borrow::Cow;

use super::Feed;
use super::alone::{self, Found};
use super::ledger::Debt;
use super::page::{Taking, take};
use super::rows::Extent;
use super::window::{self, Window};
use common::clock;
use common::error::Fault;
use microsoft::source::{Bound, PageOptions, Range};
use output::BatchWriter;
use state::{Owed, Retry};

/// Places behind the record that are tried: its neighbours may be bad as well.
const AHEAD: [u64; 4] = [1, 2, 4, 8];
/// Records that one window steps over.
pub(super) const MAX_STEPS: u32 = 50;

/// Whether the record at the window's place is the only trouble. If so it is owed, and the window goes on behind it.
pub(super) async fn over(feed: &mut Feed, window: &mut Window, outbox: &mut BatchWriter) -> Result<bool, Fault> {
    if !window.may_step() {
        return Ok(false);
    }
    let (range, passed) = window.place();
    let Some(next) = next_readable(feed, &range, passed, outbox).await? else { return Ok(false) };
    let named = if window.owes() { name(feed, &range, passed, outbox).await } else { None };
    if let Some(id) = named {
        match alone::fetch(feed, &id, None, Extent::Apart, outbox).await {
            // What was not found is no longer what the page could not carry.
            Ok(Found::Read | Found::Missing | Found::Other) => {}
            Err(fault) if alone::is_own(&fault) => {
                alone::owe(feed, Debt { owed: Owed::Record, id: &id, version: "" }, None, &fault);
            }
            Err(fault) => return Err(fault),
        }
    } else if window.owes() {
        owe_place(feed, &range, next.as_deref());
    }
    feed.rows.begin_page()?;
    window.step(passed);
    Ok(true)
}

/// Reads a place again that could not be read, and everything else up to its end.
pub(super) async fn read_place(feed: &mut Feed, place: &Retry, outbox: &mut BatchWriter) -> Result<(), Fault> {
    let range = Range { from: place.id.clone(), to: place.until.clone().map(Bound::Through) };
    let mut again = Window::again(range, feed.source.requests.list.is_ordered(), feed.health.time().now());
    feed.size.smallest();
    window::read(feed, &mut again, outbox).await?;
    if again.has_stepped() {
        return Err(Fault::Transient(format!("a record at or after {} still cannot be read", place.id)));
    }
    Ok(())
}

/// The first record that can be read behind the place: `Some` with its time, if it has one. `None` if nothing can.
async fn next_readable(
    feed: &mut Feed,
    range: &Range,
    passed: u64,
    outbox: &mut BatchWriter,
) -> Result<Option<Option<String>>, Fault> {
    let mut is_empty = false;
    for ahead in AHEAD {
        match look(feed, range, Look { skip: passed + ahead, ..Look::default() }, outbox).await {
            Ok(Some(row)) => {
                let changed = feed.rows.reader().read(&row).version;
                return Ok(Some(changed.filter(|changed| clock::parse(changed).is_some()).map(Cow::into_owned)));
            }
            // The list ends before.
            Ok(None) => {
                is_empty = true;
                break;
            }
            Err(fault) if fault.is_temporary() || matches!(fault, Fault::Refused(_)) => {}
            Err(fault) => return Err(fault),
        }
    }
    // A service that is down may still answer with an empty page: a record that was read before tells.
    let before = match passed.checked_sub(1) {
        Some(before) => {
            look(feed, range, Look { skip: before, ..Look::default() }, outbox).await.is_ok_and(|row| row.is_some())
        }
        None => is_empty,
    };
    Ok(before.then_some(None))
}

/// Id of the record, if the service tells it without the rest.
async fn name(feed: &mut Feed, range: &Range, passed: u64, outbox: &mut BatchWriter) -> Option<String> {
    let row = look(feed, range, Look { skip: passed, names: true, ..Look::default() }, outbox).await.ok()??;
    feed.source.requests.list.id_to_read()?;
    feed.rows.reader().read(&row).id.map(Cow::into_owned)
}

/// How a record of the list is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Look {
    /// Its place.
    pub(super) skip: u64,
    /// With its nested rows.
    pub(super) is_whole: bool,
    /// What names it, and no more.
    pub(super) names: bool,
}

/// One record of the list, by its place.
pub(super) async fn look(
    feed: &mut Feed,
    range: &Range,
    look: Look,
    outbox: &mut BatchWriter,
) -> Result<Option<Vec<u8>>, Fault> {
    let Look { skip, is_whole, names } = look;
    let page = feed.source.requests.page(range, PageOptions { size: 1, expand: is_whole, skip, names });
    let response = feed.source.open(&page).await?;
    let mut rows = Vec::new();
    take(feed, response, Taking::Bare(&mut rows), outbox).await?;
    feed.rows.begin_page()?;
    Ok(rows.into_iter().next())
}

fn owe_place(feed: &mut Feed, range: &Range, next: Option<&str>) {
    let is_known = feed.ledger.find(Owed::Place, &range.from).is_some();
    if !is_known {
        let fault = Fault::Transient("no page can carry it, its neighbours can be read".to_owned());
        alone::owe(feed, Debt { owed: Owed::Place, id: &range.from, version: "" }, None, &fault);
    }
    let end = match &range.to {
        Some(Bound::Before(to) | Bound::Through(to)) => Some(to.as_str()),
        None => next,
    };
    if let Some(end) = end {
        feed.ledger.close(&range.from, end);
    }
}
