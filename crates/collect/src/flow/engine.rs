//! The loop around a kind of collection: asks for what it wants, hands over what comes, and tells it how that went. HTTP,
//! splitting, mapping, acknowledgement and commits are here and in the modules below, once for all kinds.

use std::sync::atomic::Ordering;

use chrono::TimeDelta;

use super::alone::{self, Found};
use super::kinds::progress::CursorProgress;
use super::kinds::{AnswerTime, Answered, Audience, Delivery, FirstRecord, Kind, Notice, Page, PageEnd, Purpose};
use super::kinds::{Recovery, Step};
use super::ledger::Debt;
use super::page::{Taking, take};
use super::rows::Extent;
use super::{Feed, checkpoint, merged, nested};
use common::clock;
use common::error::Fault;
use microsoft::source::PageRequest;
use output::BatchWriter;
use state::Owed;

/// A kind on its way.
pub(super) type AnyKind = dyn Kind<Progress = Vec<CursorProgress>> + Send + Sync;

/// A difference of the clocks that is told.
const SKEW: TimeDelta = TimeDelta::seconds(60);

/// A record that is fetched by its id when its page was read, and whom it is for.
pub(super) type Fetch = (Vec<u8>, Audience);

/// Goes on until everything was read. On a fault the kind says how far it came.
pub(super) async fn read(feed: &mut Feed, kind: &mut AnyKind, outbox: &mut BatchWriter) -> Result<(), Fault> {
    loop {
        let end = match kind.next(feed.health.time().now()) {
            Step::Done => return Ok(()),
            Step::Wait(pause) => {
                feed.source.stop.unless(tokio::time::sleep(pause)).await?;
                continue;
            }
            Step::Request(request, Purpose::Probe) => probe(feed, &request, outbox).await,
            Step::Request(request, Purpose::Listing) => match list(feed, kind, &request, outbox).await {
                Some(end) => end,
                None => continue,
            },
        };
        let outcome = kind.response(end);
        for notice in kind.take_notices() {
            hear(feed, notice);
        }
        match outcome {
            Ok(()) => {}
            Err(Recovery::Fail(fault)) => return Err(fault),
            Err(Recovery::FetchById(id)) => fetch_poisoned(feed, &id, outbox).await?,
            Err(Recovery::OwePlace { from, until }) => owe_place(feed, &from, until.as_deref())?,
        }
    }
}

/// A page whose records are wanted; `None` if something else has to be asked for.
async fn list(feed: &mut Feed, kind: &mut AnyKind, request: &PageRequest, outbox: &mut BatchWriter) -> Option<PageEnd> {
    let failed = |fault| Some(PageEnd { outcome: Err(fault), missing: None, first: None });
    let answer = match feed.source.open(request).await {
        Ok(answer) => answer,
        Err(fault) => return failed(fault),
    };
    let date = clock::date(answer.response().headers());
    let time = feed.health.time();
    let time = AnswerTime { at: time.of_answer(date), now: time.now() };
    compare_clocks(feed, date.is_some());
    if kind.answered(time) == Answered::AskAnew {
        return None;
    }
    let mut fetches = Vec::new();
    let taken = take(feed, answer, Taking::Listed { kind: &mut *kind, fetches: &mut fetches }, outbox).await;
    let outcome = match taken {
        Ok(page) => fetch_each(feed, kind, fetches, outbox).await.map(|()| page),
        Err(fault) => Err(fault),
    };
    // What came of a broken page was passed, too.
    let missing = match nested::settle(feed, kind, outbox).await {
        Ok(missing) => missing,
        Err(fault) => return failed(fault),
    };
    let outcome = match outcome {
        Ok(page) => merged::follow(feed, outbox).await.map(|()| page),
        Err(fault) => Err(fault),
    };
    if let Some(reached) = kind.facts().reached.filter(|_| outcome.is_ok()) {
        feed.health.seen(reached);
    }
    Some(PageEnd { outcome, missing, first: None })
}

/// Records of a page that was read without what is nested in them.
async fn fetch_each(
    feed: &mut Feed,
    kind: &mut AnyKind,
    fetches: Vec<Fetch>,
    outbox: &mut BatchWriter,
) -> Result<(), Fault> {
    for (row, audience) in fetches {
        let apart = !kind.facts().is_live;
        let is_light = alone::complete(feed, &row, apart, audience, outbox).await?;
        let reader = feed.rows.reader();
        let record = reader.read(&row);
        feed.misdated.look(&feed.health, &reader, &record, kind.facts().now);
        kind.delivered(&record, if is_light { Delivery::Fetched } else { Delivery::Partial });
        checkpoint(feed, kind, outbox).await?;
    }
    Ok(())
}

/// A question about a single record.
async fn probe(feed: &mut Feed, request: &PageRequest, outbox: &mut BatchWriter) -> PageEnd {
    let mut rows = Vec::new();
    let outcome = match feed.source.open(request).await {
        Ok(answer) => take(feed, answer, Taking::Bare(&mut rows), outbox).await,
        Err(fault) => Err(fault),
    };
    let outcome = outcome.and_then(|page: Page| feed.rows.begin_page().map(|()| page));
    let first = rows.first().map(|row| {
        let record = feed.rows.reader().read(row);
        FirstRecord { id: record.id.map(Into::into), version: record.version.map(Into::into) }
    });
    PageEnd { outcome, missing: None, first }
}

/// A record that no page can carry, whose name is known.
async fn fetch_poisoned(feed: &mut Feed, id: &str, outbox: &mut BatchWriter) -> Result<(), Fault> {
    match alone::fetch(feed, id, None, (Extent::Apart, Audience::ALL), outbox).await {
        // What was not found is no longer what the page could not carry.
        Ok(Found::Read | Found::Missing | Found::Other) => {}
        Err(fault) if alone::is_own(&fault) => {
            alone::owe(feed, Debt { owed: Owed::Record, id, version: "" }, None, &fault);
        }
        Err(fault) => return Err(fault),
    }
    feed.rows.begin_page()
}

fn owe_place(feed: &mut Feed, from: &str, until: Option<&str>) -> Result<(), Fault> {
    let is_known = feed.ledger.find(Owed::Place, from).is_some();
    if !is_known {
        let fault = Fault::Transient("no page can carry it, its neighbours can be read".to_owned());
        alone::owe(feed, Debt { owed: Owed::Place, id: from, version: "" }, None, &fault);
    }
    if let Some(until) = until {
        feed.ledger.close(from, until);
    }
    feed.rows.begin_page()
}

fn hear(feed: &mut Feed, notice: Notice) {
    match notice {
        Notice::Retried => feed.health.retried(),
        Notice::Stumbled(fault) => feed.health.stumbled(&fault),
        Notice::Odd(what) => feed.odd(what),
        Notice::PlacePassed { from, until } => feed.ledger.close(&from, &until),
    }
}

/// Says once that this machine's clock is wrong, or that there is nothing to compare it with.
fn compare_clocks(feed: &Feed, is_told: bool) {
    let told = &feed.shared.clock_told;
    let ahead = feed.health.time().ahead();
    let is_news = ahead.map_or(!is_told, |ahead| ahead.abs() >= SKEW);
    if !is_news || told.swap(true, Ordering::Relaxed) {
        return;
    }
    if let Some(ahead) = ahead {
        let side = if ahead > TimeDelta::zero() { "ahead of" } else { "behind" };
        tracing::warn!(
            tenant = &*feed.tenant,
            "this machine's clock is {} s {side} the service's, whose time is used\nhint: let NTP set this machine's clock: \
             signed assertions and tokens are only good for minutes",
            ahead.num_seconds().abs()
        );
    } else {
        tracing::warn!(
            tenant = &*feed.tenant,
            path = feed.source.endpoint.path,
            "the service's answers carry no usable `Date`, this machine's clock stands in for the service's\nhint: a proxy on \
             the way may remove it; keep this machine's clock right with NTP"
        );
    }
}
