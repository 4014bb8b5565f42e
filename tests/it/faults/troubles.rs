//! The rows of the matrix.

use std::time::Duration;

use chrono::TimeDelta;
use common::health::Reason;
use simulator::{Endpoint, Fault, Manner, Tenant};

use super::super::books::odd_members;
use super::stage::{Course, Reach, Says, Stage, Target, Trouble};

fn respond(status: u16, headers: &[(&str, &str)], body: &str) -> Fault {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Fault::Respond { status, headers, body: body.into() }
}

/// The first requests for the list suffer it.
fn first(fault: Fault, times: u32, says: Says) -> Trouble {
    Trouble {
        begin: Box::new(move |stage, target| stage.faults().script(target.endpoint, fault.clone(), times)),
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
    let date = common::clock::now() + TimeDelta::seconds(30);
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

pub(super) fn reset_in_a_body() -> Trouble {
    first(Fault::Cut(30_000), 4, Says::Retried(4))
}

/// A whole record, and the beginning of another one.
pub(super) fn truncated_json() -> Trouble {
    let begin = |stage: &Stage, target: Target| {
        let tenant = Tenant { incidents: 40, ..Tenant::default() }.ending_at(stage.start + TimeDelta::minutes(10));
        let mut body = br#"{"value":["#.to_vec();
        match target.endpoint {
            Endpoint::ALERTS => simulator::alert_json(&tenant, 5, 0, 0, &mut body),
            Endpoint::INCIDENTS => simulator::incident_json(&tenant, 5, 0, true, &mut body),
            _ => simulator::legacy_incident_json(&tenant, 5, 0, &mut body),
        }
        body.truncate(body.len() * 3 / 4);
        stage.faults().script(target.endpoint, Fault::Replace(body), 2);
    };
    Trouble { begin: Box::new(begin), ..first(Fault::EmptyPage, 0, Says::Retried(2)) }
}

/// Every record has values that are not JSON, and is delivered all the same.
pub(super) fn odd_values() -> Trouble {
    let [members, _] = odd_members();
    let begin = move |stage: &Stage, target: Target| {
        stage.faults().always(target.endpoint, Fault::Members(members.clone()));
    };
    Trouble { begin: Box::new(begin), ..first(Fault::EmptyPage, 0, Says::Healthy) }
}

pub(super) fn html_instead_of_json() -> Trouble {
    first(respond(200, &[("content-type", "text/html")], "<html>sign in</html>"), 2, Says::Retried(2))
}

/// What is not called JSON comes from somebody on the way.
pub(super) fn wrong_content_type() -> Trouble {
    first(Fault::ContentType("text/plain".into()), 3, Says::Retried(3))
}

pub(super) fn status_401_once() -> Trouble {
    first(respond(401, &[], "{}"), 1, Says::Healthy)
}

pub(super) fn token_endpoint_down() -> Trouble {
    let begin = |stage: &Stage, _| {
        stage.faults().always(Endpoint::Token, respond(503, &[], "down"));
    };
    Trouble {
        begin: Box::new(begin),
        course: Course::Fails("token"),
        reach: Reach::Tenant,
        says: Says::Because(Reason::Failing),
    }
}

/// The token endpoint wants to be left alone, twice, and is.
pub(super) fn sign_in_busy(status: u16, after: &'static str) -> Trouble {
    let begin = move |stage: &Stage, _| {
        let date = (common::clock::now() + TimeDelta::seconds(45)).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let after = if after == "date" { date.as_str() } else { after };
        stage.faults().script(Endpoint::Token, respond(status, &[("retry-after", after)], ""), 2);
    };
    Trouble { begin: Box::new(begin), course: Course::Whole, reach: Reach::Tenant, says: Says::Healthy }
}

/// Somebody has to do something: it is told at once, with the cure.
pub(super) fn sign_in_refused(status: u16, body: &'static str, cure: &'static str) -> Trouble {
    let begin = move |stage: &Stage, _| stage.faults().always(Endpoint::Token, respond(status, &[], body));
    Trouble {
        begin: Box::new(begin),
        course: Course::Fails(cure),
        reach: Reach::Tenant,
        says: Says::Because(Reason::Auth),
    }
}

/// Tokens that claim to live as long as this.
pub(super) fn lifetime(seconds: &'static str) -> Trouble {
    let begin = move |stage: &Stage, _| stage.faults().always(Endpoint::Token, Fault::Member("expires_in", seconds));
    Trouble { begin: Box::new(begin), course: Course::Whole, reach: Reach::Source, says: Says::Healthy }
}

/// The incidents are owed until their alerts can be read. Alerts come from lists of their own.
pub(super) fn expand_500() -> Trouble {
    let begin = |stage: &Stage, _| {
        let census = stage.simulator.census(&Tenant::default().id, stage.simulator.clock().now());
        for seen in [&census.incidents[7], &census.incidents[8], &census.incidents[30]] {
            stage.faults().always(Endpoint::Any, Fault::ExpandFails(seen.id.clone()));
        }
    };
    Trouble {
        begin: Box::new(begin),
        course: Course::Owes(3),
        reach: Reach::Source,
        says: Says::OfIncidents(Reason::HeavyRecord),
    }
}

fn misled(link: &'static str, words: &'static str) -> Trouble {
    let begin = move |stage: &Stage, target: Target| {
        let link = link.replace("ROOT", &stage.root).replace("PATH", target.path);
        let page = serde_json::json!({ "value": [], "@odata.nextLink": link });
        stage.faults().always(target.endpoint, Fault::status(200, page.to_string()));
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

/// Failures make pages so small that the chain has many; then its links suffer.
fn in_the_chain(fault: Fault, times: u32, says: Says) -> Trouble {
    let begin = move |stage: &Stage, target: Target| {
        // Pages of alerts are large.
        let halvings = if target.endpoint == Endpoint::ALERTS { 5 } else { 3 };
        stage.faults().script(target.endpoint, respond(500, &[], ""), halvings);
        match fault {
            Fault::EmptyPage | Fault::Repeat => stage.faults().script(target.endpoint, fault.clone(), times),
            _ => stage.faults().script_when(target.endpoint, "skiptoken", fault.clone(), Some(times)),
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
    let begin = |stage: &Stage, target: Target| {
        let census = stage.simulator.census(&Tenant::default().id, stage.simulator.clock().now());
        let of = if target.endpoint == Endpoint::ALERTS { census.alerts } else { census.incidents };
        let mut times: Vec<_> = of.iter().map(|seen| seen.last_update).collect();
        times.sort();
        assert!(times.windows(2).any(|pair| pair[0] == pair[1]), "no ties");
        let faults = stage.faults();
        // The first failure leaves the size alone; then it is halved until few records are left.
        let failures = match target.endpoint {
            Endpoint::ALERTS => 10,
            Endpoint::LEGACY => 7,
            _ => 5,
        };
        faults.script(target.endpoint, respond(500, &[], ""), failures);
        // The full size is tried again once, and fails.
        faults.script(target.endpoint, Fault::ContentType("application/json".into()), 1);
        faults.script(target.endpoint, respond(500, &[], ""), 2);
        for _ in 0..6 {
            faults.script(target.endpoint, Fault::ContentType("application/json".into()), 3);
            faults.script(target.endpoint, respond(502, &[], ""), 1);
        }
    };
    Trouble { begin: Box::new(begin), course: Course::Whole, reach: Reach::Source, says: Says::Retried(8) }
}

/// A record in the middle of the window appears after the first cycle.
pub(super) fn late_record() -> Trouble {
    let begin = |stage: &Stage, target: Target| {
        let now = stage.simulator.clock().now();
        let census = stage.simulator.census(&Tenant::default().id, now);
        let mut of = if target.endpoint == Endpoint::ALERTS { census.alerts } else { census.incidents };
        of.sort_by_key(|seen| seen.last_update);
        let late = &of[of.len() / 2];
        let by = now - late.last_update + TimeDelta::minutes(5);
        stage.faults().always(target.endpoint, Fault::Late(late.id.clone(), by));
    };
    Trouble { begin: Box::new(begin), course: Course::Grows, reach: Reach::Source, says: Says::Healthy }
}

/// Time passes in the tenant while its pages are read: records move to the end of the list.
pub(super) fn record_changed_while_paging() -> Trouble {
    let chain = in_the_chain(Fault::Tick(TimeDelta::hours(2)), 1, Says::Retried(3));
    let begin = move |stage: &Stage, target| {
        stage.simulator.clock().set(stage.start - TimeDelta::hours(8));
        (chain.begin)(stage, target);
    };
    Trouble { begin: Box::new(begin), course: Course::Changes, reach: Reach::Source, says: Says::Retried(3) }
}

/// The services' clock, and with it the times of all records, is off.
pub(super) fn clock_off(minutes: i64) -> Trouble {
    let begin = move |stage: &Stage, _| {
        stage.simulator.clock().set(stage.start - TimeDelta::hours(7));
        stage.simulator.clock().skew(TimeDelta::minutes(minutes));
    };
    Trouble { begin: Box::new(begin), course: Course::Grows, reach: Reach::Source, says: Says::Healthy }
}

/// The answers do not tell the service's time.
pub(super) fn date(date: &'static str) -> Trouble {
    let begin = move |stage: &Stage, target: Target| {
        stage.simulator.clock().set(stage.start - TimeDelta::hours(7));
        stage.faults().always(target.endpoint, Fault::Date(date.to_owned()));
    };
    Trouble { begin: Box::new(begin), course: Course::Grows, reach: Reach::Source, says: Says::Healthy }
}

/// One answer, not the first, comes from a server whose clock is a month ahead.
pub(super) fn date_that_jumps_once() -> Trouble {
    let date = common::clock::now() + TimeDelta::days(30);
    let date = date.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let chain = in_the_chain(Fault::Date(date), 1, Says::Retried(3));
    Trouble { course: Course::Grows, ..chain }
}

/// Times of change are told in a zone.
pub(super) fn times_at_offset(minutes: i32) -> Trouble {
    let begin = move |stage: &Stage, target: Target| {
        stage.simulator.clock().set(stage.start - TimeDelta::hours(7));
        stage.faults().always(target.endpoint, Fault::Offset(minutes));
        if target.endpoint == Endpoint::INCIDENTS {
            // One service writes them alike everywhere.
            stage.faults().always(Endpoint::INCIDENT, Fault::Offset(minutes));
        }
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
    let begin = move |stage: &Stage, target: Target| {
        let halvings = if target.endpoint == Endpoint::ALERTS { 6 } else { 3 };
        stage.faults().script(target.endpoint, respond(500, &[], ""), halvings);
        stage.faults().always(target.endpoint, Fault::Manner(manner.clone()));
    };
    Trouble { begin: Box::new(begin), course: Course::Whole, reach: Reach::Source, says: Says::Retried(3) }
}

fn lasting(fault: Fault, course: Course, says: Says) -> Trouble {
    let begin = move |stage: &Stage, target: Target| stage.faults().always(target.endpoint, fault.clone());
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
    let begin = move |stage: &Stage, target: Target| {
        let host =
            if target.endpoint == Endpoint::LEGACY { "api.security.microsoft.com" } else { "graph.microsoft.com" };
        let start = if relative { String::new() } else { format!("https://{host}") };
        (in_small_pages(Manner::Links(start)).begin)(stage, target);
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
