//! What is left of a quota, shared by all who use the same (application, tenant, API family): the pause that the service
//! asked for, and a pace that stays below the known limits, so that it need not ask.

mod pace;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use self::pace::Pace;
use common::http::{Backoff, jitter};

/// First and longest pause where the service names none.
const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_mins(2);

/// When requests of one (application, tenant, API family) may go out again.
#[derive(Debug, Default)]
pub struct Budget(Mutex<Quota>);

#[derive(Debug)]
struct Quota {
    until: Option<Instant>,
    /// Grows with refusals in a row: a service that names no time is asked more and more slowly.
    pauses: Backoff,
    /// Without one only the service's answers count.
    pace: Option<Pace>,
}

impl Default for Quota {
    fn default() -> Self {
        Self { until: None, pauses: Backoff::endless(FIRST, LONGEST), pace: None }
    }
}

impl Budget {
    /// Stays below a known limit; the answers teach it where others take their part of the quota.
    pub fn within(limit: schema::Limit) -> Self {
        Self(Mutex::new(Quota { pace: Some(Pace::new(limit)), ..Quota::default() }))
    }

    /// Waits until the service may be asked again. Those who wait together do not come back together.
    pub async fn ready(&self) {
        loop {
            let now = Instant::now();
            let pause = {
                let mut quota = self.lock();
                match quota.until.filter(|until| *until > now) {
                    Some(until) => until + jitter((until - now) / 8) - now,
                    None => match quota.pace.as_mut().and_then(|pace| pace.take(now)) {
                        Some(pause) => pause + jitter(Duration::from_millis(500)),
                        None => return,
                    },
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// The service asked for a pause that is not over.
    pub(crate) fn is_paused(&self) -> bool {
        self.lock().until.is_some_and(|until| until > Instant::now())
    }

    /// The service refused a request because of their number; `asked` is the pause that it named.
    pub fn refuse(&self, asked: Option<Duration>) {
        let mut quota = self.lock();
        let now = Instant::now();
        // A pause of nothing is no answer to how long.
        let until = now + quota.pauses.pause(asked.filter(|asked| !asked.is_zero()));
        quota.until = Some(quota.until.map_or(until, |earlier| earlier.max(until)));
        if let Some(pace) = &mut quota.pace {
            pace.refused(now);
        }
    }

    /// The service answered.
    pub fn accept(&self) {
        let mut quota = self.lock();
        quota.pauses.reset();
        if let Some(pace) = &mut quota.pace {
            pace.accepted(Instant::now());
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Quota> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
