//! The package's README: what it is, how to set it up, and what every dataset holds.

use std::fmt::Write as _;

use schema::ecs::Type;
use schema::incumbent::Difference;
use schema::{Dataset, Rows};

use super::{Sample, input, manifest, samples};
use crate::{fields, health, names, render};

const INTRODUCTION: &str = include_str!("../../assets/docs/introduction.md");
const DASHBOARDS: &str = include_str!("../../assets/docs/dashboards.md");
const INCUMBENT: &str = include_str!("../../assets/docs/incumbent.md");

/// The README.
pub(crate) fn readme(samples: &[(&Dataset, Vec<Sample>)]) -> String {
    let titles: Vec<_> = samples.iter().map(|(dataset, _)| dataset.definition.title).collect();
    let mut out = format!("<!-- {} -->\n# {}\n\n", names::MARKER, manifest::TITLE);
    line(&mut out, &format!("Security records of a Microsoft tenant as ECS documents: {}.\n", titles.join(", ")));
    line(&mut out, INTRODUCTION);
    out.push_str("## Permissions and licences\n\n");
    out.push_str(
        "Application permissions, the least that each dataset needs; an administrator has to consent to them.\n\n",
    );
    out.push_str("| Data stream | API | Permission | Licence | Inputs |\n|---|---|---|---|---|\n");
    for (dataset, _) in samples {
        permission(dataset, &mut out);
    }
    incumbent(&mut out);
    dashboards(&mut out);
    out.push_str("\n## Data streams\n");
    for (dataset, mapped) in samples {
        section(dataset, samples::richest(mapped), &mut out);
    }
    health_section(&mut out);
    out
}

/// The data stream of the collector's own reports.
fn health_section(out: &mut String) {
    line(out, &format!("\n### {}\n\n{}\n", schema::health::TITLE, schema::health::DESCRIPTION));
    let stream = names::template_of(schema::health::NAME);
    line(
        out,
        &format!("Data stream `{stream}`, written by the fetcher itself; `health.documents: false` switches it off.\n"),
    );
    field_tables(health::definitions(), out);
}

/// What each dashboard is for.
fn dashboards(out: &mut String) {
    line(out, DASHBOARDS);
    out.push_str("| Dashboard | What it shows |\n|---|---|\n");
    for dashboard in dashboards::all() {
        line(out, &format!("| {} | {} |", dashboard.title, dashboard.description));
    }
}

/// Says which searches written for Elastic's package work here, and lists the fields that differ.
fn incumbent(out: &mut String) {
    line(out, INCUMBENT);
    out.push_str("| Field | There | Here | Why |\n|---|---|---|---|\n");
    for Difference { field, theirs, ours, why, .. } in schema::incumbent::differences() {
        let ours = ours.map_or("–", Type::name);
        line(out, &format!("| `{field}` | {} | {ours} | {why} |", theirs.name()));
    }
}

fn permission(dataset: &Dataset, out: &mut String) {
    let source = dataset.definition.source;
    let api = source.api.title();
    let inputs: Vec<_> = input::of(dataset).map(|input| input.name).collect();
    let (permission, licence) = (source.permission, source.licence);
    line(
        out,
        &format!("| `{}` | {api} | `{permission}` | {licence} | {} |", dataset.definition.name, inputs.join(", ")),
    );
}

fn section(dataset: &Dataset, sample: Option<&Sample>, out: &mut String) {
    let definition = dataset.definition;
    line(out, &format!("\n### {}\n\n{}\n", definition.title, dataset.description));
    line(out, &format!("Data stream `{}`, from `GET {}`.\n", names::template(dataset), definition.source.path));
    if let Rows::Rollup { nested, rollup, .. } = definition.rows {
        let note = "which needs the nested rows; documents of the input `cel` lack it";
        line(out, &format!("The fetcher sums up `{nested}` in `{}.{rollup}`, {note}.\n", definition.prefix));
    }
    if let Some(event) = sample.and_then(|sample| render::json(&sample.document).ok()) {
        let body = format!("An example event:\n\n```json\n{event}```");
        collapsible(out, "Example event", &body);
    }
    field_tables(fields::definitions(dataset), out);
}

fn field_tables(definitions: Vec<fields::Definition>, out: &mut String) {
    let (ecs, own): (Vec<_>, Vec<_>) = definitions.into_iter().partition(|definition| definition.ecs);
    collapsible(out, "Fields", &table(&own, true));
    let note = "Described in the [ECS field reference](https://www.elastic.co/docs/reference/ecs/ecs-field-reference).";
    collapsible(out, "ECS fields", &format!("{note}\n\n{}", table(&ecs, false)));
}

fn table(definitions: &[fields::Definition], described: bool) -> String {
    let mut out = String::from(if described {
        "| Field | Description | Type |\n|---|---|---|\n"
    } else {
        "| Field | Type |\n|---|---|\n"
    });
    for definition in definitions {
        let (name, kind) = (&definition.name, definition.kind.name());
        if described {
            let text = definition.description.replace('|', "\\|").replace('\n', " ");
            line(&mut out, &format!("| {name} | {text} | {kind} |"));
        } else {
            line(&mut out, &format!("| {name} | {kind} |"));
        }
    }
    out.truncate(out.trim_end().len());
    out
}

fn collapsible(out: &mut String, summary: &str, body: &str) {
    line(out, &format!("<details>\n<summary>{summary}</summary>\n\n{body}\n\n</details>\n"));
}

fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}
