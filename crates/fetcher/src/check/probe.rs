//! One record of a dataset is asked for: the only way to learn of licences.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{Finding, Item};
use crate::http::{REDIRECTED, connection_fault, error_body, redirected};

const PATIENCE: Duration = Duration::from_mins(1);

/// What the API said.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) code: String,
    pub(super) message: String,
}

/// Asks for the first record of the list.
pub(super) async fn ask(
    client: &Client,
    root: &Url,
    path: &str,
    token: &SecretString,
) -> Result<Answer, crate::error::Fault> {
    let mut url = root.clone();
    url.set_path(&format!("{}{path}", root.path().trim_end_matches('/')));
    url.set_query(Some("$top=1"));
    let what = format!("GET {}{}", url.origin().ascii_serialization(), url.path());
    let request = client.get(url).timeout(PATIENCE).bearer_auth(token.expose_secret());
    let response = request.send().await.map_err(|error| connection_fault(&what, &error))?;
    let status = response.status();
    if status.is_redirection() {
        return Err(redirected(&what, &response, REDIRECTED));
    }
    // A record may be large; nobody needs it.
    let (code, message) = if status.is_success() { Default::default() } else { error_body(response).await };
    Ok(Answer { status, code, message })
}

/// What the answer means. `granted` says whether the token's roles hold the permission, if they are known.
pub(super) fn judge(answer: &Answer, source: &schema::Source, granted: Option<bool>) -> Finding {
    let Answer { status, code, message } = answer;
    let said = if code.is_empty() { status.to_string() } else { format!("{status}: {code}: {}", short(message)) };
    let failed = |cause: &str, cure: String| Finding::failed(Item::Probe, format!("{cause} ({said})")).cure(cure);
    let text = format!("{code} {message}");
    let says = |word: &str| text.contains(word);
    let licence = source.licence;
    match status.as_u16() {
        200 => Finding::ok(Item::Probe, "a record can be read"),
        429 => Finding::warning(Item::Probe, format!("the service throttles now, so it lets the application in ({said})")),
        403 if says("AF429") => {
            Finding::warning(Item::Probe, format!("the service throttles now, so it lets the application in ({said})"))
        }
        401 if !says("Tenant") => failed("the token is not accepted", "check `cloud`: the token is for another cloud's API, or revoked".to_owned()),
        403 if says("NonPremiumTenant") || says("premium license") => {
            failed("the tenant has no licence for this", format!("the dataset needs: {licence}"))
        }
        403 if says("DisabledFeature") || says("AF20023") => {
            failed("the feature is switched off in the tenant", "switch it on in the product's portal".to_owned())
        }
        400 | 401 | 403 if says("AF10001") || says("Tenant") && says("does not exist") => failed(
            "the tenant has no audit log",
            "switch the unified audit log on; it takes up to a day, and new tenants start without".to_owned(),
        ),
        403 if says("Authorization_IdentityNotFound") => failed(
            "the application is not known in this tenant",
            "give admin consent in this tenant, which creates the enterprise application; partners need it per customer"
                .to_owned(),
        ),
        403 if says("Missing application roles") || granted == Some(false) => failed(
            "the permission is missing",
            format!("grant the application permission {} and give admin consent", source.permission),
        ),
        // The permission is there, so it is the other thing that a 403 can mean.
        403 if granted == Some(true) => failed("access is refused although the permission is granted", format!("the dataset needs: {licence}")),
        403 => failed(
            "access is refused",
            format!("grant the application permission {} with admin consent; the dataset needs: {licence}", source.permission),
        ),
        404 => failed(
            "the API does not know this list",
            format!("check `cloud`, and that the service is set up; the dataset needs: {licence}"),
        ),
        408 | 500.. => Finding::warning(Item::Probe, format!("the service has trouble now ({said})"))
            .cure("try again later; the collector repeats by itself"),
        _ => failed("the service refuses the request", "please report this answer".to_owned()),
    }
}

fn short(message: &str) -> String {
    message.lines().next().unwrap_or_default().chars().take(200).collect()
}
