//! Reads the roles in a token. Microsoft calls tokens opaque, so this is advice, never a decision.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// Longest middle part that is decoded.
const MAX: usize = 64 * 1024;

/// Claims of a token.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Claims {
    /// The API that it is for.
    #[serde(default)]
    pub(super) aud: String,
    /// The tenant.
    #[serde(default)]
    pub(super) tid: String,
    /// Application permissions.
    #[serde(default)]
    pub(super) roles: Vec<String>,
    /// End, seconds since 1970.
    #[serde(default)]
    pub(super) exp: i64,
}

/// The claims, where the token is a readable JWT.
pub(super) fn decode(token: &SecretString) -> Option<Claims> {
    let mut parts = token.expose_secret().split('.');
    let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    if claims.len() > MAX {
        return None;
    }
    let json = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&json).ok()
}

/// Permissions that let a collector change something.
pub(super) fn excess(roles: &[String]) -> Vec<&str> {
    const WORDS: [&str; 9] = [
        "FullControl",
        "EnableDisableAccount",
        "Manage",
        "Send",
        "Create",
        "Delete",
        "Isolate",
        "RevokeSessions",
        "Offboard",
    ];
    let writes = |role: &&str| role.split('.').any(|part| part.contains("Write") || WORDS.contains(&part));
    roles.iter().map(String::as_str).filter(writes).collect()
}
