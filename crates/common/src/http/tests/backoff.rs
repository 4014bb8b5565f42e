//! Laws of the pauses: they double up to their bound, spread by chance, and repeat with the seed.

use std::time::Duration;

use super::super::Backoff;

const FIRST: Duration = Duration::from_secs(1);
const MAX: Duration = Duration::from_secs(8);

#[test]
fn pauses_double_up_to_their_bound_and_begin_again_after_a_success() {
    let mut backoff = Backoff::endless(FIRST, MAX);
    for whole in [1, 2, 4, 8, 8, 8] {
        let pause = backoff.pause(None);
        let whole = Duration::from_secs(whole);
        assert!(pause >= whole / 2 && pause < whole, "{pause:?} of {whole:?}");
    }
    assert_eq!(backoff.pause(Some(Duration::from_secs(33))), Duration::from_secs(33));
    backoff.reset();
    assert!(backoff.pause(None) < FIRST);
}

#[test]
fn attempts_end_where_they_are_counted() {
    let mut backoff = Backoff::new(FIRST, MAX, 2);
    assert!(backoff.next(None).is_some() && backoff.next(None).is_some());
    assert_eq!(backoff.next(Some(FIRST)), None);
}

#[test]
fn the_same_seed_draws_the_same_pauses() {
    let drawn = |seed| {
        fastrand::seed(seed);
        let mut backoff = Backoff::endless(FIRST, MAX);
        (0..10).map(|_| backoff.pause(None)).collect::<Vec<_>>()
    };
    assert_eq!(drawn(7), drawn(7));
    assert_ne!(drawn(7), drawn(8));
}
