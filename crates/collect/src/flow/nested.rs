//! Lists within a record that do not come whole: `alerts@odata.nextLink` beside an incident's alerts, the same beside the
//! evidence or the comments of a record, and within a nested row. Their links are followed when the page was read, because
//! a page that is being read holds a permit. A record whose lists cannot be completed like this is fetched by its id, and goes to the retry queue if
//! that is of no use either: no summary is made of a part.

use rustc_hash::FxHashSet;

use super::engine::AnyKind;
use super::fetch_by_id;
use super::outbox::Outbox;
use super::page::{Taking, error_of, take};
use super::provenance::{Completeness, Provenance, Revision};
use super::retry_queue::RetryKey;
use super::rows::{Nested, Rows};
use super::source_reader::SourceReader;
use crate::record::Record;
use common::error::Error;
use common::http::Backoff;
use common::stop::unless_stopped;
use json_stream::{MAX_ROW, all_members, members};
use state::RetryKind;

/// What a link's member ends with.
const LINK: &str = "@odata.nextLink";
const COUNT: &str = "@odata.count";
/// Pages of one list, and attempts for one page.
const MAX_PAGES: usize = 1000;
const ATTEMPTS: u32 = 3;
/// Versions that are remembered as completed.
const MAX_DONE: usize = 1000;
/// Bytes of nested rows that wait for what is nested in them.
pub(super) const MAX_WAITING: usize = MAX_ROW;

/// A record that waits for the rest of its lists.
#[derive(Debug)]
pub(super) struct Deferred {
    row: Vec<u8>,
    provenance: Provenance,
    /// What its nested rows have said so far.
    nested: Nested,
    /// Nested rows that are not whole themselves.
    waiting: Vec<Vec<u8>>,
    /// A nested row is missing, and no link leads to it.
    lacks: bool,
}

/// Takes the rows of a page.
type Each<'a> = dyn FnMut(&mut SourceReader, Vec<Vec<u8>>) -> Result<(), Error> + Send + 'a;

/// A list that goes on elsewhere.
struct Rest {
    property: String,
    link: String,
}

/// A nested row that is not whole is kept until its record is complete.
pub(super) fn wait(rows: &mut Rows, row: &[u8]) -> bool {
    if error_of(row, rows.nested_ids()).is_some() {
        rows.waiting().lacks = true;
        return true;
    }
    if rests(row).is_empty() {
        return false;
    }
    let waiting = rows.waiting();
    if waiting.bytes + row.len() > MAX_WAITING {
        waiting.lacks = true;
    } else {
        waiting.bytes += row.len();
        waiting.rows.push(row.to_vec());
    }
    true
}

/// A record with lists that are not whole waits until its page was read.
pub(super) fn defer(reader: &mut SourceReader, record: &Record<'_>, provenance: Provenance) -> bool {
    let row = record.row;
    let waiting = std::mem::take(reader.rows.waiting());
    recount(reader, record);
    if rests(row).is_empty() && waiting.rows.is_empty() && !waiting.lacks {
        return false;
    }
    let (row, nested) = (row.to_vec(), reader.rows.take_nested());
    reader.deferred.push(Deferred { row, provenance, nested, waiting: waiting.rows, lacks: waiting.lacks });
    true
}

/// A record may say how many nested rows it has, and hold fewer.
fn recount(reader: &mut SourceReader, record: &Record<'_>) {
    let row = record.row;
    let Some(property) = reader.rows.nested().filter(|_| memchr::memmem::find(row, COUNT.as_bytes()).is_some()) else {
        return;
    };
    let is_count = |name: &str| name.strip_suffix(COUNT) == Some(property);
    let count = members(row)
        .find(|member| is_count(&member.name()))
        .and_then(|member| serde_json::from_slice(member.value).ok());
    let goes_on = rests(row).iter().any(|rest| rest.property == property);
    if let Some(count) = count.filter(|_| !goes_on)
        && reader.rows.announce(count)
    {
        let record = record.id.as_deref().unwrap_or_default();
        reader.odd(format!("record {record} announces {count} `{property}` and gives fewer, without a link to more"));
    }
}

/// The page was read: its records that wait are completed. Says what is missing and not in the retry queue.
pub(super) async fn settle(
    reader: &mut SourceReader,
    kind: &mut AnyKind,
    outbox: &mut Outbox,
) -> Result<Option<String>, Error> {
    let mut missing = None;
    let mut deferred = std::mem::take(&mut reader.deferred).into_iter();
    while let Some(mut record) = deferred.next() {
        let name = name(reader, &record);
        if name.as_ref().is_some_and(|(id, version)| reader.whole.get(id) == Some(version)) {
            continue;
        }
        let queued = name.as_ref().and_then(|(id, version)| {
            reader.retry_queue.find(RetryKind::Nested, id).filter(|entry| entry.version == *version)
        });
        // Its links need not fail again.
        let outcome = match queued {
            Some(_) => Err(Error::Incomplete("it is in the retry queue already".to_owned())),
            None => complete(reader, &mut record, outbox).await,
        };
        let error = match (outcome, name) {
            (Ok(()), name) => {
                if reader.whole.len() >= MAX_DONE {
                    reader.whole.clear();
                }
                reader.whole.extend(name);
                continue;
            }
            (Err(error), Some(_)) if fetch_by_id::is_own(&error) => {
                tracing::info!(tenant = &*reader.tenant, reason = %error, "a list within a record is not whole, it is read alone");
                let whole =
                    Provenance { completeness: Completeness::Whole, revision: Revision::First, ..record.provenance };
                fetch_by_id::complete(reader, &record.row, whole, outbox).await?;
                continue;
            }
            (Err(error), _) => error,
        };
        if !fetch_by_id::is_own(&error) {
            // The cursor may go on without them.
            for record in std::iter::once(record).chain(deferred) {
                queue(reader, kind, &record);
            }
            return Err(error);
        }
        // It cannot be asked for alone: what there is of it is delivered.
        missing.get_or_insert(format!("a list within a record is not whole: {error}"));
        reader.rows.put_nested(record.nested);
        for row in &record.waiting {
            reader.rows.nested_row(row)?;
        }
        deliver(reader, &record.row, record.provenance, outbox).await?;
    }
    Ok(missing)
}

/// The single record that was asked for: completed, or an error.
pub(super) async fn settle_by_id(reader: &mut SourceReader, outbox: &mut Outbox) -> Result<(), Error> {
    for mut record in std::mem::take(&mut reader.deferred) {
        complete(reader, &mut record, outbox).await?;
    }
    Ok(())
}

/// Id and version, where the record has both and can be asked for by them.
fn name(reader: &SourceReader, record: &Deferred) -> Option<(String, String)> {
    reader.source.requests.list.id_to_read()?;
    let record = reader.rows.records().read(&record.row);
    record.name().map(|(id, version)| (id.to_owned(), version.to_owned()))
}

fn queue(reader: &mut SourceReader, kind: &mut AnyKind, record: &Deferred) {
    if let Some((id, version)) = name(reader, record) {
        let key = RetryKey { kind: RetryKind::Nested, id: &id, version: &version };
        reader.retry_queue.postpone(&reader.health, key);
        return;
    }
    kind.miss(reader.rows.records().read(&record.row).version.as_deref());
}

async fn complete(reader: &mut SourceReader, record: &mut Deferred, outbox: &mut Outbox) -> Result<(), Error> {
    if record.lacks {
        return Err(Error::Incomplete("an error stands in the place of a nested row".to_owned()));
    }
    let split = reader.rows.nested();
    let mut lists = Vec::new();
    for rest in rests(&record.row) {
        if Some(&*rest.property) == split {
            let (nested, waiting) = (&mut record.nested, &mut record.waiting);
            follow(reader, &rest, outbox, &mut |reader, rows| {
                reader.rows.put_nested(std::mem::take(nested));
                for row in rows {
                    if rests(&row).is_empty() {
                        reader.rows.nested_row(&row)?;
                    } else {
                        waiting.push(row);
                    }
                }
                *nested = reader.rows.take_nested();
                Ok(())
            })
            .await?;
            lists.push((rest.property, Vec::new()));
        } else {
            let items = items(reader, &rest, outbox).await?;
            lists.push((rest.property, items));
        }
    }
    for at in 0..record.waiting.len() {
        let mut lists = Vec::new();
        for rest in rests(&record.waiting[at]) {
            let items = items(reader, &rest, outbox).await?;
            lists.push((rest.property, items));
        }
        record.waiting[at] = joined(&record.waiting[at], &lists)?;
    }
    let row = joined(&record.row, &lists)?;
    reader.rows.put_nested(std::mem::take(&mut record.nested));
    for row in record.waiting.drain(..) {
        reader.rows.nested_row(&row)?;
    }
    deliver(reader, &row, record.provenance, outbox).await
}

async fn deliver(
    reader: &mut SourceReader,
    row: &[u8],
    provenance: Provenance,
    outbox: &mut Outbox,
) -> Result<(), Error> {
    let record = reader.rows.records().read(row);
    reader.rows.element(&record, provenance, outbox).await
}

/// The lists of a record that go on elsewhere.
fn rests(row: &[u8]) -> Vec<Rest> {
    if memchr::memmem::find(row, LINK.as_bytes()).is_none() {
        return Vec::new();
    }
    let rest = |member: json_stream::RowMember<'_>| {
        let property = member.name().strip_suffix(LINK).filter(|property| !property.is_empty())?.to_owned();
        let link: String = serde_json::from_slice(member.value).ok()?;
        (!link.trim().is_empty()).then_some(Rest { property, link })
    };
    members(row).filter_map(rest).collect()
}

/// All further items of a list, joined by commas.
async fn items(reader: &mut SourceReader, rest: &Rest, outbox: &mut Outbox) -> Result<Vec<u8>, Error> {
    let mut items = Vec::new();
    follow(reader, rest, outbox, &mut |_, rows| {
        for row in rows {
            items.push(b',');
            items.extend_from_slice(&row);
        }
        if items.len() > MAX_ROW {
            return Err(Error::Incomplete(format!("`{}` of a record holds more than {MAX_ROW} bytes", rest.property)));
        }
        Ok(())
    })
    .await?;
    Ok(items)
}

/// Reads the pages of a list, each of them whole before it is handed over.
async fn follow(reader: &mut SourceReader, rest: &Rest, outbox: &mut Outbox, each: &mut Each<'_>) -> Result<(), Error> {
    let mut seen = FxHashSet::default();
    let mut link = Some(rest.link.clone());
    let mut from = reader.source.requests.list();
    while let Some(next) = link {
        let page = reader.source.requests.validate_next_link(&from, &next)?;
        if seen.len() >= MAX_PAGES || !seen.insert(page.url.to_string()) {
            return Err(Error::Permanent(format!("the link to more of `{}` leads in a circle", rest.property)));
        }
        let mut pauses = Backoff::new(std::time::Duration::from_secs(1), std::time::Duration::from_secs(8), ATTEMPTS);
        link = loop {
            let mut rows = Vec::new();
            let outcome = match reader.source.open(&page).await {
                Ok(answer) => take(reader, answer, Taking::Bare(&mut rows), outbox).await,
                Err(error) => Err(error),
            };
            let error = match outcome {
                Ok(answer) if answer.lacks.is_none() => {
                    each(reader, rows)?;
                    break answer.link;
                }
                Ok(answer) => Error::Incomplete(answer.lacks.unwrap_or_default()),
                Err(error) => error,
            };
            let Some(pause) = pauses.next(None).filter(|_| error.is_temporary()) else { return Err(error) };
            reader.health.retried();
            unless_stopped(&reader.source.stop, tokio::time::sleep(pause)).await?;
        };
        from = page.url;
    }
    Ok(())
}

/// The record with the further items of its lists, and without the links to them.
fn joined(row: &[u8], lists: &[(String, Vec<u8>)]) -> Result<Vec<u8>, Error> {
    let mut out = b"{".to_vec();
    let mut open: Vec<&(String, Vec<u8>)> = lists.iter().filter(|(_, items)| !items.is_empty()).collect();
    let found = all_members(row).ok_or_else(|| {
        Error::Incomplete("a record that is no JSON cannot be joined with the rest of its lists".to_owned())
    })?;
    for member in found {
        let name = member.name();
        if name.strip_suffix(LINK).is_some_and(|name| lists.iter().any(|(property, _)| property == name)) {
            continue;
        }
        if out.len() > 1 {
            out.push(b',');
        }
        out.extend_from_slice(&row[member.place.clone()]);
        if let Some(at) = open.iter().position(|(property, _)| *property == name)
            && member.value.ends_with(b"]")
        {
            let (_, items) = open.swap_remove(at);
            out.pop();
            let is_empty = members_of_array(member.value) == 0;
            out.extend_from_slice(if is_empty { &items[1..] } else { items });
            out.push(b']');
        }
    }
    for (property, items) in open {
        if out.len() > 1 {
            out.push(b',');
        }
        out.extend_from_slice(format!("\"{property}\":[").as_bytes());
        out.extend_from_slice(&items[1..]);
        out.push(b']');
    }
    out.push(b'}');
    if out.len() > MAX_ROW {
        return Err(Error::Incomplete(format!("a record with all its lists holds {} bytes", out.len())));
    }
    Ok(out)
}

/// Bytes between the brackets of an array, without blanks.
fn members_of_array(array: &[u8]) -> usize {
    array.get(1..array.len() - 1).unwrap_or_default().iter().filter(|byte| !byte.is_ascii_whitespace()).count()
}
