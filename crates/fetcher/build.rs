//! Tells the program which commit it was built from. The date is the commit's, or `SOURCE_DATE_EPOCH`, so that the same
//! sources give the same program.

// A build script is told by its environment.
#![allow(clippy::disallowed_methods)]

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let commit = commit(&root);
    let date = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|seconds| day(seconds.trim().parse().ok()?));
    let date = date.or_else(|| commit.as_ref().and_then(|_| git(&root, &["show", "-s", "--format=%cs", "HEAD"])));
    let commit = commit.unwrap_or_else(|| "unknown".to_owned());
    println!("cargo:rustc-env=M365_COMMIT={commit}");
    println!("cargo:rustc-env=M365_COMMIT_DATE={}", date.unwrap_or_else(|| "unknown".to_owned()));
}

/// The commit of the checkout; `None` outside of one, also in somebody else's.
fn commit(root: &Path) -> Option<String> {
    let top = git(root, &["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != root.canonicalize().ok()? {
        return None;
    }
    // A commit changes one of them; what does not exist would run this script at every build.
    let mut watched = vec!["HEAD".to_owned(), "packed-refs".to_owned()];
    watched.extend(git(root, &["symbolic-ref", "-q", "HEAD"]));
    for name in watched {
        let path = git(root, &["rev-parse", "--git-path", &name]).map(|path| root.join(path));
        if let Some(path) = path.filter(|path| path.exists()) {
            println!("cargo:rerun-if-changed={}", path.display());
        }
    }
    git(root, &["rev-parse", "--short=12", "HEAD"])
}

fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}

/// The day of a Unix time in UTC, `2026-03-01`: years begin in March here, so that the leap day is their last.
fn day(seconds: i64) -> Option<String> {
    let days = seconds.checked_div_euclid(86_400)?.checked_add(719_468)?;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    Some(format!("{:04}-{month:02}-{day:02}", year + era * 400 + next))
}
