//! The loop around a kind of collection: asks for what it wants, hands over what comes, and tells it how that went. HTTP,
//! splitting, mapping, acknowledgement and commits are here and in the modules below, once for all kinds.

use std::sync::atomic::Ordering;

use chrono::TimeDelta;

use super::committer::Committer;
use super::fetch_by_id::{self, Found};
use super::kinds::{AnswerTime, Answered, Audience, Delivery, FirstRecord, Kind, Notice, Page, PageEnd, Purpose};
use super::kinds::{Recovery, Step};
use super::outbox::Outbox;
use super::page::{Taking, take};
use super::provenance::{Origin, Provenance};
use super::retry_queue::RetryKey;
use super::source_reader::SourceReader;
use super::{nested, redirects};
use common::clock;
use common::error::Error;
use common::stop::unless_stopped;
use microsoft::source::PageRequest;
use state::RetryKind;

/// A kind on its way.
pub(super) type AnyKind = dyn Kind + Send + Sync;

/// A difference of the clocks that is told.
const SKEW: TimeDelta = TimeDelta::seconds(60);

/// A record that is fetched by its id when its page was read, and whom it is for.
pub(super) type Fetch = (Vec<u8>, Audience);

/// Goes on until everything was read. On an error the kind says how far it came.
pub(super) async fn read(
    reader: &mut SourceReader,
    committer: &mut Committer,
    kind: &mut AnyKind,
    outbox: &mut Outbox,
) -> Result<(), Error> {
    loop {
        let end = match kind.next(reader.health.time().now()) {
            Step::Done => return Ok(()),
            Step::Wait(pause) => {
                unless_stopped(&reader.source.stop, tokio::time::sleep(pause)).await?;
                continue;
            }
            Step::Request(request, Purpose::Probe) => probe(reader, &request, outbox).await,
            Step::Request(request, Purpose::Listing) => match list(reader, committer, kind, &request, outbox).await {
                Some(end) => end,
                None => continue,
            },
        };
        let outcome = kind.response(end);
        for notice in kind.take_notices() {
            hear(reader, notice);
        }
        match outcome {
            Ok(()) => {}
            Err(Recovery::Fail(error)) => return Err(error),
            Err(Recovery::FetchById(id)) => fetch_poisoned(reader, &id, outbox).await?,
            Err(Recovery::RetryPlace { from, until }) => retry_place(reader, &from, until.as_deref())?,
        }
    }
}

/// A page whose records are wanted; `None` if something else has to be asked for.
async fn list(
    reader: &mut SourceReader,
    committer: &mut Committer,
    kind: &mut AnyKind,
    request: &PageRequest,
    outbox: &mut Outbox,
) -> Option<PageEnd> {
    let failed = |error| Some(PageEnd { outcome: Err(error), missing: None, first: None });
    let answer = match reader.source.open(request).await {
        Ok(answer) => answer,
        Err(error) => return failed(error),
    };
    let date = clock::date(answer.response().headers());
    let time = reader.health.time();
    let time = AnswerTime { at: time.of_answer(date), now: time.now() };
    compare_clocks(reader, date.is_some());
    if kind.answered(time) == Answered::AskAnew {
        return None;
    }
    let mut fetches = Vec::new();
    let taking = Taking::Listed { kind: &mut *kind, committer: &mut *committer, fetches: &mut fetches };
    let taken = take(reader, answer, taking, outbox).await;
    let outcome = match taken {
        Ok(page) => fetch_each(reader, committer, kind, fetches, outbox).await.map(|()| page),
        Err(error) => Err(error),
    };
    // What came of a broken page was passed, too.
    let missing = match nested::settle(reader, kind, outbox).await {
        Ok(missing) => missing,
        Err(error) => return failed(error),
    };
    let outcome = match outcome {
        Ok(page) => redirects::follow(reader, outbox).await.map(|()| page),
        Err(error) => Err(error),
    };
    if let Some(reached) = kind.facts().reached.filter(|_| outcome.is_ok()) {
        reader.health.seen(reached);
    }
    Some(PageEnd { outcome, missing, first: None })
}

/// Records of a page that was read without what is nested in them.
async fn fetch_each(
    reader: &mut SourceReader,
    committer: &mut Committer,
    kind: &mut AnyKind,
    fetches: Vec<Fetch>,
    outbox: &mut Outbox,
) -> Result<(), Error> {
    for (row, audience) in fetches {
        let origin = if kind.facts().is_live { Origin::Listed } else { Origin::Beside };
        let is_light = fetch_by_id::complete(reader, &row, Provenance::new(origin, audience), outbox).await?;
        let records = reader.rows.records();
        let record = records.read(&row);
        reader.misdated.look(&reader.health, &records, &record, kind.facts().now);
        kind.delivered(&record, if is_light { Delivery::Fetched } else { Delivery::Partial });
        committer.checkpoint(kind, &mut reader.retry_queue, outbox).await?;
    }
    Ok(())
}

/// A question about a single record.
async fn probe(reader: &mut SourceReader, request: &PageRequest, outbox: &mut Outbox) -> PageEnd {
    let mut rows = Vec::new();
    let outcome = match reader.source.open(request).await {
        Ok(answer) => take(reader, answer, Taking::Bare(&mut rows), outbox).await,
        Err(error) => Err(error),
    };
    let outcome = outcome.and_then(|page: Page| reader.rows.begin_page().map(|()| page));
    let first = rows.first().map(|row| {
        let record = reader.rows.records().read(row);
        FirstRecord { id: record.id.map(Into::into), version: record.version.map(Into::into) }
    });
    PageEnd { outcome, missing: None, first }
}

/// A record that no page can carry, whose name is known.
async fn fetch_poisoned(reader: &mut SourceReader, id: &str, outbox: &mut Outbox) -> Result<(), Error> {
    match fetch_by_id::fetch(reader, id, None, Provenance::BY_ID, outbox).await {
        // What was not found is no longer what the page could not carry.
        Ok(Found::Read | Found::Missing | Found::Other) => {}
        Err(error) if fetch_by_id::is_own(&error) => {
            reader.retry_queue.add(&reader.health, RetryKey::record(id), None, &error);
        }
        Err(error) => return Err(error),
    }
    reader.rows.begin_page()
}

fn retry_place(reader: &mut SourceReader, from: &str, until: Option<&str>) -> Result<(), Error> {
    let is_known = reader.retry_queue.find(RetryKind::Place, from).is_some();
    if !is_known {
        let error = Error::Transient("no page can carry it, its neighbours can be read".to_owned());
        reader.retry_queue.add(&reader.health, RetryKey::place(from), None, &error);
    }
    if let Some(until) = until {
        reader.retry_queue.close(from, until);
    }
    reader.rows.begin_page()
}

fn hear(reader: &mut SourceReader, notice: Notice) {
    match notice {
        Notice::Retried => reader.health.retried(),
        Notice::Stumbled(error) => reader.health.stumbled(&error),
        Notice::Odd(what) => reader.odd(what),
        Notice::PlacePassed { from, until } => reader.retry_queue.close(&from, &until),
    }
}

/// Says once that this machine's clock is wrong, or that there is nothing to compare it with.
fn compare_clocks(reader: &SourceReader, is_told: bool) {
    let told = &reader.clock_told;
    let ahead = reader.health.time().ahead();
    let is_news = ahead.map_or(!is_told, |ahead| ahead.abs() >= SKEW);
    if !is_news || told.swap(true, Ordering::Relaxed) {
        return;
    }
    if let Some(ahead) = ahead {
        let side = if ahead > TimeDelta::zero() { "ahead of" } else { "behind" };
        tracing::warn!(
            tenant = &*reader.tenant,
            "this machine's clock is {} s {side} the service's, whose time is used\nhint: let NTP set this machine's clock: \
             signed assertions and tokens are only good for minutes",
            ahead.num_seconds().abs()
        );
    } else {
        tracing::warn!(
            tenant = &*reader.tenant,
            path = reader.source.endpoint.path,
            "the service's answers carry no usable `Date`, this machine's clock stands in for the service's\nhint: a proxy on \
             the way may remove it; keep this machine's clock right with NTP"
        );
    }
}
