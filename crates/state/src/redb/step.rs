//! One durable step: after a crash the file holds all of it or nothing.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use ::redb::WriteTransaction;

use super::file::StateFile;
use super::writer::{Deferred, DeferredProgress, OpenFile, Reply};
use crate::{DatasetUpdate, EndpointKey, Fence, StateUpdate};
use common::error::Error;

/// What is to be done in a step, and who waits for it.
#[derive(Debug)]
pub(super) enum Job {
    Commit { updates: Vec<(EndpointKey, StateUpdate)>, fence: Fence, reply: Reply<()>, refused: Option<Error> },
    Acquire { endpoints: Vec<EndpointKey>, reply: Reply<Fence>, fence: Option<Fence> },
}

impl Job {
    pub(super) fn commit(updates: Vec<(EndpointKey, StateUpdate)>, fence: Fence, reply: Reply<()>) -> Self {
        Self::Commit { updates, fence, reply, refused: None }
    }

    pub(super) fn acquire(endpoints: Vec<EndpointKey>, reply: Reply<Fence>) -> Self {
        Self::Acquire { endpoints, reply, fence: None }
    }

    /// An error of the file; a refusal concerns this job alone and waits for its answer.
    fn perform(&mut self, file: &StateFile, write: &WriteTransaction) -> Result<(), Error> {
        match self {
            Self::Commit { updates, fence, refused, .. } => {
                match file.check_fence(write, updates.iter().map(|(endpoint, _)| endpoint), *fence) {
                    Err(error @ Error::Permanent(_)) => *refused = Some(error),
                    checked => {
                        checked?;
                        for (endpoint, update) in std::mem::take(updates) {
                            file.apply(write, &endpoint, update)?;
                        }
                    }
                }
            }
            Self::Acquire { endpoints, fence, .. } => *fence = Some(file.take_over(write, endpoints)?),
        }
        Ok(())
    }

    /// Tells what has become of it. Nobody waits any more when the source was stopped.
    fn answer(self, outcome: &Result<(), Error>) {
        match self {
            Self::Commit { reply, refused, .. } => {
                let _ = reply.send(outcome.clone().and(refused.map_or(Ok(()), Err)));
            }
            Self::Acquire { reply, fence, .. } => {
                let _ = reply.send(outcome.clone().and_then(|()| fence.ok_or_else(super::closed)));
            }
        }
    }
}

/// Performs jobs in their order, after what was deferred before them, and answers them.
pub(super) fn perform(file: &OpenFile, mut jobs: Vec<Job>, deferred: &Deferred) -> Result<(), Error> {
    // Until it is written it stays where reading finds it.
    let due = deferred.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let outcome = write(file, &mut jobs, &due);
    if outcome.is_ok() {
        let mut deferred = deferred.lock().unwrap_or_else(PoisonError::into_inner);
        for (endpoint, written) in due {
            let Some(datasets) = deferred.get_mut(&endpoint) else { continue };
            datasets.retain(|name, now| written.get(name) != Some(now));
            if datasets.is_empty() {
                deferred.remove(&endpoint);
            }
        }
    } else {
        // After an error of the disk the file refuses everything until it is opened anew, which checks it.
        file.close();
    }
    for job in jobs {
        job.answer(&outcome);
    }
    outcome
}

fn write(file: &OpenFile, jobs: &mut [Job], deferred: &DeferredProgress) -> Result<(), Error> {
    if jobs.is_empty() && deferred.is_empty() {
        return Ok(());
    }
    let file = file.get_or_reopen()?;
    let write = file.write()?;
    for (endpoint, datasets) in deferred {
        for (name, (progress, fence)) in datasets {
            match file.check_fence(&write, std::iter::once(endpoint), *fence) {
                // Its holder has committed what counts before it lost the endpoint.
                Err(Error::Permanent(_)) => continue,
                checked => checked?,
            }
            let update = DatasetUpdate { progress: Some(progress.clone()), delivered: Vec::new() };
            file.apply(&write, endpoint, StateUpdate::of(name, update))?;
        }
    }
    for job in jobs {
        job.perform(&file, &write)?;
    }
    write.commit().map_err(|error| file.to_error(&error))?;
    file.steps.fetch_add(1, Ordering::Relaxed);
    Ok(())
}
