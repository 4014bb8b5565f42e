use std::fs;
use std::path::Path;

use super::{Host, look, mode, program, spec};
use crate::plan::{self, Manners, Step};
use crate::systemd::Watch;

const HOME: &str = "elastic-agent-9.5.2-1a2b3c";

fn watch(host: &Host) -> Watch {
    let watch = Watch { units: host.path("units"), library: host.path("lib/m365-fetcher") };
    fs::create_dir_all(&watch.units).expect("a folder");
    watch
}

/// All but the commands, which belong to systemd.
fn perform(steps: &[Step]) -> Vec<String> {
    let is_command = |step: &&Step| matches!(step, Step::Run { .. });
    steps.iter().filter(|step| !is_command(step)).for_each(|step| crate::perform::step(step).expect("done"));
    let line = |step: &Step| match step {
        Step::Run { program, arguments, .. } => format!("{} {}", program.display(), arguments.join(" ")),
        other => panic!("{other}"),
    };
    steps.iter().filter(is_command).map(line).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn a_path_unit_puts_the_component_back() {
    let host = Host::new();
    let top = host.agent("Agent 100%", &[HOME]);
    let watch = watch(&host);
    let manners = Manners { restart: false, watch: Some(watch.clone()) };
    let agent = look(&top);
    let commands = perform(&plan::install(&agent, &host.wanted(), &manners).expect("a plan"));
    let [path, service] = watch.units_of(&agent);
    let unit = path.file_name().expect("a name").to_str().expect("ASCII").to_owned();
    assert!(unit.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)), "{unit}");
    assert_eq!(commands, ["systemctl daemon-reload".to_owned(), format!("systemctl enable --now {unit}")]);
    let whole = top.display().to_string().replace('%', "%%");
    assert!(read(&path).contains(&format!("PathChanged={whole}/data\n")), "{}", read(&path));
    assert!(read(&path).contains(&format!("Unit={}\n", service.file_name().expect("a name").to_str().expect("ASCII"))));
    let library = host.path("lib/m365-fetcher/m365-fetcher");
    let line =
        format!("ExecStart=\"{}\" agent install --agent \"{whole}\" --restart --no-systemd\n", library.display());
    assert!(read(&service).contains(&line), "{}", read(&service));
    assert_eq!((mode(&path), mode(&library)), (0o644, 0o755));
    assert_eq!(fs::read(&library).expect("the program"), b"this program");
    assert!(plan::install(&agent, &host.wanted(), &manners).expect("a plan").is_empty());
}

/// What an upgrade does: a new home, without our files, and the link leads there.
#[test]
fn after_an_upgrade_the_new_home_gets_it() {
    let host = Host::new();
    let top = host.agent("Agent", &[HOME]);
    let manners = Manners { restart: true, watch: None };
    host.install(&look(&top), &manners);
    let new = "elastic-agent-9.6.0-4d5e6f";
    fs::remove_file(top.join("elastic-agent")).expect("the link");
    host.agent("Agent", &[new]);
    assert_eq!(host.install(&look(&top), &manners), 3);
    assert!(program(&top, new).is_file() && spec(&top, new).is_file());
    assert_eq!(read(&top.join("calls")), "restart\nrestart\n");
}

#[test]
fn the_program_of_the_units_stays_as_long_as_an_agent_needs_it() {
    let host = Host::new();
    let (one, two) = (look(&host.agent("one", &[HOME])), look(&host.agent("two", &[HOME])));
    let watch = watch(&host);
    let manners = Manners { restart: false, watch: Some(watch.clone()) };
    for agent in [&one, &two] {
        perform(&plan::install(agent, &host.wanted(), &manners).expect("a plan"));
    }
    let library = host.path("lib/m365-fetcher/m365-fetcher");
    let steps = plan::remove(&one, &host.wanted(), &manners).expect("a plan");
    let commands = perform(&steps);
    assert!(matches!(&steps[0], Step::Run { arguments, .. } if arguments[0] == "disable"), "{}", steps[0]);
    assert_eq!(commands.len(), 2);
    assert!(
        !watch.units_of(&one).iter().any(|unit| unit.exists()) && watch.units_of(&two).iter().all(|it| it.exists())
    );
    assert!(library.is_file());
    perform(&plan::remove(&two, &host.wanted(), &manners).expect("a plan"));
    assert!(!library.exists());
    assert!(plan::remove(&two, &host.wanted(), &manners).expect("a plan").is_empty());
}

#[test]
fn the_program_of_the_units_installs_without_copying_itself() {
    let host = Host::new();
    let top = host.agent("Agent", &[HOME]);
    let watch = watch(&host);
    let manners = Manners { restart: false, watch: Some(watch.clone()) };
    perform(&plan::install(&look(&top), &host.wanted(), &manners).expect("a plan"));
    let of_units = crate::component::Wanted::of(host.path("lib/m365-fetcher/m365-fetcher"));
    assert!(plan::install(&look(&top), &of_units, &manners).expect("a plan").is_empty());
}
