//! Rejections of a source become dead letters, and count in its health.

use std::sync::Arc;

use mapper::Reject;

use common::error::Error;
use common::health::Rejection;
use common::health::SourceHealth;
use output::dead_letters::{DeadLetters, Kept, Raw};

/// Rejections of one source.
pub(super) struct RejectionWriter {
    pub(super) tenant: String,
    pub(super) dead: Arc<DeadLetters>,
    pub(super) health: Option<Arc<SourceHealth>>,
}

impl RejectionWriter {
    pub(super) fn keep(&self, dataset: &'static str, reject: &Reject, raw: Raw<'_>) -> Result<(), Error> {
        let Reject { reason, detail, record } = reject;
        let rejection = Rejection { dataset, tenant: &self.tenant, reason, detail, record: record.as_deref() };
        if let (Kept::New, Some(health)) = (self.dead.keep(rejection, raw)?, &self.health) {
            health.rejected(1);
            health.dead_letter(rejection, reason);
        }
        Ok(())
    }
}
