//! The contract that every kind of collection keeps: whatever happens on the way, every version of every record arrives,
//! once as far as ids tell, and a trouble that ends is overcome. A kind is plugged in with one line of [`contract!`].

mod world;

pub(super) use self::world::{Answer, Run, Subject, Trouble, World};

/// The tests of one kind; the expression makes its [`Subject`].
macro_rules! contract {
    ($name:ident: $subject:expr) => {
        mod $name {
            use super::*;
            use crate::flow::kinds::contract;

            #[test]
            fn everything_arrives_once() {
                contract::everything_arrives_once(&$subject);
            }

            #[test]
            fn a_restart_at_any_point_loses_nothing() {
                contract::a_restart_at_any_point_loses_nothing(&$subject);
            }

            #[test]
            fn killed_at_any_point_it_begins_again() {
                contract::killed_at_any_point_it_begins_again(&$subject);
            }

            #[test]
            fn records_that_come_twice_are_harmless() {
                contract::records_that_come_twice_are_harmless(&$subject);
            }

            #[test]
            fn records_that_appear_late_arrive() {
                contract::records_that_appear_late_arrive(&$subject);
            }

            #[test]
            fn answers_that_break_off_are_read_to_their_end() {
                contract::answers_that_break_off_are_read_to_their_end(&$subject);
            }

            #[test]
            fn throttling_is_waited_for_and_not_for_ever() {
                contract::throttling_is_waited_for_and_not_for_ever(&$subject);
            }

            #[test]
            fn what_expires_is_asked_for_anew() {
                contract::what_expires_is_asked_for_anew(&$subject);
            }

            #[test]
            fn a_service_that_is_down_ends_the_cycle_and_costs_nothing() {
                contract::a_service_that_is_down_ends_the_cycle_and_costs_nothing(&$subject);
            }
        }
    };
}
pub(super) use contract;

use common::error::Error;

/// Records of the world at first.
const RECORDS: u64 = 130;

pub(super) fn everything_arrives_once<S: Subject>(subject: &S) {
    let mut world = World::new(RECORDS);
    let mut run = Run::new(subject);
    run.cycle(&mut world, &mut |_| None).expect("first cycle");
    run.check(&world);
    // What changes is a new version; what does not is not read anew beyond the overlap.
    let requests = world.requests;
    world.change(7);
    world.add();
    run.cycle(&mut world, &mut |_| None).expect("second cycle");
    run.check(&world);
    assert!(world.requests - requests < requests, "{} requests after {requests}", world.requests - requests);
}

pub(super) fn a_restart_at_any_point_loses_nothing<S: Subject>(subject: &S) {
    let steps = steps(subject);
    for stop in 0..steps {
        let mut world = World::new(RECORDS);
        let mut run = Run::new(subject);
        run.stop_after = Some(stop);
        // What was read by then is acknowledged and committed.
        assert!(matches!(run.cycle(&mut world, &mut |_| None), Err(Error::Stopped)), "{stop} of {steps}");
        run.stop_after = None;
        world.change(7);
        run.cycle(&mut world, &mut |_| None).expect("cycle after the restart");
        run.check(&world);
    }
}

pub(super) fn killed_at_any_point_it_begins_again<S: Subject>(subject: &S) {
    let steps = steps(subject);
    for stop in 0..steps {
        let mut world = World::new(RECORDS);
        let mut run = Run::new(subject);
        run.stop_after = Some(stop);
        run.is_killed = true;
        assert!(matches!(run.cycle(&mut world, &mut |_| None), Err(Error::Stopped)), "{stop} of {steps}");
        (run.stop_after, run.is_killed) = (None, false);
        run.cycle(&mut world, &mut |_| None).expect("cycle after the crash");
        run.check(&world);
    }
}

pub(super) fn records_that_come_twice_are_harmless<S: Subject>(subject: &S) {
    let mut world = World::new(RECORDS);
    let mut run = Run::new(subject);
    run.cycle(&mut world, &mut |request| (request % 2 == 0).then_some(Trouble::Twice)).expect("cycle");
    run.check(&world);
}

pub(super) fn records_that_appear_late_arrive<S: Subject>(subject: &S) {
    let mut world = World::new(RECORDS);
    let late = world.hide_newest(3);
    let mut run = Run::new(subject);
    run.cycle(&mut world, &mut |_| None).expect("first cycle");
    run.check(&world);
    world.show(&late);
    run.cycle(&mut world, &mut |_| None).expect("second cycle");
    run.check(&world);
    assert_eq!(run.delivered(), RECORDS);
}

pub(super) fn answers_that_break_off_are_read_to_their_end<S: Subject>(subject: &S) {
    let steps = steps(subject);
    for broken in 1..=steps {
        let mut world = World::new(RECORDS);
        let mut run = Run::new(subject);
        run.cycle(&mut world, &mut |request| (request == broken).then_some(Trouble::BreaksOff)).expect("cycle");
        run.check(&world);
    }
    // Where answers break off again and again, a cycle may not come to its end; what it has read stays, and no more than
    // that is read by the next one.
    for every in 2..5 {
        let mut world = World::new(RECORDS);
        let mut run = Run::new(subject);
        let ended = run.cycle(&mut world, &mut |request| (request % every == 0).then_some(Trouble::BreaksOff));
        assert!(ended.as_ref().err().is_none_or(Error::is_temporary), "{ended:?}");
        run.cycle(&mut world, &mut |_| None).expect("cycle afterwards");
        run.check(&world);
    }
}

pub(super) fn throttling_is_waited_for_and_not_for_ever<S: Subject>(subject: &S) {
    let mut world = World::new(RECORDS);
    let mut run = Run::new(subject);
    run.cycle(&mut world, &mut |request| (request % 3 == 1).then_some(Trouble::Throttled)).expect("cycle");
    run.check(&world);
    world.change(7);
    let requests = world.requests;
    let ended = run.cycle(&mut world, &mut |_| Some(Trouble::Throttled));
    assert!(matches!(ended, Err(Error::Throttled { .. })), "{ended:?}");
    assert!(world.requests - requests < 50, "{} requests", world.requests - requests);
    run.cycle(&mut world, &mut |_| None).expect("cycle afterwards");
    run.check(&world);
}

pub(super) fn what_expires_is_asked_for_anew<S: Subject>(subject: &S) {
    for first in 1..8 {
        for times in 1..3 {
            let mut world = World::new(RECORDS);
            let mut run = Run::new(subject);
            let is_expired = |request: u64| (first..first + times).contains(&request);
            run.cycle(&mut world, &mut |request| is_expired(request).then_some(Trouble::Expires)).expect("cycle");
            run.check(&world);
        }
    }
}

pub(super) fn a_service_that_is_down_ends_the_cycle_and_costs_nothing<S: Subject>(subject: &S) {
    let mut world = World::new(RECORDS);
    let mut run = Run::new(subject);
    for from in [0, 2, 5] {
        let before = world.requests;
        let ended = run.cycle(&mut world, &mut |request| (request >= before + from).then_some(Trouble::Down));
        assert!(matches!(ended, Err(Error::Transient(_))), "{ended:?}");
        assert!(world.requests - before < 100, "{} requests", world.requests - before);
        world.change(from + 1);
    }
    run.cycle(&mut world, &mut |_| None).expect("cycle afterwards");
    run.check(&world);
}

/// Steps of an undisturbed first cycle.
fn steps<S: Subject>(subject: &S) -> u64 {
    let mut world = World::new(RECORDS);
    let mut run = Run::new(subject);
    run.cycle(&mut world, &mut |_| None).expect("cycle");
    assert!(run.steps > 5, "a cycle of {} steps tries little", run.steps);
    run.steps
}
