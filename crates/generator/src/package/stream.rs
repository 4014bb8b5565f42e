//! Streams: what a data stream adds to an input.

use options::{FormDefault, InputOption, STREAM_OPTIONS};
use schema::{Dataset, Source};
use serde_json::{Value, json};

use super::input::{Form, Input};
use super::policy_template;
use super::variable::{TEXT, Variable};
use crate::names;

/// Of an input of Elastic's, which knows all processors of the agent.
const PROCESSORS: Variable = Variable {
    name: "processors",
    kind: "yaml",
    title: "Processors",
    description: "Processors of the agent, run before the documents are sent.",
    shown: false,
    ..TEXT
};

/// Options of the stream of the collector's own reports.
const REPORTS: [&str; 2] = ["tags", "processors"];

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

/// The stream of the collector's own reports, which the component writes.
pub(crate) fn of_reports() -> Value {
    let options = STREAM_OPTIONS.iter().filter(|option| REPORTS.contains(&option.name));
    json!({
        "input": options::INPUT,
        "title": schema::health::TITLE,
        "description": schema::health::DESCRIPTION,
        "template_path": format!("{}.yml.hbs", options::INPUT),
        "enabled": true,
        "vars": options.map(|option| Variable::of(option).manifest()).collect::<Vec<_>>(),
    })
}

/// Text of its template.
pub(crate) fn template_of_reports() -> String {
    let options = STREAM_OPTIONS.iter().filter(|option| REPORTS.contains(&option.name));
    // Fleet does not read a template that becomes empty.
    format!("{}dataset: {}\n", policy_template::stream(options), schema::health::NAME)
}

/// Text of the stream's template.
pub(crate) fn template(input: &Input, dataset: &Dataset) -> String {
    let Form::Own(_, template) = input.form else { return policy_template::stream(STREAM_OPTIONS) };
    let source = dataset.definition.source;
    let Source { api, path, .. } = source;
    // The package's own input reads lists only; `input::of` offers it for nothing else.
    let (cursor, page_size, is_ordered) =
        source.list().map(|list| (list.record.changed, list.page_size, list.is_ordered())).unwrap_or_default();
    let order = if is_ordered { format!("        \"$orderby\": [\"{cursor} asc\"],\n") } else { String::new() };
    let text = template
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
    let option = |option: &InputOption| {
        let mut variable = Variable::of(option).manifest();
        match option.default {
            FormDefault::Interval => variable["default"] = duration(source.interval).into(),
            FormDefault::Lookback => variable["default"] = format!("{}h", source.lookback).into(),
            _ => {}
        }
        variable
    };
    let named = |names: &[&str]| -> Vec<Value> {
        STREAM_OPTIONS.iter().filter(|known| names.contains(&known.name)).map(option).collect()
    };
    let processors = || std::iter::once(PROCESSORS.manifest());
    match input.name {
        options::INPUT => STREAM_OPTIONS.iter().map(option).collect(),
        "filestream" => {
            let paths = format!("/var/lib/m365-fetcher/output/{}-*.ndjson", names::template(dataset));
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
            [files].into_iter().chain(named(&["tags"])).chain(processors()).collect()
        }
        _ => named(&["interval", "lookback", "preserve_original_event", "tags"])
            .into_iter()
            .chain(processors())
            .collect(),
    }
}

fn duration(seconds: u32) -> String {
    if seconds.is_multiple_of(60) { format!("{}m", seconds / 60) } else { format!("{seconds}s") }
}
