//! The stages of one answer: bytes, rows, documents, batches.

use std::borrow::Cow;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::alone::Found;
use super::rows::{Element, Extent};
use super::turns::{Arrival, Reading};
use super::window::Window;
use super::{Feed, checkpoint, merged};
use crate::clock;
use crate::error::Fault;
use crate::http::connection_fault;
use crate::sink::Outbox;
use crate::splitter::{Event, MAX_ROW, SplitError, Splitter, replace_scalar, scalar_member, string_member};

/// What becomes of the elements of an answer.
pub(super) enum Taking<'a> {
    /// The next records of a listing.
    Listed(&'a mut Window),
    /// Records of a listing whose nested rows are still to be read, or which are only looked at.
    Bare(&'a mut Vec<Vec<u8>>),
    /// One record by its id.
    Alone {
        /// Only this one is wanted.
        version: Option<&'a str>,
        /// What it is to the listing.
        extent: Extent,
        /// What came.
        found: &'a mut Found,
    },
}

/// Reads an answer to its end and returns the link to the next one. Memory does not depend on its length.
pub(super) async fn take(
    feed: &mut Feed,
    mut answer: Reading,
    mut taking: Taking<'_>,
    outbox: &mut Outbox,
) -> Result<Option<String>, Fault> {
    let what = format!("GET {}", answer.response().url().path());
    feed.rows.begin_page()?;
    let mut splitter = Splitter::new(feed.rows.nested(), MAX_ROW);
    let mut next_link = None;
    // A single record is read as the list that holds it.
    let alone = matches!(taking, Taking::Alone { .. });
    let mut head = alone.then_some(b"{\"value\":[");
    let mut ended = false;
    let (ids, mut rows) = (crate::http::ids(answer.response()), 0_u64);
    while !ended {
        let chunk = match head.take() {
            Some(head) => Bytes::from_static(head),
            None => {
                match feed.source.stop.unless(answer.next()).await?.map_err(|error| connection_fault(&what, &error))? {
                    Arrival::Chunk(chunk) => {
                        feed.shared.stats.bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                        feed.health.bytes(chunk.len() as u64);
                        chunk
                    }
                    Arrival::Silence => {
                        outbox.send().await?;
                        continue;
                    }
                    Arrival::End => {
                        ended = true;
                        Bytes::from_static(if alone { b"]}" } else { b"" })
                    }
                }
            }
        };
        let mut rest = &chunk[..];
        while let Some(event) = splitter.next(&mut rest).map_err(|error| split_fault(&what, error))? {
            match event {
                Event::Element(row) => {
                    feed.health.fetched(1);
                    rows += 1;
                    element(feed, row, &mut taking, outbox).await?;
                }
                Event::Nested(row) => feed.rows.nested_row(row)?,
                Event::TooLarge { nested, raw, length } => feed.rows.too_large(nested, raw, length)?,
                Event::NextLink(link) => next_link = Some(link),
                Event::Count(count) => tracing::debug!(count, "records announced"),
            }
            if outbox.is_full() {
                outbox.send().await?;
            }
        }
    }
    splitter.finish().map_err(|error| split_fault(&what, error))?;
    let (tenant, more) = (&*feed.tenant, next_link.is_some());
    tracing::debug!(tenant, request = what, ids = ids.trim(), rows, more, "page read");
    feed.shared.stats.pages.fetch_add(1, Ordering::Relaxed);
    feed.health.page_read(feed.size.get());
    Ok(next_link)
}

async fn element(feed: &mut Feed, row: &[u8], taking: &mut Taking<'_>, outbox: &mut Outbox) -> Result<(), Fault> {
    let alone = matches!(taking, Taking::Alone { .. }).then(|| without_context(row));
    let row = &*dated(feed, alone.as_deref().unwrap_or(row));
    let changed = scalar_member(row, feed.rows.cursor_property());
    let changed = changed.as_deref();
    match taking {
        Taking::Listed(window) => {
            if window.moves_cursor() {
                feed.rows.advance(changed);
            }
            merged::note(feed, row, changed);
            feed.misdated.look(&feed.health, row, changed, window.now());
            feed.rows.element(Element { row, changed }, window.extent(), outbox).await?;
            window.complete(changed);
            checkpoint(feed, window, outbox).await
        }
        Taking::Bare(rows) => {
            rows.push(row.to_vec());
            Ok(())
        }
        // The listing brings the newer version.
        Taking::Alone { version: Some(version), found, .. } if changed != Some(*version) => {
            **found = Found::Other;
            feed.rows.begin_page()
        }
        // Its time moves no cursor: the listing has not come so far.
        Taking::Alone { extent, found, .. } => {
            merged::note(feed, row, changed);
            **found = Found::Read;
            feed.rows.element(Element { row, changed }, *extent, outbox).await
        }
    }
}

/// The record with times in a form that the mapper reads, where it has them in another one.
fn dated<'a>(feed: &Feed, row: &'a [u8]) -> Cow<'a, [u8]> {
    let normal = |text: &str| clock::parse(text).filter(|_| !clock::is_mapped(text)).map(clock::exact);
    let mut row = Cow::Borrowed(row);
    for name in [feed.rows.cursor_property(), feed.source.endpoint.created] {
        if let Some(replaced) = replace_scalar(&row, name, normal) {
            row = Cow::Owned(replaced);
        }
    }
    row
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
fn split_fault(what: &str, error: SplitError) -> Fault {
    match error {
        SplitError::Spill(error) => Fault::local("temporary file for a long row", &error),
        error => Fault::Transient(format!("{what}: {error}")),
    }
}
