//! The reasons why a source is not healthy, as long as they hold: set by errors, cleared by successes, logged when they
//! come and when they go.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::{
    FAILED_CYCLES, Key, NO_DATASETS, Reason, STUMBLING, SourceHealth, SourceStatus, bounded, in_one_line, locked,
};
use crate::error::Error;

/// The reasons that hold now.
#[derive(Debug, Default)]
pub(super) struct ActiveReasons(pub(super) BTreeMap<Reason, ActiveReason>);

/// A reason that holds.
#[derive(Debug)]
pub(super) struct ActiveReason {
    pub(super) text: String,
    pub(super) since: Instant,
    pub(super) count: u64,
}

impl SourceHealth {
    /// Takes the reason out of a failed cycle. An error whose place is known was told there already.
    pub(super) fn classify(&self, status: &mut SourceStatus, error: &Error, text: &str) {
        let blames = |status: &SourceStatus, reason| status.reasons.0.contains_key(&reason);
        let output = blames(status, Reason::OutputBlocked);
        match error {
            _ if output => {}
            Error::Auth(_) if blames(status, Reason::Permission) => {}
            Error::Auth(_) => self.set(status, Reason::Auth, text),
            Error::Permanent(_) => self.set(status, Reason::Refused, text),
            Error::Incomplete(_) => self.set(status, Reason::Incomplete, text),
            Error::Io(_) => self.set(status, Reason::State, text),
            Error::Unreachable(_) => self.set(status, Reason::Unreachable, text),
            // One failure is nothing, unless nothing ever succeeded.
            Error::Transient(_) | Error::Throttled { .. }
                if status.failed >= FAILED_CYCLES || status.last_success.is_none() =>
            {
                self.set(status, Reason::Failing, text);
            }
            Error::Transient(_) | Error::Throttled { .. } | Error::Stopped => {}
        }
    }

    /// Something is wrong; setting the same reason again only renews its text.
    pub fn degrade(&self, reason: Reason, text: impl std::fmt::Display) {
        let text = bounded(&text.to_string());
        let mut status = locked(&self.status);
        status.last_error = Some((text.clone(), Instant::now()));
        self.set(&mut status, reason, &text);
    }

    /// A request failed and is repeated. As long as nothing ever succeeded, that is all there is to say of the source;
    /// later on, once it has lasted for [`STUMBLING`].
    pub fn stumbled(&self, error: &Error) {
        self.retries.add(1);
        // Throttling and a way that is missing are told of by themselves.
        if !matches!(error, Error::Transient(_)) {
            return;
        }
        let mut status = locked(&self.status);
        let since = *status.stumbles_since.get_or_insert_with(Instant::now);
        if status.last_progress.is_none() || since.elapsed() >= STUMBLING {
            let text = bounded(&error.to_string());
            status.last_error = Some((text.clone(), Instant::now()));
            self.set(&mut status, Reason::Failing, &text);
        }
    }

    /// A reason still holds, but nothing went wrong just now.
    pub fn renew(&self, reason: Reason, text: impl std::fmt::Display) {
        let text = bounded(&text.to_string());
        self.set(&mut locked(&self.status), reason, &text);
    }

    /// A reason no longer holds.
    pub fn recover(&self, reason: Reason) {
        self.clear(&mut locked(&self.status), reason);
    }

    pub(super) fn set(&self, status: &mut SourceStatus, reason: Reason, text: &str) {
        if status.reasons.set(reason, text) {
            let Key { cloud, tenant, datasets } = &self.key;
            let (cloud, tenant, dataset, reason_name) = (&**cloud, &**tenant, &**datasets, reason.name());
            let (error, hint) = in_one_line(text);
            let hint = hint.as_deref();
            if dataset == NO_DATASETS {
                tracing::error!(
                    cloud,
                    tenant,
                    reason = reason_name,
                    error,
                    hint,
                    "FAILED: tenant, the others are collected"
                );
            } else if reason.is_failure() {
                tracing::error!(cloud, tenant, dataset, reason = reason_name, error, hint, "FAILED: source");
            } else {
                tracing::warn!(cloud, tenant, dataset, reason = reason_name, error, hint, "DEGRADED: source");
            }
        }
    }

    pub(super) fn clear(&self, status: &mut SourceStatus, reason: Reason) {
        if status.reasons.clear(reason) {
            let Key { cloud, tenant, datasets } = &self.key;
            let (cloud, tenant, dataset, reason) = (&**cloud, &**tenant, &**datasets, reason.name());
            tracing::info!(cloud, tenant, dataset, reason, "RECOVERED: source");
        }
    }

    /// The API answered a request with 200: token and permission are good.
    pub fn answered(&self) {
        let mut status = locked(&self.status);
        self.clear(&mut status, Reason::Auth);
        self.clear(&mut status, Reason::Permission);
    }
}

impl ActiveReasons {
    /// Sets or renews a reason. Returns whether it is new.
    pub(super) fn set(&mut self, reason: Reason, text: &str) -> bool {
        if let Some(known) = self.0.get_mut(&reason) {
            known.count += 1;
            text.clone_into(&mut known.text);
            return false;
        }
        self.0.insert(reason, ActiveReason { text: text.to_owned(), since: Instant::now(), count: 1 });
        true
    }

    /// Returns whether the reason held.
    pub(super) fn clear(&mut self, reason: Reason) -> bool {
        self.0.remove(&reason).is_some()
    }
}
