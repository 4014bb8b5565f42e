//! The transforms that keep the current state, for Elasticsearch's API and for the package.

use anyhow::Result;
use dashboards::state::{ENTITIES, Entity};
use schema::Dataset;
use serde_json::{Map, Value, json};

use crate::fields::Definition;
use crate::tree::Tree;
use crate::{fields, names, render, templates};

/// Bodies to PUT: `fields/transforms/<id>.json`, and `fields/destination-templates/<name>.json` before them. These lie
/// apart from the templates of the data streams, which collecting needs, and state does not.
///
/// # Errors
/// If a path is taken.
pub(crate) fn add_bodies(datasets: &[Dataset], tree: &mut Tree) -> Result<()> {
    for entity in ENTITIES {
        let mut transform = entity.transform();
        transform.insert("_meta".into(), templates::meta());
        tree.add(format!("fields/transforms/{}.json", entity.id()), render::short_json(&Value::Object(transform)))?;
        let definitions = definitions(entity, datasets);
        let mut mappings = mappings();
        mappings.insert("properties".into(), templates::properties(&definitions));
        let template = json!({
            "index_patterns": [pattern(entity)],
            "priority": 200,
            "template": { "settings": settings(&definitions), "mappings": mappings },
            "_meta": templates::meta(),
        });
        let path = format!("fields/destination-templates/{}.json", entity.template());
        tree.add(path, render::short_json(&template))?;
    }
    Ok(())
}

/// The package's folders `elasticsearch/transform/latest_<name>`.
///
/// # Errors
/// If a path is taken, or a value has no YAML form.
pub(crate) fn add_package(datasets: &[Dataset], tree: &mut Tree) -> Result<()> {
    for entity in ENTITIES {
        let folder = format!("package/elasticsearch/transform/latest_{}", entity.name);
        let definitions = definitions(entity, datasets);
        let mut transform = entity.transform();
        // Fleet installs the transform anew when its version changes; it runs with the rights of who installs the package,
        // because Kibana's own account has none outside its list of indices.
        transform.insert(
            "_meta".into(),
            json!({ "fleet_transform_version": names::VERSION, "managed": false, "run_as_kibana_system": false }),
        );
        tree.add(format!("{folder}/transform.yml"), render::yaml(&Value::Object(transform))?)?;
        let template = json!({ "settings": settings(&definitions), "mappings": mappings() });
        let manifest = json!({ "start": true, "destination_index_template": template });
        tree.add(format!("{folder}/manifest.yml"), render::yaml(&manifest)?)?;
        tree.add(format!("{folder}/fields/fields.yml"), render::yaml(&fields::groups(&definitions))?)?;
    }
    Ok(())
}

/// The destination's indices; every one that a new mapping makes.
fn pattern(entity: &Entity) -> String {
    let index = entity.index();
    format!("{}*", index.trim_end_matches(|character: char| character.is_ascii_digit()))
}

fn definitions(entity: &Entity, datasets: &[Dataset]) -> Vec<Definition> {
    entity.fields(datasets).into_iter().map(Definition::from).collect()
}

fn settings(definitions: &[Definition]) -> Value {
    let limit = templates::field_limit(definitions);
    json!({ "index": { "codec": "best_compression", "mapping": { "total_fields": { "limit": limit } } } })
}

/// What is not defined stays in `_source`: a copied document can neither grow the mapping nor be refused.
fn mappings() -> Map<String, Value> {
    let mut mappings = Map::new();
    mappings.insert("dynamic".into(), false.into());
    mappings.insert("date_detection".into(), false.into());
    mappings
}
