//! The way through one window: everything that changed since the cursor, page by page. A chain of pages that breaks is
//! started anew behind the last complete record, with smaller pages where their size may be the cause; the ids of what
//! was handed over keep the records that are read again from being delivered twice.

use std::cmp::Ordering;
use std::hash::{BuildHasher, BuildHasherDefault};
use std::time::Duration;

use rustc_hash::{FxHashSet, FxHasher};
use url::Url;

use super::page::{Taking, take};
use super::{Feed, alone, checkpoint, cursor};
use crate::error::Fault;
use crate::http::Backoff;
use crate::sink::Outbox;
use crate::source::Ask;
use crate::splitter::string_member;

/// Failures of the smallest page, and refusals because of too many requests, before the source gives up this cycle.
const ATTEMPTS: u32 = 4;
const MAX_THROTTLED: u32 = 8;

/// Where the source is in its window.
#[derive(Debug)]
pub(super) struct Window {
    start: String,
    /// Time of the last complete record.
    last: Option<String>,
    order: Order,
    /// Complete records.
    complete: u64,
    /// Pages are read without their nested rows, which are fetched record by record.
    bare: bool,
    /// Time of the last record that made this necessary.
    heavy: Option<String>,
    /// Addresses of the pages since the window was started (anew).
    visited: FxHashSet<u64>,
    /// The current page was reached by a link.
    followed: bool,
    trouble: Trouble,
}

/// What the order of the records is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// By the cursor property: the window can be read anew from the last complete record.
    Kept,
    /// Not the one asked for: the window must be read anew from its start.
    Broken,
    /// The service's own: the window is read anew without its first records.
    Own,
}

/// What went wrong since the last progress.
#[derive(Debug)]
struct Trouble {
    failed: u32,
    throttled: u32,
    expired: bool,
    looped: bool,
    pauses: Backoff,
}

impl Default for Trouble {
    fn default() -> Self {
        let pauses = Backoff::new(Duration::from_secs(1), Duration::from_secs(8), u32::MAX);
        Self { failed: 0, throttled: 0, expired: false, looped: false, pauses }
    }
}

/// Reads the window to its end. On a fault the window says how far it came.
pub(super) async fn read(feed: &mut Feed, window: &mut Window, outbox: &mut Outbox) -> Result<(), Fault> {
    window.expect_heavy(feed);
    let mut page = window.restart(feed);
    loop {
        page = match read_page(feed, window, &page, outbox).await {
            Ok(None) => return Ok(()),
            Ok(Some(link)) => window.go_on(feed, &link, &page)?,
            Err(fault) => window.recover(feed, page, fault).await?,
        };
    }
}

async fn read_page(
    feed: &mut Feed,
    window: &mut Window,
    page: &Url,
    outbox: &mut Outbox,
) -> Result<Option<String>, Fault> {
    let response = feed.source.open(page).await?;
    let link = if window.bare {
        let mut rows = Vec::new();
        let link = take(feed, response, Taking::Bare(&mut rows), outbox).await?;
        for row in rows {
            let light = alone::complete(feed, &row, outbox).await?;
            let changed = string_member(&row, feed.rows.cursor_property());
            window.complete(changed);
            if window.heavy.is_none() || !light && !window.is_before_heavy(changed) {
                window.heavy = changed.map(str::to_owned);
            }
            checkpoint(feed, window, outbox).await?;
        }
        link
    } else {
        take(feed, response, Taking::Listed(window), outbox).await?
    };
    feed.size.clean_page();
    if let Some(last) = &window.last {
        feed.health.seen(last);
    }
    Ok(link)
}

impl Window {
    /// A window that begins at `start`; `orderable` if the service sorts by the cursor property.
    pub(super) fn new(start: String, orderable: bool) -> Self {
        Self {
            start,
            last: None,
            order: if orderable { Order::Kept } else { Order::Own },
            complete: 0,
            bare: false,
            heavy: None,
            visited: FxHashSet::default(),
            followed: false,
            trouble: Trouble::default(),
        }
    }

    /// The overlap brings a record again that is known to be heavy: its page need not fail first.
    fn expect_heavy(&mut self, feed: &mut Feed) {
        let ledger = feed.ledger.entries().iter().map(|entry| &entry.version);
        let versions = ledger.chain(feed.alone.values());
        let ahead = versions.filter(|version| cursor::order(version, &self.start) != Ordering::Less);
        self.heavy = ahead.max_by(|a, b| cursor::order(a, b)).cloned();
        if self.heavy.is_some() {
            self.bare = true;
            while feed.size.shrink() {}
        }
    }

    /// Everything before the newest record that was read is complete, although the window was not read to its end.
    pub(super) fn is_ordered(&self) -> bool {
        self.order == Order::Kept
    }

    /// A record was handed over.
    pub(super) fn complete(&mut self, changed: Option<&str>) {
        self.complete += 1;
        if self.order == Order::Own {
            // It is left out from now on.
            self.trouble = Trouble { looped: self.trouble.looped, ..Trouble::default() };
            return;
        }
        let Some(changed) = changed else { return };
        match self.last.as_deref().map(|last| cursor::order(last, changed)) {
            Some(Ordering::Equal) => {}
            Some(Ordering::Greater) => self.order = Order::Broken,
            Some(Ordering::Less) | None => {
                self.last = Some(changed.to_owned());
                if self.order == Order::Kept {
                    self.trouble = Trouble::default();
                }
            }
        }
    }

    /// The first page of what is left of the window.
    fn restart(&mut self, feed: &Feed) -> Url {
        let from = self.last.as_ref().filter(|_| self.order == Order::Kept).unwrap_or(&self.start);
        let skip = if self.order == Order::Own { self.complete } else { 0 };
        let page = feed.source.first_page(from, Ask { top: feed.size.get(), expand: !self.bare, skip });
        self.visited.clear();
        self.visited.insert(fingerprint(&page));
        self.followed = false;
        page
    }

    /// A page was read and names the next one.
    fn go_on(&mut self, feed: &mut Feed, link: &str, page: &Url) -> Result<Url, Fault> {
        self.trouble.throttled = 0;
        let next = feed.source.follow(link)?;
        if feed.size.may_grow() && self.order != Order::Broken && (!self.bare || self.is_beyond_heavy()) {
            // A link keeps the size that its chain began with.
            feed.size.grow();
            self.bare = false;
            self.heavy = None;
            return Ok(self.restart(feed));
        }
        if self.visited.insert(fingerprint(&next)) {
            self.followed = true;
            return Ok(next);
        }
        if self.trouble.looped {
            return Err(Fault::Refused(format!(
                "next link of {} leads to a page that was read already, again after the window was read anew; this cycle \
                 ends here",
                page.path()
            )));
        }
        self.trouble.looped = true;
        self.complete = 0;
        tracing::warn!(
            tenant = &*feed.tenant,
            path = page.path(),
            "next link leads in a circle, the window is read anew"
        );
        Ok(self.restart(feed))
    }

    /// The page to go on with after a fault, or the fault when nothing is left to try.
    async fn recover(&mut self, feed: &mut Feed, page: Url, fault: Fault) -> Result<Url, Fault> {
        match fault {
            Fault::Throttled { .. } if self.trouble.throttled < MAX_THROTTLED => {
                self.trouble.throttled += 1;
                feed.health.retried();
                tracing::info!(tenant = &*feed.tenant, reason = %fault, "throttled, the page is asked for later");
                Ok(page)
            }
            Fault::Refused(_) if self.followed && !self.trouble.expired => {
                self.trouble.expired = true;
                tracing::warn!(tenant = &*feed.tenant, reason = %fault, "next link is refused, the window is read anew");
                Ok(self.restart(feed))
            }
            Fault::Transient(_) => {
                feed.health.retried();
                if !feed.size.shrink() {
                    if feed.source.endpoint.expand.is_some() && !self.bare {
                        self.bare = true;
                    } else {
                        self.trouble.failed += 1;
                    }
                }
                let pause = self.trouble.pauses.next(None);
                let Some(pause) = pause.filter(|_| self.trouble.failed <= ATTEMPTS) else { return Err(fault) };
                let (records, nested) = (feed.size.get(), !self.bare);
                tracing::warn!(
                    tenant = &*feed.tenant, reason = %fault, ?pause, records, nested,
                    "page failed, the rest of the window is read with smaller pages"
                );
                feed.source.stop.unless(tokio::time::sleep(pause)).await?;
                Ok(self.restart(feed))
            }
            _ => Err(fault),
        }
    }

    fn is_beyond_heavy(&self) -> bool {
        match (&self.last, &self.heavy) {
            (Some(last), Some(heavy)) => cursor::order(last, heavy) == Ordering::Greater,
            _ => false,
        }
    }

    fn is_before_heavy(&self, changed: Option<&str>) -> bool {
        match (changed, &self.heavy) {
            (Some(changed), Some(heavy)) => cursor::order(changed, heavy) == Ordering::Less,
            _ => false,
        }
    }
}

fn fingerprint(page: &Url) -> u64 {
    BuildHasherDefault::<FxHasher>::default().hash_one(page.as_str())
}
