//! The fields of the catalog as constants of the crate `dashboards`, so that panels cannot name others.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Result, bail};
use schema::ecs::{self, Type};
use schema::{Dataset, Field, shared};

use crate::names::MARKER;

/// Folder of the generated file below the repository root; it holds nothing else.
pub(crate) const FOLDER: &str = "crates/dashboards/src/fields";
/// The generated file.
pub(crate) const PATH: &str = "crates/dashboards/src/fields/catalog.rs";

/// Fields that every document of a data stream has, beside those that the catalog knows.
const OF_STREAMS: [&str; 2] = ["data_stream.dataset", "data_stream.namespace"];

type Constants = BTreeMap<String, (String, &'static str)>;

/// Rust source: a module for ECS, and one for each prefix of custom fields, named after its first dataset.
///
/// # Errors
/// If two fields of a module would have one name.
pub(crate) fn source(datasets: &[Dataset]) -> Result<String> {
    let mut out = format!("// {MARKER}\n\nfields! {{\n");
    let all = || datasets.iter().flat_map(Dataset::fields);
    let of_streams = OF_STREAMS.iter().filter_map(|name| ecs::find(name));
    let of_streams = of_streams.map(|field| (field.name.to_owned(), field.kind));
    let of_ecs = all().filter(|field| field.ecs).map(named);
    write_module(&mut out, "Fields of ECS that our documents have.", "ecs", &constants("", of_ecs.chain(of_streams))?);
    let of_all = all().filter(|field| shared::find(&field.name).is_some()).map(named);
    let of_all = constants(shared::PREFIX, of_all)?;
    write_module(&mut out, "Fields of our own that documents of several datasets have.", "shared", &of_all);
    let mut prefixes = BTreeSet::new();
    for dataset in datasets {
        let prefix = dataset.definition.prefix;
        if prefixes.insert(prefix) {
            let same = datasets.iter().filter(|other| other.definition.prefix == prefix);
            let own = same.flat_map(Dataset::fields).filter(|field| field.name.starts_with(prefix)).map(named);
            let doc = format!("Fields below `{prefix}`.");
            write_module(&mut out, &doc, dataset.definition.name, &constants(prefix, own)?);
        }
    }
    let of_health = schema::health::fields().into_iter().filter(|field| !field.ecs).map(named);
    let of_health = constants(schema::health::PREFIX, of_health)?;
    write_module(&mut out, "Fields of what the collector writes about itself.", schema::health::NAME, &of_health);
    out.push_str("}\n");
    Ok(out)
}

fn named(field: Field) -> (String, Type) {
    (field.name, field.kind)
}

fn constants(prefix: &str, fields: impl Iterator<Item = (String, Type)>) -> Result<Constants> {
    let mut constants = Constants::new();
    for (name, kind) in fields {
        let Some(newtype) = newtype(kind) else { continue };
        let constant = constant(name.strip_prefix(prefix).unwrap_or(&name));
        if let Some((other, _)) = constants.insert(constant.clone(), (name.clone(), newtype))
            && other != name
        {
            bail!("fields {other} and {name} would both be the constant {constant}: name one of them otherwise");
        }
    }
    Ok(constants)
}

fn write_module(out: &mut String, doc: &str, module: &str, constants: &Constants) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "    /// {doc}\n    {module} {{");
    for (constant, (name, newtype)) in constants {
        let _ = writeln!(out, "        {constant} = \"{name}\", {newtype};");
    }
    out.push_str("    }\n");
}

/// The newtype of the crate `dashboards`; none for objects, which hold no value of their own.
fn newtype(kind: Type) -> Option<&'static str> {
    Some(match kind {
        Type::Keyword | Type::Wildcard | Type::ConstantKeyword => "Keyword",
        Type::MatchOnlyText => "Text",
        Type::Long | Type::Float | Type::Double => "Number",
        Type::Boolean => "Boolean",
        Type::Date => "Date",
        Type::Ip => "Ip",
        Type::GeoPoint => "GeoPoint",
        Type::Flattened => "Flattened",
        Type::Object => return None,
    })
}

/// `alerts.actorName` as `ALERTS_ACTOR_NAME`.
fn constant(name: &str) -> String {
    let mut out = String::new();
    for char in name.trim_start_matches(['@', '.']).chars() {
        if char.is_ascii_uppercase() && out.ends_with(|last: char| last.is_ascii_lowercase() || last.is_ascii_digit()) {
            out.push('_');
        }
        out.push(if char.is_ascii_alphanumeric() { char } else { '_' });
    }
    out.to_ascii_uppercase()
}
