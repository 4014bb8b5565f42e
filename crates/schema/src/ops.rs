//! The conversions: each has one name, one implementation in the mapper and one in the ingest pipeline.

/// Shapes one value on its way into an ECS field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// The value as it is.
    Keep,
    /// Lower case.
    Lower,
    /// Value of a table, key compared in lower case without spaces.
    Table,
    /// Value of the first table row whose key starts the text, key compared in lower case without spaces.
    Prefix,
    /// Technique of a MITRE ATT&CK id: `T1564.001` gives `T1564`.
    Technique,
    /// Sub-technique of a MITRE ATT&CK id; nothing for a plain technique.
    Subtechnique,
    /// Arguments of a command line, quotes removed: an array.
    Args,
    /// Name of a person's account: an address with an `@`; nothing for the words by which automations sign.
    Person,
    /// Addresses of a mail header such as `"Shop" <news@shop.example>`; the whole text where it holds none.
    MailAddress,
    /// Hosts of these addresses, in lower case.
    MailHost,
    /// Host or domain name in lower case, without port and without a dot at its end; nothing for an IP address.
    Host,
    /// Host of a URL as [`Op::Host`] writes it, the scheme may be missing; nothing for an IP address.
    UrlHost,
    /// Host of a URL if it is an IP address.
    UrlIp,
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
    /// The URL itself, if it is absolute.
    UrlFull,
    /// User name within a URL.
    UrlUsername,
    /// Password within a URL.
    UrlPassword,
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
        (Op::Person, "person"),
        (Op::MailAddress, "mail_address"),
        (Op::MailHost, "mail_host"),
        (Op::Host, "host"),
        (Op::UrlHost, "url_host"),
        (Op::UrlIp, "url_ip"),
        (Op::UrlScheme, "url_scheme"),
        (Op::UrlDomain, "url_domain"),
        (Op::UrlPort, "url_port"),
        (Op::UrlPath, "url_path"),
        (Op::UrlQuery, "url_query"),
        (Op::UrlFragment, "url_fragment"),
        (Op::UrlExtension, "url_extension"),
        (Op::UrlFull, "url_full"),
        (Op::UrlUsername, "url_username"),
        (Op::UrlPassword, "url_password"),
    ];

    /// The parts that a URL's group of custom fields holds, beside `original`.
    pub const URL_PARTS: &'static [(&'static str, Op)] = &[
        ("domain", Op::UrlDomain),
        ("extension", Op::UrlExtension),
        ("fragment", Op::UrlFragment),
        ("full", Op::UrlFull),
        ("password", Op::UrlPassword),
        ("path", Op::UrlPath),
        ("port", Op::UrlPort),
        ("query", Op::UrlQuery),
        ("scheme", Op::UrlScheme),
        ("username", Op::UrlUsername),
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
    /// Path of a file from folder and name; either may be missing, the folder may hold the name, the name a folder.
    Path,
    /// Name of a file from folder and name, without folder and without the name of an alternate data stream.
    FileName,
    /// Folder of a file from folder and name.
    FileDirectory,
    /// Extension of a file's name from folder and name, without the dot.
    FileExtension,
    /// Name of the alternate data stream from folder and name.
    ForkName,
    /// Abbreviated hive, key and, if there is one, value name of the registry, joined with backslashes.
    RegistryPath,
    /// Hive from hive and key, abbreviated; a key may begin with its hive.
    RegistryHive,
    /// Key below the hive, from hive and key.
    RegistryKey,
    /// First 32 hexadecimal digits of the SHA-256 over the values, joined with line feeds; nothing unless all exist.
    EntityId,
    /// Nanoseconds from the first time to the second; nothing if negative.
    Duration,
    /// A place from latitude and longitude, numbers of degrees: `latitude,longitude` with five digits, about a metre.
    GeoPoint,
    /// The value in lower case.
    Lower,
    /// Name of the first account that there is: of `NORTH\kim` and of `kim@north.example` it is `kim`.
    AccountName,
    /// Domain of an account: the first value, or what the accounts after it name.
    AccountDomain,
    /// Domain that the first account with one names.
    UpnDomain,
}

impl Derive {
    /// All derivations with the words that name them in plans.
    pub const ALL: &'static [(Derive, &'static str)] = &[
        (Derive::Path, "path"),
        (Derive::FileName, "file_name"),
        (Derive::FileDirectory, "file_directory"),
        (Derive::FileExtension, "file_extension"),
        (Derive::ForkName, "fork_name"),
        (Derive::RegistryPath, "registry_path"),
        (Derive::RegistryHive, "registry_hive"),
        (Derive::RegistryKey, "registry_key"),
        (Derive::EntityId, "entity_id"),
        (Derive::Duration, "duration"),
        (Derive::GeoPoint, "geo_point"),
        (Derive::Lower, "lower"),
        (Derive::AccountName, "account_name"),
        (Derive::AccountDomain, "account_domain"),
        (Derive::UpnDomain, "upn_domain"),
    ];

    /// Whether the value needs all of its inputs.
    pub fn needs_all(self) -> bool {
        matches!(self, Derive::EntityId | Derive::Duration | Derive::GeoPoint | Derive::Lower)
    }

    /// The word that names the derivation.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(derive, _)| *derive == self).map_or("", |(_, word)| word)
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| *name == word).map(|(derive, _)| *derive)
    }
}
