//! What an annotation says is read back whole, or the row type is refused.

use schemars::{JsonSchema, SchemaGenerator};

use crate::attr::{column, drop, kind, to};
use crate::catalog::walk;
use crate::datasets::alert;
use crate::ecs;
use crate::model::{Content, Dataset};
use crate::ops::Derive;
use crate::types::{Keyword, Member, Timestamp};
use crate::{Definition, catalog, dataset, row_schema};

/// Walks a row type as if it were the alert's.
fn walk_row<Row: JsonSchema>() -> Result<Dataset, String> {
    walk(&Definition { row: SchemaGenerator::subschema_for::<Row>, identity: &["id"], ..alert::DATASET })
}

/// The error of a row type that has to be refused.
fn mistake<Row: JsonSchema>() -> String {
    walk_row::<Row>().expect_err("a mistake")
}

#[derive(JsonSchema)]
struct ShapedWithoutTarget {
    /// Id.
    #[schemars(transform = column().lower())]
    #[expect(dead_code, reason = "read from the type")]
    id: Keyword,
}

#[derive(JsonSchema)]
struct RankedWithoutTarget {
    /// Id.
    #[schemars(transform = drop("not wanted here").rank(1))]
    #[expect(dead_code, reason = "read from the type")]
    id: Keyword,
}

#[derive(JsonSchema)]
#[schemars(transform = kind().when("id", "x").derive(ecs::EVENT_DURATION, Derive::Duration, "id id"))]
struct ConditionBeforeValue {
    /// Id.
    #[expect(dead_code, reason = "read from the type")]
    id: Keyword,
}

#[test]
fn a_word_that_shapes_nothing_is_refused() {
    let error = mistake::<ShapedWithoutTarget>();
    assert_eq!(error, r#"dataset alert: column id: op "lower" stands before any ECS target"#);
    let error = mistake::<RankedWithoutTarget>();
    assert_eq!(error, "dataset alert: column id: rank 1 stands before any ECS target");
    let error = mistake::<ConditionBeforeValue>();
    assert_eq!(error, r#"dataset alert: when ["id","x"] stands before any derived value"#);
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "read from the type")]
struct Parent {
    /// Id of the parent.
    #[schemars(transform = to(ecs::EVENT_ID))]
    id: Keyword,
    /// State of the parent.
    #[schemars(transform = to(ecs::EVENT_ACTION).rank(1))]
    status: Member,
    /// Times of the parent.
    times: Vec<Timestamp>,
    /// Parts of the parent.
    parts: Vec<Part>,
    /// The one part that matters most.
    main: Part,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "read from the type")]
struct Part {
    /// Name of the part.
    name: Keyword,
}

#[derive(JsonSchema)]
#[schemars(transform = kind().drop_rest::<Parent>("in the parent's document"))]
#[expect(dead_code, reason = "read from the type")]
struct Child {
    /// Id of the parent.
    #[schemars(transform = to(ecs::EVENT_ID))]
    id: Keyword,
}

#[test]
fn the_rest_of_the_parents_columns_is_left_out() {
    let child = walk_row::<Child>().expect("a dataset");
    let columns = child.root.columns.iter().filter(|column| column.name != "@odata.type");
    let columns: Vec<_> = columns.map(|column| (column.name.as_str(), column.list, column.dropped.is_some())).collect();
    let expected = [("id", false, false), ("status", false, true), ("times", true, true), ("parts", true, true)];
    assert_eq!(columns, expected.into_iter().chain([("main", false, true)]).collect::<Vec<_>>());
    let left_out = || child.root.columns.iter().filter(|column| column.dropped.is_some());
    for column in left_out() {
        assert_eq!(column.dropped.as_deref(), Some("in the parent's document"));
        assert!(column.targets.is_empty() && column.path.is_none() && column.description.ends_with('.'));
    }
    assert!(left_out().skip(2).all(|column| matches!(column.content, Content::Dictionary)));
    // The types of their values stay in the published schema, which checks fixtures.
    let schema = row_schema(&child.definition);
    let schema = schema.pointer("/$defs/Child/properties").unwrap_or(&schema["properties"]);
    assert!(schema["status"]["type"].is_array() && schema["times"].to_string().contains("array"), "{schema}");
}

/// The parent of a split row is read by another dataset too: what that one knows, this one has to know.
#[test]
fn a_split_row_knows_every_column_of_its_parent() {
    let columns = |dataset: &'static Dataset| dataset.root.columns.iter().map(|column| column.name.as_str());
    let mut pairs = 0;
    for split in catalog().iter().filter(|dataset| matches!(dataset.definition.rows, crate::Rows::Items(_))) {
        let source = |dataset: &Dataset| dataset.definition.source.path;
        let parents = catalog().iter().filter(|other| other.definition.rows == crate::Rows::Elements);
        for parent in parents.filter(|parent| source(parent) == source(split)) {
            let name = split.definition.name;
            for column in columns(parent) {
                assert!(columns(split).any(|known| known == column), "{name} does not know {column}");
            }
            pairs += 1;
        }
    }
    assert!(pairs > 0 && dataset("evidence").is_some());
}
