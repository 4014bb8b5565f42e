//! The Fleet source package, and the form in which it is installed.

pub(crate) mod alerting;
mod changelog;
mod docs;
mod input;
mod kibana;
pub(crate) mod knowledge;
mod manifest;
mod policy_template;
mod samples;
mod screenshots;
pub(crate) mod stream;
mod variable;
pub(crate) mod views;

use std::path::Path;

use anyhow::{Result, bail};
use schema::Dataset;

use crate::tree::Tree;
use crate::{fields, names, pipeline, render, rules, state};
pub(crate) use samples::Sample;
pub use samples::{Fixtures, read as read_fixtures};

/// Which stacks the package is for; both forms obey the rules of the newer one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Target {
    /// Kibana 8.19 and 9.1 or newer: package specification 3.4.
    #[default]
    Stack819,
    /// Kibana 9.4 or newer: package specification 3.6.
    Stack94,
}

impl Target {
    /// `format_version`.
    fn specification(self) -> &'static str {
        match self {
            Target::Stack819 => "3.4.2",
            Target::Stack94 => "3.6.6",
        }
    }

    /// `conditions.kibana.version`.
    fn kibana(self) -> &'static str {
        match self {
            Target::Stack819 => "^8.19.0 || ^9.1.0",
            Target::Stack94 => "^9.4.0",
        }
    }
}

/// What a package is made of.
#[derive(Debug, Clone, Copy, Default)]
pub struct Contents {
    /// Which stacks it is for.
    pub target: Target,
    /// Security rules are part of it. Whoever uploads it must then be allowed to manage rules.
    pub rules: bool,
}

impl From<Target> for Contents {
    fn from(target: Target) -> Self {
        Contents { target, ..Contents::default() }
    }
}

const LICENSE: &str = include_str!("../../../LICENSE");
const ICON: &str = include_str!("../assets/img/icon.svg");
const DATA_FLOW: &str = include_str!("../assets/img/data-flow.svg");

/// Files of the source package, below `package/`.
///
/// # Errors
/// If a fixture does not map.
pub(crate) fn add(datasets: &[Dataset], fixtures: &Fixtures, contents: Contents, tree: &mut Tree) -> Result<()> {
    let mut samples = Vec::new();
    for dataset in datasets {
        samples.push((dataset, samples::map(dataset, fixtures)?));
    }
    for (path, bytes) in screenshots::files() {
        tree.add(format!("package/{path}"), bytes)?;
    }
    let mut file = |path: &str, text: String| tree.add(format!("package/{path}"), text);
    file("manifest.yml", render::yaml(&manifest::package(datasets, contents))?)?;
    file("changelog.yml", render::yaml(&changelog::entries())?)?;
    file(&format!("agent/input/{}.yml.hbs", options::INPUT), policy_template::input())?;
    file("LICENSE.txt", LICENSE.to_owned())?;
    file("img/icon.svg", marked_svg(ICON))?;
    file("img/data-flow.svg", marked_svg(DATA_FLOW))?;
    let readme = docs::readme(&samples);
    if readme.contains("{{") {
        bail!("the package's README holds template syntax: elastic-package would evaluate it");
    }
    file("_dev/build/docs/README.md", readme.clone())?;
    file("docs/README.md", readme)?;
    for (path, text) in kibana::files()? {
        file(&path, text)?;
    }
    for (dataset, samples) in &samples {
        add_stream(dataset, samples, tree)?;
    }
    crate::health::package(tree)?;
    state::add_package(datasets, tree)?;
    knowledge::add(tree)?;
    alerting::add(tree)?;
    if contents.rules {
        rules::add_package(datasets, tree)?;
    }
    if contents.target == Target::Stack94 {
        views::add(tree)?;
    }
    Ok(())
}

fn add_stream(dataset: &Dataset, samples: &[Sample], tree: &mut Tree) -> Result<()> {
    let folder = format!("package/data_stream/{}", dataset.definition.name);
    let mut file = |path: &str, text: String| tree.add(format!("{folder}/{path}"), text);
    file("manifest.yml", render::yaml(&manifest::data_stream(dataset))?)?;
    for (name, part) in field_files(&fields::definitions(dataset)) {
        file(&format!("fields/{name}.yml"), render::yaml(&fields::groups(&part))?)?;
    }
    let form = pipeline::Form::Package;
    let default = render::yaml_document(&pipeline::default(dataset, form))?;
    file("elasticsearch/ingest_pipeline/default.yml", default)?;
    file("elasticsearch/ingest_pipeline/raw.yml", render::yaml_document(&pipeline::raw(dataset, form))?)?;
    for input in input::of(dataset) {
        file(&format!("agent/stream/{}.yml.hbs", input.name), stream::template(input, dataset))?;
    }
    if let Some(sample) = samples::richest(samples) {
        file("sample_event.json", render::json(&sample.document)?)?;
    }
    for (path, text) in samples::pipeline_tests(samples)? {
        file(&format!("_dev/test/pipeline/{path}"), text)?;
    }
    Ok(())
}

/// The files that packages usually have: what the data stream needs, ECS, and the custom fields.
pub(crate) fn field_files(definitions: &[fields::Definition]) -> [(&'static str, Vec<fields::Definition>); 3] {
    let base = |definition: &fields::Definition| {
        ["@timestamp", "event.dataset", "event.module"].contains(&definition.name.as_str())
            || ["agent.", "data_stream.", "input.", "log."].iter().any(|prefix| definition.name.starts_with(prefix))
    };
    let pick = |wanted: &dyn Fn(&fields::Definition) -> bool| {
        definitions.iter().filter(|definition| wanted(definition)).cloned().collect::<Vec<_>>()
    };
    [
        ("base-fields", pick(&base)),
        ("ecs", pick(&|definition| !base(definition) && definition.ecs)),
        ("fields", pick(&|definition| !base(definition) && !definition.ecs)),
    ]
}

fn marked_svg(svg: &str) -> String {
    format!("<!-- {} -->\n{svg}", names::MARKER)
}

/// Files of the installable form, by path in the archive: one folder at the top, nothing for developers.
///
/// # Errors
/// If a fixture does not map.
pub fn built(
    datasets: &[Dataset],
    fixtures: &Fixtures,
    contents: impl Into<Contents>,
) -> Result<Vec<(String, Vec<u8>)>> {
    let mut tree = Tree::default();
    add(datasets, fixtures, contents.into(), &mut tree)?;
    let top = format!("{}-{}", names::PACKAGE, names::VERSION);
    let development = |path: &Path| path.components().any(|part| part.as_os_str() == "_dev");
    tree.files()
        .filter_map(|(path, bytes)| Some((path.strip_prefix("package").ok()?, bytes)))
        .filter(|(path, _)| !development(path))
        .map(|(path, bytes)| Ok((format!("{top}/{}", path.display()), kibana::built(path, bytes)?)))
        .collect()
}
