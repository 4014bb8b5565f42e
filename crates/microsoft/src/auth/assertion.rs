//! Client assertions: a JWT in the form that Entra asks for, signed with PS256.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::RSA_PSS_SHA256;
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use super::certificate::SigningCertificate;
use common::error::Error;

/// Entra accepts assertions of five to ten minutes.
const LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// An assertion for one token request to `endpoint` at `now`.
pub(super) fn sign(
    certificate: &SigningCertificate,
    client_id: &str,
    endpoint: &Url,
    now: DateTime<Utc>,
) -> Result<SecretString, Error> {
    let random = SystemRandom::new();
    let failed = |_| Error::Io("client assertion cannot be signed: no random numbers".to_owned());
    let mut id = [0; 16];
    random.fill(&mut id).map_err(failed)?;
    let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": certificate.thumbprint});
    let claims = json!({
        "aud": endpoint.as_str(),
        "iss": client_id,
        "sub": client_id,
        "jti": URL_SAFE_NO_PAD.encode(id),
        "iat": now.timestamp(),
        "nbf": now.timestamp(),
        "exp": (now + LIFETIME).timestamp(),
    });
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let mut token = format!("{}.{}", part(header), part(claims));
    let mut signature = vec![0; certificate.key.public().modulus_len()];
    certificate.key.sign(&RSA_PSS_SHA256, &random, token.as_bytes(), &mut signature).map_err(failed)?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token.into())
}
