//! One HTTP client and one crypto provider, whatever a dependency would like to bring along.

use std::fs;

/// Names of all packages in `Cargo.lock`, one per locked version.
fn locked() -> Vec<String> {
    let lock = fs::read_to_string(it::repository().join("Cargo.lock")).unwrap();
    let name = |line: &str| Some(line.strip_prefix("name = \"")?.strip_suffix('"')?.to_owned());
    lock.lines().filter_map(name).collect()
}

/// The locked ones among `names`.
fn among(names: &[&str]) -> Vec<String> {
    locked().into_iter().filter(|name| names.contains(&name.as_str())).collect()
}

#[test]
fn exactly_one_http_client() {
    assert_eq!(among(&["reqwest", "ureq", "isahc", "surf", "curl", "awc"]), ["reqwest"]);
}

#[test]
fn exactly_one_crypto_provider() {
    let providers = ["ring", "aws-lc-rs", "aws-lc-sys", "openssl", "openssl-sys", "native-tls", "boring", "boring-sys"];
    assert_eq!(among(&providers), ["ring"], "features of a new dependency bring a second TLS or crypto library");
    assert_eq!(among(&["rustls"]), ["rustls"]);
}

#[test]
fn every_package_comes_from_crates_io() {
    let lock = fs::read_to_string(it::repository().join("Cargo.lock")).unwrap();
    let sources = lock.lines().filter(|line| line.starts_with("source = "));
    let foreign: Vec<&str> = sources.filter(|line| !line.contains("github.com/rust-lang/crates.io-index")).collect();
    assert_eq!(foreign, [""; 0]);
}
