//! Client assertions, verified as Entra verifies them: thumbprint, signature, application, audience, time.

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, Utc};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;

use crate::encode::{base64url, from_base64url};
use crate::tenant::{Federated, Tenant};

/// `client_assertion_type` of a JWT.
pub(super) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The one audience of foreign tokens.
const FEDERATED_AUDIENCE: &str = "api://AzureADTokenExchange";
/// How far the clocks may be apart, seconds.
const SKEW: i64 = 300;
const REVIEW: &str =
    "Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials";

/// `endpoint` is the address of the token endpoint after its scheme. An error is an AADSTS code with its text.
pub(super) fn verify(
    assertion: &str,
    tenant: &Tenant,
    endpoint: &str,
    now: DateTime<Utc>,
) -> Result<(), (u32, String)> {
    let malformed = || (50_027, "JWT token is invalid or malformed.".to_owned());
    let mut parts = assertion.split('.');
    let (Some(header), Some(claims), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(malformed());
    };
    let decoded = |part: &str| serde_json::from_slice::<Value>(&from_base64url(part)?).ok();
    let (Some(header), Some(body), Some(sealed)) = (decoded(header), decoded(claims), from_base64url(signature)) else {
        return Err(malformed());
    };
    let claim = |name: &str| body[name].as_str().unwrap_or_default();
    let is_own = |name: &str| claim(name).eq_ignore_ascii_case(&tenant.client_id);
    let signed = assertion.rsplit_once('.').map_or("", |(signed, _)| signed);
    if !is_own("iss") && !is_own("sub") {
        // A token of another issuer: workload identity.
        check_federated(tenant.federated.as_ref(), &body)?;
        let issuer = tenant.federated.as_ref().and_then(|federated| public_key(&federated.certificate));
        let is_signed = issuer.is_some_and(|key| {
            let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
            header["alg"] == "RS256" && key.verify(signed.as_bytes(), &sealed).is_ok()
        });
        if !is_signed {
            let reason = "[Reason - The key was found, but use of the key to verify the signature failed.]";
            return Err((700_027, format!("Client assertion failed signature validation. {reason}.")));
        }
        return check_times(&body, now);
    }
    verify_signature(tenant, &header, signed.as_bytes(), &sealed)?;
    if !is_own("iss") || !is_own("sub") {
        return Err((
            700_021,
            format!("Client assertion application identifier doesn't match 'client_id' parameter. {REVIEW}."),
        ));
    }
    let audience = claim("aud").to_ascii_lowercase();
    if audience.find("://").is_none_or(|at| audience[at..] != endpoint.to_ascii_lowercase()) {
        return Err((700_023, format!("Client assertion audience claim does not match Realm issuer. {REVIEW}.")));
    }
    check_times(&body, now)
}

/// The foreign token must fit the application's federated credential in everything.
fn check_federated(federated: Option<&Federated>, body: &Value) -> Result<(), (u32, String)> {
    let claim = |name: &str| body[name].as_str().unwrap_or_default();
    let what = format!(
        "Assertion Issuer: '{}'. Assertion Subject: '{}'. Assertion Audience: '{}'",
        claim("iss"),
        claim("sub"),
        claim("aud")
    );
    let none = |code, part: &str| {
        Err((code, format!("No matching federated identity record found for presented assertion{part}. {what}.")))
    };
    match federated {
        None => none(70_021, ""),
        Some(known) if known.issuer != claim("iss") => none(700_211, " issuer"),
        Some(_) if claim("aud") != FEDERATED_AUDIENCE => none(700_212, " audience"),
        Some(known) if known.subject != claim("sub") => none(700_213, " subject"),
        Some(_) => Ok(()),
    }
}

fn check_times(body: &Value, now: DateTime<Utc>) -> Result<(), (u32, String)> {
    let (from, to) = (body["nbf"].as_i64().unwrap_or_default(), body["exp"].as_i64().unwrap_or_default());
    if now.timestamp() < from - SKEW || now.timestamp() > to + SKEW || to <= from {
        let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Micros, true);
        let of = |seconds| time(DateTime::from_timestamp(seconds, 0).unwrap_or_default());
        let message = format!(
            "Client assertion is not within its valid time range. Current time: {}, assertion valid from {}, expiry time of assertion {}. {REVIEW}.",
            time(now),
            of(from),
            of(to)
        );
        return Err((700_024, message));
    }
    Ok(())
}

fn verify_signature(tenant: &Tenant, header: &Value, signed: &[u8], signature: &[u8]) -> Result<(), (u32, String)> {
    let (name, algorithm) = match &header["x5t#S256"] {
        Value::String(_) => ("x5t#S256", &SHA256),
        _ => ("x5t", &SHA1_FOR_LEGACY_USE_ONLY),
    };
    let thumbprint = header[name].as_str().unwrap_or_default();
    // Entra shows a thumbprint as the portal does: in hex digits.
    let shown = from_base64url(thumbprint).unwrap_or_default().iter().fold(String::new(), |mut shown, byte| {
        let _ = write!(shown, "{byte:02X}");
        shown
    });
    let portal = format!(
        "Thumbprint of key used by client: '{shown}', Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id '{}'",
        tenant.client_id
    );
    let registered = tenant.certificate.as_ref();
    let Some(certificate) = registered.filter(|der| base64url(digest(algorithm, der).as_ref()) == thumbprint) else {
        let message = format!(
            "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., {portal}]."
        );
        return Err((700_027, message));
    };
    let verified = public_key(certificate).is_some_and(|key| match header["alg"].as_str() {
        Some("PS256") => UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key).verify(signed, signature).is_ok(),
        Some("RS256") => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(signed, signature).is_ok(),
        _ => false,
    });
    if verified {
        return Ok(());
    }
    let message = format!(
        "Client assertion failed signature validation. [Reason - The key was found, but use of the key to verify the signature failed., {portal}]."
    );
    Err((700_027, message))
}

/// The `RSAPublicKey` in a certificate.
fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut body, _) = element(certificate)?;
    // The version stands in front only where it is not the first one.
    if body.first() == Some(&0xA0) {
        body = element(body)?.2;
    }
    // Serial number, signature algorithm, issuer, validity, subject.
    for _ in 0..5 {
        body = element(body)?.2;
    }
    let (_, info, _) = element(body)?;
    let (tag, bits, _) = element(element(info)?.2)?;
    // A bit string begins with the number of bits unused in its last byte.
    bits.strip_prefix(&[0]).filter(|_| tag == 0x03)
}

/// The first DER element: its tag, its content, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7F)).filter(|(bytes, _)| bytes.len() <= 4)?;
        (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}
