//! Sources that were stored under another spelling of their tenant's id: found again under the one spelling, and joined
//! where both are there.

use super::apply::{apply_one, number_of, remember};
use super::db::{Db, LEDGER, SOURCE};
use super::offline::forget;
use super::{Change, Progress, Retry, SourceKey, chunk};
use common::clock;
use common::error::Fault;

/// Gives every source its one spelling. Each is one step, so a crash leaves the rest for the next time.
pub(super) fn settle(db: &Db) -> Result<(), Fault> {
    for (key, number) in db.numbers(&db.read()?)? {
        let right = key.canonical();
        if right == key {
            continue;
        }
        if db.number(&right)?.is_some() {
            join(db, (&key, number), &right)?;
        } else {
            rename(db, &key, &right)?;
        }
        let (tenant, dataset) = (&right.tenant, &right.dataset);
        tracing::info!(
            from = key.text(),
            tenant,
            dataset,
            "state of another spelling of the same tenant is taken over"
        );
    }
    Ok(())
}

fn rename(db: &Db, from: &SourceKey, to: &SourceKey) -> Result<(), Fault> {
    let write = db.write()?;
    {
        let mut sources = write.open_table(SOURCE).map_err(|error| db.fault(&error))?;
        let number = sources.remove(from.text().as_str()).map_err(|error| db.fault(&error))?.map(|it| it.value());
        if let Some(number) = number {
            sources.insert(to.text().as_str(), number).map_err(|error| db.fault(&error))?;
        }
    }
    write.commit().map_err(|error| db.fault(&error))
}

/// Both have delivered documents: what either has is known from now on, and reading goes on where the one that is behind
/// ended.
fn join(db: &Db, (from, number): (&SourceKey, u32), to: &SourceKey) -> Result<(), Fault> {
    let read = db.read()?;
    let Some(known) = db.number(to)? else { return Ok(()) };
    let progress = older(db.progress(known)?.unwrap_or_default(), db.progress(number)?.unwrap_or_default());
    let retry = both(db.retry(known)?, db.retry(number)?);
    let mut put = Vec::new();
    db.every_task(&read, number, &mut |task| {
        put.push(task);
        Ok(())
    })?;
    db.every_task(&read, known, &mut |task| {
        put.retain(|other| (&other.kind, &other.key) != (&task.kind, &task.key));
        Ok(())
    })?;
    let write = db.write()?;
    {
        let number_there = number_of(db, &write, to)?;
        let mut table = write.open_table(LEDGER).map_err(|error| db.fault(&error))?;
        db.chunks(&read, number, &mut |leaf| {
            let mut entries = Vec::new();
            let hour = chunk::hour(leaf).zip(chunk::read(leaf, &mut entries));
            let (hour, ()) = hour.ok_or_else(|| db.damaged("its ledger cannot be read"))?;
            remember(db, &mut table, number_there, (&entries, hour))
        })?;
    }
    forget(db, &write, from)?;
    apply_one(db, &write, to, Change { progress: Some(progress), retry: Some(retry), put, ..Change::default() })?;
    write.commit().map_err(|error| db.fault(&error))
}

/// The progress of the one that is behind, from where the earlier one began.
pub(super) fn older(a: Progress, b: Progress) -> Progress {
    let reached = |progress: &Progress| progress.cursor.clone().or_else(|| progress.floor.clone()).unwrap_or_default();
    let floor = match (&a.floor, &b.floor) {
        (Some(one), Some(other)) if clock::order(one, other).is_le() => a.floor.clone(),
        (None, _) => a.floor.clone(),
        _ => b.floor.clone(),
    };
    let guessed = a.guessed || b.guessed;
    let behind = if clock::order(&reached(&a), &reached(&b)).is_le() { a } else { b };
    Progress { floor, guessed, ..behind }
}

/// What either of two owes.
pub(super) fn both(mut known: Vec<Retry>, more: Vec<Retry>) -> Vec<Retry> {
    for entry in more {
        if !known.iter().any(|other| (other.owed, &other.id) == (entry.owed, &entry.id)) {
            known.push(entry);
        }
    }
    known
}
