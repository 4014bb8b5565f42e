//! The package's changelog.

use serde_json::{Value, json};

/// Version, and its changes with their kinds; newest first.
type Release = (&'static str, &'static [(&'static str, &'static str)]);

const RELEASES: &[Release] = &[("0.1.0", &[("enhancement", "First version.")])];

/// Address at which changes are discussed.
const LINK: &str = "https://github.com/m365-security/m365-security/pull/1";

/// The changelog of the package.
pub(crate) fn entries() -> Value {
    let change = |(kind, text): &(&str, &str)| json!({ "description": text, "type": kind, "link": LINK });
    RELEASES
        .iter()
        .map(|(version, changes)| json!({ "version": version, "changes": changes.iter().map(change).collect::<Vec<_>>() }))
        .collect()
}
