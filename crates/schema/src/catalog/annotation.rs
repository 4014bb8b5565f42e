//! Reads the annotations of columns and row types back: ECS targets, constants, derived values, identity.

use serde_json::Value;

use super::Context;
use crate::attr::KIND;
use crate::ecs::{self, Ecs};
use crate::model::{Constant, Content, Derived, EcsTarget, Shape};
use crate::ops::{Derive, Op};
use crate::shared;
use crate::tables;
use crate::types::Semantic;

/// ECS fields that a column fills: those that its annotation names, and the one of `related.*` that its type joins.
pub(super) fn ecs_targets(
    attr: &Value,
    context: &Context,
    holds: &Content,
    list: bool,
) -> Result<Vec<EcsTarget>, String> {
    let mut targets = Vec::new();
    for target in attr.get("targets").and_then(Value::as_array).into_iter().flatten() {
        let Some(field) = redirected(&text(target, "field"), context)? else { continue };
        let op = Op::from_word(&text(target, "op")).ok_or("unknown conversion")?;
        let table = tables::ALL.iter().find(|table| Some(table.name) == target.get("table").and_then(Value::as_str));
        let rank = rank(&target["rank"])?;
        let many = field.array || context.list || list;
        targets.push(EcsTarget { field, op, table: table.copied(), rank, many });
    }
    let related = match holds {
        Content::Scalar(Semantic::Ip) => Some((ecs::RELATED_IP, Op::Keep)),
        Content::Scalar(Semantic::Hash) => Some((ecs::RELATED_HASH, Op::Keep)),
        Content::Scalar(Semantic::User) => Some((ecs::RELATED_USER, Op::Keep)),
        Content::Scalar(Semantic::Mail) => Some((ecs::RELATED_USER, Op::MailAddress)),
        Content::Scalar(Semantic::Host) => Some((ecs::RELATED_HOSTS, Op::Keep)),
        _ => None,
    };
    targets.extend(related.map(|(field, op)| EcsTarget { field, op, table: None, rank: 0, many: true }));
    Ok(targets)
}

/// Adds constants, derived values and identity from the annotation of a row type or kind.
pub(super) fn annotation(schema: &Value, context: &Context, shape: &mut Shape) -> Result<(), String> {
    let Some(kind) = schema.get(KIND) else { return Ok(()) };
    refuse_mistake(kind)?;
    for constant in kind.get("constants").and_then(Value::as_array).into_iter().flatten() {
        let Some((name, value)) = pair(constant) else { return Err("a constant needs field and value".into()) };
        let rank = rank(&constant[2])?;
        if let Some(field) = redirected(&name, context)? {
            shape.constants.push(Constant { field, value, rank, many: field.array || context.list });
        }
    }
    for derived in kind.get("derived").and_then(Value::as_array).into_iter().flatten() {
        let Some(field) = redirected(&text(derived, "field"), context)? else { continue };
        let derive = Derive::from_word(&text(derived, "derive")).ok_or("unknown derivation")?;
        let inputs = strings(derived, "inputs");
        let when = derived.get("when").and_then(pair);
        let rank = rank(&derived["rank"])?;
        shape.derived.push(Derived { field, derive, inputs, when, rank, many: field.array || context.list });
    }
    shape.identity.extend(strings(kind, "identity"));
    Ok(())
}

/// Refuses an annotation that noted a mistake when it was written.
pub(super) fn refuse_mistake(annotation: &Value) -> Result<(), String> {
    annotation.get("mistake").and_then(Value::as_str).map_or(Ok(()), |mistake| Err(mistake.to_owned()))
}

fn rank(value: &Value) -> Result<u8, String> {
    u8::try_from(value.as_u64().unwrap_or(0)).map_err(|_| "rank above 255".into())
}

/// The ECS field that a target means at this place: the enclosing objects may redirect it, or leave it unfilled.
fn redirected(name: &str, context: &Context) -> Result<Option<Ecs>, String> {
    if context.unrelated && name.starts_with("related.") {
        return Ok(None);
    }
    let mut name = name.to_owned();
    for remap in context.remaps.iter().rev() {
        if name.starts_with("related.") {
            break;
        }
        let into = remap.iter().find_map(|(from, into)| match name.strip_prefix(from.as_str()) {
            Some("") => Some(into.clone()),
            Some(rest) if from.ends_with('.') => Some(format!("{into}{rest}")),
            _ => None,
        });
        match into {
            Some(into) => name = into,
            None => return Ok(None),
        }
    }
    let shared = || shared::find(&name).map(|(field, _)| field);
    let field = ecs::find(&name).or_else(shared).ok_or_else(|| format!("no ECS field {name}"))?;
    let lifted = is_lifted(&name) || name == ecs::EVENT_CATEGORY.name || name == ecs::EVENT_TYPE.name;
    Ok((!context.list || lifted).then_some(field))
}

/// Groups whose fields describe the record itself, or take one value only; they are not filled from within lists. All
/// other groups are filled as a whole, because the fields of one thing belong together.
const OF_THE_RECORD: &[&str] =
    &["@timestamp", "ecs", "error", "event", "message", "observer", "rule", "tags", "user_agent"];

/// Whether the field's group is filled from within lists.
fn is_lifted(name: &str) -> bool {
    !OF_THE_RECORD.contains(&name.split('.').next().unwrap_or_default())
}

pub(super) fn pair(value: &Value) -> Option<(String, String)> {
    Some((value.get(0)?.as_str()?.to_owned(), value.get(1)?.as_str()?.to_owned()))
}

pub(super) fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn strings(value: &Value, key: &str) -> Vec<String> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}
