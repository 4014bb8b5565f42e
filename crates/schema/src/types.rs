//! Semantic column types: what is always true of a value, wherever it occurs.
//!
//! The types are descriptions, never containers: they carry a JSON Schema and the word under `x-type` by which the
//! catalog knows them.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

use crate::ecs::Type;

/// Key under which a semantic type names itself in its JSON Schema.
pub(crate) const KEY: &str = "x-type";

/// What a scalar column holds. Every variant fixes the Elasticsearch type, the check and the normal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Semantic {
    /// Any text; numbers and booleans are taken as their text.
    Keyword,
    /// Text that may exceed what a keyword index takes: command lines, queries.
    Long,
    /// Prose for people.
    Prose,
    /// Text in lower case: enumeration members whose case differs between Microsoft's documents and services, GUIDs.
    Lower,
    /// Hexadecimal digest in lower case; joins `related.hash`.
    Hash,
    /// IPv4 or IPv6 address without port; joins `related.ip`.
    Ip,
    /// Point in time, RFC 3339, up to nanoseconds; a time without a zone is in UTC.
    Timestamp,
    /// Whole number of 64 bits.
    Integer,
    /// Floating-point number.
    Number,
    /// Boolean.
    Flag,
    /// Name, address or id of an account; joins `related.user`.
    User,
    /// Mail address, perhaps with the display name that a header has: the name gets a field of its own beside the
    /// column's, with `display_name` at its end; the address joins `related.user`.
    Mail,
    /// Name of a host or device; joins `related.hosts`.
    Host,
    /// Absolute URL.
    Url,
    /// JSON inside a string; becomes a `flattened` object.
    JsonText,
}

impl Semantic {
    /// All variants with the words that name them in schemas and plans.
    pub const ALL: &'static [(Semantic, &'static str)] = &[
        (Semantic::Keyword, "keyword"),
        (Semantic::Long, "long_text"),
        (Semantic::Prose, "prose"),
        (Semantic::Lower, "lower"),
        (Semantic::Hash, "hash"),
        (Semantic::Ip, "ip"),
        (Semantic::Timestamp, "timestamp"),
        (Semantic::Integer, "integer"),
        (Semantic::Number, "number"),
        (Semantic::Flag, "flag"),
        (Semantic::User, "user"),
        (Semantic::Mail, "mail"),
        (Semantic::Host, "host"),
        (Semantic::Url, "url"),
        (Semantic::JsonText, "json_text"),
    ];

    /// The word that names the type.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(semantic, _)| *semantic == self).map_or("", |(_, word)| word)
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| *name == word).map(|(semantic, _)| *semantic)
    }

    /// Elasticsearch type of a custom field with this content.
    pub fn field_type(self) -> Type {
        match self {
            Semantic::Keyword
            | Semantic::Lower
            | Semantic::Hash
            | Semantic::User
            | Semantic::Mail
            | Semantic::Host
            | Semantic::Url => Type::Keyword,
            Semantic::Long => Type::Wildcard,
            Semantic::Prose => Type::MatchOnlyText,
            Semantic::Ip => Type::Ip,
            Semantic::Timestamp => Type::Date,
            Semantic::Integer => Type::Long,
            Semantic::Number => Type::Double,
            Semantic::Flag => Type::Boolean,
            Semantic::JsonText => Type::Flattened,
        }
    }

    /// Whether any text is a value as it is, with nothing to check or change.
    pub fn takes_any_text(self) -> bool {
        use Semantic::{Host, Keyword, Long, Mail, Prose, Url, User};
        matches!(self, Keyword | Long | Prose | User | Mail | Host | Url)
    }

    /// Whether values are text after conversion.
    pub fn is_text(self) -> bool {
        self.field_type().is_text()
    }
}

/// Declares a documented type with its JSON Schema.
macro_rules! semantic {
    ($($(#[$doc:meta])* $name:ident, $semantic:ident, $json:tt;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let mut schema = json_schema!({ "type": $json });
                schema.insert(KEY.into(), Semantic::$semantic.word().into());
                schema
            }
        }
    )*};
}

semantic! {
    /// Text: an id, a name, a label. [`Semantic::Keyword`].
    Keyword, Keyword, ["string", "integer", "boolean", "null"];
    /// Long machine text such as a command line. [`Semantic::Long`].
    LongText, Long, ["string", "null"];
    /// Prose for people. [`Semantic::Prose`].
    Prose, Prose, ["string", "null"];
    /// Member of an open enumeration of Microsoft Graph, kept as the service spells it; unknown members are kept too.
    Member, Keyword, ["string", "null"];
    /// Member of an enumeration that the incumbent's fields hold in lower case (severity).
    LowerMember, Lower, ["string", "null"];
    /// GUID, in lower case.
    Guid, Lower, ["string", "null"];
    /// SHA-256 digest, hexadecimal.
    Sha256, Hash, ["string", "null"];
    /// SHA-1 digest, hexadecimal.
    Sha1, Hash, ["string", "null"];
    /// MD5 digest, hexadecimal.
    Md5, Hash, ["string", "null"];
    /// IPv4 or IPv6 address.
    Ip, Ip, ["string", "null"];
    /// `Edm.DateTimeOffset`: UTC, up to seven digits of a second.
    Timestamp, Timestamp, ["string", "null"];
    /// `Edm.Int32` or `Edm.Int64`.
    Integer, Integer, ["integer", "string", "null"];
    /// `Edm.Double`.
    Number, Number, ["number", "null"];
    /// `Edm.Boolean`.
    Flag, Flag, ["boolean", "string", "null"];
    /// User principal name, `user@domain`.
    Upn, User, ["string", "null"];
    /// Account name, mail address, SID or object id of a user.
    User, User, ["string", "null"];
    /// Mail address, as it is or as a header writes it: `Shop <news@shop.example>`.
    Mail, Mail, ["string", "null"];
    /// Host name, DNS name or device id.
    Host, Host, ["string", "null"];
    /// Absolute URL.
    Url, Url, ["string", "null"];
    /// JSON inside a string.
    JsonText, JsonText, ["string", "null"];
}

/// Object without a fixed set of properties (`microsoft.graph.security.dictionary`): one `flattened` field.
#[derive(Debug, Clone, Copy)]
pub struct Dictionary;

impl JsonSchema for Dictionary {
    fn schema_name() -> Cow<'static, str> {
        "Dictionary".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["object", "null"], "x-type": "dictionary" })
    }
}
