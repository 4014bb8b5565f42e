//! The conversions: each has one name, one implementation in the mapper and one in the ingest pipeline.

/// Shapes one value on its way into an ECS field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// As it is.
    Keep,
    /// Lower case.
    Lower,
    /// Value of a table, key compared in lower case without spaces.
    Table,
    /// Value of the first table row whose key starts the text, compared likewise.
    Prefix,
    /// Technique of a MITRE ATT&CK id: `T1564.001` gives `T1564`.
    Technique,
    /// Sub-technique of a MITRE ATT&CK id; nothing for a plain technique.
    Subtechnique,
    /// Arguments of a command line, quotes removed: an array.
    Args,
    /// Extension of a file name without the dot.
    Extension,
    /// Last segment of a path with `\` or `/`.
    FileName,
    /// Part of an address before its `@`; the whole text where there is none.
    BeforeAt,
    /// Part of an address after its `@`.
    AfterAt,
    /// Scheme of a URL.
    UrlScheme,
    /// Host of a URL, without user and port.
    UrlDomain,
    /// Port of a URL.
    UrlPort,
    /// Path of a URL.
    UrlPath,
    /// Query of a URL without the question mark.
    UrlQuery,
    /// Fragment of a URL without the hash sign.
    UrlFragment,
    /// Extension of the last path segment of a URL.
    UrlExtension,
}

impl Op {
    /// All conversions with the words that name them in plans.
    pub const ALL: &'static [(Op, &'static str)] = &[
        (Op::Keep, "keep"),
        (Op::Lower, "lower"),
        (Op::Table, "table"),
        (Op::Prefix, "prefix"),
        (Op::Technique, "technique"),
        (Op::Subtechnique, "subtechnique"),
        (Op::Args, "args"),
        (Op::Extension, "extension"),
        (Op::FileName, "file_name"),
        (Op::BeforeAt, "before_at"),
        (Op::AfterAt, "after_at"),
        (Op::UrlScheme, "url_scheme"),
        (Op::UrlDomain, "url_domain"),
        (Op::UrlPort, "url_port"),
        (Op::UrlPath, "url_path"),
        (Op::UrlQuery, "url_query"),
        (Op::UrlFragment, "url_fragment"),
        (Op::UrlExtension, "url_extension"),
    ];

    /// The parts that a URL's group of custom fields holds, beside `original`.
    pub const URL_PARTS: &'static [(&'static str, Op)] = &[
        ("domain", Op::UrlDomain),
        ("extension", Op::UrlExtension),
        ("fragment", Op::UrlFragment),
        ("path", Op::UrlPath),
        ("port", Op::UrlPort),
        ("query", Op::UrlQuery),
        ("scheme", Op::UrlScheme),
    ];

    /// The word that names the conversion.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(op, _)| *op == self).map_or("", |(_, word)| word)
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| *name == word).map(|(op, _)| *op)
    }
}

/// Fills an ECS field from several columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Derive {
    /// Folder and file name joined with the folder's own separator.
    Path,
    /// Hive, key and, where there is one, value name of the registry, joined with backslashes.
    Registry,
    /// First 32 hexadecimal digits of the SHA-256 over the values, joined with line feeds; nothing unless all exist.
    EntityId,
    /// Nanoseconds from the first time to the second; nothing if negative.
    Duration,
    /// The first value if the second one is `md5`.
    IfMd5,
    /// The first value if the second one is `sha1`.
    IfSha1,
    /// The first value if the second one is `sha256`.
    IfSha256,
}

impl Derive {
    /// All derivations with the words that name them in plans.
    pub const ALL: &'static [(Derive, &'static str)] = &[
        (Derive::Path, "path"),
        (Derive::Registry, "registry"),
        (Derive::EntityId, "entity_id"),
        (Derive::Duration, "duration"),
        (Derive::IfMd5, "if_md5"),
        (Derive::IfSha1, "if_sha1"),
        (Derive::IfSha256, "if_sha256"),
    ];

    /// The word that names the derivation.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(derive, _)| *derive == self).map_or("", |(_, word)| word)
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| *name == word).map(|(derive, _)| *derive)
    }
}
