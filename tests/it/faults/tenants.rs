//! Two tenants with one application: what is asked of one is not asked of the other.

use std::time::Duration;

use simulator::{Endpoint, Fault, Tenant};

use super::super::books::Books;
use super::stage::{Stage, other_tenant};

#[tokio::test(start_paused = true)]
async fn a_tenant_that_is_throttled_hard_holds_up_nobody_else() {
    let stage = Stage::new().await;
    let (mut own, mut other) = (Books::default(), Books::default());
    let span = (stage.start - chrono::TimeDelta::days(2), stage.start);
    own.enter(&stage.simulator, &Tenant::default().id, span);
    other.enter(&stage.simulator, &other_tenant().id, span);
    own.require();
    other.require();
    assert_eq!(Tenant::default().client_id, other_tenant().client_id, "one application");
    for endpoint in [Endpoint::INCIDENTS, Endpoint::ALERTS, Endpoint::LEGACY] {
        stage.faults().script(endpoint, Fault::throttled(120), 4);
    }
    let began = tokio::time::Instant::now();
    let early = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        stage.found()
    };
    let (failed, early) = tokio::join!(stage.cycle(), early);
    assert!(failed.is_empty(), "{failed:?}");
    assert!(other.missing(&[], |_| true) > 50 && other.missing(&early, |_| true) == 0);
    assert!(early.iter().all(|(key, _)| key.ends_with(&other_tenant().id)), "nothing of the throttled one yet");
    // Throttling is shared by the sources of an API, so the pauses are as well.
    assert!(began.elapsed() > Duration::from_mins(8), "{:?}", began.elapsed());
    assert_eq!(own.missing(&stage.found(), |_| true), 0);
    let throttled: u64 =
        ["incident", "alert+evidence", "log"].iter().map(|source| stage.health(source).throttled).sum();
    assert_eq!(throttled, 12);
}
