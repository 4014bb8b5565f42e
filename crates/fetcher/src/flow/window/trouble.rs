//! What becomes of a window whose page could not be read.

use std::time::Duration;

use url::Url;

use super::super::step;
use super::{Feed, Window};
use crate::error::Fault;
use crate::http::Backoff;
use crate::sink::Outbox;
use crate::state::Owed;

/// Failures of the smallest page, and refusals because of too many requests, before the source gives up this cycle.
const ATTEMPTS: u32 = 4;
const MAX_THROTTLED: u32 = 8;
/// What went wrong since the last progress.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) failed: u32,
    pub(super) throttled: u32,
    pub(super) expired: bool,
    pub(super) looped: bool,
    pub(super) pauses: Backoff,
}

impl Default for Trouble {
    fn default() -> Self {
        let pauses = Backoff::new(Duration::from_secs(1), Duration::from_secs(8), u32::MAX);
        Self { failed: 0, throttled: 0, expired: false, looped: false, pauses }
    }
}

impl Window {
    /// The page to go on with after a fault, or the fault when nothing is left to try.
    pub(super) async fn recover(
        &mut self,
        feed: &mut Feed,
        page: Url,
        fault: Fault,
        outbox: &mut Outbox,
    ) -> Result<Url, Fault> {
        match fault {
            // What is read apart has time.
            Fault::Throttled { .. } if self.moves_cursor() && self.trouble.throttled < MAX_THROTTLED => {
                self.trouble.throttled += 1;
                feed.health.retried();
                tracing::info!(tenant = &*feed.tenant, reason = %fault, "throttled, the page is asked for later");
                Ok(page)
            }
            Fault::Refused(_) if self.chain.followed && !self.trouble.expired => {
                self.trouble.expired = true;
                tracing::warn!(tenant = &*feed.tenant, reason = %fault, "next link is refused, the window is read anew");
                Ok(self.restart(feed))
            }
            Fault::Transient(_) => {
                feed.health.retried();
                let place = self.rest().from;
                if feed.ledger.has_place_since(&place) {
                    // It failed before: page after page need not fail again.
                    feed.size.smallest();
                }
                if !feed.size.shrink() {
                    if feed.source.endpoint.expand.is_some() && !self.bare {
                        self.bare = true;
                    } else {
                        self.trouble.failed += 1;
                    }
                }
                let attempts = if feed.ledger.find(Owed::Place, &place).is_some() { 1 } else { ATTEMPTS };
                if self.trouble.failed > attempts {
                    return if step::over(feed, self, outbox).await? { Ok(self.restart(feed)) } else { Err(fault) };
                }
                let pause = self.trouble.pauses.next(None).unwrap_or_default();
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
}
