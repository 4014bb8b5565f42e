//! Filters as typed expressions, and their text in Kibana's query language (KQL).

use std::ops::{BitAnd, BitOr, Not};

use serde_json::{Value, json};

/// A condition on documents. It is made by the methods of typed fields and joined by `&`, `|` and `!`.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// The field has the value.
    Is(String, Value),
    /// The field has one of the values.
    AnyOf(String, Vec<Value>),
    /// The field has a value that begins with the text.
    StartsWith(String, String),
    /// The field has a value.
    Exists(String),
    /// The field has the value or a greater one.
    AtLeast(String, Value),
    /// The field has a lesser value.
    Below(String, Value),
    /// The condition does not hold.
    Not(Box<Filter>),
    /// All conditions hold.
    All(Vec<Filter>),
    /// One of the conditions holds.
    Any(Vec<Filter>),
}

impl Filter {
    /// The filter in KQL.
    pub fn kql(&self) -> String {
        match self {
            Filter::Is(field, value) => format!("{field} : {}", literal(value)),
            Filter::AnyOf(field, values) => {
                let values: Vec<String> = values.iter().map(literal).collect();
                format!("{field} : ({})", values.join(" or "))
            }
            Filter::StartsWith(field, text) => format!("{field} : {}*", unquoted(text)),
            Filter::Exists(field) => format!("{field} : *"),
            Filter::AtLeast(field, value) => format!("{field} >= {}", literal(value)),
            Filter::Below(field, value) => format!("{field} < {}", literal(value)),
            Filter::Not(filter) => format!("not {}", filter.operand()),
            Filter::All(filters) => join(filters, " and "),
            Filter::Any(filters) => join(filters, " or "),
        }
    }

    /// The KQL as an operand: what is joined stands in parentheses.
    fn operand(&self) -> String {
        match self {
            Filter::All(_) | Filter::Any(_) => format!("({})", self.kql()),
            _ => self.kql(),
        }
    }

    /// Both conditions, as far as there are any.
    pub(crate) fn all(first: Option<Filter>, second: Option<&Filter>) -> Option<Filter> {
        match (first, second.cloned()) {
            (Some(first), Some(second)) => Some(first & second),
            (first, second) => first.or(second),
        }
    }

    /// The filter as Kibana's query object.
    pub(crate) fn query(filter: Option<&Filter>) -> Value {
        json!({"language": "kuery", "query": filter.map(Filter::kql).unwrap_or_default()})
    }
}

fn join(filters: &[Filter], word: &str) -> String {
    filters.iter().map(Filter::operand).collect::<Vec<_>>().join(word)
}

/// A value as KQL reads it: text in quotes, so that no character of it is an operator.
fn literal(value: &Value) -> String {
    match value.as_str() {
        Some(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        None => value.to_string(),
    }
}

/// Text before a wildcard, which does not work within quotes: the characters that mean something are escaped.
fn unquoted(text: &str) -> String {
    let mut out = String::new();
    for char in text.chars() {
        if "\\():<>\"*{} ".contains(char) {
            out.push('\\');
        }
        out.push(char);
    }
    out
}

impl BitAnd for Filter {
    type Output = Filter;

    fn bitand(self, other: Filter) -> Filter {
        match self {
            Filter::All(mut filters) => {
                filters.push(other);
                Filter::All(filters)
            }
            first => Filter::All(vec![first, other]),
        }
    }
}

impl BitOr for Filter {
    type Output = Filter;

    fn bitor(self, other: Filter) -> Filter {
        match self {
            Filter::Any(mut filters) => {
                filters.push(other);
                Filter::Any(filters)
            }
            first => Filter::Any(vec![first, other]),
        }
    }
}

impl Not for Filter {
    type Output = Filter;

    fn not(self) -> Filter {
        Filter::Not(Box::new(self))
    }
}
