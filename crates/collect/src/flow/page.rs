//! The stages of one answer: bytes, rows, documents, batches.

#[cfg(test)]
mod tests;

use std::hash::{BuildHasher, BuildHasherDefault};
use std::sync::atomic::Ordering;

use bytes::Bytes;
use reqwest::header::WARNING;
use reqwest::{Response, StatusCode};
use rustc_hash::FxHasher;

use super::committer::Committer;
use super::engine::{AnyKind, Fetch};
use super::fetch_by_id::Found;
use super::kinds::list::page_size::PageSize;
use super::kinds::{Delivery, Disposition, Page};
use super::nested;
use super::outbox::Outbox;
use super::provenance::{Origin, Provenance};
use super::source_reader::SourceReader;
use common::error::{Error, quoted};
use common::http::{ids, retry_after};
use common::stop::unless_stopped;
use json_stream::{Event, MAX_ROW, PageForm, SplitError, Splitter, members, string_member};
use microsoft::Said;
use microsoft::fair_scheduler::{Arrival, PacedBody};

/// An error in the place of a record is no longer than this.
const MAX_ERROR: usize = 64 * 1024;

/// What becomes of the elements of an answer.
pub(super) enum Taking<'a> {
    /// The next records of a listing.
    Listed {
        /// Who lists them.
        kind: &'a mut AnyKind,
        /// Writes down how far it has come.
        committer: &'a mut Committer,
        /// Those that are fetched by their ids when the page was read.
        fetches: &'a mut Vec<Fetch>,
    },
    /// Records of a listing whose nested rows are still to be read, or which are only looked at.
    Bare(&'a mut Vec<Vec<u8>>),
    /// One record by its id.
    ById {
        /// Only this one is wanted.
        version: Option<&'a str>,
        /// What goes with it.
        provenance: Provenance,
        /// What came.
        found: &'a mut Found,
    },
}

impl Taking<'_> {
    fn page_size(&self, size: PageSize) -> u32 {
        match self {
            Taking::Listed { kind, .. } => kind.facts().page_size,
            Taking::Bare(_) | Taking::ById { .. } => size.get(),
        }
    }
}

impl Page {
    /// A record, or an error in the place of one.
    fn is_record(&mut self, row: &[u8], ids: &[&str]) -> bool {
        if let Some(error) = error_of(row, ids) {
            self.lack(format!("an error in the place of a record: {}", quoted(&error.text())));
            return false;
        }
        self.rows += 1;
        // Its beginning names a record; what follows may hold the time of the answer.
        let head = &row[..row.len().min(400)];
        self.digest = self.digest.wrapping_add(BuildHasherDefault::<FxHasher>::default().hash_one(head));
        true
    }

    fn lack(&mut self, what: String) {
        self.lacks.get_or_insert(what);
    }
}

/// The error that stands in the place of a record: an object without any of the properties at these paths, which name a
/// record.
pub(super) fn error_of(row: &[u8], ids: &[&str]) -> Option<Said> {
    let holds = |word: &[u8]| memchr::memmem::find(row, word).is_some();
    // Nearly all records begin with their name.
    if ids.iter().any(|id| begins_with(row, outer(id))) {
        return None;
    }
    if row.len() > MAX_ERROR || !(holds(b"error\"") || holds(b"Error\"") || holds(b"\"code\"") && holds(b"\"message\""))
    {
        return None;
    }
    let (mut is_error, mut words) = (false, 0);
    for member in members(row) {
        match member.name().trim_start_matches('@') {
            name if ids.iter().any(|id| outer(id) == name) => return None,
            "error" | "odata.error" if member.value != b"null" => is_error = true,
            "code" | "message" => words += 1,
            _ => {}
        }
    }
    (is_error || words == 2).then(|| Said::read(row))
}

/// The first name of a path.
fn outer(path: &str) -> &str {
    path.split_once('.').map_or(path, |(outer, _)| outer)
}

/// The name of a member stands at the beginning of an object. Where it does not, the object may have it further behind.
fn begins_with(row: &[u8], name: &str) -> bool {
    let head = &row[..row.len().min(20 + name.len())];
    let Some(at) = memchr::memmem::find(head, name.as_bytes()) else { return false };
    let after = head[at + name.len()..].strip_prefix(b"\"");
    head[..at].ends_with(b"\"") && after.is_some_and(|after| after.trim_ascii_start().starts_with(b":"))
}

// Long, because it is the one loop over what comes off the socket, with an arm for each thing that can come.
/// Reads an answer to its end. Memory does not depend on its length.
pub(super) async fn take(
    reader: &mut SourceReader,
    mut answer: PacedBody,
    mut taking: Taking<'_>,
    outbox: &mut Outbox,
) -> Result<Page, Error> {
    // A single record is read as the list that holds it.
    let by_id = matches!(taking, Taking::ById { .. });
    let requests = &reader.source.requests;
    let (form, wraps) = if by_id { (PageForm::ARRAY, true) } else { PageForm::of(&requests.list) };
    let what = format!("{} {}", if by_id { "GET" } else { requests.method() }, answer.response().url().path());
    reader.rows.begin_page()?;
    let link = if by_id { None } else { requests.link_of(answer.response().headers()) };
    let mut page = Page { link, ..Page::default() };
    let (status, after, ids) = (answer.response().status(), retry_after(answer.response()), ids(answer.response()));
    match status {
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT => {
            page.is_odd = true;
            reader.odd(format!("{what}: {status}{ids}: taken as a page without records"));
            reader.health.page_read(taking.page_size(reader.size));
            return Ok(page);
        }
        StatusCode::PARTIAL_CONTENT => page.lack(format!("{status}{}", warning(answer.response()))),
        _ => {}
    }
    let mut splitter = Splitter::of(form, reader.rows.nested(), MAX_ROW);
    let mut error = None;
    let mut head = wraps.then_some(b"[");
    let mut ended = false;
    while !ended {
        let chunk = match head.take() {
            Some(head) => Bytes::from_static(head),
            None => match unless_stopped(&reader.source.stop, answer.next())
                .await?
                .map_err(|error| error.to_error(&what))?
            {
                Arrival::Chunk(chunk) => {
                    reader.stats.bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                    reader.health.bytes(chunk.len() as u64);
                    chunk
                }
                Arrival::Silence => {
                    outbox.send().await?;
                    continue;
                }
                Arrival::End => {
                    ended = true;
                    Bytes::from_static(if wraps { b"]" } else { b"" })
                }
            },
        };
        let mut rest = &chunk[..];
        while let Some(event) = splitter.next(&mut rest).map_err(|error| split_error(&what, error))? {
            match event {
                Event::Element(row) if !page.is_record(row, reader.rows.records().ids()) => {}
                Event::Element(row) => {
                    reader.health.fetched(1);
                    element(reader, row, &mut taking, outbox).await?;
                }
                Event::Nested(row) if nested::wait(&mut reader.rows, row) => {}
                Event::Nested(row) => reader.rows.nested_row(row)?,
                Event::NestedAgain => reader.rows.nested_again()?,
                Event::TooLarge { nested, raw, length } => {
                    let version = reader.rows.too_large(nested, raw, length, outbox).await?;
                    if let Taking::Listed { kind, .. } = &mut taking
                        && !nested
                    {
                        kind.unreadable(version.as_deref());
                    }
                }
                Event::NextLink(link) => page.link = Some(link),
                Event::Count(count) => page.announced = Some(count),
                Event::More(more) => page.more = Some(more),
                Event::Error(text) => {
                    let said = Said::read(text);
                    page.lack(format!("an error beside the records: {}", quoted(&said.text())));
                    error = Some(said);
                }
            }
            outbox.relieve().await?;
        }
    }
    if let (Err(SplitError::NoValue(_)), Some(said)) = (splitter.finish(), &error) {
        let what = format!("{what}: {status}, but nothing else than an error: {}{ids}", quoted(&said.text()));
        let error = if said.is_throttling() { Error::Throttled { what, after } } else { Error::Transient(what) };
        reader.source.throttled(&error);
        return Err(error);
    }
    splitter.finish().map_err(|error| split_error(&what, error))?;
    if splitter.is_null() {
        page.is_odd = true;
        reader.odd(format!("{what}: `value` is null{ids}: taken as a page without records"));
    }
    let (tenant, more) = (&*reader.tenant, page.link.is_some());
    tracing::debug!(tenant, request = what, ids = ids.trim(), rows = page.rows, more, "page read");
    reader.stats.pages.fetch_add(1, Ordering::Relaxed);
    reader.health.page_read(taking.page_size(reader.size));
    page.lacks = page.lacks.map(|lacks| format!("{what}: the answer is not whole: {lacks}{ids}"));
    Ok(page)
}

/// Why an answer is only a part, in the words of who cut it.
fn warning(answer: &Response) -> String {
    let said = answer.headers().get(WARNING).and_then(|said| said.to_str().ok());
    said.map(|said| format!(" ({})", quoted(said))).unwrap_or_default()
}

async fn element(
    reader: &mut SourceReader,
    row: &[u8],
    taking: &mut Taking<'_>,
    outbox: &mut Outbox,
) -> Result<(), Error> {
    let by_id = matches!(taking, Taking::ById { .. }).then(|| without_context(row));
    let row = by_id.as_deref().unwrap_or(row);
    let records = reader.rows.records();
    let record = records.read(row);
    let mended = records.with_mapped_times(&record);
    let record = mended.as_deref().map_or(record, |row| records.read(row));
    match taking {
        Taking::Listed { kind, committer, fetches } => {
            let audience = match kind.record(&record) {
                Disposition::Deliver(audience) => audience,
                Disposition::FetchById(audience) => {
                    fetches.push((record.row.to_vec(), audience));
                    return Ok(());
                }
            };
            let (now, is_live) = (kind.facts().now, kind.facts().is_live);
            let origin = if is_live { Origin::Listed } else { Origin::Beside };
            let provenance = Provenance::new(origin, audience);
            reader.redirects.note(&reader.tenant, &record);
            reader.misdated.look(&reader.health, &records, &record, now);
            if !nested::defer(reader, &record, provenance) {
                reader.rows.element(&record, provenance, outbox).await?;
            }
            kind.delivered(&record, Delivery::Listed);
            // The cursor passes nothing that waits.
            if reader.deferred.is_empty() {
                committer.checkpoint(*kind, &mut reader.retry_queue, outbox).await
            } else {
                Ok(())
            }
        }
        Taking::Bare(rows) => {
            rows.push(record.row.to_vec());
            Ok(())
        }
        // The listing brings the newer version.
        Taking::ById { version: Some(version), found, .. } if record.version.as_deref() != Some(*version) => {
            **found = Found::Other;
            reader.rows.begin_page()
        }
        // Its time moves no cursor: the listing has not come so far.
        Taking::ById { provenance, found, .. } => {
            reader.redirects.note(&reader.tenant, &record);
            **found = Found::Read;
            if nested::defer(reader, &record, *provenance) {
                return Ok(());
            }
            reader.rows.element(&record, *provenance, outbox).await
        }
    }
}

/// A single record carries what a page says once. Without it the record is the one that a list holds.
fn without_context(row: &[u8]) -> Vec<u8> {
    const KEY: &str = "@odata.context";
    let member = string_member(row, KEY).map(|value| format!("\"{KEY}\":\"{value}\""));
    let place = member.as_ref().and_then(|member| memchr::memmem::find(row, member.as_bytes()));
    let (Some(member), Some(start)) = (member, place) else { return row.to_vec() };
    let (head, tail) = (&row[..start], &row[start + member.len()..]);
    match (head, tail) {
        (head, [b',', tail @ ..]) | ([head @ .., b','], tail) => [head, tail].concat(),
        _ => [head, tail].concat(),
    }
}

/// A page that cannot be read to its end is fetched again: the next answer may be whole.
fn split_error(what: &str, error: SplitError) -> Error {
    match error {
        SplitError::Spill(error) => Error::io("temporary file for a long row", &error),
        error => Error::Transient(format!("{what}: {error}")),
    }
}
