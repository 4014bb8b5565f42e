//! From what a cluster says of documents to what becomes of them: taken, kept as dead letters, sent again, or not
//! acknowledged.

use super::PRIVILEGES;
use super::pairing;
use super::refusals::{self, Blame, Refusals};
use super::reply::{Refusal, Verdict};
use super::request::{BulkRequest, ItemOutcome};
use crate::dead_letters::{DeadLetters, Kept, Raw};
use common::error::Fault;
use common::health::OutputStatus;
use common::health::Rejection;
use common::stats::Stats;

/// A document that the cluster stumbles over is sent this often before it counts as refused.
const UNCLEAR_ATTEMPTS: u32 = 4;
const UNREADY: &str = "the cluster is not prepared for this dataset: run once with --setup, or install the package";

/// Reason of dead letters that the cluster refused, and of those that it keeps as well.
const REFUSED: &str = "refused";
const DIVERTED: &str = "failure_store";

/// What a reply says.
pub(super) struct Classified {
    pub(super) outcomes: Vec<ItemOutcome>,
    /// Why documents are to be sent again because of the cluster's load.
    pub(super) busy: Option<String>,
    /// Why documents are held.
    pub(super) held: Option<String>,
}

/// Who judges.
#[derive(Debug)]
pub(super) struct Classifier<'a> {
    pub(super) refusals: &'a Refusals,
    pub(super) dead: &'a DeadLetters,
    pub(super) stats: &'a Stats,
}

impl Classifier<'_> {
    /// The outcome of every entry by its item in the reply. `attempts` is how often documents of the load were sent again.
    pub(super) fn reply(&self, reply: &[u8], load: &BulkRequest, attempts: u32) -> Result<Classified, Fault> {
        let verdicts = pairing::verdicts(reply, load.entries())?;
        let mut judged = Classified { outcomes: vec![ItemOutcome::Again; verdicts.len()], busy: None, held: None };
        for (stream, places) in load.streams() {
            self.stream(Stream { load, name: stream, places: &places, verdicts: &verdicts, attempts }, &mut judged);
        }
        self.tell_output(&judged.outcomes);
        Ok(judged)
    }

    fn stream(&self, stream: Stream<'_>, judged: &mut Classified) {
        let Stream { load, name, places, verdicts, .. } = stream;
        let entries = load.entries();
        let signs = places.iter().filter_map(|place| {
            let id = entries[*place].id;
            match &verdicts[*place] {
                Verdict::Created => Some((id, false)),
                Verdict::Refused(_) | Verdict::Unclear(_) => Some((id, true)),
                _ => None,
            }
        });
        self.refusals.hear(name, signs);
        let (mut held, mut is_busy, mut is_taken) = (None, false, false);
        for &place in places {
            let verdict = &verdicts[place];
            let outcome = match verdict {
                Verdict::Created => ItemOutcome::Created,
                Verdict::Duplicate => ItemOutcome::Duplicate,
                Verdict::Diverted => self.diverted(load, place),
                Verdict::Forbidden(said) => {
                    ItemOutcome::Fails(Fault::Auth(format!("bulk request: {said}\nhint: {PRIVILEGES}")))
                }
                Verdict::Unready(said) => ItemOutcome::Fails(unready(said)),
                Verdict::Retry(said)
                | Verdict::Unclear(Refusal { said, .. })
                | Verdict::Refused(Refusal { said, .. }) => {
                    if let Some(refusal) = stream.refusal(verdict) {
                        self.refused(load, place, refusal)
                    } else {
                        if judged.busy.is_none() {
                            self.output().trouble(entries[place].dataset, said);
                            judged.busy = Some(said.clone());
                        }
                        ItemOutcome::Again
                    }
                }
            };
            is_busy |= matches!(outcome, ItemOutcome::Again);
            is_taken |= matches!(outcome, ItemOutcome::Created | ItemOutcome::Duplicate);
            if let ItemOutcome::Held(fault) = &outcome {
                held.get_or_insert_with(|| fault.to_string());
            }
            judged.outcomes[place] = outcome;
        }
        let health = &self.stats.delivery;
        if let Some(text) = held {
            health.stream_refuses(name, &text);
            judged.held.get_or_insert(text);
            return;
        }
        health.stream_takes(name);
        if is_taken
            && !is_busy
            && let Some(place) = places.first()
        {
            self.output().fine(entries[*place].dataset);
        }
    }

    /// A refused document: a dead letter, or held because its data stream may be at fault.
    pub(super) fn refused(&self, load: &BulkRequest, place: usize, refusal: &Refusal) -> ItemOutcome {
        let Some(entry) = load.entries().get(place) else { return ItemOutcome::Refused };
        let stream = load.data_stream(entry);
        // Who replays keeps what is refused where it is.
        if !self.dead.is_replay() && self.refusals.blame(stream, entry.id) == Blame::Stream {
            let Refusal { said, .. } = refusal;
            return ItemOutcome::Held(Fault::Refused(format!(
                "data stream {stream} refuses documents, which are kept back and sent again: {said}\nhint: {}",
                refusals::hint(said)
            )));
        }
        match self.keep(load, place, REFUSED, refusal) {
            Ok(Kept::New) => ItemOutcome::Refused,
            Ok(Kept::Known) => ItemOutcome::Known,
            Err(fault) => ItemOutcome::Fails(fault),
        }
    }

    /// The document is too long for any request: refused without having been sent.
    pub(super) fn too_large(&self, load: &BulkRequest, refusal: &Refusal) -> ItemOutcome {
        let Some(entry) = load.entries().first() else { return ItemOutcome::Refused };
        self.refusals.hear(load.data_stream(entry), std::iter::once((entry.id, true)));
        let outcome = self.refused(load, 0, refusal);
        if let ItemOutcome::Held(fault) = &outcome {
            self.stats.delivery.stream_refuses(load.data_stream(entry), &fault.to_string());
        }
        outcome
    }

    /// Sent again it would only be kept there once more. As a dead letter it can be replayed, when its data stream is mended.
    fn diverted(&self, load: &BulkRequest, place: usize) -> ItemOutcome {
        let said =
            "the data stream refused it; the cluster keeps it in the data stream's failure store, with the reason";
        let refusal = Refusal { kind: DIVERTED.to_owned(), said: said.to_owned() };
        match self.keep(load, place, DIVERTED, &refusal) {
            Ok(Kept::New) => ItemOutcome::Diverted,
            Ok(Kept::Known) => ItemOutcome::Known,
            Err(fault) => {
                tracing::warn!(error = %fault, "a document is in the failure store only");
                ItemOutcome::Diverted
            }
        }
    }

    fn keep(&self, load: &BulkRequest, place: usize, reason: &str, refusal: &Refusal) -> Result<Kept, Fault> {
        let entry = load.entries()[place];
        let dataset = schema::catalog()[usize::from(entry.dataset)].definition.name;
        let id = mapper::DocId(entry.id).to_string();
        let Refusal { kind, said } = refusal;
        let rejection = Rejection { dataset, tenant: load.tenant(place), reason, detail: said, record: Some(&id) };
        let kept = self.dead.keep_document(rejection, load.data_stream(&entry), Raw::Bytes(load.document(&entry)))?;
        if let (Kept::New, Some(health)) = (kept, load.health(place)) {
            health.dead_letter(rejection, kind);
        }
        Ok(kept)
    }

    /// The output is in reach; whether it takes anything is another matter.
    fn tell_output(&self, outcomes: &[ItemOutcome]) {
        let health = &self.stats.delivery;
        let forbidden = outcomes.iter().find_map(|outcome| match outcome {
            ItemOutcome::Fails(fault @ Fault::Auth(_)) => Some(fault),
            _ => None,
        });
        let is_taken = outcomes.iter().any(|outcome| matches!(outcome, ItemOutcome::Created | ItemOutcome::Duplicate));
        match forbidden {
            Some(fault) if !is_taken => health.failed(fault),
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
    load: &'a BulkRequest,
    name: &'a str,
    places: &'a [usize],
    verdicts: &'a [Verdict],
    attempts: u32,
}

impl Stream<'_> {
    /// The verdict is a refusal, as far as the attempts can tell.
    fn refusal<'v>(&self, verdict: &'v Verdict) -> Option<&'v Refusal> {
        match verdict {
            Verdict::Refused(refusal) => Some(refusal),
            Verdict::Unclear(refusal) if self.attempts >= UNCLEAR_ATTEMPTS => Some(refusal),
            _ => None,
        }
    }
}

fn unready(said: &str) -> Fault {
    let hint = if said.contains("\nhint: ") { String::new() } else { format!("\nhint: {UNREADY}") };
    Fault::Refused(format!("bulk request: {said}{hint}"))
}
