//! The list keeps the contract of all kinds, in every dialect.

use chrono::{DateTime, Utc};
use schema::{Api, BodyFilter, Envelope, List, NextPage, OData, Operator, Parameters, Query, RecordPaths, TimeForm};
use url::Url;

use super::super::Page;
use super::super::contract::{Answer, Subject, contract};
use super::super::progress::{CursorProgress, KindProgress};
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

/// A service that refuses places by number, and holds `pages` full pages of records of one time, with links that lead from
/// each to the next one, the `dead` one excepted.
fn read_pages_of_one_time(pages: u64, dead: Option<u64>) -> Result<(), Recovery> {
    let toy = Toy(LIST);
    let now = DateTime::parse_from_rfc3339("2026-03-01T12:00:00Z").expect("a time").to_utc();
    let mut list = toy.start(None, now);
    let mut questions = 0;
    loop {
        let request = match list.next(now) {
            Step::Request(request, _) => request,
            Step::Wait(_) => continue,
            Step::Done => return Ok(()),
        };
        questions += 1;
        assert!(questions < 100, "no end");
        let value = |wanted: &str| {
            request.url.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
        };
        let number = value("token").map_or(0, |token| token.parse::<u64>().expect("a number"));
        let outcome = if value("$skip").is_some() || Some(number) == dead {
            Err(Error::Permanent(request.name()))
        } else {
            assert_eq!(list.answered(AnswerTime { at: now, now }), Answered::Read);
            let reader = toy.reader();
            for id in 0..LIST.page_size {
                let row = serde_json::json!({
                    "id": format!("{number}-{id}"),
                    "lastUpdateDateTime": "2026-03-01T10:00:00Z",
                    "createdDateTime": "2026-03-01T10:00:00Z",
                });
                let text = row.to_string();
                let record = reader.read(text.as_bytes());
                list.record(&record);
                list.delivered(&record, Delivery::Listed);
            }
            let next = number + 1;
            let link = (next < pages).then(|| format!("http://192.0.2.1/v1.0/toys?token={next}"));
            Ok(Page { rows: LIST.page_size.into(), digest: next, link, ..Page::default() })
        };
        list.response(PageEnd { outcome, missing: None, first: None })?;
    }
}

/// More records of one time than a page has, and a service that refuses both ways beyond them.
#[test]
fn a_place_that_neither_link_nor_skip_leads_beyond_is_told_at_the_end() {
    let outcome = read_pages_of_one_time(2, Some(1));
    assert!(matches!(&outcome, Err(Recovery::Fail(Error::Incomplete(_)))), "{outcome:?}");
    // Nothing tells whether the only page is the last one.
    let outcome = read_pages_of_one_time(1, None);
    assert!(matches!(&outcome, Err(Recovery::Fail(Error::Incomplete(_)))), "{outcome:?}");
}

/// The last of several pages is full, and has no link as the service has no more: that places are refused is no loss.
#[test]
fn a_full_last_page_of_a_service_with_links_is_the_end() {
    let outcome = read_pages_of_one_time(3, None);
    assert!(outcome.is_ok(), "{outcome:?}");
}

/// A kind on its way through a service that has records which no page can carry.
struct Poisoned {
    toy: Toy,
    /// Records, each a minute after the one before.
    records: Vec<(u64, DateTime<Utc>)>,
    bad: Vec<u64>,
    /// Places of earlier cycles.
    places: Vec<String>,
    delivered: std::collections::BTreeSet<u64>,
    skipped: Vec<(String, Option<String>)>,
    requests: u32,
}

impl Poisoned {
    fn new(list: List, bad: &[u64]) -> Self {
        let begin = DateTime::parse_from_rfc3339("2026-03-01T08:00:00Z").expect("a time").to_utc();
        let records = (0..200).map(|id| (id, begin + chrono::TimeDelta::minutes(i64::try_from(id).expect("small"))));
        let (delivered, skipped) = (std::collections::BTreeSet::new(), Vec::new());
        Self {
            toy: Toy(list),
            records: records.collect(),
            bad: bad.to_vec(),
            places: Vec::new(),
            delivered,
            skipped,
            requests: 0,
        }
    }

    fn now() -> DateTime<Utc> {
        DateTime::parse_from_rfc3339("2026-03-01T12:00:00Z").expect("a time").to_utc()
    }

    /// One cycle; whether a request fails although its records are good.
    fn cycle(&mut self, is_down: impl Fn(u32) -> bool) -> Result<Vec<CursorProgress>, Error> {
        let now = Self::now();
        let cursor = Cursor::new(&Progress::default(), REACH, now);
        let mut list = TimeCursorList::new(Start {
            tenant: "t".into(),
            requests: requests(self.toy.0),
            range: Range::since(cursor.from()),
            role: Role::Live,
            cursors: vec![cursor],
            size: PageSize::new(self.toy.0.page_size),
            places: self.places.clone(),
            oversized: Vec::new(),
            now,
        });
        loop {
            let request = match list.next(now) {
                Step::Request(request, _) => request,
                Step::Wait(_) => continue,
                Step::Done => break,
            };
            self.requests += 1;
            assert!(self.requests < 1000, "no end");
            let answer = self.toy.answer(&self.records, &request).expect("a question of this dialect");
            let id = |row: &serde_json::Value| row["id"].as_str().and_then(|id| id.parse().ok());
            let holds_bad = answer.rows.iter().filter_map(id).any(|id| self.bad.contains(&id));
            let outcome = if holds_bad || is_down(self.requests) {
                Err(Error::Transient("500".to_owned()))
            } else {
                list.answered(AnswerTime { at: now, now });
                for row in &answer.rows {
                    let text = row.to_string();
                    let reader = self.toy.reader();
                    let record = reader.read(text.as_bytes());
                    list.record(&record);
                    list.delivered(&record, Delivery::Listed);
                    self.delivered.insert(record.id.as_deref().expect("an id").parse().expect("a number"));
                }
                Ok(answer.page)
            };
            match list.response(PageEnd { outcome, missing: None, first: None }) {
                Ok(()) => {}
                Err(Recovery::RetryPlace { from, until }) => {
                    self.places.push(from.clone());
                    self.skipped.push((from, until));
                }
                Err(Recovery::Fail(error)) => return Err(error),
                Err(Recovery::FetchById(id)) => panic!("{id} has no name that could be asked for"),
            }
            list.take_notices();
        }
        let KindProgress::List(progress) = list.progress() else { panic!("a list has cursors") };
        Ok(progress)
    }
}

/// In order, but records cannot be left out by their number; and the same without an order.
fn without_skip() -> [List; 3] {
    let odata = OData { skip: false, ..OData::USUAL };
    [List { query: Query::OData(odata), ..LIST }, LINKS_ONLY, List { by_id: false, ..LINKS_ONLY }]
}

#[test]
fn a_record_that_no_page_can_carry_is_stepped_over_where_records_cannot_be_left_out_by_number() {
    for list in without_skip() {
        for bad in [vec![0], vec![100], vec![199], vec![60, 61], vec![20, 150]] {
            let mut run = Poisoned::new(list, &bad);
            let progress = run.cycle(|_| false).unwrap_or_else(|error| panic!("{list:?} {bad:?}: {error}"));
            let expected: std::collections::BTreeSet<u64> = (0..200).filter(|id| !bad.contains(id)).collect();
            assert_eq!(run.delivered, expected, "{bad:?}");
            // Each place is a second that holds its record, and nothing else is left out.
            assert_eq!(run.skipped.len(), bad.len(), "{:?}", run.skipped);
            for (bad, (from, until)) in bad.iter().zip(&run.skipped) {
                let time = common::clock::exact(run.records[usize::try_from(*bad).expect("small")].1);
                let until = until.as_deref().expect("an end");
                assert!(
                    cursor::order(from, &time).is_le() && cursor::order(&time, until).is_lt(),
                    "{from} {time} {until}"
                );
                let span = clock::parse(until).expect("a time") - clock::parse(from).expect("a time");
                assert!(span <= chrono::TimeDelta::seconds(2), "{span}");
            }
            // The cursor goes on behind it.
            let newest = common::clock::exact(run.records[199].1);
            let reached = progress[0].cursor.clone().expect("a cursor");
            assert!(bad.contains(&199) || cursor::order(&reached, &newest).is_ge(), "{reached}");
            assert!(run.requests < 250, "{} requests", run.requests);
            // A place that is known costs less than one that has to be found.
            let first = std::mem::take(&mut run.requests);
            run.skipped.clear();
            run.cycle(|_| false).expect("cycle");
            assert!(run.requests < first, "{} requests after {first}", run.requests);
        }
    }
}

#[test]
fn a_service_that_is_down_is_not_stepped_over_by_time_either() {
    for list in without_skip() {
        for from in [0, 3, 7] {
            let mut run = Poisoned::new(list, &[]);
            let error = run.cycle(|request| request >= from).expect_err("down");
            assert!(matches!(error, Error::Transient(_)) && run.skipped.is_empty(), "{error:?} {:?}", run.skipped);
            assert!(run.requests < 100, "{} requests", run.requests);
            run.cycle(|_| false).expect("cycle");
            assert_eq!(run.delivered.len(), 200);
        }
        // One that fails now and then neither: it is read, or the cycle ends.
        let mut run = Poisoned::new(list, &[]);
        let outcome = run.cycle(|request| request % 2 == 0);
        assert!(outcome.as_ref().err().is_none_or(Error::is_temporary) && run.skipped.is_empty(), "{:?}", run.skipped);
    }
}
