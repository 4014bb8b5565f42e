//! Signals of `run`, which are received from the first moment on: one that comes while the program starts must not kill it.

use std::ffi::OsStr;

use anyhow::Context;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::runtime;
use common::platform::{Reloads, Terminations};

/// A runtime that receives the signals of `run`.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) runtime: Runtime,
    /// Becomes true with an order to end (SIGTERM, SIGINT, or what the system has instead); the second signal ends the process at once.
    pub(super) stop: watch::Receiver<bool>,
    /// Orders to read the configuration again (SIGHUP).
    pub(super) reloads: Reloads,
}

impl Start {
    /// If the command line is one of `run`: to be called before anything else. Other commands end by a signal.
    pub(super) fn early() -> Option<Self> {
        let mut words = std::env::args_os().skip(1);
        while let Some(word) = words.next() {
            if word == "--log-format" {
                words.next();
            } else if !word.as_encoded_bytes().starts_with(b"-") {
                return (word == OsStr::new("run")).then(|| Self::new().ok()).flatten();
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

/// Becomes true with an order to end; the second signal ends the process at once. Must be called within the runtime.
pub(super) fn stop() -> watch::Receiver<bool> {
    let (sender, stop) = watch::channel(false);
    // The handlers are there when this returns, not only when the task runs.
    let signals = Terminations::new();
    tokio::spawn(async move {
        let Ok(mut signals) = signals else {
            tracing::error!("signals cannot be received; the process stops only when killed, which loses nothing");
            // The sender must stay: a closed channel stops the sources.
            return std::future::pending().await;
        };
        loop {
            signals.next().await;
            if sender.send_replace(true) {
                // Nothing is lost: the state moves only after acknowledgement.
                #[expect(clippy::disallowed_methods, reason = "the second signal ends at once")]
                std::process::exit(1);
            }
            tracing::info!("stopping; a second signal ends at once");
        }
    });
    stop
}
