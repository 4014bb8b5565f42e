//! Any text as a configuration: what the fuzz target and its regressions check.

#[cfg(test)]
mod tests;

use super::parse;

/// The value of every variable of the environment.
const CANARY: &str = "C4nary-of-the-environment";

/// Parses `text`.
///
/// # Panics
/// When an error names no place in the file, or shows what a variable of the environment holds.
pub fn check(text: &str) {
    if text.contains(CANARY) {
        // A fuzzer finds the word; written in the file it is no secret of the environment.
        return;
    }
    match parse("m365.yml", text, &|_| Some(CANARY.to_owned())) {
        // Ids and paths may come from the environment, and are no secrets.
        Ok(config) => assert!(!config.tenants.is_empty()),
        Err(error) => {
            let said = error.to_string();
            assert!(said.starts_with("m365.yml"), "{said}");
            assert!(!said.contains(CANARY), "{said}");
        }
    }
}
