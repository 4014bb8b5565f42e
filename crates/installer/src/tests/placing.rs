use std::fs;
use std::os::unix::fs::MetadataExt;

use super::{Host, components, look, mode, perform, program, set_mode, spec};
use crate::plan::{self, Manners, Step};

const HOME: &str = "elastic-agent-9.5.2-1a2b3c";

#[test]
fn program_and_spec_file_are_put_in_place_once() {
    let host = Host::new();
    let top = host.agent("Agent", &[HOME]);
    let agent = look(&top);
    let steps = plan::install(&agent, &host.wanted(), &Manners::default()).expect("a plan");
    // The other way round the agent would find a spec file without its program, and not start.
    let written = steps.iter().map(|step| match step {
        Step::Write { to, .. } => to.clone(),
        other => panic!("{other}"),
    });
    assert_eq!(written.collect::<Vec<_>>(), [program(&top, HOME), spec(&top, HOME)]);
    assert!(!program(&top, HOME).exists(), "a plan does nothing");
    perform(&steps);
    assert_eq!(fs::read(program(&top, HOME)).expect("the program"), b"this program");
    assert_eq!(fs::read_to_string(spec(&top, HOME)).expect("the spec file"), options::SPEC);
    assert_eq!((mode(&program(&top, HOME)), mode(&spec(&top, HOME))), (0o750, 0o640));
    let owner = |path: &std::path::Path| path.metadata().map(|about| (about.uid(), about.gid())).expect("a file");
    assert_eq!(owner(&program(&top, HOME)), owner(&components(&top, HOME)));
    let names = fs::read_dir(components(&top, HOME)).expect("a folder").count();
    assert_eq!(names, 2, "nothing is left beside them");
    assert_eq!(host.install(&agent, &Manners::default()), 0, "a second time there is nothing to do");
}

#[test]
fn the_owner_is_the_agents() {
    let host = Host::new();
    let top = host.agent("Agent", &[HOME]);
    let folder = components(&top, HOME);
    // Only root can give a folder away.
    if std::os::unix::fs::chown(&folder, Some(12_345), Some(23_456)).is_err() {
        use std::io::Write;
        let _ = std::io::stderr().write_all(b"left out: owners need root\n");
        return;
    }
    host.install(&look(&top), &Manners::default());
    for path in [program(&top, HOME), spec(&top, HOME)] {
        let about = path.metadata().expect("a file");
        assert_eq!((about.uid(), about.gid()), (12_345, 23_456), "{}", path.display());
    }
}

#[test]
fn wrong_rights_and_other_builds_are_mended() {
    let host = Host::new();
    let top = host.agent("Agent", &[HOME]);
    let agent = look(&top);
    host.install(&agent, &Manners::default());
    for wrong in [0o640, 0o777, 0o770] {
        set_mode(&program(&top, HOME), wrong);
        assert_eq!(host.install(&agent, &Manners::default()), 1);
        assert_eq!(mode(&program(&top, HOME)), 0o750);
    }
    for other in [&b"other"[..], b"This program", b""] {
        fs::write(program(&top, HOME), other).expect("a file");
        assert_eq!(host.install(&agent, &Manners::default()), 1);
        assert_eq!(fs::read(program(&top, HOME)).expect("the program"), b"this program");
    }
    fs::write(spec(&top, HOME), "version: 1\n").expect("a file");
    assert_eq!(host.install(&agent, &Manners::default()), 1);
    assert_eq!(fs::read_to_string(spec(&top, HOME)).expect("the spec file"), options::SPEC);
}

#[test]
fn every_version_gets_the_component() {
    let host = Host::new();
    let homes = ["elastic-agent-9.5.2-bbbbbb", "elastic-agent-9.5.3-aaaaaa"];
    let top = host.agent("Agent", &homes);
    assert_eq!(host.install(&look(&top), &Manners::default()), 4);
    assert!(homes.iter().all(|home| program(&top, home).is_file() && spec(&top, home).is_file()));
}

#[test]
fn an_agent_is_restarted_only_where_its_version_changed() {
    let host = Host::new();
    let homes = ["elastic-agent-9.5.2-bbbbbb", "elastic-agent-9.5.3-aaaaaa"];
    let top = host.agent("Agent", &homes);
    let manners = Manners { restart: true, watch: None };
    // The stand-in notes what it is asked.
    let calls = || fs::read_to_string(top.join("calls")).unwrap_or_default();
    assert_eq!(host.install(&look(&top), &manners), 5);
    assert_eq!(calls(), "restart\n");
    assert_eq!(host.install(&look(&top), &manners), 0);
    fs::remove_file(program(&top, homes[0])).expect("the program");
    assert_eq!(host.install(&look(&top), &manners), 1, "the former version is not running");
    assert_eq!(calls(), "restart\n");
    fs::remove_file(spec(&top, homes[1])).expect("the spec file");
    assert_eq!(host.install(&look(&top), &manners), 2);
    assert_eq!(calls(), "restart\nrestart\n");
}

#[test]
fn a_restart_that_fails_is_told() {
    let host = Host::new();
    let top = host.agent("Agent", &[HOME]);
    fs::write(top.join("elastic-agent"), "#!/bin/sh\necho 'not running' >&2\nexit 3\n").expect("a file");
    let manners = Manners { restart: true, watch: None };
    let steps = plan::install(&look(&top), &host.wanted(), &manners).expect("a plan");
    let outcomes: Vec<_> = steps.iter().map(crate::perform::step).collect();
    let [Ok(()), Ok(()), Err(error)] = &outcomes[..] else { panic!("{outcomes:?}") };
    let said = error.to_string();
    assert!(said.contains("restart` failed") && said.contains("not running"), "{said}");
}

#[test]
fn removal_goes_the_other_way_round() {
    let host = Host::new();
    let top = host.agent("Agent", &[HOME]);
    let agent = look(&top);
    let manners = Manners { restart: true, watch: None };
    host.install(&agent, &Manners::default());
    let steps = plan::remove(&agent, &host.wanted(), &manners).expect("a plan");
    let [Step::Remove(first), Step::Remove(second), Step::Run { arguments, .. }] = &steps[..] else {
        panic!("{steps:?}")
    };
    assert_eq!((first, second), (&spec(&top, HOME), &program(&top, HOME)));
    assert_eq!(arguments, &["restart"]);
    perform(&steps);
    assert_eq!(fs::read_dir(components(&top, HOME)).expect("a folder").count(), 0);
    assert!(plan::remove(&agent, &host.wanted(), &manners).expect("a plan").is_empty());
}

/// What was interrupted is taken up by the next run.
#[test]
fn a_half_written_file_is_no_obstacle() {
    let host = Host::new();
    let top = host.agent("Agent", &[HOME]);
    fs::write(components(&top, HOME).join(".m365-fetcher.new"), b"half").expect("a file");
    host.install(&look(&top), &Manners::default());
    assert_eq!(fs::read(program(&top, HOME)).expect("the program"), b"this program");
    assert!(!components(&top, HOME).join(".m365-fetcher.new").exists());
}
