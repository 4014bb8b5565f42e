//! Values that know where they stand in the file.

use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::time::Duration;

use super::ConfigError;
use super::checks::Environment;
use super::tree::Spot;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A text, with `${NAME}` still in it. Its Debug shows no content: any text may be a secret.
#[derive(Clone)]
pub(super) struct Text {
    raw: String,
    place: (u64, u64),
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text at line {}", self.place.0)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spot { value: raw, place } = Spot::<String>::deserialize(deserializer)?;
        Ok(Self { raw, place })
    }
}

impl JsonSchema for Text {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

impl Text {
    /// A text that stands in no file, and holds no variables.
    pub(super) fn of(text: &str) -> Self {
        Self { raw: text.replace('$', "$$"), place: (0, 0) }
    }

    /// An error at this text.
    pub(super) fn error(&self, key: &str, message: impl Into<String>) -> ConfigError {
        ConfigError::new(Some(self.place), key, message)
    }

    /// The text as a time span.
    pub(super) fn duration(&self, key: &str, environment: Environment<'_>) -> Result<Duration, ConfigError> {
        let written = self.resolve(key, environment)?;
        parse_duration(&written).ok_or_else(|| {
            self.error(key, format!("`{written}` is not a time span; allowed: a number with s, m, h or d, as `5m`"))
        })
    }

    /// Nothing of it comes from the environment.
    pub(super) fn is_literal(&self) -> bool {
        !self.raw.replace("$$", "").contains("${")
    }

    /// The text as it is written, for a name that is no secret.
    pub(super) fn shown(&self) -> &str {
        &self.raw
    }

    /// The sign is in it.
    pub(super) fn holds(&self, sign: char) -> bool {
        self.raw.contains(sign)
    }

    /// Line and column, from 1.
    pub(super) fn place(&self) -> (u64, u64) {
        self.place
    }

    /// The text as a path; a relative one counts from the configuration file's folder.
    pub(super) fn path(&self, key: &str, environment: Environment<'_>) -> Result<PathBuf, ConfigError> {
        let written = self.resolve(key, environment)?;
        if written.trim().is_empty() {
            return Err(self.error(key, "is empty; allowed: a path"));
        }
        Ok(environment.path(&written))
    }

    /// The text with its `${NAME}` replaced from the environment; `$$` is a dollar sign.
    pub(super) fn resolve(&self, key: &str, environment: Environment<'_>) -> Result<String, ConfigError> {
        let mut out = String::with_capacity(self.raw.len());
        let mut rest = self.raw.as_str();
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(tail) = rest.strip_prefix('$') {
                out.push('$');
                rest = tail;
            } else if let Some(tail) = rest.strip_prefix('{') {
                let Some((name, tail)) = tail.split_once('}') else {
                    return Err(self.error(key, "`${` without `}`; write `$$` for a dollar sign"));
                };
                let Some(value) = environment.variable(name) else {
                    return Err(self.error(key, format!("environment variable {name} is not set")));
                };
                out.push_str(&value);
                rest = tail;
            } else {
                out.push('$');
            }
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// A text, or an object in its place.
#[derive(Debug)]
pub(super) enum TextOr<M> {
    Text(Text),
    Object(M),
}

impl<'de, M: Deserialize<'de>> Deserialize<'de> for TextOr<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spot { value, place } = Spot::<Either<M>>::deserialize(deserializer)?;
        Ok(match value {
            Either::Text(raw) => Self::Text(Text { raw, place }),
            Either::Object(object) => Self::Object(object),
        })
    }
}

impl<M: JsonSchema> JsonSchema for TextOr<M> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("TextOr{}", M::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "string" }, generator.subschema_for::<M>()] })
    }
}

enum Either<M> {
    Text(String),
    Object(M),
}

impl<'de, M: Deserialize<'de>> Deserialize<'de> for Either<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EitherVisitor<M>(PhantomData<M>);
        impl<'de, M: Deserialize<'de>> Visitor<'de> for EitherVisitor<M> {
            type Value = Either<M>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name or an object")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Either<M>, E> {
                Ok(Either::Text(text.to_owned()))
            }

            // YAML takes the words for truth values.
            fn visit_bool<E: Error>(self, value: bool) -> Result<Either<M>, E> {
                Ok(Either::Text(if value { "on" } else { "off" }.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Either<M>, A::Error> {
                M::deserialize(MapAccessDeserializer::new(map)).map(Either::Object)
            }
        }
        deserializer.deserialize_any(EitherVisitor(PhantomData))
    }
}

/// The longest time span: any moment can be moved by it.
const LONGEST: Duration = Duration::from_hours(36_500 * 24);

/// `90s`, `5m`, `24h`, `7d`.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let number: u64 = text[..text.len() - 1].trim_end().parse().ok()?;
    let span = number.checked_mul(seconds).filter(|seconds| *seconds > 0).map(Duration::from_secs);
    span.filter(|span| *span <= LONGEST)
}

/// `100mb`, `64 KiB`, `1048576`: bytes, in units of 1024 as Elasticsearch counts them.
pub(super) fn parse_size(text: &str) -> Option<u64> {
    let unit = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}
