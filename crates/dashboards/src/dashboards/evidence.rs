//! What the dashboards over evidence share.

use crate::color::Color;
use crate::field::Keyword;
use crate::fields::{alert, ecs};
use crate::panel::{Tile, tile};
use crate::{Filter, Metric, unique};

/// Dashboard that a click on a name leads to.
pub(super) const INVESTIGATION: &str = "incident-investigation";

/// Values of `@odata.type` of the evidence that dashboards ask for.
pub(super) mod kind {
    /// Beginning of all of them, with the name after it.
    macro_rules! kinds {
        ($($constant:ident = $name:literal;)*) => {
            $(#[doc = $name] pub(in crate::dashboards) const $constant: &str = concat!("#microsoft.graph.security.", $name);)*
        };
    }

    kinds! {
        AI_AGENT = "aiAgentEvidence";
        AMAZON_RESOURCE = "amazonResourceEvidence";
        ANALYZED_MESSAGE = "analyzedMessageEvidence";
        AZURE_RESOURCE = "azureResourceEvidence";
        BLOB = "blobEvidence";
        CLOUD_APPLICATION = "cloudApplicationEvidence";
        DEVICE = "deviceEvidence";
        FILE = "fileEvidence";
        FILE_HASH = "fileHashEvidence";
        GOOGLE_CLOUD_RESOURCE = "googleCloudResourceEvidence";
        IOT_DEVICE = "ioTDeviceEvidence";
        IP = "ipEvidence";
        MAIL_CLUSTER = "mailClusterEvidence";
        MAILBOX = "mailboxEvidence";
        MAILBOX_CONFIGURATION = "mailboxConfigurationEvidence";
        MALWARE = "malwareEvidence";
        OAUTH_APPLICATION = "oauthApplicationEvidence";
        SERVICE_PRINCIPAL = "servicePrincipalEvidence";
        SUBMISSION_MAIL = "submissionMailEvidence";
        TEAMS_MESSAGE = "teamsMessageEvidence";
        URL = "urlEvidence";
        USER = "userEvidence";
    }
}

/// Evidence of this kind.
pub(super) fn is(kind: &str) -> Filter {
    alert::EVIDENCE_ODATA_TYPE.is(kind)
}

/// Evidence of one of these kinds.
pub(super) fn is_any(kinds: &[&str]) -> Filter {
    alert::EVIDENCE_ODATA_TYPE.any_of(kinds)
}

/// Number of alerts: evidence has a document per item and state, so documents would count one alert many times.
pub(super) fn alerts() -> Metric {
    unique("Alerts", ecs::EVENT_ID)
}

/// What Defender holds for bad.
pub(super) fn is_bad(verdict: Keyword) -> Filter {
    verdict.any_of(&["malicious", "suspicious"])
}

/// A number that should be nought.
pub(super) fn warn(metric: Metric) -> Tile {
    tile(metric).bands(&[(0.0, Color::Success), (1.0, Color::Risk), (10.0, Color::Danger)])
}
