//! Events of the console and of the system.

use std::io;

use tokio::signal::windows::{
    CtrlBreak, CtrlC, CtrlClose, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown,
};

/// Orders to end: Ctrl-C, Ctrl-Break (which Elastic Agent sends), a console that closes, a system that shuts down.
#[derive(Debug)]
pub struct Terminations {
    c: CtrlC,
    pause: CtrlBreak,
    close: CtrlClose,
    shutdown: CtrlShutdown,
}

impl Terminations {
    /// Starts to receive. Must be called within a runtime.
    pub fn new() -> io::Result<Self> {
        Ok(Self { c: ctrl_c()?, pause: ctrl_break()?, close: ctrl_close()?, shutdown: ctrl_shutdown()? })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.c.recv() => {}
            _ = self.pause.recv() => {}
            _ = self.close.recv() => {}
            _ = self.shutdown.recv() => {}
        }
    }
}

/// Windows has no order to read the configuration again: a changed file is seen by looking at it.
#[derive(Debug)]
pub struct Reloads(());

impl Reloads {
    /// Never fails.
    #[expect(clippy::unnecessary_wraps, reason = "can fail on other systems")]
    pub fn new() -> io::Result<Self> {
        Ok(Self(()))
    }

    /// Waits for ever.
    pub async fn next(&mut self) {
        std::future::pending::<()>().await;
    }
}
