//! One record of a dataset is asked for: the only way to learn of licences.

use std::borrow::Cow;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{Finding, Item};
use common::clock;
use common::error::Error;
use common::http::{REDIRECTED, check_encoding, check_json, connection_error, read_bounded, redirected};
use json_stream::{Event, MAX_ROW, PageForm, Splitter};
use microsoft::source::{PageOptions, PageRequest, Range, Requests};
use microsoft::{Said, error_body};

/// Longest page that is looked at: one record.
const MAX_PAGE: usize = 8 * 1024 * 1024;

const PATIENCE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// The API's answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) code: String,
    pub(super) message: String,
    /// The mistake in the page, where there is one.
    pub(super) page: Option<String>,
}

/// Asks for the first record of the list, and for the page behind it: whoever stands before the service may write links
/// that lead nowhere, which no first page shows.
pub(super) async fn ask(
    client: &Client,
    root: &Url,
    source: &schema::Source,
    token: &SecretString,
) -> Result<Answer, Error> {
    let Some(list) = source.list() else {
        return Err(Error::Permanent(format!("{} is collected in a way that is not built yet", source.path)));
    };
    let requests = Requests { root: root.clone(), api: source.api, path: source.path, list: *list };
    let page = first_record(&requests);
    let (mut answer, link) = ask_page(client, &requests, &page, token).await?;
    if let Some(link) = link {
        let next = requests.validate_next_link(&page.url, &link)?;
        let (behind, _) = ask_page(client, &requests, &next, token).await?;
        let is_passing = behind.status == StatusCode::TOO_MANY_REQUESTS || behind.status.is_server_error();
        if !behind.status.is_success() && !is_passing {
            let words = Said { code: behind.code, message: short(&behind.message) };
            answer.page =
                Some(format!("the link to the next page is answered with {}: {}", behind.status, words.text()));
        }
    }
    Ok(answer)
}

/// A page of one record; of lists that must be asked for a time, one of the last day.
fn first_record(requests: &Requests) -> PageRequest {
    if matches!(requests.list.query, schema::Query::OData(_)) {
        let mut url = requests.list();
        url.set_query(Some("$top=1"));
        return PageRequest::get(url);
    }
    let yesterday = clock::seconds(clock::earlier(clock::now(), DAY));
    let options = PageOptions { size: 1, expand: false, skip: 0, names: false };
    requests.page(&Range::since(yesterday), options)
}

/// An answer, and the link that it gives.
async fn ask_page(
    client: &Client,
    requests: &Requests,
    page: &PageRequest,
    token: &SecretString,
) -> Result<(Answer, Option<String>), Error> {
    let what = format!("{} {}{}", page.method(), page.url.origin().ascii_serialization(), page.url.path());
    let request = page.builder(client).timeout(PATIENCE).bearer_auth(token.expose_secret());
    let response = request.send().await.map_err(|error| connection_error(&what, &error))?;
    let status = response.status();
    if status.is_redirection() {
        return Err(redirected(&what, &response, REDIRECTED));
    }
    if !status.is_success() {
        let Said { code, message } = error_body(response).await;
        return Ok((Answer { status, code, message, page: None }, None));
    }
    check_json(&what, &response)?;
    check_encoding(&what, &response)?;
    let header = requests.link_of(response.headers());
    let body = read_bounded(response, MAX_PAGE).await.map_err(|error| connection_error(&what, &error))?;
    let (link, page) = if body.len() < MAX_PAGE { look(requests, &body) } else { (None, None) };
    Ok((Answer { status, code: String::new(), message: String::new(), page }, header.or(link)))
}

/// The link of a page, and what is wrong with it.
fn look(requests: &Requests, body: &[u8]) -> (Option<String>, Option<String>) {
    let (mut link, mut wrong) = (None, None);
    let (form, wraps) = PageForm::of(&requests.list);
    let mut splitter = Splitter::of(form, None, MAX_ROW);
    let text = if wraps { Cow::Owned([b"[", body, b"]"].concat()) } else { Cow::Borrowed(body) };
    let mut rest = &text[..];
    loop {
        match splitter.next(&mut rest) {
            Ok(Some(Event::NextLink(found))) => link = Some(found),
            Ok(Some(Event::Error(text))) => {
                wrong = Some(format!("an error beside the records: {}", short(&Said::read(text).text())));
            }
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(error) => return (link, Some(error.to_string())),
        }
    }
    let end = splitter.finish().err().map(|error| error.to_string());
    (link, wrong.or(end))
}

/// Judges the answer. `granted` says whether the token's roles hold the permission, if they are known.
pub(super) fn classify(answer: &Answer, source: &schema::Source, granted: Option<bool>) -> Finding {
    let Answer { status, code, message, page } = answer;
    let words = Said { code: code.clone(), message: short(message) };
    let said = if words.is_empty() { status.to_string() } else { format!("{status}: {}", words.text()) };
    let failed = |cause: &str, cure: String| Finding::failed(Item::Probe, format!("{cause} ({said})")).cure(cure);
    let text = format!("{code} {message}");
    let says = |word: &str| text.contains(word);
    let licence = source.licence;
    match status.as_u16() {
        200 | 203 | 206 if page.is_some() => failed(
            &format!("the answer is not a whole page: {}", page.as_deref().unwrap_or_default()),
            "check what stands between here and the service: a gateway or a proxy changes its answers".to_owned(),
        ),
        204 | 205 => Finding::warning(Item::Probe, format!("the service answers without a page ({said}), as if there were no records")),
        200 | 203 => Finding::ok(Item::Probe, "a record can be read"),
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
