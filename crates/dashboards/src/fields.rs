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
    /// Fields of what the collector writes about itself.
    health {
        TENANT = "m365_security.health.tenant", Keyword;
        DATASET = "m365_security.health.dataset", Keyword;
        SOURCE = "m365_security.health.source", Keyword;
        API = "m365_security.health.api", Keyword;
        STATE = "m365_security.health.state", Keyword;
        REASON = "m365_security.health.reason", Keyword;
        LAG = "m365_security.health.lag", Number;
        REQUESTS = "m365_security.health.requests", Number;
        THROTTLED = "m365_security.health.throttled", Number;
        THROTTLE_WAIT = "m365_security.health.throttle_wait", Number;
        RETRIES = "m365_security.health.retries", Number;
        RECORDS = "m365_security.health.records", Number;
        DOCUMENTS = "m365_security.health.documents", Number;
        DUPLICATES = "m365_security.health.duplicates", Number;
        BYTES = "m365_security.health.bytes", Number;
        LATE = "m365_security.health.late", Number;
        LATE_DELAY = "m365_security.health.late_delay", Number;
        DRIFT_VALUES = "m365_security.health.drift.values", Number;
        DRIFT_NAMES = "m365_security.health.drift.names", Number;
        UNMAPPED = "m365_security.health.unmapped", Keyword;
        DEAD_LETTERS = "m365_security.health.dead_letters", Number;
        DEAD_LETTERS_WAITING = "m365_security.health.dead_letters_waiting", Number;
        PIPELINE_ERRORS = "m365_security.health.pipeline_errors", Number;
        RETRY_QUEUE = "m365_security.health.retry_queue", Number;
        DELIVERY_LATENCY = "m365_security.health.delivery_latency", Number;
    }
}
