//! Signals. A stream receives from the moment on at which it is made, not only while somebody waits for it.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Orders to end: SIGTERM and SIGINT.
#[derive(Debug)]
pub struct Terminations {
    terminate: Signal,
    interrupt: Signal,
}

impl Terminations {
    /// Starts to receive. Must be called within a runtime.
    pub fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Orders to read the configuration again: SIGHUP.
#[derive(Debug)]
pub struct Reloads(Signal);

impl Reloads {
    /// Starts to receive. Must be called within a runtime.
    pub fn new() -> io::Result<Self> {
        signal(SignalKind::hangup()).map(Self)
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}
