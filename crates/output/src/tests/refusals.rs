//! Refusals: a data stream that takes nothing makes no dead letters, whatever the cluster says; documents that are at fault
//! do, and the rest goes on.
#![expect(clippy::single_range_in_vec_init, reason = "the batches of a cycle are ranges, sometimes one")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::share::{Sources, id, sources};
use super::*;
use crate::elasticsearch::mock::{BulkFault, Document};
use common::health::State;

/// What clusters say when a data stream takes nothing: status, type, reason.
const KINDS: &[(u16, &str, &str)] = &[
    (400, "illegal_argument_exception", "Limit of total fields [1000] has been exceeded while adding new fields [1]"),
    (400, "script_exception", "runtime error"),
    (400, "illegal_argument_exception", "no write index is defined for alias [logs-x]"),
    (400, "index_closed_exception", "closed"),
    (403, "cluster_block_exception", "index [x] blocked by: [FORBIDDEN/8/index write (api)];"),
    (403, "security_exception", "action [indices:data/write/bulk] is unauthorized"),
    (404, "index_not_found_exception", "no such index [x] and [require_data_stream] request flag is [true]"),
    (404, "resource_not_found_exception", "[require_data_stream] request flag is [true] and [x] is not a data stream"),
    (400, "illegal_argument_exception", "pipeline with id [x] does not exist"),
    (400, "strict_dynamic_mapping_exception", "mapping set to strict"),
    (400, "whatever_comes_next_exception", "words that nobody knows"),
    (405, "x", ""),
    (413, "x", ""),
    (418, "", ""),
    (500, "null_pointer_exception", ""),
    (501, "x", "y"),
];

impl Sources {
    /// Answers this for documents that are chosen, as long as the switch is on.
    fn refuse(
        &self,
        answer: (u16, &'static str, &'static str),
        chosen: impl Fn(&Document) -> bool + Send + 'static,
    ) -> Arc<AtomicBool> {
        let switch = Arc::new(AtomicBool::new(true));
        let on = Arc::clone(&switch);
        self.cluster.on_item(move |document| (on.load(Ordering::Relaxed) && chosen(document)).then_some(answer));
        switch
    }

    /// A cycle with documents of these numbers, one batch each time `send` comes.
    async fn send(&self, batches: &[std::ops::Range<u16>]) -> Result<(), Error> {
        let mut outbox = self.outbox(1);
        for batch in batches {
            for number in batch.clone() {
                outbox.push(0, id(1, number), format!(r#"{{"number":{number}}}"#).as_bytes());
            }
            outbox.send().await?;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        outbox.flush().await
    }
}

fn number(document: &Document) -> u16 {
    u16::from_str_radix(&document.id[4..8], 16).expect("number")
}

#[tokio::test(start_paused = true)]
async fn a_data_stream_that_refuses_everything_fails_its_cycle_and_all_arrives_later() {
    for &answer in KINDS {
        for documents in [1, 2, 40, 400] {
            let sources = sources(|_| {}).await;
            let switch = sources.refuse(answer, |document| document.dataset() == "alert");
            let outcome = sources.cycle(1, documents).await.expect("ends");
            let said = outcome.as_ref().expect_err("refused").to_string();
            assert!(said.contains(answer.1) && said.contains("hint: "), "{answer:?}: {said}");
            assert_eq!(sources.dead.counts(), [], "{answer:?}");
            // The other data stream takes its own.
            assert_eq!(sources.cluster.of("evidence").len(), usize::from(documents / 2), "{answer:?}");
            if !matches!(answer.0, 403 | 404) && !said.contains("bulk request: ") {
                let told = sources.stats.health.output().snapshot();
                assert_eq!(told.state, State::Degraded, "{answer:?}");
                assert_eq!(told.refusing[0].data_stream, "logs-m365_security.alert-default");
            }
            switch.store(false, Ordering::Relaxed);
            sources.cycle(1, documents).await.expect("ends").expect("delivered");
            assert_eq!(sources.cluster.documents().len(), usize::from(documents), "{answer:?}");
            let told = sources.stats.health.output().snapshot();
            assert_eq!((told.state, told.refusing.len()), (State::Healthy, 0), "{answer:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_data_stream_that_begins_to_refuse_makes_no_dead_letters() {
    for good in [1, 30, 250] {
        let sources = sources(|_| {}).await;
        sources.refuse(KINDS[0], move |document| number(document) >= good);
        sources.send(&[0..good + 60]).await.expect_err("refused from some document on");
        assert_eq!((sources.dead.counts(), sources.cluster.documents().len()), (vec![], usize::from(good)));
        // Documents that come one by one, cycle after cycle, tell no less.
        let sources = self::sources(|_| {}).await;
        sources.refuse(KINDS[1], move |document| number(document) >= good);
        sources.send(&[0..good]).await.expect("taken");
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_mins(1)).await;
            sources.send(&[good..good + 1, good + 1..good + 2]).await.expect_err("refused");
        }
        assert_eq!(sources.dead.counts(), []);
    }
}

#[tokio::test(start_paused = true)]
async fn most_of_the_documents_refused_is_the_data_streams_fault_too() {
    let sources = sources(|_| {}).await;
    sources.refuse(KINDS[1], |document| !number(document).is_multiple_of(4));
    sources.send(&[0..200]).await.expect_err("refused");
    assert_eq!((sources.dead.counts(), sources.cluster.documents().len()), (vec![], 50));
}

#[tokio::test(start_paused = true)]
async fn bad_documents_among_good_ones_become_dead_letters_wherever_they_stand() {
    let bad: [(&[u16], &str); 5] = [
        (&[0, 1, 2], "the first"),
        (&[97, 98, 99], "the last"),
        (&[50], "one"),
        (&[40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54], "a long run of one record"),
        (&[3, 9, 20, 31, 45, 46, 60, 80], "here and there"),
    ];
    for (bad, what) in bad {
        let sources = sources(|_| {}).await;
        let chosen = bad.to_vec();
        sources
            .refuse((400, "document_parsing_exception", "no date"), move |document| chosen.contains(&number(document)));
        sources.send(&[0..100]).await.expect(what);
        assert_eq!(sources.dead.counts(), [("alert", "refused".to_owned(), bad.len() as u64)], "{what}");
        assert_eq!(sources.cluster.documents().len(), 100 - bad.len(), "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_after_bad_documents_tells_that_they_are_at_fault() {
    let sources = sources(|_| {}).await;
    sources.refuse(KINDS[9], |document| number(document) < 3);
    // The good ones come while the bad ones are still tried.
    sources.send(&[0..3, 3..10]).await.expect("delivered");
    assert_eq!(sources.dead.counts(), [("alert", "refused".to_owned(), 3)]);
    // They come with the next cycle only.
    let sources = self::sources(|_| {}).await;
    sources.refuse(KINDS[9], |document| number(document) < 3);
    sources.send(&[0..3]).await.expect_err("nothing tells");
    assert_eq!(sources.dead.counts(), []);
    sources.send(&[0..10]).await.expect("delivered");
    assert_eq!(sources.dead.counts(), [("alert", "refused".to_owned(), 3)]);
}

#[tokio::test(start_paused = true)]
async fn a_lone_bad_document_is_given_up_in_the_end() {
    let sources = sources(|_| {}).await;
    sources.refuse(KINDS[1], |_| true);
    let start = tokio::time::Instant::now();
    let mut cycles = 0;
    while sources.send(&[0..1]).await.is_err() {
        cycles += 1;
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert!(cycles < 100, "it is held for ever");
    }
    assert!(start.elapsed() >= Duration::from_hours(1), "{:?}", start.elapsed());
    assert_eq!(sources.dead.counts(), [("alert", "refused".to_owned(), 1)]);
}

#[tokio::test(start_paused = true)]
async fn what_the_cluster_keeps_in_a_failure_store_is_not_delivered() {
    let sources = sources(|_| {}).await;
    sources.refuse((201, "used", ""), |document| number(document) % 10 == 3);
    sources.send(&[0..50]).await.expect("the cluster keeps them");
    assert_eq!(sources.stats.created(), 45);
    assert_eq!(sources.dead.counts(), [("alert", "failure_store".to_owned(), 5)]);
    let refused: u64 = sources.stats.by_dataset().map(|(.., refused)| refused).sum();
    assert_eq!(refused, 5);
    // Words of a failure store that does not take them either, or is switched off, change nothing.
    for store in ["not_enabled", "failed", "not_applicable_or_unknown"] {
        let sources = self::sources(|_| {}).await;
        sources.refuse((201, store, ""), |_| false);
        sources.send(&[0..5]).await.expect("taken");
        assert_eq!((sources.stats.created(), sources.dead.counts()), (5, vec![]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_whole_request_that_is_refused_acknowledges_nothing() {
    for status in [400, 403, 404, 405, 501] {
        let sources = sources(|_| {}).await;
        sources.cluster.on_request(move |_| Some(BulkFault::Status(status, "{\"error\":\"x\"}")));
        sources.send(&[0..5]).await.expect_err("refused");
        assert_eq!(sources.dead.counts(), []);
        sources.cluster.on_request(|_| None);
        sources.send(&[0..5]).await.expect("taken");
        assert_eq!(sources.cluster.documents().len(), 5);
    }
}
