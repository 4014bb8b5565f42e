//! The output: whether it takes batches.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::snapshot::{state, wall};
use super::{ActiveReasons, Count, Health, OutputSnapshot, Reason, State, bounded, in_one_line, locked};
use crate::error::Error;

/// Name of the output that is configured as `output`.
pub const DEFAULT_OUTPUT: &str = "default";

/// The output.
#[derive(Debug)]
pub struct OutputHealth {
    name: Mutex<Arc<str>>,
    batches: Count,
    retries: Count,
    reasons: Mutex<ActiveReasons>,
    last: Mutex<OutputLast>,
    /// Data streams that refuse documents, with the reason.
    refusing: Mutex<BTreeMap<String, (String, Instant)>>,
}

/// A data stream that refuses documents now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamSnapshot {
    /// Its name.
    pub data_stream: String,
    /// The cluster's words, and the cure.
    pub text: String,
    /// Since when, RFC 3339.
    pub since: String,
}

#[derive(Debug, Default)]
struct OutputLast {
    success: Option<Instant>,
    error: Option<(String, Instant)>,
}

impl OutputHealth {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: Mutex::new(name.into()),
            batches: Count::default(),
            retries: Count::default(),
            reasons: Mutex::default(),
            last: Mutex::default(),
            refusing: Mutex::default(),
        }
    }

    /// Its name in the configuration.
    pub fn name(&self) -> Arc<str> {
        Arc::clone(&locked(&self.name))
    }

    pub(super) fn rename(&self, name: &str) {
        *locked(&self.name) = name.into();
    }

    /// A batch was taken: whatever was wrong is over.
    pub fn delivered(&self) {
        self.answered(true);
    }

    /// The output is in reach, and perhaps took something.
    pub fn answered(&self, took: bool) {
        if took {
            self.batches.add(1);
            locked(&self.last).success = Some(Instant::now());
        }
        self.recover(Reason::OutputBlocked);
        self.recover(Reason::Auth);
    }

    /// A data stream refuses documents, which are kept back and sent again.
    pub fn stream_refuses(&self, data_stream: &str, text: &str) {
        let text = bounded(text);
        locked(&self.last).error = Some((text.clone(), Instant::now()));
        let mut refusing = locked(&self.refusing);
        if let Some((known, _)) = refusing.get_mut(data_stream) {
            *known = text;
            return;
        }
        tracing::warn!(data_stream, error = text, "DEGRADED: data stream refuses documents");
        refusing.insert(data_stream.to_owned(), (text, Instant::now()));
    }

    /// The output takes documents, or refuses only documents that are at fault themselves.
    pub fn stream_takes(&self, data_stream: &str) {
        if let Some((_, since)) = locked(&self.refusing).remove(data_stream) {
            let seconds = since.elapsed().as_secs();
            tracing::info!(data_stream, seconds, "RECOVERED: data stream takes documents");
        }
    }

    /// A request to the output is repeated.
    pub fn retried(&self) {
        self.retries.add(1);
    }

    /// The output does not take a batch.
    pub fn failed(&self, error: &Error) {
        let text = bounded(&error.to_string());
        locked(&self.last).error = Some((text.clone(), Instant::now()));
        let reason = if matches!(error, Error::Auth(_)) { Reason::Auth } else { Reason::OutputBlocked };
        if locked(&self.reasons).set(reason, &text) {
            let (error, hint) = in_one_line(&text);
            tracing::warn!(output = &*self.name(), reason = reason.name(), error, hint, "DEGRADED: output");
        }
    }

    /// A reason no longer holds.
    pub fn recover(&self, reason: Reason) {
        if locked(&self.reasons).clear(reason) {
            tracing::info!(output = &*self.name(), reason = reason.name(), "RECOVERED: output");
        }
    }
}

impl OutputHealth {
    /// The output as it is now.
    pub fn snapshot(&self) -> OutputSnapshot {
        let reasons = locked(&self.reasons);
        let last = locked(&self.last);
        let refusing = locked(&self.refusing);
        let mut state = state(&reasons, last.success.is_some());
        if !refusing.is_empty() {
            state = state.max(State::Degraded);
        }
        let stream = |(name, (text, since)): (&String, &(String, Instant))| StreamSnapshot {
            data_stream: name.clone(),
            text: text.clone(),
            since: wall(*since),
        };
        OutputSnapshot {
            name: self.name().to_string(),
            state,
            refusing: refusing.iter().map(stream).collect(),
            reasons: reasons.snapshot(),
            batches: self.batches.get(),
            retries: self.retries.get(),
            last_success: last.success.map(wall),
            last_error: last.error.as_ref().map(|(text, _)| text.clone()),
            last_error_at: last.error.as_ref().map(|(_, at)| wall(*at)),
        }
    }
}

impl Health {
    /// The first output.
    pub fn output(&self) -> Arc<OutputHealth> {
        let mut outputs = locked(&self.outputs);
        if outputs.is_empty() {
            outputs.push(Arc::new(OutputHealth::new(DEFAULT_OUTPUT)));
        }
        Arc::clone(&outputs[0])
    }

    /// The outputs of a run, the default one first.
    pub fn name_outputs<'a>(&self, names: impl Iterator<Item = &'a str>) {
        for (place, name) in names.enumerate() {
            if place == 0 {
                self.output().rename(name);
            } else {
                self.output_named(name);
            }
        }
    }

    /// The output of this name.
    pub(crate) fn output_named(&self, name: &str) -> Arc<OutputHealth> {
        let mut outputs = locked(&self.outputs);
        if let Some(known) = outputs.iter().find(|output| &*output.name() == name) {
            return Arc::clone(known);
        }
        outputs.push(Arc::new(OutputHealth::new(name)));
        Arc::clone(&outputs[outputs.len() - 1])
    }

    /// Every output, in the order of the configuration.
    pub fn outputs(&self) -> Vec<Arc<OutputHealth>> {
        self.output();
        locked(&self.outputs).clone()
    }
}
