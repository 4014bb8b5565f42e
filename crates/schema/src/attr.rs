//! The whole annotation vocabulary: `#[schemars(transform = to(ecs::USER_NAME).lower())]` on a column,
//! `#[schemars(transform = kind().constant(ecs::EVENT_CATEGORY, "process"))]` on a row type.
//!
//! An annotation writes one extension object into the JSON Schema; only the catalog reads it back. An annotation that
//! makes no sense writes what is wrong with it, and the catalog refuses the row type.

mod row_type;

pub use row_type::{Kind, kind};

use schemars::{Schema, transform::Transform};
use serde_json::{Value, json};

use crate::ecs::Ecs;
use crate::ops::Op;
use crate::tables::Table;

/// Key of a column's annotation.
pub(crate) const COLUMN: &str = "x-column";
/// Key of a row type's annotation.
pub(crate) const KIND: &str = "x-kind";

/// Annotation of a column.
#[derive(Debug, Clone, Default)]
pub struct Column {
    targets: Vec<Value>,
    name: Option<&'static str>,
    drop: Option<&'static str>,
    /// Words that are true of the column.
    flags: Vec<&'static str>,
    /// Redirections of ECS targets: from, into. A name with a dot at its end stands for all fields below it.
    remap: Option<Vec<(String, String)>>,
    /// The first thing that is wrong with the annotation.
    mistake: Option<String>,
}

/// A column without ECS target.
pub fn column() -> Column {
    Column::default()
}

/// A column that also fills an ECS field.
pub fn to(field: Ecs) -> Column {
    column().also(field)
}

/// A column of the source that this dataset does not carry, with the reason.
pub fn drop(reason: &'static str) -> Column {
    Column { drop: Some(reason), ..Column::default() }
}

impl Column {
    /// Fills one more ECS field; the words that follow shape this one.
    #[must_use]
    pub fn also(mut self, field: Ecs) -> Self {
        self.targets.push(json!({ "field": field.name, "op": Op::Keep.word() }));
        self
    }

    /// Says something about the target that was named last.
    fn about_target(mut self, key: &str, value: Value) -> Self {
        match self.targets.last_mut() {
            Some(target) => target[key] = value,
            None => self.mistake = self.mistake.or_else(|| Some(format!("{key} {value} stands before any ECS target"))),
        }
        self
    }

    fn flag(mut self, word: &'static str) -> Self {
        self.flags.push(word);
        self
    }

    /// Shapes the value on its way into the ECS field.
    #[must_use]
    pub fn op(self, op: Op) -> Self {
        self.about_target("op", op.word().into())
    }

    /// Lower case.
    #[must_use]
    pub fn lower(self) -> Self {
        self.op(Op::Lower)
    }

    /// The table's value for this word; nothing for a word that is not in it.
    #[must_use]
    pub fn table(self, table: Table) -> Self {
        self.op(Op::Table).about_target("table", table.name.into())
    }

    /// The table's value for the first key that the word starts with.
    #[must_use]
    pub fn prefix(self, table: Table) -> Self {
        self.op(Op::Prefix).about_target("table", table.name.into())
    }

    /// Precedence among the columns that fill one single-valued field: the lowest present wins; a target without this
    /// word has rank 0.
    #[must_use]
    pub fn rank(self, rank: u8) -> Self {
        self.about_target("rank", rank.into())
    }

    /// Name of the custom field, if that is not the source's name in `snake_case`; dots make groups.
    #[must_use]
    pub fn named(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// The object is kept whole in one `flattened` field; its columns only fill ECS.
    #[must_use]
    pub fn flattened(self) -> Self {
        self.flag("flattened")
    }

    /// The column has no custom field, because the value stands in ECS unchanged.
    #[must_use]
    pub fn ecs_only(self) -> Self {
        self.flag("ecs_only")
    }

    /// The custom field of a URL is a group with its parts.
    #[must_use]
    pub fn parts(self) -> Self {
        self.flag("parts")
    }

    /// The value, or what lies in the object, does not join `related.*`.
    #[must_use]
    pub fn unrelated(self) -> Self {
        self.flag("unrelated")
    }

    /// Within this object, columns fill the second field of a pair instead of the first; ECS targets that no pair
    /// names are not filled from here, except `related.*`.
    #[must_use]
    pub fn remap(mut self, pairs: &[(Ecs, Ecs)]) -> Self {
        let pairs = pairs.iter().map(|(from, into)| (from.name.to_owned(), into.name.to_owned()));
        self.remap = Some(pairs.collect());
        self
    }

    /// Within this object, columns fill only ECS fields of these groups, and `related.*`.
    #[must_use]
    pub fn keep(mut self, groups: &[&str]) -> Self {
        let pairs = groups.iter().map(|group| (format!("{group}."), format!("{group}.")));
        self.remap = Some(pairs.collect());
        self
    }
}

impl Transform for Column {
    fn transform(&mut self, schema: &mut Schema) {
        let remap: Option<Vec<Value>> =
            self.remap.as_ref().map(|pairs| pairs.iter().map(|(from, into)| json!([from, into])).collect());
        let mut annotation = json!({
            "targets": self.targets,
            "name": self.name,
            "drop": self.drop,
            "remap": remap,
            "mistake": self.mistake,
        });
        for word in &self.flags {
            annotation[*word] = true.into();
        }
        schema.insert(COLUMN.into(), annotation);
    }
}
