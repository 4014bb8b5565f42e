//! Why a stream ended, in a sentence.

use std::error::Error;

use common::error::with_causes;
use tonic::{Code, Status};

/// Why a stream ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Disconnection {
    /// What happened.
    pub(crate) reason: String,
    /// The agent does not take this component for its own, or the other way round: the same start-up info leads nowhere.
    pub(crate) is_refused: bool,
}

impl Disconnection {
    /// The agent ended the stream without an error.
    pub(crate) fn closed() -> Self {
        Self { reason: "the agent closed the stream".to_owned(), is_refused: false }
    }

    /// The certificates of the start-up info are of no use.
    pub(crate) fn without_certificates(error: &tonic::transport::Error) -> Self {
        let reason = format!("start-up info: its address, certificates or key are of no use: {}", with_causes(error));
        Self { reason: common::error::quoted(&reason), is_refused: true }
    }

    /// The stream ended with an error.
    pub(crate) fn of(status: &Status) -> Self {
        let causes = status.source().map(with_causes).unwrap_or_default();
        let is_of_tls = is_about_certificates(&causes) || is_about_certificates(status.message());
        let is_refused = status.code() == Code::PermissionDenied || is_of_tls;
        let what = match status.code() {
            Code::PermissionDenied => "the agent refuses the token of the start-up info",
            Code::AlreadyExists => "the agent has another stream of this component already",
            Code::DeadlineExceeded => "the agent waited in vain for the first message",
            Code::OutOfRange => "the agent sent a message above the size that it announced",
            Code::Unimplemented => "the agent does not know this protocol: it is too old",
            _ if is_refused => "agent and component do not accept each other's certificates",
            _ => "the stream to the agent broke",
        };
        // The status's own words, then the causes that tonic keeps in the chain.
        let mut reason = format!("{what}: {}", status.message());
        if !reason.contains(&causes) {
            reason = format!("{reason}: {causes}");
        }
        Self { reason: common::error::quoted(&reason), is_refused }
    }
}

/// By rustls's own words: HTTP/2 keeps the text of an error of the connection below it, and nothing else.
fn is_about_certificates(causes: &str) -> bool {
    ["invalid peer certificate", "received fatal alert"].iter().any(|words| causes.contains(words))
}
