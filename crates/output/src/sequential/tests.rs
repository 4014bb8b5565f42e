//! What a batch costs and counts that is taken late, in part, or not at all.

use std::sync::{Arc, Mutex};

use mapper::DocId;

use super::*;
use crate::{BatchWriter, DataStreams};

/// An output that answers as it is told, and remembers when it was asked.
#[derive(Debug)]
struct Scripted {
    answers: Vec<Result<Vec<ItemOutcome>, Undelivered>>,
    asked: Arc<Mutex<Vec<Instant>>>,
}

impl Output for Scripted {
    async fn deliver(&mut self, batches: &[Batch]) -> Result<Vec<ItemOutcome>, Undelivered> {
        self.asked.lock().expect("lock").push(Instant::now());
        if self.answers.is_empty() {
            return Ok(vec![ItemOutcome::Created; batches.iter().map(|batch| batch.entries().len()).sum()]);
        }
        self.answers.remove(0)
    }

    async fn sync(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

fn busy() -> Undelivered {
    Undelivered::Busy(Error::Transient("no room".to_owned()), None)
}

/// Delivers three documents in one batch: how the cycle ended, the documents that count as delivered, and the pauses
/// between the attempts.
async fn deliver(
    answers: Vec<Result<Vec<ItemOutcome>, Undelivered>>,
    patience: Option<Duration>,
) -> (Result<(), Error>, u64, Vec<Duration>) {
    let (asked, stats) = (Arc::<Mutex<Vec<Instant>>>::default(), Arc::<Stats>::default());
    let output = Scripted { answers, asked: Arc::clone(&asked) };
    let (commands, inbox) = mpsc::channel(8);
    let mut writer =
        BatchWriter::new(Arc::new(DataStreams::new("default")), commands, Arc::default(), "contoso".into());
    let counted = Arc::clone(&stats);
    let task = tokio::spawn(async move { run(output, patience, inbox, &counted).await });
    for number in 0..3 {
        writer.push(0, DocId([number; 16]), b"{}");
    }
    let ended = writer.flush().await;
    drop(writer);
    task.await.expect("ends");
    let asked = asked.lock().expect("lock").clone();
    (ended, stats.created(), asked.windows(2).map(|pair| pair[1] - pair[0]).collect())
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_of_a_batch_counts_although_the_rest_is_given_up() {
    let taken = || Ok(vec![ItemOutcome::Created, ItemOutcome::Retry("full".to_owned()), ItemOutcome::Created]);
    let failed = || Err(Undelivered::Failed(Error::Io("the disk is gone".to_owned())));
    for answers in [vec![taken(), failed()], vec![taken(), Err(Undelivered::TooLarge)]] {
        let (ended, created, _) = deliver(answers, None).await;
        assert!(ended.is_err());
        assert_eq!(created, 2);
    }
    // Out of patience it is given up too.
    let answers = std::iter::once(taken()).chain((0..100).map(|_| Err(busy()))).collect();
    let (ended, created, pauses) = deliver(answers, Some(Duration::from_secs(30))).await;
    assert!(ended.is_err_and(|error| error.to_string() == "no room"));
    assert_eq!(created, 2);
    assert!(pauses.iter().sum::<Duration>() >= Duration::from_secs(30), "{pauses:?}");
    // Nothing is counted twice where the rest is taken in the end.
    let (ended, created, _) = deliver(vec![taken(), Err(busy())], None).await;
    assert!(ended.is_ok());
    assert_eq!(created, 3);
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_to_a_bound_and_what_the_output_asks_for_goes_first() {
    let answers = (0..12).map(|_| Err(busy())).collect();
    let (ended, created, pauses) = deliver(answers, None).await;
    assert!(ended.is_ok() && created == 3, "{ended:?}");
    let mut longest = FIRST_PAUSE;
    for pause in &pauses {
        // Tokio's timers have the resolution of a millisecond.
        let slack = Duration::from_millis(2);
        assert!((longest / 2..=longest + slack).contains(pause), "{pause:?} of {longest:?} in {pauses:?}");
        longest = (longest * 2).min(LONGEST_PAUSE);
    }
    assert_eq!((pauses.len(), longest), (12, LONGEST_PAUSE));
    let asked = Duration::from_secs(40);
    let answers = vec![Err(Undelivered::Busy(Error::Transient("later".to_owned()), Some(asked)))];
    let (_, _, pauses) = deliver(answers, None).await;
    assert!(pauses.len() == 1 && pauses[0] >= asked, "{pauses:?}");
}
