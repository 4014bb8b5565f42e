//! How services, and what stands before them, cut, link, count and pack their pages: what is there is delivered once, what
//! may be missing is told, and nobody asks for ever.

use simulator::Manner;

use super::faults::respond;
use super::*;
use common::health::State;

const LISTS: [Endpoint; 3] = [Endpoint::INCIDENTS, Endpoint::ALERTS, Endpoint::LEGACY];
/// Requests that a manner may cost, beyond those of a normal service.
const MAX_REQUESTS: u64 = 60;

/// How a cycle ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Well.
    Whole,
    /// Well, and something is told.
    Odd,
    /// With these words; everything was delivered all the same.
    Told(&'static str),
    /// With these words; some of it was delivered, and the rest is when the trouble is over.
    Lacks(&'static str),
}

struct Outcome {
    failed: Vec<Failed>,
    reasons: Vec<Reason>,
    requests: u64,
}

impl Scene {
    async fn judged(&self) -> Outcome {
        let (parts, before) = (self.parts(), self.simulator.requests());
        let stats = Arc::clone(&parts.stats);
        let stop = CancellationToken::new();
        let failed = run(&self.config, parts, true, stop).await.expect("runs");
        let sources = stats.health.snapshot().sources;
        let reasons = sources.iter().flat_map(|source| &source.reasons).map(|found| found.reason).collect();
        assert!(sources.iter().all(|source| source.state != State::Healthy || source.reasons.is_empty()));
        Outcome { failed, reasons, requests: self.simulator.requests() - before }
    }

    /// One cycle with the trouble, and one without it.
    async fn check_manner(&mut self, what: &str, end: End, expected: &[Vec<String>], usual: u64) {
        let Outcome { failed, reasons, requests } = self.judged().await;
        let said: Vec<_> = failed.iter().map(|failed| failed.error.to_string()).collect();
        assert!(requests <= usual + MAX_REQUESTS, "{what}: {requests} requests instead of {usual}; {said:?}");
        match end {
            End::Whole => assert!(said.is_empty() && reasons.is_empty(), "{what}: {said:?} {reasons:?}"),
            End::Odd => assert!(said.is_empty() && reasons == [Reason::Incomplete], "{what}: {said:?} {reasons:?}"),
            End::Told(words) | End::Lacks(words) => {
                assert!(said.len() == 1 && said[0].contains(words), "{what}: {said:?}");
                assert!(reasons.contains(&Reason::Incomplete), "{what}: {reasons:?}");
            }
        }
        if !matches!(end, End::Lacks(_)) {
            assert!(self.all() == expected, "{what}: {:?}", self.found());
        }
        self.simulator.faults().clear();
        let Outcome { failed, reasons, .. } = self.judged().await;
        assert!(failed.is_empty() && reasons.is_empty(), "{what}, afterwards: {failed:?} {reasons:?}");
        assert!(self.all() == expected, "{what}, afterwards: {:?}", self.found());
        assert_eq!(self.dead.counts(), [], "{what}");
    }
}

/// A tenant that was collected well, as a measure: documents and requests.
async fn measured(incidents: u64) -> (Scene, Vec<Vec<String>>, u64) {
    let scene = scene_of(incidents, AlertsPerIncident::Realistic).await;
    let Outcome { failed, requests, .. } = scene.judged().await;
    assert!(failed.is_empty(), "{failed:?}");
    scene.check_complete().await;
    let expected = scene.all();
    (scene, expected, requests)
}

async fn check(rows: &[(Manner, [End; 3])]) {
    let (mut scene, expected, usual) = measured(130).await;
    for (manner, ends) in rows {
        for (endpoint, end) in LISTS.into_iter().zip(ends) {
            scene.start_over();
            scene.simulator.faults().always(endpoint, Misbehaviour::Manner(manner.clone()));
            scene.check_manner(&format!("{manner:?} {endpoint:?}"), *end, &expected, usual).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_page_without_a_link_is_not_the_end() {
    check(&[
        (Manner::Unlinked(&[]), [End::Whole; 3]),
        (Manner::Unlinked(&["$top"]), [End::Whole; 3]),
        (Manner::Unlinked(&["$skip"]), [End::Whole; 3]),
        (Manner::LinkAtEnd, [End::Whole; 3]),
        (Manner::Counted(20), [End::Whole; 3]),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_mind_the_question_is_read_once_and_told() {
    const TOLD: End = End::Told("asking does not narrow");
    const LACKS: End = End::Lacks("asking does not narrow");
    let (mut scene, _, _) = measured(130).await;
    // Half of the records are before what is asked for.
    for config in &mut scene.config.tenants[0].datasets {
        config.lookback /= 2;
    }
    scene.start_over();
    let Outcome { requests: usual, .. } = scene.judged().await;
    let expected = scene.all();
    for (options, ends) in [
        (&["$filter"][..], [TOLD, End::Whole, TOLD]),
        (&["$filter", "$skip"], [LACKS, End::Whole, LACKS]),
        (&["$filter", "$skip", "$top"], [LACKS, LACKS, LACKS]),
    ] {
        for (endpoint, end) in LISTS.into_iter().zip(ends) {
            scene.start_over();
            scene.simulator.faults().always(endpoint, Misbehaviour::Manner(Manner::Unlinked(options)));
            let Outcome { failed, requests, .. } = scene.judged().await;
            let said: Vec<_> = failed.iter().map(|failed| failed.error.to_string()).collect();
            assert!(requests <= usual + MAX_REQUESTS, "{options:?} {endpoint:?}: {requests} instead of {usual}");
            match end {
                End::Told(words) | End::Lacks(words) => {
                    assert!(said.len() == 1 && said[0].contains(words), "{options:?} {endpoint:?}: {said:?}");
                }
                _ => assert!(said.is_empty(), "{options:?} {endpoint:?}: {said:?}"),
            }
            scene.simulator.faults().clear();
            assert!(scene.collect().await.is_empty());
            let missing =
                expected.iter().zip(scene.all()).any(|(wanted, found)| wanted.iter().any(|one| !found.contains(one)));
            assert!(!missing, "{options:?} {endpoint:?}: {:?}", scene.found());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_not_whole_is_no_page() {
    let error = End::Lacks("a shard does not answer");
    check(&[
        (Manner::Part(30), [error; 3]),
        (Manner::Part(0), [error; 3]),
        (Manner::ErrorRow(30), [error; 3]),
        (Manner::Status(206), [End::Told("206 Partial Content"); 3]),
        (Manner::Announces(5000), [End::Told("5000 records are announced"); 3]),
        (Manner::Status(203), [End::Whole; 3]),
    ])
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_not_whole_for_a_moment_costs_nothing() {
    let (mut scene, expected, usual) = measured(130).await;
    for manner in [Manner::Part(3), Manner::ErrorRow(0), Manner::Status(206), Manner::Counted(7)] {
        for endpoint in LISTS {
            scene.start_over();
            scene.simulator.faults().script(endpoint, Misbehaviour::Manner(manner.clone()), 2);
            scene.check_manner(&format!("{manner:?} {endpoint:?}"), End::Whole, &expected, usual).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn packed_and_rewritten_answers_are_read() {
    check(&[(Manner::Packed("gzip", 3), [End::Whole; 3]), (Manner::Packed("X-GZip, identity", 1), [End::Whole; 3])])
        .await;
    let (mut scene, expected, usual) = measured(130).await;
    for endpoint in LISTS {
        let host = if endpoint == Endpoint::LEGACY { "api.security.microsoft.com" } else { "graph.microsoft.com" };
        for start in [format!("https://{host}"), String::new(), format!("//{host}:8443")] {
            scene.start_over();
            scene.simulator.faults().script(endpoint, respond(500, &[], ""), 3);
            scene.simulator.faults().always(endpoint, Misbehaviour::Manner(Manner::Links(start.clone())));
            scene.check_manner(&format!("links to {start} {endpoint:?}"), End::Whole, &expected, usual).await;
        }
        scene.start_over();
        scene.simulator.faults().always(endpoint, Misbehaviour::Manner(Manner::Packed("br", 1)));
        let failed = scene.collect().await;
        assert!(failed.len() == 1 && failed[0].error.to_string().contains("packed as `br`"), "{failed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_refused_for_ever_does_not_end_the_cycle() {
    let (mut scene, expected, usual) = measured(130).await;
    for endpoint in LISTS {
        for trouble in
            [respond(400, &[], "null"), respond(404, &[], ""), respond(410, &[], "gone"), respond(501, &[], "")]
        {
            scene.start_over();
            let faults = scene.simulator.faults();
            faults.script_when(endpoint, "skiptoken=end", trouble.clone(), None);
            faults.always(endpoint, Misbehaviour::Manner(Manner::LinkAtEnd));
            scene.check_manner(&format!("{trouble:?} {endpoint:?}"), End::Odd, &expected, usual).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_but_an_error_is_a_failure_with_its_words_and_nothing_at_all_is_an_empty_page() {
    let mut scene = scene_of(30, AlertsPerIncident::Realistic).await;
    let body = r#"{"error":{"code":"ServiceBusy","message":"come back later"}}"#;
    for endpoint in LISTS {
        scene.start_over();
        scene.simulator.faults().always(endpoint, respond(200, &[], body));
        let failed = scene.collect().await;
        assert!(
            failed.len() == 1 && failed[0].error.to_string().contains("ServiceBusy: come back later"),
            "{failed:?}"
        );
        let throttled = body.replace("ServiceBusy", "TooManyRequests");
        scene.start_over();
        scene.simulator.faults().script(endpoint, respond(200, &[("retry-after", "7")], &throttled), 2);
        let Outcome { failed, .. } = scene.judged().await;
        assert!(failed.is_empty(), "{failed:?}");
        scene.check_complete().await;
        for nothing in [respond(200, &[], r#"{"value":null}"#), respond(204, &[], "")] {
            scene.start_over();
            scene.simulator.faults().always(endpoint, nothing.clone());
            let Outcome { failed, reasons, requests } = scene.judged().await;
            assert!(failed.is_empty() && reasons == [Reason::Incomplete], "{nothing:?}: {failed:?} {reasons:?}");
            assert!(requests < 60, "{requests} requests");
            scene.simulator.faults().clear();
            let Outcome { failed, reasons, .. } = scene.judged().await;
            assert!(failed.is_empty() && reasons.is_empty(), "{failed:?} {reasons:?}");
            scene.check_complete().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn alerts_that_come_in_pages_of_their_own_are_summed_up_whole() {
    let (mut scene, expected, usual) = measured(60).await;
    scene.only("incident");
    let expected: Vec<_> =
        expected.into_iter().enumerate().map(|(at, all)| if at == 2 { all } else { Vec::new() }).collect();
    for size in [0, 1, 3] {
        scene.start_over();
        scene.simulator.faults().always(Endpoint::Any, Misbehaviour::Manner(Manner::NestedPages(size.max(1))));
        if size == 0 {
            // Some of the links fail at first.
            scene.simulator.faults().clear();
            scene.simulator.faults().script_when(Endpoint::INCIDENT, "skip", respond(503, &[], ""), Some(2));
            scene.simulator.faults().always(Endpoint::Any, Misbehaviour::Manner(Manner::NestedPages(2)));
        }
        let failed = scene.collect().await;
        assert!(failed.is_empty(), "{failed:?}");
        assert!(scene.all() == expected, "{size}: {:?}", scene.found());
        assert!(scene.queue().await.is_empty());
        let before = scene.simulator.requests();
        assert!(scene.collect().await.is_empty() && scene.all() == expected);
        assert!(scene.simulator.requests() - before <= usual + 40, "what is known is followed again");
    }
}

#[tokio::test(start_paused = true)]
async fn alerts_behind_a_link_that_fails_for_ever_are_owed() {
    let (mut scene, expected, _) = measured(60).await;
    scene.only("incident");
    let faults = scene.simulator.faults().clone();
    scene.start_over();
    faults.script_when(Endpoint::INCIDENT, "skip", respond(404, &[], "{}"), None);
    faults.always(Endpoint::Any, Misbehaviour::Manner(Manner::NestedPages(2)));
    for cycle in 0..3 {
        let Outcome { failed, reasons, .. } = scene.judged().await;
        assert!(failed.is_empty() && reasons == [Reason::HeavyRecord], "{failed:?} {reasons:?}");
        assert!(!scene.queue().await.is_empty(), "cycle {cycle}");
        for document in scene.documents("incident") {
            let incident = super::faults::incident(&document);
            assert!(incident["rollup"].is_null() || incident["rollup"]["complete"] == true, "{incident}");
        }
        scene.make_due("incident").await;
    }
    faults.clear();
    for _ in 0..4 {
        assert!(scene.collect().await.is_empty());
        scene.make_due("incident").await;
    }
    assert!(scene.queue().await.is_empty());
    let whole = |document: &String| !super::faults::incident(document)["rollup"].is_null();
    let mut found: Vec<_> = scene.documents("incident").into_iter().filter(whole).collect();
    found.sort();
    assert!(found == expected[2], "{} of {}", found.len(), expected[2].len());
}

#[tokio::test(start_paused = true)]
async fn records_that_say_whose_they_are_are_the_same_documents() {
    let (mut scene, expected, usual) = measured(30).await;
    let tenant = scene.config.tenants[0].id.to_uppercase();
    scene.start_over();
    scene.simulator.faults().always(Endpoint::LEGACY, Misbehaviour::Manner(Manner::NamesTenant(tenant)));
    scene.check_manner("tenantId", End::Whole, &expected, usual).await;
}
