//! What the error codes of Entra's token endpoint (AADSTS…) mean for the one who configures the collector.

/// What to do about a code, if it is a known one.
pub fn hint(code: u64) -> Option<&'static str> {
    Some(match code {
        90_002 => "the tenant id is wrong or belongs to another cloud; check `id` and `cloud`",
        90_038 | 900_432 | 900_382 => "use the login host of the tenant's cloud; check `cloud`",
        900_023 => "the tenant id is malformed; it is a GUID or a domain name",
        700_016 | 700_011 => "the client id is wrong, or the application was never consented to in this tenant",
        7_000_112 | 70_001 => "the enterprise application is disabled in this tenant",
        7_000_229 => "give admin consent, which creates the enterprise application in this tenant",
        7_000_215 | 70_002 => "the client secret is wrong; use the secret's value, not its id",
        700_027 => {
            "register this certificate at the application, or use the registered one; thumbprint and key must be its own"
        }
        700_024 => "the assertion is not valid at the service's time; check this machine's clock (NTP)",
        700_021 | 50_027 => "the assertion does not fit the application; check `client_id`",
        700_023 => "the assertion is meant for another token endpoint; check `id` and `cloud`",
        700_030 => "the certificate's subject name is not allowed for this application",
        70_021 | 700_211 | 700_212 | 700_213 => {
            "no federated credential of the application matches the token's issuer, subject and audience \
             (api://AzureADTokenExchange); a new one takes minutes to work"
        }
        700_229 => "the federated token must be one of an application, not of a user",
        7_000_222 => "the client secret has expired; create a new one",
        7_000_218 => "no credential reached the endpoint, or the application is a public client",
        700_025 => "the application is registered as a public client",
        650_052 => "the tenant has no subscription to this service",
        500_011 => "the audience does not exist in this tenant: the service is not provisioned, or `cloud` is wrong",
        650_056 | 650_057 | 65_005 => "add the API permission to the application registration and consent to it",
        65_001 | 90_094 => "grant admin consent to the application",
        70_011 | 1_002_012 | 700_022 => {
            "the audience is not one of this cloud; check `cloud`, and the addresses if they are your own"
        }
        9_001_023 => "set the tenant's own id, not `common`",
        53_003 | 530_032 | 530_035 => {
            "a conditional access policy for workload identities blocks this application or address"
        }
        90_099 => "the partner application is not authorised in the customer tenant; pre-consent to it",
        50_196 => "too many identical token requests: do other processes share this application?",
        _ => return None,
    })
}

/// The codes that a text names as `AADSTS<number>`.
pub fn find(text: &str) -> Vec<u64> {
    text.split("AADSTS")
        .skip(1)
        .filter_map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest[..end].parse().ok()
        })
        .collect()
}

/// Throttling and outages of the endpoint.
pub fn is_transient(code: u64) -> bool {
    matches!(code, 90_055 | 90_006 | 90_012 | 90_024 | 90_033 | 90_090)
}
