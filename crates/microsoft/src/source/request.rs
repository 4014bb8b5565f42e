//! How the pages and the records of a list are asked for, in the list's dialect: addresses and bodies, nothing is sent.

use std::borrow::Cow;
use std::fmt::Write;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, RequestBuilder};
use schema::{Api, BodyFilter, List, NextPage, OData, Operator, Parameters, Query, TimeForm};
use serde_json::{Map, Value, json};
use url::Url;

use crate::Service;
use common::clock;
use common::error::Error;

/// Shortest time between two changes that services tell apart, in nanoseconds: .NET counts in such ticks.
const TICK: i64 = 100;

/// A part of a list by the time of the last change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Range {
    /// Changed at or after this time, as the service writes it.
    pub from: String,
    /// Where the part ends; open if nowhere.
    pub to: Option<Bound>,
}

/// The end of a part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// Changed before this time.
    Before(String),
    /// Changed at or before this time.
    Through(String),
}

impl Range {
    /// Everything that changed at or after `from`.
    pub fn since(from: impl Into<String>) -> Self {
        Self { from: from.into(), to: None }
    }
}

/// Which records of a range a page is to hold, and how much of them.
#[derive(Debug, Clone, Copy)]
pub struct PageOptions {
    /// Most records of the page.
    pub size: u32,
    /// With the nested records, if the list has them.
    pub expand: bool,
    /// Records to leave out at the start.
    pub skip: u64,
    /// Only what names the record and its version, if the list can be asked for that.
    pub names: bool,
}

/// A request, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PageRequest {
    /// Where it goes.
    pub url: Url,
    /// The JSON body of a POST; a GET where there is none.
    pub body: Option<String>,
}

impl PageRequest {
    /// A GET of an address.
    pub fn get(url: Url) -> Self {
        Self { url, body: None }
    }

    /// To be sent with what goes with every request.
    pub fn builder(&self, client: &Client) -> RequestBuilder {
        match &self.body {
            None => client.get(self.url.clone()),
            Some(body) => client.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(body.clone()),
        }
    }

    /// Its method.
    pub fn method(&self) -> &'static str {
        if self.body.is_some() { "POST" } else { "GET" }
    }

    /// What errors call it: method and path.
    pub fn name(&self) -> String {
        format!("{} {}", self.method(), self.url.path())
    }
}

/// The requests of one list of one tenant.
#[derive(Debug, Clone)]
pub struct Requests {
    /// Root of the API in the tenant's cloud.
    pub root: Url,
    /// API family.
    pub api: Api,
    /// Path of the list below the root.
    pub path: &'static str,
    /// What the catalog says about the list.
    pub list: List,
}

impl Requests {
    /// A page of a range.
    pub fn page(&self, range: &Range, options: PageOptions) -> PageRequest {
        let mut url = self.list();
        match self.list.query {
            Query::OData(odata) => {
                url.set_query(Some(&odata_query(&self.list, odata, range, options)));
                PageRequest::get(url)
            }
            Query::Parameters(parameters) => {
                add_parameters(&mut url, parameters, range, options);
                PageRequest::get(url)
            }
            Query::Body(filter) => PageRequest { url, body: Some(filter_body(filter, range, options)) },
        }
    }

    /// One record with its nested records.
    pub fn record(&self, id: &str) -> PageRequest {
        let mut url = self.list();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(id);
        }
        url.set_query(self.list.expand().map(|expand| format!("$expand={expand}")).as_deref());
        PageRequest::get(url)
    }

    /// The request that a link on a page stands for: the token goes with it, so it leads to the API that the token is for.
    pub fn validate_next_link(&self, page: &Url, link: &str) -> Result<PageRequest, Error> {
        let Self { root, api, path, .. } = self;
        Service { root, api: *api, path }.validate_next_link(page, link).map(PageRequest::get)
    }

    /// Method of the requests for pages.
    pub fn method(&self) -> &'static str {
        if matches!(self.list.query, Query::Body(_)) { "POST" } else { "GET" }
    }

    /// The link to the next page that the headers of an answer give.
    pub fn link_of(&self, headers: &HeaderMap) -> Option<String> {
        let NextPage::Header(name) = self.list.next else { return None };
        headers.get(name).and_then(|link| link.to_str().ok()).map(str::to_owned)
    }

    /// Address of the list.
    pub fn list(&self) -> Url {
        let mut url = self.root.clone();
        url.set_path(&format!("{}{}", self.root.path().trim_end_matches('/'), self.path));
        url
    }

    /// The service can be asked to leave out records at the start of a range.
    pub fn can_skip(&self) -> bool {
        match self.list.query {
            Query::OData(odata) => odata.skip,
            Query::Parameters(parameters) => parameters.skip.is_some(),
            Query::Body(_) => true,
        }
    }
}

fn odata_query(list: &List, odata: OData, range: &Range, options: PageOptions) -> String {
    let (cursor, operators) = (list.record.changed, odata.operators);
    let mut query = "$filter=".to_owned();
    // Writing to a string does not fail.
    if let Some(filter) = odata.filter {
        let _ = write!(query, "{filter} and ");
    }
    if operators.contains(&Operator::Ge) {
        let _ = write!(query, "{cursor} ge {}", literal(&range.from));
    } else {
        let _ = write!(query, "{cursor} gt {}", literal(&just_before(&range.from, odata.orderable)));
    }
    // Where the service does not know the comparison, more is read than was asked for.
    let end = match &range.to {
        Some(Bound::Before(to)) if operators.contains(&Operator::Lt) => Some(("lt", to)),
        Some(Bound::Before(to) | Bound::Through(to)) if operators.contains(&Operator::Le) => Some(("le", to)),
        _ => None,
    };
    if let Some((comparison, to)) = end {
        let _ = write!(query, " and {cursor} {comparison} {}", literal(to));
    }
    if odata.orderable {
        let _ = write!(query, "&$orderby={cursor} asc");
    }
    let _ = write!(query, "&$top={}", options.size);
    if options.skip > 0 {
        let _ = write!(query, "&$skip={}", options.skip);
    }
    if options.names && odata.select {
        let _ = write!(query, "&$select={},{cursor}", list.record.id.join(","));
    } else if let Some(expand) = odata.expand.filter(|_| options.expand) {
        let _ = write!(query, "&$expand={expand}");
    }
    query
}

fn add_parameters(url: &mut Url, parameters: Parameters, range: &Range, options: PageOptions) {
    let Parameters { from, to, size, skip, time, constant, .. } = parameters;
    let mut query = url.query_pairs_mut();
    query.clear();
    for (name, value) in constant {
        query.append_pair(name, value);
    }
    query.append_pair(from, &start(&range.from, time));
    if let (Some(to), Some(Bound::Before(end) | Bound::Through(end))) = (to, &range.to) {
        query.append_pair(to, &written(end, time));
    }
    if let Some(size) = size {
        query.append_pair(size, &options.size.to_string());
    }
    if let Some(skip) = skip.filter(|_| options.skip > 0) {
        query.append_pair(skip, &options.skip.to_string());
    }
    drop(query);
}

fn filter_body(filter: BodyFilter, range: &Range, options: PageOptions) -> String {
    let BodyFilter { field, at_or_after, at_or_before, sort, time } = filter;
    let number = |text: String| text.parse::<i64>().map_or(Value::String(text), Value::from);
    let mut bounds = Map::new();
    bounds.insert(at_or_after.to_owned(), number(start(&range.from, time)));
    if let (Some(at_or_before), Some(Bound::Before(to) | Bound::Through(to))) = (at_or_before, &range.to) {
        bounds.insert(at_or_before.to_owned(), number(written(to, time)));
    }
    let mut body = json!({ "filters": { field: bounds }, "skip": options.skip, "limit": options.size });
    if let Some(sort) = sort {
        body["sortField"] = sort.into();
        body["sortDirection"] = "asc".into();
    }
    body.to_string()
}

/// A time as a `$filter` literal: as the service wrote it, if that is a form that it reads. An offset's plus sign would be
/// read as a space.
fn literal(time: &str) -> Cow<'_, str> {
    if !clock::is_plain(time) {
        return clock::parse(time).map_or(Cow::Borrowed(time), |time| Cow::Owned(clock::exact(time)));
    }
    if time.contains('+') { Cow::Owned(time.replace('+', "%2B")) } else { Cow::Borrowed(time) }
}

/// A time after which everything at `time` lies, for services that know no "at or after". Where the order of the records
/// counts, nothing else lies between; elsewhere a second makes up for services that compare less precisely than they write.
fn just_before(time: &str, is_ordered: bool) -> String {
    let step = if is_ordered { TimeDelta::nanoseconds(TICK) } else { TimeDelta::seconds(1) };
    clock::parse(time).and_then(|time| time.checked_sub_signed(step)).map_or_else(|| time.to_owned(), clock::exact)
}

/// The start of a range, no later than it is.
fn start(time: &str, form: TimeForm) -> String {
    form_of(time, form, |time| time.timestamp_millis())
}

/// Another time, no earlier than it is.
fn written(time: &str, form: TimeForm) -> String {
    form_of(time, form, |time| {
        let whole = time.trunc_subsecs(3);
        whole.timestamp_millis() + i64::from(whole < time)
    })
}

fn form_of(time: &str, form: TimeForm, milliseconds: impl Fn(DateTime<Utc>) -> i64) -> String {
    match (form, clock::parse(time)) {
        (TimeForm::EpochMilliseconds, Some(time)) => milliseconds(time).to_string(),
        (TimeForm::Iso8601, Some(parsed)) if !clock::is_plain(time) => clock::exact(parsed),
        _ => time.to_owned(),
    }
}
