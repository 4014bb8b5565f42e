//! From what a cluster says of documents to what becomes of them: taken, kept as dead letters, sent again, or not
//! acknowledged.

use super::PRIVILEGES;
use super::pairing;
use super::refusals::{self, Blame, Refusals};
use super::reply::{Refusal, Verdict};
use crate::batch::{Batch, Item};
use crate::dead_letters::{DeadLetters, Kept, Raw};
use crate::output::ItemOutcome;
use common::error::Error;
use common::health::OutputStatus;
use common::health::Rejection;
use common::stats::Stats;

/// A document that the cluster stumbles over is sent this often before it counts as refused.
const UNCLEAR_ATTEMPTS: u32 = 4;
const UNREADY: &str = "the cluster is not prepared for this dataset: run once with --setup, or install the package";

/// Reason of dead letters that the cluster refused, and of those that it keeps as well.
const REFUSED: &str = "refused";
const DIVERTED: &str = "failure_store";

/// Makes outcomes of verdicts.
#[derive(Debug)]
pub(super) struct Classifier<'a> {
    pub(super) refusals: &'a Refusals,
    pub(super) dead: &'a DeadLetters,
    pub(super) stats: &'a Stats,
}

impl Classifier<'_> {
    /// The outcome of every document by its item in the reply.
    pub(super) fn reply(&self, reply: &[u8], batches: &[Batch]) -> Result<Vec<ItemOutcome>, Error> {
        let items: Vec<_> = Item::of(batches).collect();
        let verdicts = pairing::verdicts(reply, &items)?;
        // Every document belongs to a data stream, so that none of these is left.
        let mut outcomes = vec![ItemOutcome::Retry(String::new()); verdicts.len()];
        let mut is_busy = false;
        for (name, places) in streams(&items) {
            let stream = Stream { items: &items, name, places: &places, verdicts: &verdicts };
            self.stream(stream, &mut is_busy, &mut outcomes);
        }
        self.tell_output(&outcomes);
        Ok(outcomes)
    }

    fn stream(&self, stream: Stream<'_>, is_busy: &mut bool, outcomes: &mut [ItemOutcome]) {
        let Stream { items, name, places, verdicts } = stream;
        let signs = places.iter().filter_map(|place| {
            let id = items[*place].entry.id;
            match &verdicts[*place] {
                Verdict::Created => Some((id, false)),
                Verdict::Refused(_) | Verdict::Unclear(_) => Some((id, true)),
                _ => None,
            }
        });
        self.refusals.hear(name, signs);
        let (mut held, mut is_stream_busy, mut is_taken) = (None, false, false);
        for &place in places {
            let (item, verdict) = (items[place], &verdicts[place]);
            let outcome = match verdict {
                Verdict::Created => ItemOutcome::Created,
                Verdict::Duplicate => ItemOutcome::Duplicate,
                Verdict::Diverted => self.diverted(item),
                Verdict::Forbidden(said) => {
                    ItemOutcome::Failed(Error::Auth(format!("bulk request: {said}\nhint: {PRIVILEGES}")))
                }
                Verdict::Unready(said) => ItemOutcome::Failed(unready(said)),
                Verdict::Retry(said)
                | Verdict::Unclear(Refusal { said, .. })
                | Verdict::Refused(Refusal { said, .. }) => {
                    if let Some(refusal) = refusal(verdict, item) {
                        self.refused(item, refusal)
                    } else {
                        if !std::mem::replace(is_busy, true) {
                            self.output().trouble(item.entry.dataset, said);
                        }
                        ItemOutcome::Retry(said.clone())
                    }
                }
            };
            is_stream_busy |= matches!(outcome, ItemOutcome::Retry(_));
            is_taken |= matches!(outcome, ItemOutcome::Created | ItemOutcome::Duplicate);
            if let ItemOutcome::Held(error) = &outcome {
                held.get_or_insert_with(|| error.to_string());
            }
            outcomes[place] = outcome;
        }
        let health = &self.stats.delivery;
        if let Some(text) = held {
            health.stream_refuses(name, &text);
            return;
        }
        health.stream_takes(name);
        if is_taken
            && !is_stream_busy
            && let Some(place) = places.first()
        {
            self.output().fine(items[*place].entry.dataset);
        }
    }

    /// A refused document: a dead letter, or held because its data stream may be at fault.
    fn refused(&self, item: Item<'_>, refusal: &Refusal) -> ItemOutcome {
        let stream = item.data_stream();
        // Who replays keeps what is refused where it is.
        if !self.dead.is_replay() && self.refusals.blame(stream, item.entry.id) == Blame::Stream {
            let Refusal { said, .. } = refusal;
            return ItemOutcome::Held(Error::Permanent(format!(
                "data stream {stream} refuses documents, which are kept back and sent again: {said}\nhint: {}",
                refusals::hint(said)
            )));
        }
        match self.keep(item, REFUSED, refusal) {
            Ok(Kept::New) => ItemOutcome::Refused,
            Ok(Kept::Known) => ItemOutcome::Known,
            Err(error) => ItemOutcome::Failed(error),
        }
    }

    /// The document is too long for any request: refused without having been sent.
    pub(super) fn too_large(&self, item: Item<'_>, refusal: &Refusal) -> ItemOutcome {
        let stream = item.data_stream();
        self.refusals.hear(stream, std::iter::once((item.entry.id, true)));
        let outcome = self.refused(item, refusal);
        if let ItemOutcome::Held(error) = &outcome {
            self.stats.delivery.stream_refuses(stream, &error.to_string());
        }
        outcome
    }

    /// Sent again it would only be kept there once more. As a dead letter it can be replayed, when its data stream is mended.
    fn diverted(&self, item: Item<'_>) -> ItemOutcome {
        let said =
            "the data stream refused it; the cluster keeps it in the data stream's failure store, with the reason";
        let refusal = Refusal { kind: DIVERTED.to_owned(), said: said.to_owned() };
        match self.keep(item, DIVERTED, &refusal) {
            Ok(Kept::New) => ItemOutcome::Diverted,
            Ok(Kept::Known) => ItemOutcome::Known,
            Err(error) => {
                tracing::warn!(%error, "a document is in the failure store only");
                ItemOutcome::Diverted
            }
        }
    }

    fn keep(&self, item: Item<'_>, reason: &str, refusal: &Refusal) -> Result<Kept, Error> {
        let Item { batch, entry } = item;
        let Some(dataset) = schema::catalog().get(usize::from(entry.dataset)).map(|dataset| dataset.definition.name)
        else {
            // The next report tells the same and more, so nobody would replay this one.
            tracing::warn!(kind = refusal.kind, error = refusal.said, "a report of a source's health was refused");
            return Ok(Kept::New);
        };
        let id = mapper::DocId(entry.id).to_string();
        let Refusal { kind, said } = refusal;
        let rejection = Rejection { dataset, tenant: batch.tenant(), reason, detail: said, record: Some(&id) };
        let kept = self.dead.keep_document(rejection, item.data_stream(), Raw::Bytes(item.document()))?;
        if let (Kept::New, Some(health)) = (kept, batch.health()) {
            health.dead_letter(rejection, kind);
        }
        Ok(kept)
    }

    /// The output is in reach; whether it takes anything is another matter.
    fn tell_output(&self, outcomes: &[ItemOutcome]) {
        let health = &self.stats.delivery;
        let forbidden = outcomes.iter().find_map(|outcome| match outcome {
            ItemOutcome::Failed(error @ Error::Auth(_)) => Some(error),
            _ => None,
        });
        let is_taken = outcomes.iter().any(|outcome| matches!(outcome, ItemOutcome::Created | ItemOutcome::Duplicate));
        match forbidden {
            Some(error) if !is_taken => health.failed(error),
            _ => health.answered(is_taken),
        }
    }

    fn output(&self) -> &OutputStatus {
        &self.stats.output
    }
}

/// What a reply says of one data stream.
#[derive(Clone, Copy)]
struct Stream<'a> {
    items: &'a [Item<'a>],
    name: &'a str,
    places: &'a [usize],
    verdicts: &'a [Verdict],
}

/// The data streams of the documents, each with the places of its own.
fn streams<'a>(items: &[Item<'a>]) -> Vec<(&'a str, Vec<usize>)> {
    let mut streams: Vec<(&str, Vec<usize>)> = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let name = item.data_stream();
        match streams.iter_mut().find(|(known, _)| *known == name) {
            Some((_, places)) => places.push(place),
            None => streams.push((name, vec![place])),
        }
    }
    streams
}

/// The verdict is a refusal, as far as the attempts can tell.
fn refusal<'v>(verdict: &'v Verdict, item: Item<'_>) -> Option<&'v Refusal> {
    match verdict {
        Verdict::Refused(refusal) => Some(refusal),
        Verdict::Unclear(refusal) if item.batch.attempts() >= UNCLEAR_ATTEMPTS => Some(refusal),
        _ => None,
    }
}

fn unready(said: &str) -> Error {
    let hint = if said.contains("\nhint: ") { String::new() } else { format!("\nhint: {UNREADY}") };
    Error::Permanent(format!("bulk request: {said}{hint}"))
}
