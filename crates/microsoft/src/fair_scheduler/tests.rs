//! Laws of the permits: bounded, fair among tenants, never kept for a silent server.

use std::future::pending;

use futures_util::FutureExt;
use tokio::time::Instant;

use super::*;

/// Permits of this queue, as many as there are at once.
fn take_all(queue: &TenantQueue) -> Vec<Permit> {
    std::iter::from_fn(|| queue.permit().now_or_never()).collect()
}

#[test]
fn one_tenant_gets_its_share_and_all_together_what_there_is() {
    let scheduler = Arc::new(FairScheduler::default());
    let tenants: Vec<TenantQueue> = (0..PERMITS).map(|_| scheduler.queue()).collect();
    let held: Vec<Vec<Permit>> = tenants.iter().map(take_all).collect();
    assert_eq!(held[0].len(), SHARE);
    assert_eq!(held.iter().map(Vec::len).sum::<usize>(), PERMITS);
    drop(held);
    let queue = scheduler.lock();
    assert!(queue.free == PERMITS && queue.tenants.is_empty() && queue.ring.is_empty(), "{queue:?}");
}

#[tokio::test]
async fn tenants_are_served_in_turn_whatever_the_length_of_their_lines() {
    let scheduler = Arc::new(FairScheduler::default());
    let others: Vec<TenantQueue> = (0..PERMITS / SHARE).map(|_| scheduler.queue()).collect();
    let mut held: Vec<Permit> = others.iter().flat_map(take_all).collect();
    let (crowd, single) = (scheduler.queue(), scheduler.queue());
    let served = Arc::new(Mutex::new(Vec::new()));
    let wait = |queue: &TenantQueue, name: &'static str| {
        let (queue, served) = (queue.clone(), Arc::clone(&served));
        tokio::spawn(async move {
            let permit = queue.permit().await;
            served.lock().expect("lock").push(name);
            drop(permit);
        })
    };
    let mut tasks: Vec<_> = (0..50).map(|_| wait(&crowd, "crowd")).collect();
    tokio::task::yield_now().await;
    tasks.extend((0..3).map(|_| wait(&single, "single")));
    tokio::task::yield_now().await;
    // One permit is all that goes round.
    held.pop();
    for task in tasks {
        task.await.expect("served");
    }
    let served = served.lock().expect("lock");
    let last = served.iter().rposition(|name| *name == "single").expect("served");
    assert!(last <= 6, "{served:?}");
}

#[tokio::test(start_paused = true)]
async fn silent_servers_hold_nothing() {
    let scheduler = Arc::new(FairScheduler::default());
    for _ in 0..100 {
        let queue = scheduler.queue();
        tokio::spawn(async move { queue.permit().await.while_waiting_for(pending::<()>()).await });
    }
    tokio::task::yield_now().await;
    let start = Instant::now();
    let permit = scheduler.queue().permit().await;
    assert!(start.elapsed() <= 5 * PATIENCE, "{:?}", start.elapsed());
    drop(permit);
}

#[tokio::test]
async fn who_goes_away_leaves_no_gap() {
    let scheduler = Arc::new(FairScheduler::default());
    let tenants: Vec<TenantQueue> = (0..PERMITS / SHARE).map(|_| scheduler.queue()).collect();
    let held: Vec<Permit> = tenants.iter().flat_map(take_all).collect();
    let queue = scheduler.queue();
    // Some go while they wait, some when their permit has come already.
    let mut early = Box::pin(queue.permit());
    assert!((&mut early).now_or_never().is_none());
    let mut served = Box::pin(queue.permit());
    assert!((&mut served).now_or_never().is_none());
    drop(early);
    drop(held);
    drop(served);
    assert_eq!(take_all(&queue).len(), SHARE);
    assert_eq!(scheduler.lock().free, PERMITS);
}
