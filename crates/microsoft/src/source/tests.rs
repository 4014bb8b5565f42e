//! Requests in every dialect.

use schema::{Api, BodyFilter, Envelope, List, NextPage, OData, Operator, Parameters, Query, RecordPaths, TimeForm};
use serde_json::{Value, json};
use url::Url;

use super::*;

const PAGE: PageOptions = PageOptions { size: 50, expand: true, skip: 0, names: false };

const LIST: List = List {
    record: RecordPaths { id: &["id"], changed: "lastUpdateDateTime", created: "createdDateTime" },
    query: Query::OData(OData { expand: Some("alerts"), ..OData::USUAL }),
    envelope: Envelope::Member("value"),
    next: NextPage::Link,
    page_size: 50,
    by_id: true,
    redirect: Some("redirectIncidentId"),
};

fn requests(list: List) -> Requests {
    let root = Url::parse("http://192.0.2.1/gateway/").expect("address");
    Requests { root, api: Api::Graph, path: "/v1.0/security/incidents", list }
}

fn query(list: List, range: &Range, options: PageOptions) -> String {
    let request = requests(list).page(range, options);
    assert_eq!((request.method(), request.url.path()), ("GET", "/gateway/v1.0/security/incidents"));
    let pairs: Vec<_> = request.url.query_pairs().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn range(from: &str, to: Option<Bound>) -> Range {
    Range { from: from.to_owned(), to }
}

#[test]
fn odata_asks_with_the_operators_that_the_service_knows() {
    const FROM: &str = "2026-01-01T10:00:00.1234567Z";
    let until = || Some(Bound::Before("2026-01-02T00:00:00Z".to_owned()));
    let with = |operators: &'static [Operator], orderable| {
        let odata = OData { operators, orderable, ..OData::USUAL };
        query(List { query: Query::OData(odata), ..LIST }, &range(FROM, until()), PAGE)
    };
    let usual = with(OData::USUAL.operators, true);
    assert_eq!(
        usual,
        "$filter=lastUpdateDateTime ge 2026-01-01T10:00:00.1234567Z and lastUpdateDateTime lt 2026-01-02T00:00:00Z\
         &$orderby=lastUpdateDateTime asc&$top=50"
    );
    let without_lt = with(&[Operator::Ge, Operator::Le], false);
    assert!(without_lt.contains("le 2026-01-02T00:00:00Z") && !without_lt.contains("$orderby"), "{without_lt}");
    // Nothing changes between two ticks of the service.
    let only_gt = with(&[Operator::Gt, Operator::Lt], true);
    assert!(only_gt.starts_with("$filter=lastUpdateDateTime gt 2026-01-01T10:00:00.1234566Z and"), "{only_gt}");
    let unordered = with(&[Operator::Gt], false);
    assert_eq!(unordered, "$filter=lastUpdateDateTime gt 2026-01-01T09:59:59.1234567Z&$top=50");
}

#[test]
fn odata_asks_for_a_place_for_names_and_under_a_condition() {
    let odata = OData { filter: Some("serviceSource eq 'dataLossPrevention'"), expand: Some("alerts"), ..OData::USUAL };
    let list = List { query: Query::OData(odata), ..LIST };
    let since = Range::since("2026-01-01T10:00:00+02:00");
    let page = query(list, &since, PageOptions { skip: 7, ..PAGE });
    assert_eq!(
        page,
        "$filter=serviceSource eq 'dataLossPrevention' and lastUpdateDateTime ge 2026-01-01T10:00:00+02:00\
         &$orderby=lastUpdateDateTime asc&$top=50&$skip=7"
            .to_owned()
            + "&$expand=alerts"
    );
    let names = query(list, &since, PageOptions { names: true, ..PAGE });
    assert!(names.ends_with("&$select=id,lastUpdateDateTime"), "{names}");
    let no_select = List { query: Query::OData(OData { select: false, ..odata }), ..list };
    assert!(!query(no_select, &since, PageOptions { names: true, expand: false, ..PAGE }).contains("$select"));
}

#[test]
fn parameters_have_the_names_and_the_times_of_the_service() {
    let parameters = Parameters {
        from: "startTime",
        to: Some("endTime"),
        size: Some("pageSize"),
        skip: Some("offset"),
        time: TimeForm::Iso8601,
        constant: &[("contentType", "Audit.General")],
        ordered: true,
    };
    let list = |parameters| List { query: Query::Parameters(parameters), ..LIST };
    let day = range("2026-01-01T10:00:00Z", Some(Bound::Before("2026-01-02T10:00:00.5Z".to_owned())));
    assert_eq!(
        query(list(parameters), &day, PageOptions { skip: 100, ..PAGE }),
        "contentType=Audit.General&startTime=2026-01-01T10:00:00Z&endTime=2026-01-02T10:00:00.5Z&pageSize=50&offset=100"
    );
    let bare =
        Parameters { to: None, size: None, skip: None, time: TimeForm::EpochMilliseconds, constant: &[], ..parameters };
    assert_eq!(query(list(bare), &day, PageOptions { skip: 100, ..PAGE }), "startTime=1767261600000");
    assert!(requests(list(parameters)).can_skip() && !requests(list(bare)).can_skip());
}

#[test]
fn a_filter_goes_in_the_body_with_milliseconds() {
    let filter = BodyFilter {
        field: "date",
        at_or_after: "gte",
        at_or_before: Some("lte"),
        sort: Some("date"),
        time: TimeForm::EpochMilliseconds,
    };
    let list = List { query: Query::Body(filter), next: NextPage::Offset { more: Some("hasNext") }, ..LIST };
    let day = range("2026-01-01T10:00:00.0009Z", Some(Bound::Before("2026-01-02T10:00:00.0001Z".to_owned())));
    let request = requests(list).page(&day, PageOptions { skip: 30, ..PAGE });
    assert_eq!((request.method(), request.url.query()), ("POST", None));
    let body: Value = serde_json::from_str(request.body.as_deref().expect("body")).expect("JSON");
    // The start is not made later, the end not earlier.
    assert_eq!(
        body,
        json!({
            "filters": { "date": { "gte": 1_767_261_600_000_i64, "lte": 1_767_348_000_001_i64 } },
            "sortField": "date", "sortDirection": "asc", "skip": 30, "limit": 50,
        })
    );
}

#[test]
fn a_record_is_asked_for_below_its_list() {
    let request = requests(LIST).record("a b/c");
    assert_eq!(request.url.as_str(), "http://192.0.2.1/gateway/v1.0/security/incidents/a%20b%2Fc?$expand=alerts");
}

#[test]
fn the_header_of_an_answer_names_the_next_page() {
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("NextPageUri", "https://192.0.2.1/next".parse().expect("value"));
    let list = List { next: NextPage::Header("NextPageUri"), ..LIST };
    assert_eq!(requests(list).link_of(&headers).as_deref(), Some("https://192.0.2.1/next"));
    assert_eq!(requests(LIST).link_of(&headers), None);
}
