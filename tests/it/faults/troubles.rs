//! The rows of the matrix.

use std::time::Duration;

use chrono::TimeDelta;
use common::health::Reason;
use simulator::{Endpoint, Fault, Manner, Tenant};

use super::super::expected_documents::odd_members;
use super::super::sources::Source;
use super::harness::{self, Course, Harness, Reach, Says, Trouble};

fn respond(status: u16, headers: &[(&str, &str)], body: &str) -> Fault {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Fault::Respond { status, headers, body: body.into() }
}

/// The first requests for the list suffer the fault.
fn first(fault: Fault, times: u32, says: Says) -> Trouble {
    Trouble {
        begin: Box::new(move |harness, target| harness.faults().script(target.pages(), fault.clone(), times)),
        course: Course::Whole,
        reach: Reach::Source,
        says,
    }
}

fn throttled(fault: Fault) -> Trouble {
    Trouble { reach: Reach::Api, ..first(fault, 3, Says::Throttled(3)) }
}

pub(super) fn throttled_with_seconds() -> Trouble {
    throttled(Fault::throttled(20))
}

pub(super) fn throttled_with_date() -> Trouble {
    let date = harness::start() + TimeDelta::seconds(30);
    let date = date.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    throttled(respond(429, &[("retry-after", &date)], "{}"))
}

pub(super) fn throttled_without_a_time() -> Trouble {
    throttled(respond(429, &[], ""))
}

pub(super) fn throttled_with_words() -> Trouble {
    let body = r#"{"error":{"code":"TooManyRequests","message":"Quota exceeded. Try again in 40 seconds."}}"#;
    throttled(respond(429, &[], body))
}

pub(super) fn throttled_as_af429() -> Trouble {
    throttled(respond(403, &[], r#"{"error":{"code":"AF429","message":"Too many requests"}}"#))
}

pub(super) fn status(status: u16, times: u32) -> Trouble {
    first(respond(status, &[], "busy"), times, Says::Retried(u64::from(times)))
}

pub(super) fn timeout() -> Trouble {
    first(Fault::Delay(Duration::from_mins(3)), 2, Says::Retried(2))
}

/// The connection breaks within a page of several records.
pub(super) fn reset_in_a_body() -> Trouble {
    let begin = |harness: &Harness, target: &'static Source| {
        let record = harness.first_record(target).len();
        harness.faults().script(target.pages(), Fault::Cut(30_000.min(5 * record)), 4);
    };
    Trouble { begin: Box::new(begin), ..first(Fault::EmptyPage, 0, Says::Retried(4)) }
}

/// The beginning of a page, cut within a record.
pub(super) fn truncated_json() -> Trouble {
    let begin = |harness: &Harness, target: &'static Source| {
        let record = harness.first_record(target);
        let body = [&envelope(target)[..], &record[..record.len() * 3 / 4]].concat();
        harness.faults().script(target.pages(), Fault::Replace(body), 2);
    };
    Trouble { begin: Box::new(begin), ..first(Fault::EmptyPage, 0, Says::Retried(2)) }
}

/// What stands before the first record of a page.
fn envelope(target: &Source) -> Vec<u8> {
    target.list.envelope().map_or_else(|| b"[".to_vec(), |name| format!("{{\"{name}\":[").into_bytes())
}

/// Every record has values that are not JSON, and is delivered all the same.
pub(super) fn odd_values() -> Trouble {
    let [members, _] = odd_members();
    let begin = move |harness: &Harness, target: &'static Source| {
        harness.faults().always(target.pages(), Fault::Members(members.clone()));
    };
    Trouble { begin: Box::new(begin), ..first(Fault::EmptyPage, 0, Says::Healthy) }
}

pub(super) fn html_instead_of_json() -> Trouble {
    first(respond(200, &[("content-type", "text/html")], "<html>sign in</html>"), 2, Says::Retried(2))
}

/// An answer that is not called JSON comes from a gateway on the way.
pub(super) fn wrong_content_type() -> Trouble {
    first(Fault::ContentType("text/plain".into()), 3, Says::Retried(3))
}

pub(super) fn status_401_once() -> Trouble {
    first(respond(401, &[], "{}"), 1, Says::Healthy)
}

pub(super) fn token_endpoint_down() -> Trouble {
    let begin = |harness: &Harness, _| {
        harness.faults().always(Endpoint::Token, respond(503, &[], "down"));
    };
    Trouble {
        begin: Box::new(begin),
        course: Course::Fails("token"),
        reach: Reach::Tenant,
        says: Says::Because(Reason::Failing),
    }
}

/// The token endpoint asks twice for a pause and is given it.
pub(super) fn sign_in_busy(status: u16, after: &'static str) -> Trouble {
    let begin = move |harness: &Harness, _| {
        let date = (common::clock::now() + TimeDelta::seconds(45)).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let after = if after == "date" { date.as_str() } else { after };
        harness.faults().script(Endpoint::Token, respond(status, &[("retry-after", after)], ""), 2);
    };
    Trouble { begin: Box::new(begin), course: Course::Whole, reach: Reach::Tenant, says: Says::Healthy }
}

/// A refusal that only a person can end is told at once, with its cure.
pub(super) fn sign_in_refused(status: u16, body: &'static str, cure: &'static str) -> Trouble {
    let begin = move |harness: &Harness, _| harness.faults().always(Endpoint::Token, respond(status, &[], body));
    Trouble {
        begin: Box::new(begin),
        course: Course::Fails(cure),
        reach: Reach::Tenant,
        says: Says::Because(Reason::Auth),
    }
}

/// Tokens that claim to live as long as this.
pub(super) fn lifetime(seconds: &'static str) -> Trouble {
    let begin =
        move |harness: &Harness, _| harness.faults().always(Endpoint::Token, Fault::Member("expires_in", seconds));
    Trouble { begin: Box::new(begin), course: Course::Whole, reach: Reach::Source, says: Says::Healthy }
}

/// The incidents are in the retry queue until their alerts can be read. Alerts come from lists of their own.
pub(super) fn expand_500() -> Trouble {
    let begin = |harness: &Harness, _| {
        let census = harness.simulator.census(&Tenant::default().id, harness.simulator.clock().now());
        for seen in [&census.incidents[7], &census.incidents[8], &census.incidents[30]] {
            harness.faults().always(Endpoint::Any, Fault::ExpandFails(seen.id.clone()));
        }
    };
    Trouble {
        begin: Box::new(begin),
        course: Course::Owes(3),
        reach: Reach::Source,
        says: Says::OfNested(Reason::HeavyRecord),
    }
}

fn misled(link: &'static str, words: &'static str) -> Trouble {
    let begin = move |harness: &Harness, target: &'static Source| {
        let link = link.replace("ROOT", &harness.root).replace("PATH", target.list.route());
        let page = serde_json::json!({ "value": [], "@odata.nextLink": link });
        harness.faults().always(target.pages(), Fault::status(200, page.to_string()));
    };
    Trouble {
        begin: Box::new(begin),
        course: Course::Fails(words),
        reach: Reach::Source,
        says: Says::Because(Reason::Refused),
    }
}

pub(super) fn next_link_loop() -> Trouble {
    misled("ROOTPATH?$skiptoken=x", "leads to a page that was read already")
}

pub(super) fn foreign_next_link() -> Trouble {
    misled("http://192.0.2.7PATH?$skiptoken=x", "http://192.0.2.7")
}

/// So many failures in a row make the pages of a list hold `most` records at most: the first one leaves their size alone,
/// and each of the others halves it.
fn failures_until(target: &Source, most: u32) -> u32 {
    let halvings = target.list.page_cap().div_ceil(most).next_power_of_two().ilog2();
    (1 + halvings).max(3)
}

/// Failures make pages so small that the chain has many; then its links suffer.
fn in_the_chain(fault: Fault, times: u32, says: Says) -> Trouble {
    let begin = move |harness: &Harness, target: &'static Source| {
        harness.faults().script(target.pages(), respond(500, &[], ""), failures_until(target, 64));
        match fault {
            Fault::EmptyPage | Fault::Repeat => harness.faults().script(target.pages(), fault.clone(), times),
            _ => harness.faults().script_when(target.pages(), "skiptoken", fault.clone(), Some(times)),
        }
    };
    Trouble { begin: Box::new(begin), course: Course::Whole, reach: Reach::Source, says }
}

pub(super) fn expired_skip_token() -> Trouble {
    let body = r#"{"error":{"code":"BadRequest","message":"The $skiptoken is invalid or has expired."}}"#;
    in_the_chain(respond(400, &[], body), 1, Says::Retried(3))
}

/// Every page is a record or a few, and every fourth request breaks: the window is read anew within ties.
pub(super) fn ties_across_pages() -> Trouble {
    let begin = |harness: &Harness, target: &'static Source| {
        let mut times: Vec<_> = harness.seen(target).iter().map(|seen| seen.last_update).collect();
        times.sort();
        assert!(times.windows(2).any(|pair| pair[0] == pair[1]), "no ties");
        let faults = harness.faults();
        // Few records of a page are left; where nested ones are listed with them not one alone, which is read by its id.
        let most = if target.list.expand().is_some() { 4 } else { 2 };
        faults.script(target.pages(), respond(500, &[], ""), failures_until(target, most));
        // The full size is tried again once, and fails.
        faults.script(target.pages(), Fault::ContentType("application/json".into()), 1);
        faults.script(target.pages(), respond(500, &[], ""), 2);
        for _ in 0..6 {
            faults.script(target.pages(), Fault::ContentType("application/json".into()), 3);
            faults.script(target.pages(), respond(502, &[], ""), 1);
        }
    };
    Trouble { begin: Box::new(begin), course: Course::Whole, reach: Reach::Source, says: Says::Retried(8) }
}

/// A record in the middle of the window appears after the first cycle.
pub(super) fn late_record() -> Trouble {
    let begin = |harness: &Harness, target: &'static Source| {
        let now = harness.simulator.clock().now();
        let mut of = harness.seen(target);
        of.sort_by_key(|seen| seen.last_update);
        let late = &of[of.len() / 2];
        let by = now - late.last_update + TimeDelta::minutes(5);
        harness.faults().always(target.pages(), Fault::Late(late.id.clone(), by));
    };
    Trouble { begin: Box::new(begin), course: Course::Grows, reach: Reach::Source, says: Says::Healthy }
}

/// Time passes in the tenant while its pages are read: records move to the end of the list.
pub(super) fn record_changed_while_paging() -> Trouble {
    let chain = in_the_chain(Fault::Tick(TimeDelta::hours(2)), 1, Says::Retried(3));
    let begin = move |harness: &Harness, target| {
        harness.simulator.clock().set(harness.start - TimeDelta::hours(8));
        (chain.begin)(harness, target);
    };
    Trouble { begin: Box::new(begin), course: Course::Changes, reach: Reach::Source, says: Says::Retried(3) }
}

/// The services' clock, and with it the times of all records, is off.
pub(super) fn clock_off(minutes: i64) -> Trouble {
    let begin = move |harness: &Harness, _| {
        harness.simulator.clock().set(harness.start - TimeDelta::hours(7));
        harness.simulator.clock().skew(TimeDelta::minutes(minutes));
    };
    Trouble { begin: Box::new(begin), course: Course::Grows, reach: Reach::Source, says: Says::Healthy }
}

/// The answers do not tell the service's time.
pub(super) fn date(date: &'static str) -> Trouble {
    let begin = move |harness: &Harness, target: &'static Source| {
        harness.simulator.clock().set(harness.start - TimeDelta::hours(7));
        harness.faults().always(target.pages(), Fault::Date(date.to_owned()));
    };
    Trouble { begin: Box::new(begin), course: Course::Grows, reach: Reach::Source, says: Says::Healthy }
}

/// One answer, not the first, comes from a server whose clock is a month ahead.
pub(super) fn date_that_jumps_once() -> Trouble {
    let date = harness::start() + TimeDelta::days(30);
    let date = date.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let chain = in_the_chain(Fault::Date(date), 1, Says::Retried(3));
    Trouble { course: Course::Grows, ..chain }
}

/// Times of change are told in a zone.
pub(super) fn times_at_offset(minutes: i32) -> Trouble {
    let begin = move |harness: &Harness, target: &'static Source| {
        harness.simulator.clock().set(harness.start - TimeDelta::hours(7));
        harness.faults().always(target.pages(), Fault::Offset(minutes));
        // One service writes them alike everywhere.
        harness.faults().always(target.records(), Fault::Offset(minutes));
    };
    Trouble { begin: Box::new(begin), course: Course::Grows, reach: Reach::Source, says: Says::Healthy }
}

pub(super) fn empty_pages_with_a_link() -> Trouble {
    in_the_chain(Fault::EmptyPage, 3, Says::Retried(3))
}

pub(super) fn duplicate_in_two_pages() -> Trouble {
    in_the_chain(Fault::Repeat, 4, Says::Retried(3))
}

/// The list answers in this manner, and its pages are small, because the first ones fail.
fn in_small_pages(manner: Manner) -> Trouble {
    let begin = move |harness: &Harness, target: &'static Source| {
        harness.faults().script(target.pages(), respond(500, &[], ""), failures_until(target, 32));
        harness.faults().always(target.pages(), Fault::Manner(manner.clone()));
    };
    Trouble { begin: Box::new(begin), course: Course::Whole, reach: Reach::Source, says: Says::Retried(3) }
}

fn lasting(fault: Fault, course: Course, says: Says) -> Trouble {
    let begin =
        move |harness: &Harness, target: &'static Source| harness.faults().always(target.pages(), fault.clone());
    Trouble { begin: Box::new(begin), course, reach: Reach::Source, says }
}

pub(super) fn pages_without_links() -> Trouble {
    in_small_pages(Manner::Unlinked(&[]))
}

pub(super) fn pages_without_links_or_places() -> Trouble {
    in_small_pages(Manner::Unlinked(&["$skip"]))
}

pub(super) fn link_behind_the_end() -> Trouble {
    in_small_pages(Manner::LinkAtEnd)
}

/// The gateway leaves the service's links as they are, or writes them without a host.
pub(super) fn links_of_the_service(relative: bool) -> Trouble {
    let begin = move |harness: &Harness, target: &'static Source| {
        let start = if relative { String::new() } else { format!("https://{}", target.list.host()) };
        (in_small_pages(Manner::Links(start)).begin)(harness, target);
    };
    Trouble { begin: Box::new(begin), ..in_small_pages(Manner::LinkAtEnd) }
}

pub(super) fn pages_cut_below_their_count() -> Trouble {
    lasting(Fault::Manner(Manner::Counted(7)), Course::Whole, Says::Healthy)
}

pub(super) fn status_203() -> Trouble {
    lasting(Fault::Manner(Manner::Status(203)), Course::Whole, Says::Healthy)
}

pub(super) fn gzip_of_several_members() -> Trouble {
    lasting(Fault::Manner(Manner::Packed("X-GZip", 3)), Course::Whole, Says::Healthy)
}

pub(super) fn unknown_packing() -> Trouble {
    let course = Course::Fails("packed as `br`");
    lasting(Fault::Manner(Manner::Packed("br", 1)), course, Says::Because(Reason::Refused))
}

/// A part of a page is never taken for the whole.
pub(super) fn part_of_a_page(manner: Manner, words: &'static str) -> Trouble {
    lasting(Fault::Manner(manner), Course::Fails(words), Says::Because(Reason::Incomplete))
}

pub(super) fn part_of_a_page_for_a_moment(manner: Manner) -> Trouble {
    first(Fault::Manner(manner), 2, Says::Retried(2))
}

pub(super) fn more_announced_than_given() -> Trouble {
    part_of_a_page(Manner::Announces(5000), "5000 records are announced")
}

pub(super) fn nothing_but_an_error() -> Trouble {
    let body = r#"{"error":{"code":"ServiceBusy","message":"come back later"}}"#;
    lasting(Fault::status(200, body), Course::Fails("ServiceBusy: come back later"), Says::Because(Reason::Failing))
}
