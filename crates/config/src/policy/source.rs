//! A unit's source, read key by key: what is left in the end is nobody's option.

use serde_json::{Map, Number, Value};

use crate::ConfigError;

/// Whose members are names of their own: dots in them mean nothing.
const OPAQUE: [&str; 3] = ["headers", "parameters", "proxy_headers"];

/// The members of an object that are still to be read.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// What its keys follow in messages.
    base: String,
    /// Its keys are options of ours, which Fleet's form has titles for.
    is_input: bool,
    members: Map<String, Value>,
}

impl Source {
    /// The source of an input or a stream.
    pub(super) fn of_input(source: &Value) -> Result<Self, ConfigError> {
        Self::read(source).map(|read| Self { is_input: true, ..read })
    }

    /// The source of an output.
    pub(super) fn of_output(source: &Value) -> Result<Self, ConfigError> {
        Self::read(source)
    }

    /// Reads an object: dotted keys are nested, nulls left out, whole numbers made whole again.
    fn read(source: &Value) -> Result<Self, ConfigError> {
        let Value::Object(members) = source else {
            return Err(ConfigError::new(None, "", "the unit has no configuration; allowed: an object of options"));
        };
        Ok(Self { members: nested(members, "")?, ..Self::default() })
    }

    /// A member that is an object itself; empty if it is not there.
    pub(super) fn section(&mut self, key: &str) -> Result<Self, ConfigError> {
        let base = format!("{}{key}.", self.base);
        match self.take(key) {
            None => Ok(Self { base, ..Self::default() }),
            Some(Value::Object(members)) => Ok(Self { base, members, is_input: false }),
            Some(other) => Err(self.mismatch(key, &other, "an object")),
        }
    }

    /// Takes a member.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.members.remove(key)
    }

    /// Takes a text; `None` if it is empty.
    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>, ConfigError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let text = text(&value).ok_or_else(|| self.mismatch(key, &value, "a text"))?;
        Ok(Some(text).filter(|text| !text.trim().is_empty()))
    }

    /// Takes a truth value.
    pub(super) fn flag(&mut self, key: &str) -> Result<Option<bool>, ConfigError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            // A variable of the policy is a text.
            Some(Value::String(text)) if text == "true" || text == "false" => Ok(Some(text == "true")),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(other) => Err(self.mismatch(key, &other, "true or false")),
        }
    }

    /// Takes a whole number.
    pub(super) fn number(&mut self, key: &str) -> Result<Option<i64>, ConfigError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let number = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
        number.map(Some).ok_or_else(|| self.mismatch(key, &value, "a whole number"))
    }

    /// Takes texts: a list of them, or a single one. Empty ones are left out.
    pub(super) fn list(&mut self, key: &str) -> Result<Vec<String>, ConfigError> {
        let items = match self.take(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(one) => vec![one],
        };
        let texts = items
            .iter()
            .filter(|item| !item.is_null())
            .map(|item| text(item).ok_or_else(|| self.mismatch(key, item, "a text or a list of texts")));
        let texts: Vec<String> = texts.collect::<Result<_, _>>()?;
        Ok(texts.into_iter().filter(|text| !text.trim().is_empty()).collect())
    }

    /// An error at one of its keys.
    pub(super) fn error(&self, key: &str, message: impl Into<String>) -> ConfigError {
        let key = if self.is_input { options::label(key) } else { format!("{}{key}", self.base) };
        ConfigError::new(None, key, message)
    }

    /// The keys that nobody has taken.
    pub(super) fn rest(&self) -> impl Iterator<Item = String> {
        self.members.keys().map(|key| format!("{}{key}", self.base))
    }

    /// The kind of what is there, never what it is: it may be a secret in a wrong place.
    fn mismatch(&self, key: &str, found: &Value, expected: &str) -> ConfigError {
        self.error(key, format!("is {} where {expected} is expected", kind(found)))
    }
}

/// A text, or what was one before the policy was read as YAML.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The same object with dotted keys nested.
pub(super) fn nested(members: &Map<String, Value>, base: &str) -> Result<Map<String, Value>, ConfigError> {
    let mut out = Map::new();
    for (key, value) in members {
        let key_in_full = format!("{base}{key}");
        let Some(value) = tidy(value, &key_in_full)? else { continue };
        let (mut place, mut steps) = (&mut out, key.split('.').peekable());
        while let Some(step) = steps.next() {
            if steps.peek().is_none() {
                put(place, step, value, &key_in_full)?;
                break;
            }
            let below = place.entry(step).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(below) = below else { return Err(twice(&key_in_full)) };
            place = below;
        }
    }
    Ok(out)
}

/// A value without nulls, dots and halves of whole numbers; `None` if it is null.
fn tidy(value: &Value, key: &str) -> Result<Option<Value>, ConfigError> {
    Ok(Some(match value {
        Value::Null => return Ok(None),
        Value::Number(number) => Value::Number(whole(number)),
        Value::Object(members) if OPAQUE.contains(&key) => Value::Object(members.clone()),
        Value::Object(members) => Value::Object(nested(members, &format!("{key}."))?),
        Value::Array(items) => {
            let items = items.iter().map(|item| tidy(item, key));
            items.filter_map(Result::transpose).collect::<Result<_, _>>()?
        }
        other => other.clone(),
    }))
}

/// Protobuf's `Struct` knows doubles alone.
fn whole(number: &Number) -> Number {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole, and small enough")]
        Some(double) if number.is_f64() && double.fract() == 0.0 && double.abs() <= EXACT => {
            Number::from(double as i64)
        }
        _ => number.clone(),
    }
}

/// Puts a member; objects that are there already take its members over.
fn put(members: &mut Map<String, Value>, step: &str, value: Value, key: &str) -> Result<(), ConfigError> {
    match (members.get_mut(step), value) {
        (None, value) => drop(members.insert(step.to_owned(), value)),
        (Some(Value::Object(there)), Value::Object(more)) => {
            for (step, value) in more {
                put(there, &step, value, key)?;
            }
        }
        (Some(there), value) if *there == value => {}
        _ => return Err(twice(key)),
    }
    Ok(())
}

fn twice(key: &str) -> ConfigError {
    ConfigError::new(None, key, "is written twice, nested and with dots, and says two things; allowed: one of them")
}
