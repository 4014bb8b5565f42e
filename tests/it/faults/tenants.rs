//! Two tenants with one application: what is asked of one is not asked of the other.

use std::time::Duration;

use simulator::{Fault, Tenant};

use super::super::expected_documents::ExpectedDocuments;
use super::super::sources::sources;
use super::harness::{Harness, other_tenant};

#[tokio::test(start_paused = true)]
async fn a_tenant_that_is_throttled_hard_holds_up_nobody_else() {
    let harness = Harness::new().await;
    let (mut own, mut other) = (ExpectedDocuments::default(), ExpectedDocuments::default());
    let span = (harness.start - chrono::TimeDelta::days(2), harness.start);
    own.enter(&harness.simulator, &Tenant::default().id, span);
    other.enter(&harness.simulator, &other_tenant().id, span);
    own.require();
    other.require();
    assert_eq!(Tenant::default().client_id, other_tenant().client_id, "one application");
    for source in sources() {
        harness.faults().script(source.pages(), Fault::throttled(120), 4);
    }
    let began = tokio::time::Instant::now();
    let early = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        harness.found()
    };
    let (failed, early) = tokio::join!(harness.cycle(), early);
    assert!(failed.is_empty(), "{failed:?}");
    assert!(other.missing(&[], |_| true) > 50 && other.missing(&early, |_| true) == 0);
    assert!(early.iter().all(|(key, _)| key.ends_with(&other_tenant().id)), "nothing of the throttled one yet");
    // Throttling is shared by the sources of an API, so the pauses are as well.
    assert!(began.elapsed() > Duration::from_mins(8), "{:?}", began.elapsed());
    assert_eq!(own.missing(&harness.found(), |_| true), 0);
    let throttled: u64 = sources().iter().map(|source| harness.health(&source.name).throttled).sum();
    assert_eq!(throttled, 4 * sources().len() as u64);
}
