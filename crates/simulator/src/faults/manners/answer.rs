//! An answer of a list taken apart: its records, its other members, and the address of the next page wherever it stands.

use axum::body::{Body, to_bytes};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_LENGTH;
use axum::response::Response;
use serde_json::Value;

use crate::list::{List, Next};

pub(super) struct Answer {
    pub(super) list: &'static List,
    /// The body, without the link.
    pub(super) page: Value,
    /// Where the next page is.
    pub(super) next: Option<String>,
}

impl Answer {
    /// The response with what `edit` does to it; one that is no JSON stays as it is.
    pub(super) async fn edit(list: &'static List, response: Response, edit: impl FnOnce(&mut Answer)) -> Response {
        let (mut head, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
        let Ok(page) = serde_json::from_slice(&bytes) else {
            return Response::from_parts(head, Body::from(bytes));
        };
        let mut answer = Answer { list, page, next: None };
        answer.next = match &list.next {
            Next::Link { member, .. } => {
                let link = answer.page.as_object_mut().and_then(|page| page.remove(member));
                link.and_then(|link| link.as_str().map(str::to_owned))
            }
            Next::Header(name) => head.headers.remove(name).and_then(|link| link.to_str().map(str::to_owned).ok()),
            Next::Skip { .. } => None,
        };
        edit(&mut answer);
        match (&list.next, answer.next.take()) {
            (Next::Link { member, .. }, Some(next)) => answer.insert(member, next.into()),
            (Next::Header(name), Some(next)) => {
                if let (Ok(name), Ok(next)) = (axum::http::HeaderName::try_from(name), HeaderValue::try_from(next)) {
                    head.headers.insert(name, next);
                }
            }
            _ => {}
        }
        head.headers.remove(CONTENT_LENGTH);
        Response::from_parts(head, Body::from(answer.page.to_string()))
    }

    /// The records of a page; none of a single record.
    pub(super) fn take_rows(&mut self) -> Option<Vec<Value>> {
        let place = match &self.list.envelope {
            Some(envelope) => self.page.get_mut(envelope)?,
            None => &mut self.page,
        };
        match place.take() {
            Value::Array(rows) => Some(rows),
            other => {
                *place = other;
                None
            }
        }
    }

    pub(super) fn give_rows(&mut self, rows: Vec<Value>) {
        match &self.list.envelope {
            Some(envelope) => self.page[envelope] = rows.into(),
            None => self.page = rows.into(),
        }
    }

    /// A member beside the records; a bare array has none.
    pub(super) fn insert(&mut self, name: &str, value: Value) {
        if let Some(page) = self.page.as_object_mut() {
            page.insert(name.to_owned(), value);
        }
    }
}
