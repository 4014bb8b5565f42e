//! What the detections of the invented company say: alert templates, and the incidents they group into.

/// Detections, each as its product, `detectionSource`, severity, category and techniques; its title; its description; its
/// advice; its kinds of evidence, the programs at work and its malware family.
macro_rules! templates {
    ($($name:ident = $service:ident, $detection:literal, $severity:ident, $category:literal $techniques:tt;
        $title:literal; $description:literal; $advice:literal; $evidence:tt, $tool:ident, $family:expr;)*) => {
        $(pub(super) static $name: Template = Template {
            title: $title,
            service: &$service,
            detection: $detection,
            category: $category,
            techniques: &$techniques,
            severity: Severity::$severity,
            description: $description,
            advice: $advice,
            evidence: &$evidence,
            tool: Tool::$tool,
            family: $family,
        };)*
    };
}

mod cloud;
mod data;
mod endpoint;
mod identity;
mod mail;
pub(crate) mod playbook;
mod themes;

use self::playbook::{ACCOUNT, MACHINE, MESSAGE, RESOURCE};
use crate::evidence::Kind;
use crate::files::Tool;

pub(crate) use themes::{STORY_THEMES, THEMES};

/// Severities as ordered numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    Informational,
    Low,
    Medium,
    High,
}

impl Severity {
    pub(crate) fn name(self) -> &'static str {
        ["informational", "low", "medium", "high"][self as usize]
    }

    pub(crate) fn legacy(self) -> &'static str {
        ["Informational", "Low", "Medium", "High"][self as usize]
    }
}

/// The product that raises an alert, with the names that the two APIs give it. A leading `+` marks a newer member.
#[derive(Debug)]
pub(crate) struct Service {
    /// Two letters in front of the alert's id.
    pub(crate) prefix: &'static str,
    /// `serviceSource` of Graph.
    pub(crate) source: &'static str,
    /// `productName` of Graph.
    pub(crate) product: &'static str,
    /// `serviceSource` of the legacy API.
    pub(crate) legacy: &'static str,
    /// How the product's alerts are worked on.
    pub(crate) playbook: &'static str,
}

/// One detection.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) title: &'static str,
    pub(crate) service: &'static Service,
    /// `detectionSource`, with `+` in front of newer members.
    pub(crate) detection: &'static str,
    pub(crate) category: &'static str,
    /// ATT&CK technique ids.
    pub(crate) techniques: &'static [&'static str],
    pub(crate) severity: Severity,
    pub(crate) description: &'static str,
    pub(crate) advice: &'static str,
    /// Kinds of evidence, the most telling first.
    pub(crate) evidence: &'static [Kind],
    /// The programs at work.
    pub(crate) tool: Tool,
    /// Malware family, where the detection names one.
    pub(crate) family: Option<&'static str>,
}

/// A kind of incident: the detections it groups.
#[derive(Debug)]
pub(crate) struct Theme {
    pub(crate) name: &'static str,
    pub(crate) templates: &'static [&'static Template],
    /// Analysts' `customTags`.
    pub(crate) tags: &'static [&'static str],
}

impl Theme {
    /// Template of the incident's alert number `alert`.
    pub(crate) fn template(&self, alert: u32) -> &'static Template {
        self.templates[alert as usize % self.templates.len()]
    }

    /// The incident is as severe as its worst alert.
    pub(crate) fn severity(&self, alerts: u32) -> Severity {
        let seen = self.templates.len().min(alerts.max(1) as usize);
        self.templates[..seen].iter().map(|template| template.severity).max().unwrap_or(Severity::Low)
    }
}

macro_rules! services {
    ($($name:ident = $prefix:literal, $source:literal, $product:literal, $legacy:literal, $playbook:expr;)*) => {
        $(pub(crate) static $name: Service =
            Service { prefix: $prefix, source: $source, product: $product, legacy: $legacy, playbook: $playbook };)*
        #[cfg(test)]
        pub(crate) static SERVICES: &[&Service] = &[$(&$name),*];
    };
}

services! {
    ENDPOINT = "da", "microsoftDefenderForEndpoint", "Microsoft Defender for Endpoint", "MicrosoftDefenderForEndpoint", MACHINE;
    IDENTITY = "aa", "microsoftDefenderForIdentity", "Microsoft Defender for Identity", "MicrosoftDefenderForIdentity", ACCOUNT;
    CLOUD_APPS = "ca", "microsoftDefenderForCloudApps", "Microsoft Defender for Cloud Apps", "MicrosoftCloudAppSecurity", ACCOUNT;
    OFFICE = "fa", "microsoftDefenderForOffice365", "Microsoft Defender for Office 365", "MicrosoftDefenderForOffice365", MESSAGE;
    XDR = "ra", "microsoft365Defender", "Microsoft Defender XDR", "Microsoft365Defender", MACHINE;
    ENTRA = "ad", "azureAdIdentityProtection", "Microsoft Entra ID Protection", "AadIdentityProtection", ACCOUNT;
    APP_GOVERNANCE = "ma", "microsoftAppGovernance", "Microsoft Application Protection", "MicrosoftAppGovernance", RESOURCE;
    DLP = "dl", "dataLossPrevention", "Microsoft Data Loss Prevention", "MicrosoftDataLossPrevention", RESOURCE;
    CLOUD = "dc", "+microsoftDefenderForCloud", "Microsoft Defender for Cloud", "MicrosoftDefenderForCloud", RESOURCE;
    SENTINEL = "sn", "+microsoftSentinel", "Microsoft Sentinel", "MicrosoftSentinel", MACHINE;
    INSIDER = "ir", "+microsoftInsiderRiskManagement", "Microsoft Purview Insider Risk Management", "MicrosoftInsiderRiskManagement", ACCOUNT;
    INTELLIGENCE = "ti", "+microsoftThreatIntelligence", "Microsoft Threat Intelligence", "MicrosoftThreatIntelligence", MACHINE;
    AI_SECURITY = "ai", "+microsoftSecurityForAI", "Microsoft Security for AI", "MicrosoftSecurityForAI", RESOURCE;
    UNKNOWN = "xx", "unknown", "Partner connector", "Unknown", ACCOUNT;
}
