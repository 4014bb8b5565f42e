//! Every dialect of a list, spoken over HTTP by a toy service that knows no other one: all its records arrive exactly once,
//! those that come later too, and a page that breaks costs nothing.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State as Context};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::CONTENT_TYPE;
use schema::{
    BodyFilter, Collection, Definition, Envelope, List, NextPage, OData, Operator, Parameters, Query, RecordPaths,
    Rows, TimeForm,
};
use serde_json::{Value, json};

use super::super::kinds::toy::{ToyList, ToyPage};
use super::*;
use microsoft::source::PageRequest;

/// Records of the list at first.
const RECORDS: u64 = 130;

/// A toy service: one list, in one dialect.
struct Toy {
    list: List,
    /// Id and time of the last change, in no order.
    records: Vec<(u64, DateTime<Utc>)>,
    /// Pages that break off.
    breaks: u32,
    /// Requests that it did not understand.
    odd: Vec<String>,
    pages: u64,
    /// Changes each row before it is sent.
    dress: fn(&mut Value),
    /// An error stands in the place of one record of the next page.
    spoils: bool,
    /// No answer can carry this record.
    bad: Option<u64>,
}

/// As exact as the toy's times are.
fn exact(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(time.timestamp_millis()).expect("time")
}

type Service = Arc<std::sync::Mutex<Toy>>;

async fn answer(Context(toy): Context<Service>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("body");
    if head.uri.path().ends_with("/token") {
        let token = json!({ "access_token": "toy", "expires_in": 3600, "token_type": "Bearer" });
        return ([(CONTENT_TYPE, "application/json")], token.to_string()).into_response();
    }
    let root = format!("http://{}", head.headers["host"].to_str().expect("host"));
    let url = Url::parse(&format!("{root}{}", head.uri)).expect("address");
    let body = (!body.is_empty()).then(|| String::from_utf8_lossy(&body).into_owned());
    let request = PageRequest { url, body };
    let mut toy = toy.lock().expect("lock");
    let answer =
        ToyList(toy.list).answer(&toy.records, &request).filter(|_| head.headers.contains_key("authorization"));
    let Some(ToyPage { mut rows, next }) = answer else {
        toy.odd.push(format!("{} {request:?}", head.method));
        return axum::http::StatusCode::BAD_REQUEST.into_response();
    };
    let id = |row: &Value| row["id"].as_str().and_then(|id| id.parse().ok());
    if rows.iter().any(|row| toy.bad.is_some() && id(row) == toy.bad) {
        return axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    toy.pages += 1;
    rows.iter_mut().for_each(toy.dress);
    if std::mem::take(&mut toy.spoils) {
        rows[0] = json!({ "code": "Busy", "message": "later" });
    }
    let link = next.as_ref().map(|(_, link)| link);
    let mut page = match toy.list.envelope {
        Envelope::Member(name) => json!({ name: rows }),
        Envelope::Array => Value::Array(rows),
        Envelope::Record | Envelope::Lines => unreachable!("no list has it"),
    };
    let mut headers = axum::http::HeaderMap::new();
    match (toy.list.next, link) {
        (NextPage::Link, Some(link)) => page["nextLink"] = link.as_str().into(),
        (NextPage::Offset { more: Some(more) }, _) => page[more] = next.is_some().into(),
        (NextPage::Header(name), Some(link)) => {
            headers.insert(
                axum::http::HeaderName::from_bytes(name.as_bytes()).expect("name"),
                link.parse().expect("link"),
            );
        }
        _ => {}
    }
    let mut text = page.to_string().into_bytes();
    if toy.pages.is_multiple_of(3) && toy.breaks > 0 {
        toy.breaks -= 1;
        text.truncate(text.len() / 2);
    }
    headers.insert(CONTENT_TYPE, "application/json; charset=utf-8".parse().expect("value"));
    (headers, Bytes::from(text)).into_response()
}

const RECORD: RecordPaths = RecordPaths { id: &["id"], changed: "lastUpdateDateTime", created: "createdDateTime" };

const LIST: List = List {
    record: RECORD,
    query: Query::OData(OData::USUAL),
    envelope: Envelope::Member("value"),
    next: NextPage::Link,
    page_size: 20,
    by_id: false,
    redirect: None,
};

async fn collects(list: List) {
    let identity = schema::dataset("alert").expect("dataset").definition.identity;
    collects_dressed(list, identity, |_| {}).await;
}

/// A toy list with breaking pages and an error in the place of a record, and who collects it.
async fn toy_scene(list: List, identity: &'static [&'static str], dress: fn(&mut Value)) -> (Scene, Service) {
    let now = common::clock::now();
    // Some of one moment, more than a page holds; the rest in no order.
    let at = |id: u64| {
        if id < 30 { now - TimeDelta::minutes(200) } else { now - TimeDelta::minutes((id * 37 % 300).cast_signed()) }
    };
    let records = (0..RECORDS).map(|id| (id, exact(at(id)))).collect();
    let toy = Service::new(
        Toy { list, records, breaks: 3, odd: Vec::new(), pages: 0, dress, spoils: true, bad: None }.into(),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let address = Url::parse(&format!("http://{}", listener.local_addr().expect("address"))).expect("address");
    let service = Router::new().fallback(answer).with_state(Arc::clone(&toy));
    tokio::spawn(async move { axum::serve(listener, service).await });

    let alert = schema::dataset("alert").expect("dataset");
    let source = schema::Source { path: "/api/toys", collection: Collection::List(list), ..alert.definition.source };
    let mut root = alert.root.clone();
    root.identity = identity.iter().map(|path| (*path).to_owned()).collect();
    let definition = Definition { source, rows: Rows::Elements, identity, ..alert.definition };
    let dataset: &'static schema::Dataset =
        Box::leak(Box::new(schema::Dataset { definition, description: alert.description.clone(), root }));
    let mut scene = scene_of(1, AlertsPerIncident::Exactly(0)).await;
    let tenant = &mut scene.config.tenants[0];
    tenant.cloud = Cloud::custom(address.clone(), address.clone(), address);
    tenant.datasets.retain(|config| config.dataset.definition.name == "alert");
    tenant.datasets[0] = DatasetConfig { dataset, lookback: Duration::from_hours(6), ..tenant.datasets[0] };
    (scene, toy)
}

/// Collects a toy list, then what changed meanwhile, and counts.
async fn collects_dressed(list: List, identity: &'static [&'static str], dress: fn(&mut Value)) {
    let (scene, toy) = toy_scene(list, identity, dress).await;
    let failed = scene.collect().await;
    let odd = std::mem::take(&mut toy.lock().expect("lock").odd);
    assert!(failed.is_empty() && odd.is_empty(), "{failed:?} {odd:?}");
    scene.check_toys(RECORDS);
    assert_eq!(toy.lock().expect("lock").breaks, 0);
    {
        let mut toy = toy.lock().expect("lock");
        let late = exact(common::clock::now());
        toy.records[7].1 = late;
        toy.records.push((RECORDS, late));
        toy.pages = 0;
    }
    let failed = scene.collect().await;
    let pages = toy.lock().expect("lock").pages;
    assert!(failed.is_empty() && (1..=2).contains(&pages), "{pages} pages, {failed:?}");
    scene.check_toys(RECORDS + 2);
}

impl Scene {
    fn check_toys(&self, count: u64) {
        let mut documents = self.documents("alert");
        documents.sort();
        documents.dedup();
        assert_eq!((documents.len() as u64, self.documents("alert").len() as u64), (count, count));
        assert_eq!(self.dead.counts(), []);
    }
}

/// Records that have what errors have, and no property that is called as in other lists.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_of_another_name_tells_records_from_errors() {
    let record = RecordPaths { id: &["providerAlertId"], ..RECORD };
    collects_dressed(List { record, ..LIST }, &["providerAlertId", "lastUpdateDateTime"], |row| {
        let row = row.as_object_mut().expect("an object");
        row.remove("id");
        row.extend([("code".to_owned(), json!("C1")), ("message".to_owned(), json!("a message"))]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odata_with_ge() {
    collects(LIST).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odata_with_gt_in_order() {
    let odata = OData { operators: &[Operator::Gt, Operator::Lt], ..OData::USUAL };
    collects(List { query: Query::OData(odata), ..LIST }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odata_with_gt_and_links_only() {
    let operators = &[Operator::Gt, Operator::Lt];
    let odata = OData { operators, orderable: false, skip: false, select: false, ..OData::USUAL };
    collects(List { query: Query::OData(odata), ..LIST }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parameters_with_a_bare_array_and_a_link_in_a_header() {
    let parameters = Parameters {
        from: "startTime",
        to: Some("endTime"),
        size: Some("pageSize"),
        skip: None,
        time: TimeForm::Iso8601,
        constant: &[("contentType", "Toys")],
        ordered: false,
    };
    let next = NextPage::Header("NextPageUri");
    collects(List { query: Query::Parameters(parameters), envelope: Envelope::Array, next, ..LIST }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_in_the_body_with_milliseconds_and_an_offset() {
    let filter = BodyFilter {
        field: "date",
        at_or_after: "gte",
        at_or_before: Some("lte"),
        sort: Some("date"),
        time: TimeForm::EpochMilliseconds,
    };
    collects(List {
        record: RecordPaths { id: &["_id"], changed: "date", ..RECORD },
        query: Query::Body(filter),
        envelope: Envelope::Member("data"),
        next: NextPage::Offset { more: Some("hasNext") },
        ..LIST
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paths_within_objects() {
    let record = RecordPaths { id: &["properties.systemId"], changed: "properties.times.changed", ..RECORD };
    collects(List { record, envelope: Envelope::Member("results"), ..LIST }).await;
}

/// Only links lead on, and nothing can be left out by its number: the time around the record becomes shorter and shorter.
#[tokio::test(start_paused = true)]
async fn a_record_that_no_page_can_carry_is_named_and_arrives_later_where_only_links_lead_on() {
    let odata = OData { orderable: false, skip: false, select: false, ..OData::USUAL };
    let identity = schema::dataset("alert").expect("dataset").definition.identity;
    let (scene, toy) = toy_scene(List { query: Query::OData(odata), ..LIST }, identity, |_| {}).await;
    {
        let mut toy = toy.lock().expect("lock");
        (toy.bad, toy.breaks, toy.spoils) = (Some(77), 0, false);
    }
    let time = toy.lock().expect("lock").records[77].1;
    for cycle in 0..2 {
        let failed = scene.collect().await;
        assert!(failed.is_empty(), "{cycle}: {failed:?}");
        scene.check_toys(RECORDS - 1);
        let queue = scene.state("alert").await.retry;
        assert!(queue.len() == 1 && queue[0].kind == state::RetryKind::Place, "{queue:?}");
        let (from, until) =
            (common::clock::parse(&queue[0].id), queue[0].until.as_deref().and_then(common::clock::parse));
        assert!(from.is_some_and(|from| from <= time) && until.is_some_and(|until| time < until), "{time} {queue:?}");
        scene.make_due("alert").await;
    }
    toy.lock().expect("lock").bad = None;
    let failed = scene.collect().await;
    assert!(failed.is_empty(), "{failed:?}");
    scene.check_toys(RECORDS);
    assert_eq!(scene.state("alert").await.retry, []);
    assert_eq!(toy.lock().expect("lock").odd, Vec::<String>::new());
}
