//! Every property of Microsoft's types is a column, and no column is made up.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{inner, reference};
use crate::{Kind, Shape, dataset, row_schema};

const NAMESPACE: &str = "microsoft.graph.security.";

/// Columns beside the type's properties: what the collector adds, what older answers carry, what expansion nests.
const EXTRA: &[(&str, &[&str])] = &[
    ("incident", &["alerts", "rollup", "tags"]),
    ("alert", &["customTags", "tags"]),
    ("alertComment", &["createdBy", "createdTime"]),
];

struct Types(Value);

impl Types {
    /// Names of a type's properties with the types of their values, those of its bases included.
    fn properties(&self, name: &str) -> BTreeMap<String, String> {
        let found = &self.0["types"][name];
        assert!(found.is_object(), "{name} is not in the reference");
        let mut all = found["base"].as_str().map(|base| self.properties(base)).unwrap_or_default();
        for (name, kind) in found["properties"].as_object().into_iter().flatten() {
            let kind = kind.as_str().expect("a type");
            let item = kind.strip_prefix("Collection(").and_then(|kind| kind.strip_suffix(')'));
            all.insert(name.clone(), item.unwrap_or(kind).to_owned());
        }
        all
    }

    fn kinds(&self) -> BTreeSet<String> {
        let types = self.0["types"].as_object().expect("types");
        let base = format!("{NAMESPACE}alertEvidence");
        let of_base = types.iter().filter(|(_, found)| found["base"] == base.as_str());
        of_base.map(|(name, _)| format!("#{name}")).collect()
    }

    fn compare(&self, name: &str, columns: &BTreeSet<String>) {
        let short = name.strip_prefix(NAMESPACE).unwrap_or(name);
        let extra = EXTRA.iter().find(|(of, _)| *of == short).map_or(&[][..], |(_, extra)| extra);
        let expected = self.properties(name).into_keys().chain(extra.iter().map(|&name| name.to_owned()));
        let expected: BTreeSet<String> = expected.collect();
        assert_eq!(columns, &expected, "{short}: columns left, properties right");
    }

    /// A shape that is not pruned, and the objects within it that are kept as columns.
    fn shape(&self, name: &str, shape: &Shape) {
        let columns = shape.columns.iter().map(|column| column.name.clone()).filter(|name| name != "@odata.type");
        self.compare(name, &columns.collect());
        let properties = self.properties(name);
        for column in &shape.columns {
            let Some(kind) = properties.get(&column.name).filter(|kind| kind.starts_with(NAMESPACE)) else { continue };
            if let crate::Content::Object(shape) = &column.content
                && !shape.columns.is_empty()
            {
                if shape.kinds.is_empty() { self.shape(kind, shape) } else { self.evidence(&shape.kinds) }
            }
        }
    }

    fn evidence(&self, kinds: &[Kind]) {
        let tags: BTreeSet<String> = kinds.iter().map(|kind| kind.tag.clone()).collect();
        assert_eq!(tags, self.kinds());
        for kind in kinds {
            self.shape(kind.tag.trim_start_matches('#'), &kind.shape);
        }
    }
}

#[test]
fn columns_are_the_properties_of_the_types() {
    let types = Types(reference("graph_types.json"));
    for (name, of) in [("incident", "incident"), ("alert", "alert"), ("evidence", "alert")] {
        types.shape(&format!("{NAMESPACE}{of}"), &dataset(name).expect("a dataset").root);
    }
}

/// Objects that are kept whole lie outside the model, but not outside the row's JSON Schema.
#[test]
fn objects_kept_whole_are_typed_in_full() {
    let types = Types(reference("graph_types.json"));
    let schema = row_schema(&dataset("alert").expect("dataset alert").definition);
    let base: BTreeSet<String> = types.properties(&format!("{NAMESPACE}alertEvidence")).into_keys().collect();
    let found = schema["$defs"].as_object().expect("definitions");
    let mut seen = 0;
    for (name, definition) in found {
        let known = types.0["types"]
            .as_object()
            .expect("types")
            .keys()
            .find(|known| known.strip_prefix(NAMESPACE).is_some_and(|known| known.eq_ignore_ascii_case(name)));
        let Some(known) = known else { continue };
        let columns = definition["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
        let mut columns: BTreeSet<String> = columns.collect();
        if types.properties(known).keys().any(|name| name == "remediationStatusDetails") {
            columns.extend(base.iter().cloned());
        }
        types.compare(known, &columns);
        seen += 1;
    }
    assert!(seen >= 55, "{seen} definitions compared");
}

/// What a dataset leaves out has a reason.
#[test]
fn drops_have_reasons() {
    for dataset in crate::catalog() {
        super::columns(&dataset.root, &mut |column| {
            assert!(column.dropped.as_ref().is_none_or(|reason| reason.len() > 10), "{}", column.source);
            let idle = column.dropped.is_none() || column.targets.is_empty();
            assert!(idle, "{} is dropped but fills ECS", column.source);
            assert!(column.dropped.is_none() || inner(column).is_none(), "{}", column.source);
        });
    }
}

#[test]
fn permissions_are_those_of_microsofts_reference() {
    let reference = reference("graph_permissions.json");
    let mut seen = 0;
    for dataset in crate::catalog() {
        let source = dataset.definition.source;
        if source.api != crate::Api::Graph {
            continue;
        }
        let found = &reference[format!("GET {}", source.path.trim_start_matches("/v1.0"))];
        let accepted = found["accepted"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let (least, mut accepted): (_, BTreeSet<_>) = (found["least"].as_str(), accepted.collect());
        let name = dataset.definition.name;
        assert_eq!(least, Some(source.permission), "{name}: least permission");
        assert!(accepted.remove(source.permission), "{name}");
        assert_eq!(accepted, source.also.iter().copied().collect(), "{name}: also accepted");
        assert_eq!(source.accepts(&["Other.Read.All", source.permission]), Some(source.permission));
        assert_eq!(source.accepts(&["Other.Read.All"]), None);
        seen += 1;
    }
    assert!(seen > 1, "{seen} endpoints compared");
}
