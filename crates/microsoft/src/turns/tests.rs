//! Laws of the turns: bounded, fair among tenants, never kept by the silent.

use std::future::pending;

use futures_util::FutureExt;
use tokio::time::Instant;

use super::*;

/// Turns of this lane as long as there are any at once.
fn take_all(lane: &Lane) -> Vec<Turn> {
    std::iter::from_fn(|| lane.turn().now_or_never()).collect()
}

#[test]
fn one_tenant_gets_its_share_and_all_together_what_there_is() {
    let turns = Arc::new(Turns::default());
    let lanes: Vec<Lane> = (0..TURNS).map(|_| turns.lane()).collect();
    let held: Vec<Vec<Turn>> = lanes.iter().map(take_all).collect();
    assert_eq!(held[0].len(), SHARE);
    assert_eq!(held.iter().map(Vec::len).sum::<usize>(), TURNS);
    drop(held);
    let queue = turns.lock();
    assert!(queue.free == TURNS && queue.lanes.is_empty() && queue.ring.is_empty(), "{queue:?}");
}

#[tokio::test]
async fn tenants_are_served_in_turn_whatever_the_length_of_their_lines() {
    let turns = Arc::new(Turns::default());
    let others: Vec<Lane> = (0..TURNS / SHARE).map(|_| turns.lane()).collect();
    let mut held: Vec<Turn> = others.iter().flat_map(take_all).collect();
    let (crowd, single) = (turns.lane(), turns.lane());
    let served = Arc::new(Mutex::new(Vec::new()));
    let wait = |lane: &Lane, name: &'static str| {
        let (lane, served) = (lane.clone(), Arc::clone(&served));
        tokio::spawn(async move {
            let turn = lane.turn().await;
            served.lock().expect("lock").push(name);
            drop(turn);
        })
    };
    let mut tasks: Vec<_> = (0..50).map(|_| wait(&crowd, "crowd")).collect();
    tokio::task::yield_now().await;
    tasks.extend((0..3).map(|_| wait(&single, "single")));
    tokio::task::yield_now().await;
    // One turn is all that goes round.
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
    let turns = Arc::new(Turns::default());
    for _ in 0..100 {
        let lane = turns.lane();
        tokio::spawn(async move { lane.turn().await.patiently(pending::<()>()).await });
    }
    tokio::task::yield_now().await;
    let start = Instant::now();
    let turn = turns.lane().turn().await;
    assert!(start.elapsed() <= 5 * PATIENCE, "{:?}", start.elapsed());
    drop(turn);
}

#[tokio::test]
async fn who_goes_away_leaves_no_gap() {
    let turns = Arc::new(Turns::default());
    let lanes: Vec<Lane> = (0..TURNS / SHARE).map(|_| turns.lane()).collect();
    let held: Vec<Turn> = lanes.iter().flat_map(take_all).collect();
    let lane = turns.lane();
    // Some go while they wait, some when their turn has come already.
    let mut early = Box::pin(lane.turn());
    assert!((&mut early).now_or_never().is_none());
    let mut served = Box::pin(lane.turn());
    assert!((&mut served).now_or_never().is_none());
    drop(early);
    drop(held);
    drop(served);
    assert_eq!(take_all(&lane).len(), SHARE);
    assert_eq!(turns.lock().free, TURNS);
}
