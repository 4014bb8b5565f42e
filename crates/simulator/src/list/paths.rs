//! Dotted paths into JSON values.

use serde_json::Value;

/// The value at a path.
pub(crate) fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, name| value.get(name))
}

/// Hands every value at a path to `change`; an array on the way stands for all its items.
pub(crate) fn set(value: &mut Value, path: &str, change: &mut dyn FnMut(&mut Value)) {
    if let Value::Array(items) = value {
        return items.iter_mut().for_each(|item| set(item, path, change));
    }
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    match (value.get_mut(name), rest) {
        (Some(inner), Some(rest)) => set(inner, rest, change),
        (Some(Value::Array(items)), None) => items.iter_mut().for_each(change),
        (Some(inner), None) => change(inner),
        (None, _) => {}
    }
}
