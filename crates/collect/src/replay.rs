//! Dead letters once more: rows are mapped by today's mapper, documents are sent again, what arrives is removed.
//!
//! Ids make a second time harmless: a segment is replaced by what is left of it only after everything else was
//! acknowledged, and a process that dies before only repeats work.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::flow::Target;
use crate::flow::outlet;
use crate::flow::outlet::{Outlet, Outlets};
use common::error::Error;
use common::ids::parse_id;
use common::private;
use common::stats::Stats;
use config::{Config, Delivery};
use mapper::{DocId, Mapper};
use output::dead_letters::DeadLetters;
use output::dead_letters::segment::{self, Letter, Line, Rewrite};
use output::{BatchWriter, DataStreams};

/// Letters that are held until the output has acknowledged what came of them.
const CHUNK: usize = 500;
/// Bytes of their rows.
const CHUNK_BYTES: usize = 8 * 1024 * 1024;
/// How long an output that is out of reach is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// Reason of a row that maps today, but whose document was refused.
const REFUSED_ROW: &str = "refused_row";

/// Which letters, and how.
#[derive(Debug, Default)]
pub struct Replay {
    /// Only those of this dataset.
    pub dataset: Option<String>,
    /// Only those of this reason.
    pub reason: Option<String>,
    /// Nothing is sent and nothing changes.
    pub dry_run: bool,
}

/// What became of the letters.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Letters that are gone (with `dry_run`: that could be tried).
    pub delivered: u64,
    /// Letters that were left out.
    pub skipped: u64,
    /// Lines that are no dead letters, or too long to be mapped; they stay.
    pub unreadable: u64,
    /// Letters that failed again and stay, by dataset and reason, with what is wrong with the last of them.
    pub failed: BTreeMap<(String, String), (u64, String)>,
}

impl Summary {
    /// Letters that were tried and stay.
    pub fn failures(&self) -> u64 {
        self.failed.values().map(|(count, _)| count).sum::<u64>() + self.unreadable
    }

    fn fail(&mut self, letter: &Letter) {
        let (count, detail) = self.failed.entry((letter.dataset.clone(), letter.reason.clone())).or_default();
        *count += 1;
        detail.clone_from(&letter.detail);
    }
}

/// Documents by dataset and id.
type Ids = Vec<(u16, String)>;

/// A letter whose documents are on their way.
struct Waiting {
    letter: Box<Letter>,
    ids: Ids,
}

/// What the letters are worked with.
struct Work<'a> {
    replay: &'a Replay,
    config: &'a Config,
    outlets: Outlets,
    /// By tenant and dataset.
    routes: BTreeMap<(String, u16), Option<Route>>,
    refused: Arc<DeadLetters>,
    summary: Summary,
}

/// The way of a tenant's letters of one dataset.
struct Route {
    outlet: Arc<Outlet>,
    streams: Arc<DataStreams>,
    mapper: Mapper,
    outbox: BatchWriter,
}

/// Replays the dead letters of a configuration through its outputs.
pub async fn replay(config: &Config, outputs: Vec<Target>, replay: &Replay) -> Result<Summary, Error> {
    let folder = &config.dead_letter;
    if !folder.is_dir() {
        return Ok(Summary::default());
    }
    let _lock = lock(folder)?;
    let refused = Arc::new(DeadLetters::of_replay(folder));
    let (outlets, mut tasks) = Outlets::open(outputs, &Arc::<Stats>::default(), &refused, Some(PATIENCE));
    let summary = Summary::default();
    let mut work = Work { replay, config, outlets, routes: BTreeMap::new(), refused, summary };
    let mut outcome = Ok(());
    for dataset in schema::catalog() {
        let name = dataset.definition.name;
        if replay.dataset.as_ref().is_none_or(|only| only == name) && outcome.is_ok() {
            outcome = work.dataset(folder, name).await;
        }
    }
    let Work { outlets, routes, summary, .. } = work;
    drop((outlets, routes));
    outlet::ended(&mut tasks).await?;
    outcome.map(|()| summary)
}

/// Two replays at the same time would deliver everything twice.
fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join("replay.lock");
    let failed = |error: &std::io::Error| Error::io(path.display(), error);
    let file = private::create(&path).map_err(|error| failed(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => {
            Err(Error::Io(format!("{}: another replay is running\nhint: wait for its end", path.display())))
        }
        Err(fs::TryLockError::Error(error)) => Err(failed(&error)),
    }
}

impl Work<'_> {
    async fn dataset(&mut self, folder: &Path, name: &str) -> Result<(), Error> {
        let failed = |error: std::io::Error| Error::io(format!("dead letters of {name}"), &error);
        let mut segments =
            if self.replay.dry_run { segment::segments(folder, name) } else { segment::collect(folder, name) }
                .map_err(failed)?;
        let current: PathBuf = folder.join(format!("{name}.ndjson"));
        if self.replay.dry_run && current.exists() {
            segments.push(current);
        }
        for path in segments {
            let mut rewrite = Rewrite::new(&path).map_err(failed)?;
            let outcome = self.segment(&mut rewrite).await;
            let ended = if outcome.is_err() || self.replay.dry_run { rewrite.abandon() } else { rewrite.finish() };
            outcome?;
            ended.map_err(failed)?;
        }
        Ok(())
    }

    async fn segment(&mut self, rewrite: &mut Rewrite) -> Result<(), Error> {
        let failed = |error: std::io::Error| Error::io("dead letters", &error);
        let (mut waiting, mut bytes) = (Vec::new(), 0);
        while let Some(line) = rewrite.next_line().map_err(failed)? {
            let Line::Letter(mut letter) = line else {
                self.summary.unreadable += 1;
                continue;
            };
            if self.replay.reason.as_ref().is_some_and(|only| *only != letter.reason) {
                self.summary.skipped += 1;
                rewrite.keep(&letter).map_err(failed)?;
                continue;
            }
            match self.push(&letter) {
                Ok((ids, size)) => {
                    bytes += size;
                    waiting.push(Waiting { letter, ids });
                }
                Err((reason, detail)) => {
                    (letter.reason, letter.detail) = (reason, detail);
                    self.stays(rewrite, letter).map_err(failed)?;
                }
            }
            if self.replay.dry_run {
                self.summary.delivered += waiting.drain(..).len() as u64;
                continue;
            }
            for route in self.routes.values_mut().flatten().filter(|route| route.outbox.is_full()) {
                route.outbox.send().await?;
            }
            if waiting.len() >= CHUNK || bytes >= CHUNK_BYTES {
                self.settle(rewrite, &mut waiting).await?;
                bytes = 0;
            }
        }
        if self.replay.dry_run { Ok(()) } else { self.settle(rewrite, &mut waiting).await }
    }

    /// The way of a letter; `None` where nobody knows which of several outputs it belongs to.
    fn route(&mut self, tenant: &str, index: u16) -> Result<Option<&mut Route>, Error> {
        let key = (tenant.to_ascii_lowercase(), index);
        if !self.routes.contains_key(&key) {
            let is_meant = |config: &&config::TenantConfig| config.id.eq_ignore_ascii_case(tenant);
            let tenants = || self.config.tenants.iter().filter(is_meant);
            let of_dataset = tenants().find(|tenant| tenant.datasets.iter().any(|dataset| dataset.index == index));
            let delivery = of_dataset.or_else(|| tenants().next()).map(|tenant| tenant.delivery.clone());
            let only = || (self.config.outputs.len() == 1).then(Delivery::default);
            let route = match delivery.or_else(only) {
                None => None,
                Some(delivery) => {
                    let outlet = self.outlets.of(&delivery)?;
                    let streams = outlet.streams(&delivery);
                    let mut mapper = Mapper::new(&schema::catalog()[usize::from(index)]);
                    mapper.preserve_original(delivery.preserves_original(index, self.config.preserve_original_event));
                    mapper.mark(Arc::new(delivery.marks(index)));
                    let outbox = outlet.writer(&streams, &tenant.into());
                    Some(Route { outlet, streams, mapper, outbox })
                }
            };
            self.routes.insert(key.clone(), route);
        }
        Ok(self.routes.get_mut(&key).and_then(Option::as_mut))
    }

    /// Hands over what comes of the letter; the ids of its documents and their size, or what is wrong with it.
    fn push(&mut self, letter: &Letter) -> Result<(Ids, usize), (String, String)> {
        let same = |detail: &str| (letter.reason.clone(), detail.to_owned());
        let found = schema::catalog().iter().zip(0..).find(|(dataset, _)| dataset.definition.name == letter.dataset);
        let Some((_, index)) = found else { return Err(same("this program does not know the dataset")) };
        let Some(row) = letter.row() else { return Err(same("the letter holds no row")) };
        let dry_run = self.replay.dry_run;
        let route = self.route(&letter.tenant, index).map_err(|error| same(&error.to_string()))?;
        let Some(Route { streams, mapper, outbox, .. }) = route else {
            return Err(same("its tenant is not in the configuration, so its output is not known"));
        };
        if letter.data_stream.is_some() || letter.reason == "refused" {
            let name = streams.name(index);
            if let Some(own) = letter.data_stream.as_deref().filter(|own| *own != name) {
                return Err(same(&format!("belongs to data stream {own}, but the configuration writes to {name}")));
            }
            let id = letter.record.as_deref().and_then(parse_id).map(DocId);
            let Some(id) = id else { return Err(same("the document has no id")) };
            if !dry_run {
                outbox.push(index, id, &row);
            }
            return Ok((vec![(index, id.to_string())], row.len()));
        }
        if letter.reason == "parent_too_large" {
            return Err(same("an item without its incident, which was too large: it cannot be mapped alone"));
        }
        let (mut ids, mut size, mut reject) = (Vec::new(), 0, None);
        match mapper.index(&row) {
            Ok(row) => mapper.map_items(&row, &mut |result| match result {
                Ok((id, document)) => {
                    size += document.len();
                    ids.push((index, id.to_string()));
                    if !dry_run {
                        outbox.push(index, id, document);
                    }
                }
                Err(rejected) => reject = Some(rejected.clone()),
            }),
            Err(rejected) => reject = Some(rejected),
        }
        match reject {
            // What did map of it is on its way; the letter stays for the rest.
            Some(reject) => Err((reject.reason.to_owned(), reject.detail)),
            None => Ok((ids, size)),
        }
    }

    /// The output has everything of the waiting letters, but what it refused.
    async fn settle(&mut self, rewrite: &mut Rewrite, waiting: &mut Vec<Waiting>) -> Result<(), Error> {
        for ((tenant, _), route) in &mut self.routes {
            let Some(Route { outlet, streams, outbox, .. }) = route else { continue };
            outbox.flush().await?;
            // A cycle is flushed once.
            *outbox = outlet.writer(streams, &tenant.as_str().into());
        }
        let refused: BTreeMap<(String, String), String> = self
            .refused
            .take_refused()
            .into_iter()
            .map(|refused| ((refused.dataset.to_owned(), refused.id), refused.detail))
            .collect();
        for Waiting { mut letter, ids } in waiting.drain(..) {
            let dataset = |index: u16| schema::catalog()[usize::from(index)].definition.name.to_owned();
            let again = ids.into_iter().find_map(|(index, id)| refused.get(&(dataset(index), id)));
            let Some(detail) = again else {
                self.summary.delivered += 1;
                continue;
            };
            letter.detail.clone_from(detail);
            let is_document = letter.data_stream.is_some() || letter.reason == "refused";
            // One that the cluster keeps as well stays named so.
            if letter.reason != "failure_store" {
                (if is_document { "refused" } else { REFUSED_ROW }).clone_into(&mut letter.reason);
            }
            self.stays(rewrite, letter).map_err(|error| Error::io("dead letters", &error))?;
        }
        Ok(())
    }

    fn stays(&mut self, rewrite: &mut Rewrite, mut letter: Box<Letter>) -> std::io::Result<()> {
        letter.attempts += 1;
        self.summary.fail(&letter);
        rewrite.keep(&letter)
    }
}
