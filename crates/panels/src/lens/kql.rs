//! KQL, Kibana's query language, to Elasticsearch's query DSL.
//!
//! The grammar is what panels use: `field: value`, quoted phrases, `*`, lists of values with `or`, `and` and `not`,
//! parentheses, `<`, `<=`, `>`, `>=`. Nested fields (`field: { … }`) and free text without a field are refused.

mod parse;
mod tokens;

use schema::ecs::Type;
use serde_json::{Value, json};

use self::parse::{Comparison, Expression};
use self::tokens::Literal;
use super::error::{Problem, Result};
use super::fields::Fields;

/// The query as DSL; `None` for a text that asks for nothing.
pub(crate) fn to_dsl(text: &str, fields: &Fields) -> Result<Option<Value>> {
    let about = |problem: Problem| Problem::new(format!("{} in the KQL query `{text}`", problem.text));
    let tree = parse::parse(text).map_err(about)?;
    tree.map(|tree| translate(&tree, fields)).transpose().map_err(about)
}

/// All conditions hold.
pub(crate) fn all(conditions: &[Value]) -> Value {
    json!({ "bool": { "filter": conditions } })
}

/// One of the conditions holds.
pub(crate) fn any(conditions: &[Value]) -> Value {
    json!({ "bool": { "should": conditions, "minimum_should_match": 1 } })
}

/// The condition does not hold.
pub(crate) fn none(condition: &Value) -> Value {
    json!({ "bool": { "must_not": [condition] } })
}

fn translate(tree: &Expression, fields: &Fields) -> Result<Value> {
    let each = |parts: &[Expression]| parts.iter().map(|part| translate(part, fields)).collect::<Result<Vec<_>>>();
    match tree {
        Expression::And(parts) => Ok(all(&each(parts)?)),
        Expression::Or(parts) => Ok(any(&each(parts)?)),
        Expression::Not(part) => Ok(none(&translate(part, fields)?)),
        Expression::Everything => Ok(json!({ "match_all": {} })),
        Expression::Is(field, value) => {
            let conditions = named(field, fields)?.into_iter().map(|(name, kind)| is(&name, kind, value));
            let mut conditions = conditions.collect::<Result<Vec<_>>>()?;
            Ok(if conditions.len() == 1 { conditions.remove(0) } else { any(&conditions) })
        }
        Expression::Compare(field, comparison, value) => {
            let conditions =
                named(field, fields)?.into_iter().map(|(name, kind)| range(&name, kind, *comparison, value));
            let mut conditions = conditions.collect::<Result<Vec<_>>>()?;
            Ok(if conditions.len() == 1 { conditions.remove(0) } else { any(&conditions) })
        }
    }
}

/// The fields that a name or a pattern means.
fn named(name: &Literal, fields: &Fields) -> Result<Vec<(String, Type)>> {
    if !name.has_wildcard {
        let kind = fields.kind(&name.text);
        let kind = kind.ok_or_else(|| Problem::new(format!("no field is called {}", name.text)))?;
        return Ok(vec![(name.text.clone(), kind)]);
    }
    let found: Vec<_> = fields.matching(&name.text).map(|(name, kind)| (name.to_owned(), kind)).collect();
    if found.is_empty() {
        return Err(Problem::new(format!("no field matches {}", name.text)));
    }
    Ok(found)
}

fn is(name: &str, kind: Type, value: &Literal) -> Result<Value> {
    if value.has_wildcard && value.text == "*" {
        return Ok(json!({ "exists": { "field": name } }));
    }
    let not_for = |what: &str| Problem::new(format!("{name} is of type {}, which takes no {what}", kind.name()));
    match kind {
        Type::Keyword | Type::Wildcard | Type::ConstantKeyword | Type::Flattened | Type::Object => {
            if value.has_wildcard {
                return Ok(json!({ "wildcard": { name: { "value": value.pattern } } }));
            }
            Ok(json!({ "term": { name: { "value": value.text } } }))
        }
        _ if value.has_wildcard => Err(not_for("wildcard")),
        Type::MatchOnlyText => {
            let query = if value.is_quoted { "match_phrase" } else { "match" };
            Ok(json!({ query: { name: { "query": value.text } } }))
        }
        Type::Date => Ok(json!({ "range": { name: { "gte": value.text, "lte": value.text } } })),
        Type::Long | Type::Float | Type::Double | Type::Boolean | Type::Ip => {
            Ok(json!({ "term": { name: { "value": typed(name, kind, value)? } } }))
        }
        Type::GeoPoint => Err(not_for("value")),
    }
}

fn range(name: &str, kind: Type, comparison: Comparison, value: &Literal) -> Result<Value> {
    if value.has_wildcard || matches!(kind, Type::GeoPoint | Type::Flattened | Type::Object | Type::MatchOnlyText) {
        return Err(Problem::new(format!("{name} of type {} cannot be compared with {}", kind.name(), value.text)));
    }
    Ok(json!({ "range": { name: { comparison.word(): typed(name, kind, value)? } } }))
}

/// The value as JSON of the field's type.
fn typed(name: &str, kind: Type, value: &Literal) -> Result<Value> {
    let text = &value.text;
    let wrong = || Problem::new(format!("\"{text}\" is no {}, which {name} is", kind.name()));
    match kind {
        Type::Long => text.parse::<i64>().map(Value::from).map_err(|_| wrong()),
        Type::Float | Type::Double => text.parse::<f64>().map(Value::from).map_err(|_| wrong()),
        Type::Boolean => text.parse::<bool>().map(Value::from).map_err(|_| wrong()),
        _ => Ok(Value::from(text.as_str())),
    }
}
