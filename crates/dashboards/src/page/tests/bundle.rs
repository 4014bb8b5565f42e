//! The committed bundle: safe to stand in a page, and made from the sources beside it.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::page::{DIGEST, NOTICES, SCRIPT, STYLE};

#[test]
fn the_bundle_cannot_end_its_element() {
    // After `<!--` a browser reads `<script` and its end differently.
    for sign in ["</script", "<!--", "<script"] {
        assert!(!SCRIPT.to_lowercase().contains(sign), "the script has `{sign}`");
    }
    assert!(!STYLE.to_lowercase().contains("</style"));
    assert!(!NOTICES.to_lowercase().contains("</script") && !NOTICES.contains("<!--"));
}

#[test]
fn the_digest_is_the_scripts() {
    use base64::Engine as _;
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(SCRIPT.as_bytes());
    assert_eq!(DIGEST, base64::engine::general_purpose::STANDARD.encode(digest));
}

#[test]
fn notices_name_what_the_bundle_holds() {
    for name in ["echarts", "zrender", "topojson-client", "world-atlas", "tslib"] {
        let mut lines = NOTICES.lines();
        assert!(lines.any(|line| line.starts_with(&format!("{name} "))), "no notice of {name}");
    }
    assert!(!NOTICES.contains("Elastic License"), "Elastic's chart libraries must not ship");
}

/// Needs Node and the pinned packages (`npm ci` in `page/`): says so where they are not there.
#[test]
fn the_bundle_is_fresh() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("page");
    let say = |line: &str| writeln!(std::io::stderr(), "{line}").unwrap();
    if !folder.join("node_modules/esbuild").is_dir() {
        say("left out: whether the page's bundle is fresh (run `npm ci` in crates/dashboards/page)");
        return;
    }
    let check = Command::new("node").args(["tools/build.mjs", "--check"]).current_dir(&folder).output();
    let Ok(check) = check else {
        say("left out: whether the page's bundle is fresh (Node is not here)");
        return;
    };
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}
