//! What the transport does to the answer of a request.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt, future, stream};

use super::{Fault, times};
use crate::list::List;

/// The answer to a request under a fault.
pub(crate) async fn apply(
    (fault, list): (Option<Fault>, Option<&'static List>),
    request: Request,
    next: Next,
) -> Response {
    match fault {
        Some(Fault::Respond { status, headers, body }) => {
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            for (name, value) in headers {
                if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                    response.headers_mut().insert(name, value);
                }
            }
            response
        }
        Some(Fault::Replace(body)) => next.run(request).await.map(|_| Body::from(body)),
        Some(Fault::Members(members)) => {
            let (mut head, body) = next.run(request).await.into_parts();
            head.headers.remove(CONTENT_LENGTH);
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
            let time = list.map(List::time_name).unwrap_or_default();
            Response::from_parts(head, Body::from(with_members(&body, &members, time)))
        }
        Some(Fault::Member(name, value)) => {
            const LONGEST: usize = 64 * 1024;
            let (mut parts, body) = next.run(request).await.into_parts();
            let body = axum::body::to_bytes(body, LONGEST).await.unwrap_or_default();
            parts.headers.remove(CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(with_member(&String::from_utf8_lossy(&body), name, value)))
        }
        Some(Fault::ContentType(kind)) => {
            let mut response = next.run(request).await;
            if let Ok(kind) = HeaderValue::try_from(kind) {
                response.headers_mut().insert(CONTENT_TYPE, kind);
            }
            response
        }
        Some(Fault::Date(date)) => {
            let mut response = next.run(request).await;
            if let Ok(date) = HeaderValue::try_from(date) {
                response.headers_mut().insert(DATE, date);
            }
            response
        }
        Some(Fault::Offset(minutes)) => {
            let (head, body) = next.run(request).await.into_parts();
            Response::from_parts(head, times::with_offset(body, minutes, list).await)
        }
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(time).await;
            next.run(request).await
        }
        Some(Fault::Manner(manner)) => manner.apply(list, request, next).await,
        Some(Fault::Cut(after)) => next.run(request).await.map(|body| cut(body, after)),
        _ => next.run(request).await,
    }
}

/// The body with members more in every record, before its property `time`.
fn with_members(body: &[u8], members: &[u8], time: &str) -> Vec<u8> {
    let name = format!("\"{time}\":");
    let mut out = Vec::with_capacity(body.len() * 2);
    let mut rest = body;
    while !rest.is_empty() {
        if rest.starts_with(name.as_bytes()) {
            out.extend_from_slice(members);
            out.push(b',');
        }
        let end = rest[1..].iter().position(|&byte| byte == b'"').map_or(rest.len(), |at| at + 1);
        out.extend_from_slice(&rest[..end]);
        rest = &rest[end..];
    }
    out
}

/// The object with this member; its values hold neither comma nor brace.
fn with_member(object: &str, name: &str, value: &str) -> String {
    let key = format!("\"{name}\":");
    match object.split_once(&key) {
        Some((head, rest)) => {
            let end = rest.find([',', '}']).unwrap_or(rest.len());
            format!("{head}{key}{value}{}", &rest[end..])
        }
        None => format!("{},{key}{value}}}", object.trim_end().trim_end_matches('}')),
    }
}

/// The first `after` bytes of a body, then an error that makes the server drop the connection.
fn cut(body: Body, after: usize) -> Body {
    let head = body.into_data_stream().scan(after, |left, chunk| {
        let chunk = chunk.unwrap_or_default();
        let take = chunk.len().min(*left);
        let go_on = *left > 0;
        *left -= take;
        future::ready(go_on.then(|| Ok::<Bytes, io::Error>(chunk.slice(..take))))
    });
    // The server sends what it has while it waits, and drops the connection only then.
    let end = stream::once(async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        Err(io::Error::other("cut by a scripted fault"))
    });
    Body::from_stream(head.chain(end))
}
