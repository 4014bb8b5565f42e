//! Why a source or the output is not healthy, by name, and what to do about it.

use serde::{Deserialize, Serialize};

/// A reason. Its name is a label of metrics and part of `status --json`: a closed set, never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The tenant cannot be collected as it is configured.
    Configuration,
    /// The tenant's new configuration cannot be used, its former one stays in use.
    FormerConfiguration,
    /// No token, or the service does not accept it.
    Auth,
    /// The service answers 403: permission, consent or licence.
    Permission,
    /// The service refuses the request itself.
    Refused,
    /// There is no way to the service.
    Unreachable,
    /// Answers are not whole, or do not follow what is asked for: records may be missing.
    Incomplete,
    /// Cycles fail for reasons that should pass.
    Failing,
    /// No page for a long time because of throttling.
    ThrottledLong,
    /// Records are in the retry queue that could not be read with their page.
    HeavyRecord,
    /// Records claim to have changed in the future, or at a time that cannot be read.
    RecordTime,
    /// Records were given up.
    Lost,
    /// The output does not take documents.
    OutputBlocked,
    /// The state or dead-letter files cannot be written.
    State,
    /// No cycle succeeded for several intervals.
    Silent,
    /// New records arrive, but the cursor does not move.
    Stuck,
    /// The service delivers nothing but what the output has already.
    Repeating,
    /// Rows or documents were refused, and are kept as dead letters.
    DeadLetters,
}

impl Reason {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 18] = [
        Self::Configuration,
        Self::FormerConfiguration,
        Self::Auth,
        Self::Permission,
        Self::Refused,
        Self::Unreachable,
        Self::Incomplete,
        Self::Failing,
        Self::ThrottledLong,
        Self::HeavyRecord,
        Self::RecordTime,
        Self::Lost,
        Self::OutputBlocked,
        Self::State,
        Self::Silent,
        Self::Stuck,
        Self::Repeating,
        Self::DeadLetters,
    ];

    /// The name, as in metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::FormerConfiguration => "former_configuration",
            Self::Auth => "auth",
            Self::Permission => "permission",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Incomplete => "incomplete",
            Self::Failing => "failing",
            Self::ThrottledLong => "throttled_long",
            Self::HeavyRecord => "heavy_record",
            Self::RecordTime => "record_time",
            Self::Lost => "lost",
            Self::OutputBlocked => "output_blocked",
            Self::State => "state",
            Self::Silent => "silent",
            Self::Stuck => "stuck",
            Self::Repeating => "repeating",
            Self::DeadLetters => "dead_letters",
        }
    }

    /// Nothing is collected as long as it lasts.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Configuration | Self::Auth | Self::Permission | Self::Refused | Self::State)
    }

    /// Tells people what it means for the output and what to do. The tenants have nothing to do with it.
    pub fn output_advice(self) -> &'static str {
        match self {
            Self::Auth => {
                "Elasticsearch does not accept the login or refuses its privileges: check `api_key`, or `username` and \
                 `password`, of the output; `m365-fetcher check` tells which. No tenant is to blame; nothing is dropped"
            }
            reason => reason.advice(),
        }
    }

    /// Tells people what it means and what to do.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Configuration => {
                "mend the tenant's configuration or the file that it names; it is read again by itself, nothing is \
                 collected until then"
            }
            Self::FormerConfiguration => {
                "mend the tenant's new configuration; it is read again by itself, the former one is collected until then"
            }
            Self::Auth => {
                "Microsoft gives or accepts no token: run `m365-fetcher check`, it names the cause of this tenant's refusal"
            }
            Self::Permission => {
                "the API refuses the application: grant the permission with admin consent, or check the licence; \
                 `m365-fetcher check` tells which"
            }
            Self::Refused => "the service refuses this request for good: the error text says why; nothing is collected",
            Self::Unreachable => {
                "there is no way to the service: the error text says which part is missing; requests are repeated, and \
                 nothing is skipped"
            }
            Self::Incomplete => {
                "the service's answers are not whole, or do not follow what is asked for: what they hold is delivered, the \
                 rest is asked for in every cycle; check what stands before the service"
            }
            Self::Failing => {
                "requests fail; they are repeated, and nothing is skipped: check network, proxy and service health"
            }
            Self::ThrottledLong => {
                "the service throttles this tenant for long: another program may use the same application; give it its \
                 own, or poll less often"
            }
            Self::HeavyRecord => {
                "a record's nested rows cannot be read yet: it was delivered without them and is asked for again"
            }
            Self::RecordTime => {
                "records carry a time in the future, or none that can be read: they are delivered, but move nothing, and \
                 are read again until the service mends them; the log names them"
            }
            Self::Lost => "records were given up after many attempts: the log names them",
            Self::OutputBlocked => {
                "the output does not take documents: the reason says whether a disk is full, an index blocked, or a data \
                 stream, its templates or pipelines are at fault; the sources wait, nothing is dropped"
            }
            Self::State => {
                "the state cannot be read or written: check disk space and permissions of the state directory"
            }
            Self::Silent => "no cycle succeeded for several intervals: see the last error and the log",
            Self::Stuck => "new records arrive, but the cursor stays: please report it, with the log at debug level",
            Self::Repeating => {
                "the service repeats records that are known: harmless, but it costs requests; please report it"
            }
            Self::DeadLetters => {
                "records were refused and are kept as dead letters: read the reasons there, mend what they name and run \
                 `m365-fetcher replay`, or move the letters away"
            }
        }
    }
}
