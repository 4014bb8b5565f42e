//! The fields of our documents as constants, made from the catalog: a field that no dataset has does not compile.

/// Declares a module of constants, and the list of all for the law that compares them with the catalog.
macro_rules! fields {
    ($($(#[$doc:meta])* $module:ident { $($constant:ident = $name:literal, $kind:ident;)* })*) => {$(
        $(#[$doc])*
        pub mod $module {
            $(#[doc = concat!("`", $name, "`")]
            pub const $constant: $crate::field::$kind = $crate::field::$kind::new($name);)*

            /// All fields of the module, with the types that each may have.
            #[cfg(test)]
            pub(crate) const ALL: &[(&str, &[schema::ecs::Type])] = &[$(($name, $crate::field::$kind::TYPES)),*];
        }
    )*};
}

mod catalog;

pub use catalog::*;

fields! {
    /// Fields of the state of incidents' handling, which are computed over all versions.
    response {
        VERSIONS = "m365_security.response.versions", Number;
        TRIAGED = "m365_security.response.triaged", Date;
        CLOSED = "m365_security.response.closed", Date;
        TIME_TO_TRIAGE = "m365_security.response.time_to_triage", Number;
        TIME_TO_CLOSE = "m365_security.response.time_to_close", Number;
        REOPENED = "m365_security.response.reopened", Number;
        MERGED = "m365_security.response.merged", Boolean;
        OWNER = "m365_security.response.owner", Keyword;
        SEVERITY = "m365_security.response.severity", Keyword;
        STATUS = "m365_security.response.status", Keyword;
        CLASSIFICATION = "m365_security.response.classification", Keyword;
        DETERMINATION = "m365_security.response.determination", Keyword;
    }
}
