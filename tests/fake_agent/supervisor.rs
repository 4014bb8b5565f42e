//! Keeps a component's process alive, and ends it, by the rules of an agent.

use std::process::ExitStatus;
use std::sync::Arc;

use anyhow::Result;
use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Child;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::ComponentState;
use super::component::{Inner, Order};
use super::logs::parse_line;
use super::process::{Program, signal};

/// Check-ins that may be missed before the end.
const MISSED: u32 = 3;

/// Starts the process and whatever follows it. Returns when the first process runs.
pub(super) async fn start(
    component: Arc<Inner>,
    start_up: Vec<u8>,
    program: Program,
    orders: mpsc::UnboundedReceiver<Order>,
) -> Result<()> {
    let (ready, started) = oneshot::channel();
    let supervisor = Supervisor { component, start_up, program, orders };
    tokio::spawn(supervisor.run(ready));
    started.await?
}

struct Supervisor {
    component: Arc<Inner>,
    start_up: Vec<u8>,
    program: Program,
    orders: mpsc::UnboundedReceiver<Order>,
}

/// Why a process is no more.
enum End {
    Exited(Option<ExitStatus>),
    Missed,
    Ordered(Order),
    Abandoned,
}

impl Supervisor {
    async fn run(mut self, ready: oneshot::Sender<Result<()>>) {
        let mut ready = Some(ready);
        loop {
            let child = self.program.start(&self.component.id, &self.start_up).await;
            let mut child = match child {
                Ok(child) => child,
                Err(error) => {
                    self.component.ended(ComponentState::Failed, &format!("{error:#}"));
                    ready.take().map(|ready| ready.send(Err(error)));
                    return;
                }
            };
            self.begin(&mut child);
            ready.take().map(|ready| ready.send(Ok(())));
            match self.watch(&mut child).await {
                End::Exited(status) => {
                    let pid = self.component.with(|held| held.pid.unwrap_or_default());
                    let code = status.and_then(|status| status.code()).unwrap_or(-1);
                    self.component
                        .ended(ComponentState::Failed, &format!("Failed: pid '{pid}' exited with code '{code}'"));
                }
                End::Missed => {
                    // It may have ended in this moment.
                    let _ = child.kill().await;
                    self.component.ended(ComponentState::Failed, "Failed: missed 3 check-ins, killed");
                }
                End::Ordered(Order::Stop { remove }) => {
                    self.stop(&mut child).await;
                    if remove {
                        self.program.remove_run_folder(&self.component.id);
                    }
                    self.over();
                    return;
                }
                End::Abandoned => return,
            }
            let restart = self.component.options.times.restart;
            tokio::select! {
                () = sleep(restart) => {}
                order = self.orders.recv() => {
                    if order.is_some() {
                        self.over();
                    }
                    return;
                }
            }
        }
    }

    /// The component has stopped; it may be started again.
    fn over(&mut self) {
        self.orders.close();
        self.component.ended(ComponentState::Stopped, "Stopped");
    }

    fn begin(&self, child: &mut Child) {
        self.component.with(|held| {
            held.pid = child.id();
            held.starts += 1;
            held.checkins_since_tick = 0;
            held.model.begin_process();
        });
        self.component.say(ComponentState::Starting, "Starting: spawned pid");
        if let Some(output) = child.stdout.take() {
            tokio::spawn(read(Arc::clone(&self.component), output));
        }
        if let Some(errors) = child.stderr.take() {
            tokio::spawn(read(Arc::clone(&self.component), errors));
        }
    }

    async fn watch(&mut self, child: &mut Child) -> End {
        let mut ticks = interval(self.component.options.times.checkin);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first one is at once.
        ticks.tick().await;
        let mut missed = 0;
        loop {
            tokio::select! {
                status = child.wait() => return End::Exited(status.ok()),
                order = self.orders.recv() => return order.map_or(End::Abandoned, End::Ordered),
                _ = ticks.tick() => {
                    let checkins = self.component.with(|held| std::mem::take(&mut held.checkins_since_tick));
                    missed = if checkins > 0 { 0 } else { missed + 1 };
                    if missed >= MISSED {
                        return End::Missed;
                    }
                    if missed > 0 {
                        self.component.say(ComponentState::Degraded, format!("Degraded: missed {missed} check-in"));
                    }
                }
            }
        }
    }

    async fn stop(&self, child: &mut Child) {
        self.component.say(ComponentState::Stopping, "Stopping");
        if let Some(pid) = child.id() {
            // It may have ended in this moment.
            let _ = signal(pid, Signal::TERM);
        }
        let grace = self.component.options.times.stop;
        let Ok(status) = timeout(grace, child.wait()).await else {
            self.component.fault(format!("still running {grace:?} after SIGTERM, killed"));
            let _ = child.kill().await;
            return;
        };
        let code = status.ok().and_then(|status| status.code()).unwrap_or_default();
        if code != 0 {
            self.component.fault(format!("exit code {code} after SIGTERM"));
        }
    }
}

async fn read(component: Arc<Inner>, output: impl AsyncRead + Unpin) {
    let mut lines = BufReader::new(output).lines();
    // An error is a process that has ended.
    while let Ok(Some(line)) = lines.next_line().await {
        match parse_line(&line) {
            Ok(line) => component.with(|held| held.lines.push(line)),
            Err(error) => component.fault(format!("log line: {error}")),
        }
    }
}
