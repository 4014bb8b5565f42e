//! Scripted misbehaviour, for tests of those who fetch.

mod manners;
mod script;
mod times;
mod transport;

use std::time::Duration;

use chrono::TimeDelta;

pub use self::manners::Manner;
pub use self::script::Faults;
pub(crate) use self::transport::apply;

/// What a fault applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Every request.
    Any,
    /// `POST /{tenant}/oauth2/v2.0/token`.
    Token,
    /// Pages of the list of this name.
    List(&'static str),
    /// Single records of the list of this name, and what is nested in them.
    Record(&'static str),
}

impl Endpoint {
    /// The list of incidents.
    pub const INCIDENTS: Endpoint = Endpoint::List("incidents");
    /// One incident.
    pub const INCIDENT: Endpoint = Endpoint::Record("incidents");
    /// The list of alerts.
    pub const ALERTS: Endpoint = Endpoint::List("alerts");
    /// One alert.
    pub const ALERT: Endpoint = Endpoint::Record("alerts");
    /// The list of incidents of the legacy API.
    pub const LEGACY: Endpoint = Endpoint::List("legacy_incidents");

    /// A fault of this endpoint strikes requests to `there`.
    fn includes(self, there: Endpoint) -> bool {
        self == Endpoint::Any || self == there
    }
}

/// One kind of misbehaviour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Answers this instead: status, headers, body.
    Respond {
        /// HTTP status code.
        status: u16,
        /// Header names and values, such as `("retry-after", "2")`.
        headers: Vec<(String, String)>,
        /// The whole body.
        body: Vec<u8>,
    },
    /// Sends the real status and headers with this body.
    Replace(Vec<u8>),
    /// Sends the real answer with these members, JSON or not, before the time of the last change of every record.
    Members(Vec<u8>),
    /// Sends the real answer, a flat JSON object, with this member (its name; its value as JSON) in place of its own.
    Member(&'static str, &'static str),
    /// Waits before the real answer.
    Delay(Duration),
    /// Breaks the connection after this many bytes of the real body.
    Cut(usize),
    /// An empty page whose next link goes on at the same place (lists only).
    EmptyPage,
    /// Lists and gets that expand the alerts of this incident (its id) fail with 500, as they do for huge incidents.
    ExpandFails(String),
    /// Whatever would carry this record (its id; of an incident in both APIs) fails with 500: lists, and the record alone.
    RecordFails(String),
    /// The alert with this id carries this many bytes more in its description (Graph only).
    Oversized(String, usize),
    /// The record with this id appears in lists only so long after its time, as records do that a service stores late.
    Late(String, TimeDelta),
    /// The next page begins with the last record of this one (lists only).
    Repeat,
    /// Sends the real answer under this content type.
    ContentType(String),
    /// Sends the real answer with this `Date`, which may be none: a service, or a proxy, whose clock is wrong.
    Date(String),
    /// Sends the real answer with the times of change at this offset from UTC, in minutes.
    Offset(i32),
    /// The clock moves on before the real answer, and stops there.
    Tick(TimeDelta),
    /// Lists asked with a larger `$skip` are empty and have no next link, whatever there is.
    SkipEnds(u64),
    /// The real answer, in this manner.
    Manner(Manner),
}

impl Fault {
    /// A JSON answer with this status.
    pub fn status(status: u16, body: impl Into<Vec<u8>>) -> Fault {
        Fault::Respond { status, headers: vec![("content-type".into(), "application/json".into())], body: body.into() }
    }

    /// `403` of a tenant that holds no licence for the service.
    pub fn unlicensed() -> Fault {
        Fault::status(
            403,
            &br#"{"error":{"code":"Forbidden","message":"The tenant does not have a license for Microsoft Defender XDR.","innerError":{"code":"Forbidden"}}}"#[..],
        )
    }

    /// Applied where the list is made, not by the transport.
    fn shapes_lists(&self) -> bool {
        matches!(self, Fault::Late(..) | Fault::SkipEnds(_) | Fault::Repeat)
    }

    /// `429` with `Retry-After`.
    pub fn throttled(seconds: u32) -> Fault {
        Fault::Respond {
            status: 429,
            headers: vec![
                ("content-type".into(), "application/json".into()),
                ("retry-after".into(), seconds.to_string()),
            ],
            body: br#"{"error":{"code":"TooManyRequests","message":"Please retry again later.","innerError":{"code":"429","message":"Please retry after"}}}"#.to_vec(),
        }
    }
}
