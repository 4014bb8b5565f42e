//! What becomes of a window whose page could not be read.

use std::time::Duration;

use super::super::step::{self, Look};
use super::{Feed, Window};
use common::error::Fault;
use common::http::Backoff;
use microsoft::source::PageRequest;
use output::BatchWriter;
use state::Owed;

/// Failures of the smallest page, and refusals because of too many requests, before the source gives up this cycle.
const ATTEMPTS: u32 = 4;
const MAX_THROTTLED: u32 = 8;
/// Attempts to find the way to the service, a minute's worth, before the source gives up this cycle.
const MAX_LOST: u32 = 15;
/// What went wrong since the last progress.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) failed: u32,
    pub(super) throttled: u32,
    /// There was no way to the service.
    pub(super) lost: u32,
    /// Links that could not be followed.
    pub(super) links: u32,
    /// Records that were passed before the last of them.
    pub(super) reached: u64,
    pub(super) looped: bool,
    pub(super) pauses: Backoff,
}

impl Default for Trouble {
    fn default() -> Self {
        let pauses = Backoff::new(Duration::from_secs(1), Duration::from_secs(8), u32::MAX);
        Self { failed: 0, throttled: 0, lost: 0, links: 0, reached: 0, looped: false, pauses }
    }
}

impl Window {
    /// The page to go on with after a fault, or the fault when nothing is left to try.
    pub(super) async fn recover(
        &mut self,
        feed: &mut Feed,
        page: PageRequest,
        fault: Fault,
        outbox: &mut BatchWriter,
    ) -> Result<Option<PageRequest>, Fault> {
        self.asking.anew();
        self.chain.outside = 0;
        if self.chain.followed {
            self.trouble.reached = self.chain.passed;
        }
        match fault {
            // What is read apart has time.
            Fault::Throttled { .. } if self.moves_cursor() && self.trouble.throttled < MAX_THROTTLED => {
                self.trouble.throttled += 1;
                feed.health.retried();
                tracing::info!(tenant = &*feed.tenant, reason = %fault, "throttled, the page is asked for later");
                Ok(Some(page))
            }
            Fault::Refused(_) if self.chain.followed => {
                self.trouble.links += 1;
                tracing::warn!(tenant = &*feed.tenant, reason = %fault, "next link is refused, the window is read anew");
                Ok(Some(self.restart(feed)))
            }
            // Services know no places beyond some number.
            Fault::Refused(what) if self.chain.skipped => {
                self.doubt(feed, what, true);
                Ok(None)
            }
            // Nobody has seen the question: nothing is wrong with it.
            Fault::Unreachable(_) if self.trouble.lost < MAX_LOST => {
                self.trouble.lost += 1;
                feed.health.stumbled(&fault);
                let pause = self.trouble.pauses.next(None).unwrap_or_default();
                tracing::warn!(tenant = &*feed.tenant, reason = %fault, ?pause, "no way to the service, the page is asked for again");
                feed.source.stop.unless(tokio::time::sleep(pause)).await?;
                Ok(Some(page))
            }
            Fault::Transient(_) => {
                feed.health.stumbled(&fault);
                self.failed_pages += 1;
                self.trouble.links += u32::from(self.chain.followed);
                let place = self.rest().from;
                self.failed_place.clone_from(&place);
                if feed.ledger.has_place_since(&place) {
                    // It failed before: page after page need not fail again.
                    feed.size.smallest();
                }
                // One failure says nothing of the size: it may be the way, or a server that restarts.
                if (self.failed_pages > 1 || feed.size.get() == 1) && !feed.size.shrink() {
                    if !self.bare
                        && feed.source.requests.list.expand().is_some()
                        && self.is_too_heavy(feed, outbox).await?
                    {
                        self.bare = true;
                    } else {
                        self.trouble.failed += 1;
                    }
                }
                let attempts = if feed.ledger.find(Owed::Place, &place).is_some() { 1 } else { ATTEMPTS };
                if self.trouble.failed > attempts {
                    return if step::over(feed, self, outbox).await? {
                        Ok(Some(self.restart(feed)))
                    } else {
                        Err(fault)
                    };
                }
                let pause = self.trouble.pauses.next(None).unwrap_or_default();
                let (records, nested) = (feed.size.get(), !self.bare);
                tracing::warn!(
                    tenant = &*feed.tenant, reason = %fault, ?pause, records, nested,
                    "page failed, the rest of the window is read from its place on"
                );
                feed.source.stop.unless(tokio::time::sleep(pause)).await?;
                Ok(Some(self.restart(feed)))
            }
            _ => Err(fault),
        }
    }

    /// Whether the record at this place can be read without its nested rows, and not with them. When the service is down,
    /// neither works, and when it is back, both do.
    async fn is_too_heavy(&self, feed: &mut Feed, outbox: &mut BatchWriter) -> Result<bool, Fault> {
        let (range, passed) = self.place();
        if !self.can_skip {
            return Ok(true);
        }
        for (is_whole, is_expected) in [(false, true), (true, false)] {
            match step::look(feed, &range, Look { skip: passed, is_whole, names: false }, outbox).await {
                Ok(_) if is_expected => {}
                Err(Fault::Transient(_)) if !is_expected => {}
                Ok(_) | Err(Fault::Transient(_) | Fault::Unreachable(_)) => return Ok(false),
                // It cannot be told where records cannot be counted.
                Err(Fault::Refused(_)) => return Ok(true),
                Err(fault) => return Err(fault),
            }
        }
        Ok(true)
    }
}
