//! Templates of the component's input and streams, made from its options: what the form leaves empty is left out.
//!
//! They know the helpers of Fleet alone. A text is quoted, because a line may look like a number or hold a colon.

use std::fmt::Write;

use options::{INPUT_OPTIONS, InputOption, Kind, PACKAGE_OPTIONS, RUNTIME};

use crate::names;

/// Template of the input: one tenant.
pub(crate) fn input() -> String {
    let (key, process) = RUNTIME;
    let mut out = format!("# {}\n{key}: {process}\n", names::MARKER);
    PACKAGE_OPTIONS.iter().chain(INPUT_OPTIONS).for_each(|option| add(option, &mut out));
    out
}

/// Template of a stream with these options: one dataset, which its `data_stream.dataset` names.
pub(crate) fn stream<'a>(options: impl IntoIterator<Item = &'a InputOption>) -> String {
    let mut out = format!("# {}\n", names::MARKER);
    for option in options {
        add(option, &mut out);
    }
    out
}

fn add(option: &InputOption, out: &mut String) {
    let name = option.name;
    let value = match option.kind {
        Kind::Text | Kind::Choice(_) => format!("{name}: {{{{escape_string {name}}}}}"),
        // Always there, so that Fleet never reads an empty template.
        Kind::Flag => {
            // Writing to a text cannot fail.
            let _ = writeln!(out, "{name}: {{{{#if {name}}}}}true{{{{else}}}}false{{{{/if}}}}");
            return;
        }
        Kind::List => format!("{name}:\n{{{{#each {name} as |item|}}}}\n  - {{{{escape_string item}}}}\n{{{{/each}}}}"),
        Kind::Yaml => format!("{name}:\n{{{{{name}}}}}"),
    };
    let _ = writeln!(out, "{{{{#if {name}}}}}\n{value}\n{{{{/if}}}}");
}
