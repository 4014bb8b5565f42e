//! The list keeps the contract of all kinds, in every dialect.

use chrono::{DateTime, Utc};
use schema::{Api, BodyFilter, Envelope, List, NextPage, OData, Operator, Parameters, Query, RecordPaths, TimeForm};
use url::Url;

use super::super::Page;
use super::super::contract::{Answer, Subject, contract};
use super::super::progress::KindProgress;
use super::super::toy::{PAGE, ToyList, ToyPage};
use super::*;
use crate::record::RecordReader;
use common::error::Error;
use state::Progress;

/// Further back than the oldest record, and as far as every cycle reads again.
const REACH: cursor::Reach = cursor::Reach { lookback: Duration::from_hours(6), overlap: Duration::from_mins(2) };

/// A toy list.
struct Toy(List);

impl Subject for Toy {
    type Kind = TimeCursorList;

    fn start(&self, progress: Option<&KindProgress>, now: DateTime<Utc>) -> TimeCursorList {
        let mut stored = Progress::default();
        if let Some(progress) = progress {
            progress.replace(0, &mut stored).expect("JSON");
        }
        let cursor = Cursor::new(&stored, REACH, now);
        TimeCursorList::new(Start {
            tenant: "t".into(),
            requests: requests(self.0),
            range: Range::since(cursor.from()),
            role: Role::Live,
            cursors: vec![cursor],
            size: PageSize::new(self.0.page_size),
            places: Vec::new(),
            oversized: Vec::new(),
            now,
        })
    }

    fn answer(&self, visible: &[(u64, DateTime<Utc>)], request: &PageRequest) -> Option<Answer> {
        let ToyPage { rows, next } = ToyList(self.0).answer(visible, request)?;
        let mut page = Page { rows: rows.len() as u64, digest: digest(&rows), ..Page::default() };
        match (self.0.next, next) {
            (NextPage::Offset { .. }, next) => page.more = Some(next.is_some()),
            (_, next) => page.link = next.map(|(_, link)| link),
        }
        Some(Answer { rows, page })
    }

    fn is_continuation(&self, request: &PageRequest) -> bool {
        request.url.query_pairs().any(|(name, _)| name == "token")
    }

    fn reader(&self) -> RecordReader {
        RecordReader::new(&self.0)
    }
}

fn requests(list: List) -> Requests {
    let root = Url::parse("http://192.0.2.1/").expect("address");
    Requests { root, api: Api::Graph, path: "/v1.0/toys", list }
}

fn digest(rows: &[serde_json::Value]) -> u64 {
    use std::hash::{BuildHasher, BuildHasherDefault};
    let hasher = BuildHasherDefault::<rustc_hash::FxHasher>::default();
    rows.iter().fold(0, |digest: u64, row| digest.wrapping_add(hasher.hash_one(row.to_string())))
}

const RECORD: RecordPaths = RecordPaths { id: &["id"], changed: "lastUpdateDateTime", created: "createdDateTime" };

const LIST: List = List {
    record: RECORD,
    query: Query::OData(OData::USUAL),
    envelope: Envelope::Member("value"),
    next: NextPage::Link,
    page_size: 20,
    by_id: true,
    redirect: None,
};

/// Newest first, "after" only, and nothing but links leads on.
const LINKS_ONLY: List = List {
    query: Query::OData(OData {
        operators: &[Operator::Gt, Operator::Lt],
        orderable: false,
        skip: false,
        select: false,
        ..OData::USUAL
    }),
    ..LIST
};

const UNORDERED: List = List { query: Query::OData(OData { orderable: false, ..OData::USUAL }), ..LIST };

const PARAMETERS: List = List {
    query: Query::Parameters(Parameters {
        from: "startTime",
        to: Some("endTime"),
        size: Some("pageSize"),
        skip: None,
        time: TimeForm::Iso8601,
        constant: &[],
        ordered: false,
    }),
    envelope: Envelope::Array,
    next: NextPage::Header("NextPageUri"),
    ..LIST
};

const FILTER: List = List {
    record: RecordPaths { id: &["_id"], changed: "date", ..RECORD },
    query: Query::Body(BodyFilter {
        field: "date",
        at_or_after: "gte",
        at_or_before: Some("lte"),
        sort: Some("date"),
        time: TimeForm::EpochMilliseconds,
    }),
    envelope: Envelope::Member("data"),
    next: NextPage::Offset { more: Some("hasNext") },
    ..LIST
};

contract!(odata: Toy(LIST));
contract!(odata_without_order: Toy(UNORDERED));
contract!(odata_with_links_only: Toy(LINKS_ONLY));
contract!(parameters: Toy(PARAMETERS));
contract!(filter_in_the_body: Toy(FILTER));

#[test]
fn the_toys_pages_are_as_long_as_the_lists_say() {
    assert_eq!(PAGE, LIST.page_size as usize);
}

/// More records of one time than a page has, and a service that refuses both ways beyond them.
#[test]
fn a_place_that_neither_link_nor_skip_leads_beyond_is_told_at_the_end() {
    let toy = Toy(LIST);
    let now = DateTime::parse_from_rfc3339("2026-03-01T12:00:00Z").expect("a time").to_utc();
    let mut list = toy.start(None, now);
    let mut questions = 0;
    let outcome = loop {
        let (request, _) = match list.next(now) {
            Step::Request(request, purpose) => (request, purpose),
            Step::Wait(_) => continue,
            Step::Done => break Ok(()),
        };
        questions += 1;
        assert!(questions < 100, "no end");
        let is_beyond = request.url.query_pairs().any(|(name, _)| name == "$skip" || name == "token");
        let outcome = if is_beyond {
            Err(Error::Permanent(request.name()))
        } else {
            assert_eq!(list.answered(AnswerTime { at: now, now }), Answered::Read);
            let reader = toy.reader();
            for id in 0..LIST.page_size {
                let row = serde_json::json!({
                    "id": id.to_string(),
                    "lastUpdateDateTime": "2026-03-01T10:00:00Z",
                    "createdDateTime": "2026-03-01T10:00:00Z",
                });
                let text = row.to_string();
                let record = reader.read(text.as_bytes());
                list.record(&record);
                list.delivered(&record, Delivery::Listed);
            }
            let link = Some("http://192.0.2.1/v1.0/toys?token=beyond".to_owned());
            Ok(Page { rows: LIST.page_size.into(), digest: 1, link, ..Page::default() })
        };
        if let Err(recovery) = list.response(PageEnd { outcome, missing: None, first: None }) {
            break Err(recovery);
        }
    };
    assert!(matches!(&outcome, Err(Recovery::Fail(Error::Incomplete(_)))), "{outcome:?}");
}
