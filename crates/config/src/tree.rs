//! The configuration file as a tree whose nodes know where they stand, so that what is wrong in one place does not keep the
//! rest from being read.

mod raw;

use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{self, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use self::raw::Raw;

/// Line and column, from 1.
pub(super) type Place = (u64, u64);

/// The place of what stands in no file.
const NOWHERE: Place = (0, 0);

/// Asks a [`Node`] for its place beside its value.
const SPOT: &str = "$spot";

/// A value of the file.
#[derive(Debug)]
pub(super) struct Node {
    place: Place,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Null,
    /// With its text: `on` and `007` may be meant as words.
    Flag(bool, String),
    Number(Number, String),
    Text(String),
    /// With their places in the file's list.
    List(Vec<(usize, Node)>),
    Map(Vec<(String, Place, Node)>),
}

#[derive(Debug, Clone, Copy)]
enum Number {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Spot<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// A step from a node to one below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Item(usize),
}

/// The reason why a node cannot be read as the wanted type.
#[derive(Debug)]
pub(super) struct Error {
    pub(super) place: Option<Place>,
    /// The way to the node, last step first.
    pub(super) path: Vec<Step>,
    pub(super) message: String,
}

impl Node {
    /// Reads a text. An error is one of YAML's grammar.
    pub(super) fn read(text: &str) -> Result<Self, serde_saphyr::Error> {
        // A snippet would show the lines around an error, and with them a secret.
        let options = serde_saphyr::options! { with_snippet: false };
        let Raw { place, kind } = serde_saphyr::from_str_with_options(text, options)?;
        Ok(Self { place, kind: kind.into_kind(text) })
    }

    /// A value that stands in no file, and whose texts hold no variables.
    pub(super) fn of(value: &Value) -> Self {
        let kind = match value {
            Value::Null => Kind::Null,
            Value::Bool(flag) => Kind::Flag(*flag, flag.to_string()),
            Value::Number(number) => {
                let text = number.to_string();
                let unsigned = number.as_u64().map(Number::Unsigned);
                let number = unsigned.or_else(|| number.as_i64().map(Number::Signed));
                Kind::Number(number.unwrap_or_else(|| Number::Float(value.as_f64().unwrap_or_default())), text)
            }
            Value::String(text) => Kind::Text(text.replace('$', "$$")),
            Value::Array(items) => Kind::List(items.iter().map(Self::of).enumerate().collect()),
            Value::Object(members) => {
                Kind::Map(members.iter().map(|(key, value)| (key.clone(), NOWHERE, Self::of(value))).collect())
            }
        };
        Self { place: NOWHERE, kind }
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// The items of a list; `None` if it is none.
    pub(super) fn into_items(self) -> Option<Vec<Node>> {
        match self.kind {
            Kind::List(items) => Some(items.into_iter().map(|(_, item)| item).collect()),
            _ => None,
        }
    }

    /// Takes a member out of an object.
    pub(super) fn take(&mut self, name: &str) -> Option<Node> {
        let Kind::Map(members) = &mut self.kind else { return None };
        let at = members.iter().position(|(key, ..)| key == name)?;
        Some(members.remove(at).2)
    }

    /// Removes what lies at the end of a path, last step first; `false` if it is the node itself.
    pub(super) fn remove(&mut self, path: &[Step]) -> bool {
        match (path, &mut self.kind) {
            ([Step::Key(name)], Kind::Map(members)) => {
                let count = members.len();
                members.retain(|(key, ..)| key != name);
                members.len() < count
            }
            ([Step::Item(place)], Kind::List(items)) => {
                let count = items.len();
                items.retain(|(item, _)| item != place);
                items.len() < count
            }
            ([rest @ .., Step::Key(name)], Kind::Map(members)) => {
                members.iter_mut().find(|(key, ..)| key == name).is_some_and(|(.., node)| node.remove(rest))
            }
            ([rest @ .., Step::Item(place)], Kind::List(items)) => {
                items.iter_mut().find(|(item, _)| item == place).is_some_and(|(_, node)| node.remove(rest))
            }
            _ => false,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spot<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SpotVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for SpotVisitor<T> {
            type Value = Spot<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value with its place")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Spot<T>, A::Error> {
                let missing = || de::Error::custom("has no place");
                let line = seq.next_element()?.ok_or_else(missing)?;
                let column = seq.next_element()?.ok_or_else(missing)?;
                let value = seq.next_element()?.ok_or_else(missing)?;
                Ok(Spot { value, place: (line, column) })
            }
        }
        deserializer.deserialize_struct(SPOT, &["line", "column", "value"], SpotVisitor(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Spot<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl Error {
    fn at(mut self, place: Place) -> Self {
        self.place.get_or_insert(place);
        self
    }

    fn below(mut self, step: Step) -> Self {
        self.path.push(step);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// The kind of a value, never the value itself: it may be a secret in a wrong place.
fn kind(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a truth value",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Unit | Unexpected::Option => "nothing",
        Unexpected::Seq => "a list",
        Unexpected::Map => "an object",
        _ => "a text",
    }
}

/// Names that keys had before the first release, and those that they have.
const RENAMED: [(&str, &str); 2] = [("ledger", "dedup_index"), ("reconcile", "late_arrival_scan")];

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { place: None, path: Vec::new(), message: message.to_string() }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format!("is {} where {expected} is expected", kind(&found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format!("is {} out of range; expected: {expected}", kind(&found)))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        if let Some((_, now)) = RENAMED.iter().find(|(former, now)| *former == field && expected.contains(now)) {
            return Self::custom(format!("unknown field `{field}`; it is called `{now}`, with the same values"));
        }
        Self::custom(format!("unknown field `{field}`, expected one of {}", expected.join(", ")))
    }
}

/// How every deserializer here reads a [`Spot`]: with its place. Other structs are read as any value.
macro_rules! read_spots {
    () => {
        fn deserialize_struct<V: Visitor<'de>>(
            self,
            name: &'static str,
            _: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, Error> {
            if name == SPOT { visitor.visit_seq(Places(self.place, 0, self)) } else { self.deserialize_any(visitor) }
        }
    };
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let done = match &self.kind {
            Kind::Null => visitor.visit_unit(),
            Kind::Flag(value, _) => visitor.visit_bool(*value),
            Kind::Number(Number::Unsigned(number), _) => visitor.visit_u64(*number),
            Kind::Number(Number::Signed(number), _) => visitor.visit_i64(*number),
            Kind::Number(Number::Float(number), _) => visitor.visit_f64(*number),
            Kind::Text(text) => visitor.visit_borrowed_str(text),
            Kind::List(items) => visitor.visit_seq(Items(items.iter())),
            Kind::Map(members) => visitor.visit_map(Members { rest: members.iter(), value: None }),
        };
        done.map_err(|error: Error| error.at(self.place))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.kind {
            Kind::Number(_, text) | Kind::Flag(_, text) => {
                visitor.visit_borrowed_str(text).map_err(|error: Error| error.at(self.place))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.kind {
            Kind::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    read_spots!();

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct seq tuple tuple_struct
        map enum identifier ignored_any
    }
}

/// Line, column and value of a [`Spot`].
struct Places<D>(Place, u8, D);

impl<'de, D: Deserializer<'de, Error = Error> + Copy> SeqAccess<'de> for Places<D> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.1 += 1;
        match self.1 {
            1 => seed.deserialize(self.0.0.into_deserializer()).map(Some),
            2 => seed.deserialize(self.0.1.into_deserializer()).map(Some),
            3 => seed.deserialize(self.2).map(Some),
            _ => Ok(None),
        }
    }
}

struct Items<'de>(std::slice::Iter<'de, (usize, Node)>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some((place, node)) = self.0.next() else { return Ok(None) };
        seed.deserialize(node).map(Some).map_err(|error| error.below(Step::Item(*place)))
    }
}

struct Members<'de> {
    rest: std::slice::Iter<'de, (String, Place, Node)>,
    value: Option<(&'de str, &'de Node)>,
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((name, place, node)) = self.rest.next() else { return Ok(None) };
        self.value = Some((name, node));
        let key = seed.deserialize(Name { name, place: *place });
        key.map(Some).map_err(|error| error.at(*place).below(Step::Key(name.clone())))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some((name, node)) = self.value.take() else { return Err(de::Error::custom("a value without its key")) };
        seed.deserialize(node).map_err(|error| error.below(Step::Key(name.to_owned())))
    }
}

/// The name of a member.
#[derive(Clone, Copy)]
struct Name<'de> {
    name: &'de str,
    place: Place,
}

impl<'de> Deserializer<'de> for Name<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.name)
    }

    read_spots!();

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
