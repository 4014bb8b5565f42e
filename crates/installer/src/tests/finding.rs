use std::fs;

use super::Host;
use crate::agent::{self, Version};

#[test]
fn versions_are_read_from_the_names_of_folders() {
    let version = Version::of_folder;
    assert_eq!(version("elastic-agent-9.5.2-1a2b3c"), Some(Version(9, 5, 2)));
    assert_eq!(version("elastic-agent-9.6.0-SNAPSHOT-1a2b3c"), Some(Version(9, 6, 0)));
    assert_eq!(version("elastic-agent-1a2b3c"), None);
    assert_eq!(version("9.5.2"), None);
    assert_eq!(version("elastic-agent-9.5"), None);
    assert!(Version(8, 9, 9) < Version(8, 15, 0) && Version(8, 15, 0) < Version(9, 0, 0));
}

#[test]
fn a_host_without_an_agent_says_where_was_looked() {
    let host = Host::new();
    let said = agent::find(&[host.path("Agent"), host.path("other")]).expect_err("none").to_string();
    assert!(said.contains(&host.path("Agent").display().to_string()) && said.contains("--agent"), "{said}");
    fs::create_dir_all(host.path("half/data/elastic-agent-9.5.2-1a2b3c")).expect("folders");
    let said = agent::named(&host.path("half")).expect_err("no components").to_string();
    assert!(said.contains("is no Elastic Agent"), "{said}");
}

#[cfg(unix)]
#[test]
fn an_agent_is_known_by_its_folder_a_home_or_components() {
    let host = Host::new();
    let top = host.agent("Agent", &["elastic-agent-9.5.2-1a2b3c"]);
    let home = top.join("data/elastic-agent-9.5.2-1a2b3c");
    for named in [top.clone(), home.clone(), home.join("components")] {
        let agent = agent::named(&named).expect("an agent");
        assert_eq!(agent.top, top, "{}", named.display());
        assert_eq!(agent.current().expect("a version in use").version, Some(Version(9, 5, 2)));
    }
}

#[cfg(unix)]
#[test]
fn the_link_tells_which_version_is_in_use() {
    let host = Host::new();
    let homes = ["elastic-agent-9.5.3-aaaaaa", "elastic-agent-9.5.2-bbbbbb"];
    let agent = agent::named(&host.agent("Agent", &homes)).expect("an agent");
    assert_eq!(agent.homes.len(), 2);
    assert_eq!(agent.current().expect("a version in use").version, Some(Version(9, 5, 2)));
    fs::remove_file(agent.top.join("elastic-agent")).expect("the link");
    assert_eq!(agent::named(&agent.top).expect("an agent").current(), None);
}

/// Packages and images have folders without a version; a link from one place to another is no second agent.
#[cfg(unix)]
#[test]
fn every_layout_is_found_once() {
    let host = Host::new();
    let archive = host.agent("opt/Agent", &["elastic-agent-9.5.2-1a2b3c"]);
    let package = host.agent("var/elastic-agent", &["elastic-agent-1a2b3c"]);
    let again = host.path("usr");
    std::os::unix::fs::symlink(&package, &again).expect("a link");
    let found = agent::find(&[archive.clone(), host.path("none"), package.clone(), again]).expect("agents");
    assert_eq!(found.iter().map(|agent| agent.top.clone()).collect::<Vec<_>>(), [archive, package]);
    assert_eq!(found[1].current().expect("the only one").version, None);
}
