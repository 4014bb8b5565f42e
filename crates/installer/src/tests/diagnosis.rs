#[cfg(unix)]
mod unix {
    use std::fs;

    use crate::diagnosis::{Severity, examine};
    use crate::plan::Manners;
    use crate::systemd::Watch;
    use crate::tests::{Host, components, look, program, set_mode, spec};

    const HOME: &str = "elastic-agent-9.5.2-1a2b3c";

    /// What is told of an agent that `change` did something to.
    fn told(change: impl FnOnce(&Host, &std::path::Path)) -> Vec<(Severity, String)> {
        let host = Host::new();
        let top = host.agent("Agent", &[HOME]);
        host.install(&look(&top), &Manners::default());
        change(&host, &top);
        let findings = examine(&look(&top), &host.wanted(), None).expect("findings");
        findings.into_iter().map(|finding| (finding.severity, finding.text)).collect()
    }

    #[track_caller]
    fn check(change: impl FnOnce(&Host, &std::path::Path), severity: Severity, text: &str) {
        let told = told(change);
        assert!(told.iter().any(|(how, what)| *how == severity && what.contains(text)), "{text}: {told:#?}");
    }

    #[test]
    fn an_agent_with_the_component_is_fine() {
        let told = told(|_, _| {});
        assert!(told.iter().all(|(severity, _)| *severity < Severity::Trouble), "{told:#?}");
        assert!(told.iter().any(|(how, what)| *how == Severity::Fine && what.contains("are in place")), "{told:#?}");
    }

    #[test]
    fn what_keeps_the_input_from_being_supported_is_told() {
        let remove = |path: std::path::PathBuf| fs::remove_file(path).expect("a file");
        check(|_, top| remove(spec(top, HOME)), Severity::Trouble, "its spec file is missing");
        check(|_, top| remove(program(top, HOME)), Severity::Trouble, "the agent does not start");
        let both = |top: &std::path::Path| [program(top, HOME), spec(top, HOME)].map(remove);
        check(
            |_, top| {
                both(top);
            },
            Severity::Trouble,
            "input not supported: neither the program nor its spec file",
        );
        for (mode, text) in [
            (0o640, "(0640, owner "),
            (0o640, "is not executable by its owner"),
            (0o770, "can be changed by its group or others"),
            (0o752, "can be changed by its group or others"),
        ] {
            check(|_, top| set_mode(&program(top, HOME), mode), Severity::Trouble, text);
        }
        let rival = "inputs:\n  - name: other\n    aliases: [m365_security]\n";
        let put =
            |top: &std::path::Path| fs::write(components(top, HOME).join("other.spec.yml"), rival).expect("a file");
        check(|_, top| put(top), Severity::Trouble, "other.spec.yml declares the input `m365_security` too");
    }

    #[test]
    fn a_program_for_another_processor_is_told() {
        let mut elf = b"\x7fELF".to_vec();
        elf.resize(18, 0);
        let other = if cfg!(target_arch = "aarch64") { 62 } else { 183 };
        elf.extend([other, 0]);
        let put = |top: &std::path::Path| fs::write(program(top, HOME), elf).expect("a file");
        check(|_, top| put(top), Severity::Trouble, "not supported on this platform");
    }

    #[test]
    fn what_may_surprise_later_is_noted() {
        let write = |top: &std::path::Path, name: &str, text: &str| fs::write(top.join(name), text).expect("a file");
        check(
            |_, top| write(top, ".flavor", "basic\n"),
            Severity::Note,
            "(flavor `basic`) leaves the component behind",
        );
        let deny = "capabilities:\n  - rule: deny\n    input: \"*\"\n";
        check(|_, top| write(top, "capabilities.yml", deny), Severity::Note, "forbids inputs or outputs");
        check(|_, top| fs::write(program(top, HOME), "x").expect("a file"), Severity::Note, "another build");
        check(
            |_, top| fs::write(spec(top, HOME), "x").expect("a file"),
            Severity::Note,
            "is not the one of this program",
        );
        let two = |host: &Host, top: &std::path::Path| {
            fs::remove_file(top.join("elastic-agent")).expect("the link");
            host.agent("Agent", &["elastic-agent-8.14.3-4d5e6f"]);
        };
        check(two, Severity::Note, "elastic-agent-8.14.3-4d5e6f is in use, and 1 other versions are there");
        check(two, Severity::Note, "version 8.14.3 is older than 8.15.0");
        check(two, Severity::Trouble, "elastic-agent-8.14.3-4d5e6f: input not supported");
    }

    #[test]
    fn an_upgrade_is_prepared_or_not() {
        let host = Host::new();
        let agent = look(&host.agent("Agent", &[HOME]));
        let watch = Watch { units: host.path("units"), library: host.path("lib") };
        fs::create_dir_all(&watch.units).expect("a folder");
        let last = |watch| examine(&agent, &host.wanted(), watch).expect("findings").pop().expect("a finding");
        assert!(last(None).text.contains("there is no systemd"));
        assert_eq!(last(Some(&watch)).severity, Severity::Note);
        for unit in watch.units_of(&agent) {
            fs::write(unit, "").expect("a file");
        }
        assert_eq!(last(Some(&watch)).severity, Severity::Fine);
    }
}
