//! Signals of `run` and `agent-input`, which are received from the first moment on: one that comes while the program starts must not kill it.

use std::ffi::OsStr;

use anyhow::Context;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::runtime;
use common::platform::{Reloads, Terminations};

/// A runtime that receives the signals.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) runtime: Runtime,
    /// Cancelled by an order to end (SIGTERM, SIGINT, or what the system has instead); the second signal ends the process
    /// at once.
    pub(super) stop: CancellationToken,
    /// Orders to read the configuration again (SIGHUP).
    pub(super) reloads: Reloads,
}

impl Start {
    /// If the command line is one of `run` or `agent-input`: to be called before anything else. Other commands end by a signal.
    pub(super) fn early() -> Option<Self> {
        let mut words = std::env::args_os().skip(1);
        while let Some(word) = words.next() {
            if word == "--log-format" {
                words.next();
            } else if !word.as_encoded_bytes().starts_with(b"-") {
                return (word == OsStr::new("run") || word == OsStr::new("agent-input"))
                    .then(|| Self::new().ok())
                    .flatten();
            }
        }
        None
    }

    /// From now on signals are received.
    pub(super) fn new() -> anyhow::Result<Self> {
        let runtime = runtime()?;
        let guard = runtime.enter();
        let reloads = Reloads::new().context("cannot receive SIGHUP")?;
        let stop = stop();
        drop(guard);
        Ok(Self { runtime, stop, reloads })
    }
}

/// A token that an order to end cancels; the second signal ends the process at once. Must be called within the runtime.
pub(super) fn stop() -> CancellationToken {
    let stop = CancellationToken::new();
    let order = stop.clone();
    // The handlers are there when this returns, not only when the task runs.
    let signals = Terminations::new();
    tokio::spawn(async move {
        let Ok(mut signals) = signals else {
            tracing::error!("signals cannot be received; the process stops only when killed, which loses nothing");
            return;
        };
        loop {
            signals.next().await;
            if order.is_cancelled() {
                // Nothing is lost: the state moves only after acknowledgement.
                #[expect(clippy::disallowed_methods, reason = "the second signal ends at once")]
                std::process::exit(1);
            }
            order.cancel();
            tracing::info!("stopping; a second signal ends at once");
        }
    });
    stop
}
