//! What determines a tenant's content.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use crate::timeline::SPAN;

/// Everything that determines a tenant's content.
#[derive(Clone)]
pub struct Tenant {
    /// Tenant id, a GUID: the first path segment of the token endpoint and `tenantId` of every record.
    pub id: String,
    /// Application id that the token endpoint accepts.
    pub client_id: String,
    /// Client secret that the token endpoint accepts.
    pub client_secret: String,
    /// The certificate registered for the application, as DER: assertions signed with its RSA key are accepted beside the
    /// secret.
    pub certificate: Option<Vec<u8>>,
    /// The federated identity credential of the application: a foreign issuer's tokens are accepted as assertions.
    pub federated: Option<Federated>,
    /// Application permissions that the tenant's administrator has granted: the `roles` of its access tokens.
    pub roles: Vec<String>,
    /// Text that every access token of the tenant contains, for tests that look for tokens where none may be.
    pub token_mark: String,
    /// Two tenants with the same seed and shape differ only in their id.
    pub seed: u64,
    /// Number of incidents in the tenant.
    pub incidents: u64,
    /// How many alerts an incident holds.
    pub alerts_per_incident: AlertsPerIncident,
    /// `createdDateTime` of the first incident.
    pub start: DateTime<Utc>,
    /// Time between the creation of two incidents. An incident's last change comes at most 64 spacings after its creation.
    pub spacing: TimeDelta,
}

/// A federated identity credential: workload identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Federated {
    /// `iss` of the foreign tokens.
    pub issuer: String,
    /// `sub` of the foreign tokens.
    pub subject: String,
    /// A certificate (DER) with the issuer's RSA key, which signs with RS256.
    pub certificate: Vec<u8>,
}

/// How many alerts an incident holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertsPerIncident {
    /// Most incidents hold one to three alerts, few hold dozens (mean about four). Some incidents merge into others and
    /// then hold none.
    Realistic,
    /// Every incident holds exactly this many alerts and none merges.
    Exactly(u32),
}

impl Tenant {
    /// The same tenant moved in time, so that at `end` every record has arrived at its last version.
    #[must_use]
    pub fn ending_at(mut self, end: DateTime<Utc>) -> Tenant {
        let steps = i32::try_from(self.incidents.saturating_add(SPAN)).unwrap_or(i32::MAX);
        let lifetime = self.spacing.checked_mul(steps).unwrap_or(TimeDelta::zero());
        self.start = end.checked_sub_signed(lifetime).unwrap_or(self.start);
        self
    }
}

impl Default for Tenant {
    /// A small demonstration tenant: an intrusion told over the first incidents, then varied background noise.
    fn default() -> Tenant {
        Tenant {
            id: "11111111-2222-3333-4444-555555555555".into(),
            client_id: "66666666-7777-8888-9999-000000000000".into(),
            client_secret: "demo-secret".into(),
            certificate: None,
            federated: None,
            roles: crate::lists().iter().filter_map(|list| list.permissions.first().cloned()).collect(),
            token_mark: String::new(),
            seed: 7,
            incidents: 120,
            alerts_per_incident: AlertsPerIncident::Realistic,
            start: DateTime::from_timestamp(1_772_438_400, 0).unwrap_or_default(),
            spacing: TimeDelta::minutes(6),
        }
    }
}

impl fmt::Debug for Tenant {
    /// Everything but the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant")
            .field("id", &self.id)
            .field("client_id", &self.client_id)
            .field("certificate", &self.certificate.is_some())
            .field("federated", &self.federated)
            .field("roles", &self.roles)
            .field("seed", &self.seed)
            .field("incidents", &self.incidents)
            .field("alerts_per_incident", &self.alerts_per_incident)
            .field("start", &self.start)
            .field("spacing", &self.spacing)
            .finish_non_exhaustive()
    }
}
