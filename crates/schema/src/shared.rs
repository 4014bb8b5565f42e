//! Fields of our own that documents of several datasets have, so that one filter finds what belongs together.
//!
//! Columns fill them as they fill fields of ECS, which has no word for these.

use crate::ecs::{Ecs, Type};

/// The incident that a document belongs to, or is a version of.
pub const INCIDENT_ID: Ecs = Ecs { name: "m365_security.incident.id", kind: Type::Keyword, array: false };

/// First letters of the names of all shared fields.
pub const PREFIX: &str = "m365_security";

/// All shared fields with their documentation.
const FIELDS: &[(Ecs, &str)] = &[(INCIDENT_ID, "Incident that the document belongs to, or is a version of.")];

/// The shared field of this name, with its documentation.
pub fn find(name: &str) -> Option<(Ecs, &'static str)> {
    FIELDS.iter().find(|(field, _)| field.name == name).copied()
}
