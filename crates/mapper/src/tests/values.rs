//! The ECS values of a document.

use crate::plan::{FieldId, Plan};
use crate::values::{Placement, Values};

struct Case {
    plan: Plan,
    values: Values,
}

impl Case {
    fn new() -> Self {
        let plan = Plan::new(schema::dataset("evidence").expect("dataset"));
        let mut values = Values::default();
        values.reset(plan.fields.len());
        Case { plan, values }
    }

    fn field(&self, name: &str) -> FieldId {
        self.plan.field(name).unwrap_or_else(|| panic!("no field {name}"))
    }

    fn push(&mut self, name: &str, text: &str, rank: u8) {
        let to = Placement { field: self.field(name), rank, repeats: false };
        self.values.push(&self.plan, to, text);
    }

    fn check(&self, name: &str, expected: &[&str]) {
        let found: Vec<_> = self.values.of(self.field(name)).map(String::from_utf8_lossy).collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn single_values() {
    let mut case = Case::new();
    case.push("rule.id", "third", 2);
    case.check("rule.id", &["\"third\""]);
    case.push("rule.id", "second", 1);
    case.push("rule.id", "worse", 3);
    case.check("rule.id", &["\"second\""]);
    case.push("rule.id", "first", 0);
    case.push("rule.id", "same rank, later", 0);
    case.check("rule.id", &["\"first\""]);
}

#[test]
fn several_values() {
    let mut case = Case::new();
    for text in ["b", "a", "b", "ab", ""] {
        case.push("related.user", text, 0);
    }
    case.check("related.user", &["\"b\"", "\"a\"", "\"ab\"", "\"\""]);
    let to = Placement { field: case.field("process.args"), rank: 0, repeats: true };
    for text in ["-v", "-v"] {
        case.values.push(&case.plan, to, text);
    }
    case.check("process.args", &["\"-v\"", "\"-v\""]);
}

#[test]
fn numbers_are_written_as_json_has_them() {
    for (text, expected) in [
        ("12", Some("12")),
        ("-7", Some("-7")),
        ("007", Some("7")),
        ("+7", Some("7")),
        ("-0", Some("0")),
        ("9223372036854775807", Some("9223372036854775807")),
        ("9223372036854775808", None),
        ("1.5", None),
        ("0x1", None),
        (" 1", None),
        ("", None),
    ] {
        let mut case = Case::new();
        case.push("process.pid", text, 0);
        case.check("process.pid", expected.as_slice());
    }
}

#[test]
fn changes_can_be_taken_back() {
    let mut case = Case::new();
    case.push("rule.id", "before", 1);
    case.push("related.user", "a", 0);
    let outer = case.values.mark();
    case.push("rule.id", "better", 0);
    let inner = case.values.mark();
    case.push("related.user", "b", 0);
    case.push("process.pid", "1", 0);
    case.values.back(&inner);
    case.check("related.user", &["\"a\""]);
    case.check("process.pid", &[]);
    case.check("rule.id", &["\"better\""]);
    case.push("process.pid", "2", 0);
    case.values.back(&outer);
    case.check("process.pid", &[]);
    case.check("rule.id", &["\"before\""]);
}
