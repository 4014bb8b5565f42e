//! Artefacts for Elastic from the catalog: field definitions, templates, pipelines, the Fleet package.
//!
//! Everything is a pure function from datasets and fixtures to a [`tree::Tree`]; only [`tree`] touches the disk. No
//! dataset is named here.

pub mod archive;
pub mod ecs;
pub mod ids;
pub mod names;
pub mod package;
pub mod reference;
pub mod rules;
pub mod tree;

mod fields;
mod health;
mod pipeline;
mod render;
mod state;
mod templates;
#[cfg(test)]
mod tests;
pub(crate) mod typed_fields;

use anyhow::Result;
use package::{Contents, Fixtures};
use schema::Dataset;
use tree::Tree;

/// Command that brings generated files up to date.
pub const COMMAND: &str = "cargo gen generate";

/// Saved objects for Kibana's import, where Fleet does not install the package.
pub const IMPORT: &str = "fields/kibana/m365_security.ndjson";

/// All generated files of the datasets.
///
/// # Errors
/// If two artefacts have one path or a fixture does not map.
pub fn artefacts(datasets: &[Dataset], fixtures: &Fixtures) -> Result<Tree> {
    let mut tree = Tree::default();
    for dataset in datasets {
        api_artefacts(dataset, &mut tree)?;
    }
    health::api_artefacts(&mut tree)?;
    tree.add(IMPORT, dashboards::saved_objects::ndjson(&dashboards::all()))?;
    tree.add(typed_fields::PATH, typed_fields::source(datasets)?)?;
    state::add_bodies(datasets, &mut tree)?;
    rules::add_import(datasets, &mut tree)?;
    package::add(datasets, fixtures, Contents::default(), &mut tree)?;
    Ok(tree)
}

/// Bodies for the APIs of Elasticsearch; the stem of a file is the name to PUT it under.
fn api_artefacts(dataset: &Dataset, tree: &mut Tree) -> Result<()> {
    let definitions = fields::definitions(dataset);
    let name = dataset.definition.name;
    tree.add(format!("fields/{name}.yml"), render::yaml(&fields::groups(&definitions))?)?;
    add_templates(name, &definitions, tree)?;
    let api = pipeline::Form::Api;
    let default = render::short_json(&pipeline::default(dataset, api));
    tree.add(format!("pipelines/{}.json", names::pipeline(dataset)), default)?;
    let raw = render::short_json(&pipeline::raw(dataset, api));
    tree.add(format!("pipelines/{}.json", names::raw_pipeline(dataset)), raw)?;
    Ok(())
}

/// The templates of a data stream; `name` is the last part of its name.
fn add_templates(name: &str, definitions: &[fields::Definition], tree: &mut Tree) -> Result<()> {
    let component = render::short_json(&templates::component(name, definitions));
    tree.add(format!("fields/component-templates/{}.json", names::component_of(name)), component)?;
    let index = render::short_json(&templates::index(name));
    tree.add(format!("fields/index-templates/{}.json", names::template_of(name)), index)
}
