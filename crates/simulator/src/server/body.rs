//! A page as a stream of chunks: records are generated while the client reads, so that no page is ever in memory.

use std::io;

use bytes::Bytes;

use crate::content::{IncidentState, Show, alert, incident, legacy};
use crate::json::Json;
use crate::listing::{Hit, Page};
use crate::query::{List, Query};
use crate::tenant::Tenant;
use crate::timeline::TenantModel;

/// A chunk is sent when it has at least this many bytes.
const CHUNK: usize = 64 * 1024;

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Head,
    Record,
    /// The nested alert with this number, of the incident at hand.
    Nested(u32),
    Tail,
    Done,
}

pub(super) struct PageBody {
    tenant: Tenant,
    list: List,
    expand: bool,
    hits: std::vec::IntoIter<Hit>,
    count: Option<u64>,
    next: Option<String>,
    show: Show,
    part: Part,
    /// The incident whose nested alerts are being written.
    open: Option<Hit>,
    /// A record has been written: the next one needs a comma.
    begun: bool,
}

impl PageBody {
    pub(super) fn new(tenant: Tenant, query: &Query, page: Page, next: Option<String>, show: Show) -> PageBody {
        PageBody {
            tenant,
            list: query.list,
            expand: query.expand,
            hits: page.hits.into_iter(),
            count: page.count,
            next,
            show,
            part: Part::Head,
            open: None,
            begun: false,
        }
    }

    fn head(&self, out: &mut Vec<u8>) {
        let context = match (self.list, self.expand) {
            (List::Incidents, false) => "https://graph.microsoft.com/v1.0/$metadata#security/incidents",
            (List::Incidents, true) => "https://graph.microsoft.com/v1.0/$metadata#security/incidents(alerts())",
            (List::Alerts, _) => "https://graph.microsoft.com/v1.0/$metadata#security/alerts_v2",
            (List::Legacy, _) => "https://api.security.microsoft.com/api/$metadata#Incidents",
        };
        out.push(b'{');
        let mut json = Json::new(out, true);
        json.text("@odata.context", context);
        if let Some(count) = self.count {
            json.num("@odata.count", count.cast_signed());
        }
        if self.list != List::Legacy
            && let Some(next) = &self.next
        {
            json.text("@odata.nextLink", next);
        }
        out.extend_from_slice(b",\"value\":[");
    }

    fn tail(&self, out: &mut Vec<u8>) {
        out.push(b']');
        if self.list == List::Legacy
            && let Some(next) = &self.next
        {
            Json::new(out, true).text("@odata.nextLink", next);
        }
        out.push(b'}');
    }

    fn fill(&mut self, out: &mut Vec<u8>) {
        let model = TenantModel::new(&self.tenant);
        let mut state: Option<IncidentState<'_>> = None;
        while out.len() < CHUNK && self.part != Part::Done {
            self.part = match self.part {
                Part::Head => {
                    self.head(out);
                    Part::Record
                }
                Part::Record => match self.hits.next() {
                    None => Part::Tail,
                    Some(hit) => {
                        self.open = Some(hit);
                        let state = current(&mut state, model, hit.incident);
                        if std::mem::replace(&mut self.begun, true) {
                            out.push(b',');
                        }
                        let mut json = Json::new(out, self.show.newer);
                        match self.list {
                            List::Legacy => {
                                legacy::head(state, hit.event, &mut json);
                                Part::Nested(0)
                            }
                            List::Incidents => {
                                incident::head(state, hit.event, &mut json);
                                if self.expand { Part::Nested(0) } else { close(out, b"}") }
                            }
                            List::Alerts => {
                                alert::write(state, hit.alert, hit.event, self.show, &mut json);
                                Part::Record
                            }
                        }
                    }
                },
                Part::Nested(at) => {
                    let hit = self.open.unwrap_or(Hit { incident: 0, alert: 0, event: 0 });
                    let state = current(&mut state, model, hit.incident);
                    if at == 0 {
                        out.extend_from_slice(b",\"alerts\":[");
                    }
                    let nested = alert::Nested { state, event: hit.event, list: self.list, show: self.show };
                    if nested.write(at, out) { Part::Nested(at + 1) } else { close(out, b"]}") }
                }
                Part::Tail => {
                    self.tail(out);
                    Part::Done
                }
                Part::Done => Part::Done,
            };
        }
    }
}

/// The incident at hand, made anew only when it changes.
fn current<'c, 'a>(
    state: &'c mut Option<IncidentState<'a>>,
    model: TenantModel<'a>,
    index: u64,
) -> &'c IncidentState<'a> {
    if state.as_ref().is_some_and(|state| state.index != index) {
        *state = None;
    }
    state.get_or_insert_with(|| IncidentState::new(model, index))
}

fn close(out: &mut Vec<u8>, with: &[u8]) -> Part {
    out.extend_from_slice(with);
    Part::Record
}

impl Iterator for PageBody {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<io::Result<Bytes>> {
        if self.part == Part::Done {
            return None;
        }
        let mut out = Vec::with_capacity(CHUNK + 16 * 1024);
        self.fill(&mut out);
        Some(Ok(Bytes::from(out)))
    }
}
