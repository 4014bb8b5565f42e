//! Streams: what a data stream adds to an input.

use schema::{Dataset, Source};
use serde_json::{Value, json};

use super::input::Input;
use super::variable::{Preset, TEXT, Variable};
use crate::names;

const TAGS: Variable = Variable {
    name: "tags",
    title: "Tags",
    description: "Tags of the documents.",
    default: Preset::List(&["forwarded"]),
    shown: false,
    multi: true,
    ..TEXT
};

const PRESERVE: Variable = Variable {
    name: "preserve_original_event",
    kind: "bool",
    title: "Preserve original event",
    description: "Keeps the row as Microsoft sent it in event.original.",
    default: Preset::Flag(false),
    ..TEXT
};

const PROCESSORS: Variable = Variable {
    name: "processors",
    kind: "yaml",
    title: "Processors",
    description: "Processors of the agent, run before the documents are sent.",
    shown: false,
    ..TEXT
};

/// The stream of a data stream's manifest.
pub(crate) fn manifest(input: &Input, dataset: &Dataset) -> Value {
    let title = dataset.definition.title;
    json!({
        "input": input.name,
        "title": title,
        "description": format!("Collect {title} with {}.", input.name),
        "template_path": format!("{}.yml.hbs", input.name),
        "enabled": input.enabled,
        "vars": variables(input, dataset),
    })
}

/// Text of the stream's template.
pub(crate) fn template(input: &Input, dataset: &Dataset) -> String {
    let source = dataset.definition.source;
    let Source { api, path, .. } = source;
    // The package's own input reads lists only; `input::of` offers it for nothing else.
    let (cursor, page_size, is_ordered) =
        source.list().map(|list| (list.record.changed, list.page_size, list.is_ordered())).unwrap_or_default();
    let order = if is_ordered { format!("        \"$orderby\": [\"{cursor} asc\"],\n") } else { String::new() };
    let text = input
        .template
        .replace("@NAME@", dataset.definition.name)
        .replace("@API@", api.word())
        .replace("@PATH@", path)
        .replace("@CURSOR@", cursor)
        .replace("@ORDER@", &order)
        .replace("@TOP@", &page_size.to_string());
    format!("# {}\n{text}", names::MARKER)
}

fn variables(input: &Input, dataset: &Dataset) -> Value {
    let source = dataset.definition.source;
    let paths = format!("/var/lib/m365-fetcher/output/{}-*.ndjson", names::template(dataset));
    let polled = [
        time("interval", "Interval", "Time between polls, as 30s or 5m.", &duration(source.interval)),
        time("lookback", "Lookback", "How far the first poll goes back.", &format!("{}h", source.lookback)),
    ];
    let files = json!({
        "name": "paths",
        "type": "text",
        "title": "Paths",
        "description": "Files of this dataset in the output folder of m365-fetcher.",
        "multi": true,
        "required": true,
        "show_user": true,
        "default": [paths],
    });
    let common = [&TAGS, &PROCESSORS].map(Variable::manifest);
    if input.name == "filestream" {
        return [files].into_iter().chain(common).collect();
    }
    polled.into_iter().chain([PRESERVE.manifest()]).chain(common).collect()
}

fn time(name: &str, title: &str, description: &str, default: &str) -> Value {
    json!({
        "name": name,
        "type": "text",
        "title": title,
        "description": description,
        "multi": false,
        "required": true,
        "show_user": true,
        "default": default,
    })
}

fn duration(seconds: u32) -> String {
    if seconds.is_multiple_of(60) { format!("{}m", seconds / 60) } else { format!("{seconds}s") }
}
