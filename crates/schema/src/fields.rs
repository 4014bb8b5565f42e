//! The fields that a dataset's documents can have, for mappings, field definitions and documentation.

use std::collections::BTreeMap;

use crate::ecs::{self, Ecs, Type};
use crate::model::{Column, Content, Dataset, Field, Shape};
use crate::ops::Op;
use crate::shared;

/// ECS fields that every document has, whatever its columns.
pub const COMMON: &[Ecs] = &[
    ecs::TIMESTAMP,
    ecs::ECS_VERSION,
    ecs::ERROR_MESSAGE,
    ecs::EVENT_DATASET,
    ecs::EVENT_INGESTED,
    ecs::EVENT_KIND,
    ecs::EVENT_MODULE,
    ecs::EVENT_ORIGINAL,
    ecs::TAGS,
];

/// Addresses that the cluster looks up, with the fields it adds below them.
pub const GEO: &[&str] = &["source", "destination", "client", "server", "host"];

impl Dataset {
    /// Name of the field that keeps what no column names.
    pub fn unmapped(&self) -> String {
        format!("{}.unmapped", self.definition.prefix)
    }

    /// All fields of the documents, by name.
    pub fn fields(&self) -> Vec<Field> {
        let mut fields = BTreeMap::new();
        for field in COMMON {
            add_ecs(&mut fields, *field);
        }
        collect(&self.root, self.definition.prefix, &mut fields);
        let description = "What no column of the dataset names, by its dotted source path.".to_owned();
        add(&mut fields, self.unmapped(), Type::Flattened, description);
        for scope in GEO {
            if fields.contains_key(&format!("{scope}.ip")) {
                let geo = ["as.number", "as.organization.name", "geo.city_name", "geo.continent_name"];
                let more = ["geo.country_iso_code", "geo.country_name", "geo.location", "geo.region_iso_code"];
                for name in geo.iter().chain(&more).chain(&["geo.region_name"]) {
                    if let Some(field) = ecs::find(&format!("{scope}.{name}")) {
                        add_ecs(&mut fields, field);
                    }
                }
            }
        }
        if fields.contains_key("user_agent.original") {
            for name in ["device.name", "name", "version", "os.full", "os.name", "os.version"] {
                if let Some(field) = ecs::find(&format!("user_agent.{name}")) {
                    add_ecs(&mut fields, field);
                }
            }
        }
        fields.into_values().collect()
    }
}

fn collect(shape: &Shape, prefix: &str, fields: &mut BTreeMap<String, Field>) {
    for column in &shape.columns {
        collect_column(column, prefix, fields);
    }
    for constant in &shape.constants {
        add_ecs(fields, constant.field);
    }
    for derived in &shape.derived {
        add_ecs(fields, derived.field);
    }
    for kind in &shape.kinds {
        collect(&kind.shape, prefix, fields);
    }
}

fn collect_column(column: &Column, prefix: &str, fields: &mut BTreeMap<String, Field>) {
    for target in &column.targets {
        add_ecs(fields, target.field);
    }
    let name = column.path.as_ref().map(|path| format!("{prefix}.{path}"));
    match &column.content {
        Content::Object(shape) => {
            if let Some(name) = name {
                collect(shape, &name, fields);
            }
        }
        Content::Flattened(shape) => {
            collect(shape, "", fields);
            if let Some(name) = name {
                add(fields, name, Type::Flattened, column.description.clone());
            }
        }
        Content::Dictionary => {
            if let Some(name) = name {
                add(fields, name, Type::Flattened, column.description.clone());
            }
        }
        Content::UrlParts => {
            if let Some(name) = name {
                add(fields, format!("{name}.original"), Type::Keyword, column.description.clone());
                for (part, op) in Op::URL_PARTS {
                    let kind = if *op == Op::UrlPort { Type::Long } else { Type::Keyword };
                    add(fields, format!("{name}.{part}"), kind, format!("The URL's {part}."));
                }
            }
        }
        Content::Scalar(semantic) => {
            if let Some(name) = name {
                add(fields, name, semantic.field_type(), column.description.clone());
            }
            if let Some(display) = &column.display {
                let description = format!("Display name within `{}`, where the address has one.", column.name);
                add(fields, format!("{prefix}.{display}"), Type::Keyword, description);
            }
        }
    }
}

fn add(fields: &mut BTreeMap<String, Field>, name: String, kind: Type, description: String) {
    fields.entry(name).or_insert_with_key(|name| Field::custom(name, kind, description));
}

fn add_ecs(fields: &mut BTreeMap<String, Field>, ecs: Ecs) {
    let mut field = Field::from(ecs);
    if let Some((_, description)) = shared::find(ecs.name) {
        (field.ecs, field.description) = (false, description.to_owned());
    }
    fields.entry(ecs.name.into()).or_insert(field);
}
