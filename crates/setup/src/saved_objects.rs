//! Saved objects: compared by an export, put by an import, both of Kibana's public API, which every edition has.
//!
//! A newer Kibana changes objects while it imports them, so what it gives back need not be what was put. The tag of the
//! objects holds a digest of the file, and one import gives all of its objects one time of change: an object with the tag's
//! time was not touched since that import.

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::difference::holds;
use crate::kibana::Kibana;
use crate::plan::{Difference, Kind, Plan, Work};
use common::error::{Error, quoted};

const EXPORT: &str = "/api/saved_objects/_export";
const BOUNDARY: &str = "m365-security-saved-objects-2f6c1d";

/// What an object is found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Id {
    pub(crate) kind: String,
    pub(crate) id: String,
}

impl Id {
    fn of(object: &Value) -> Option<Self> {
        Some(Self { kind: object["type"].as_str()?.to_owned(), id: object["id"].as_str()?.to_owned() })
    }

    fn json(&self) -> Value {
        json!({ "type": self.kind, "id": self.id })
    }
}

/// What the ids of our objects begin with. Others, as the data view `logs-*`, are shared with everybody.
const OURS: &str = "m365_security";

impl Id {
    fn is_ours(&self) -> bool {
        self.id.starts_with(OURS)
    }

    /// Whether a stored object is this one. In a second space Kibana gives an object another id, and keeps this one as its
    /// origin.
    fn is_of(&self, stored: &Value) -> bool {
        stored["type"] == *self.kind && (stored["id"] == *self.id || stored["originId"] == *self.id)
    }
}

pub(crate) async fn plan(kibana: &Kibana, ndjson: &str, plan: &mut Plan) -> Result<(), Error> {
    let objects = marked(ndjson)?;
    let ids: Vec<Id> = objects.iter().filter_map(Id::of).collect();
    let stored = find(kibana, &ids).await?;
    let find = |id: &Id| stored.iter().find(|stored| id.is_of(stored));
    let mark = objects.iter().find(|object| is_mark(object));
    let stored_mark = mark.and_then(Id::of).as_ref().and_then(find).filter(|stored| is_held(stored, mark));
    // What is shared and there already is nobody's to change.
    let is_put = |(_, id): &(&Value, &Id)| id.is_ours() || find(id).is_none();
    let lines: Vec<String> = objects.iter().zip(&ids).filter(is_put).map(|(object, _)| object.to_string()).collect();
    let text = lines.join("\n") + "\n";
    let import = Bytes::from(form(&text));
    let mut is_planned = false;
    for (object, id) in objects.iter().zip(&ids) {
        let name = format!("{} {}", id.kind, id.id);
        let found = find(id);
        if found.is_some_and(|found| found["managed"] == true) && id.is_ours() {
            plan.in_the_way.push(format!(
                "saved object {name} is managed by a package that Fleet installed, which brings the dashboards\nhint: leave \
                 out --kibana, or uninstall the package in Kibana (Integrations)"
            ));
            continue;
        }
        let difference = match found {
            None => Difference::New,
            Some(found) if !id.is_ours() || is_held(found, Some(object)) || is_untouched(found, stored_mark) => {
                Difference::Same
            }
            Some(found) => Difference::of(parts(object, found)),
        };
        // One import puts all of them, so that they have one time.
        let work = if difference == Difference::Same || is_planned { Work::None } else { Work::Import(import.clone()) };
        is_planned |= difference != Difference::Same;
        plan.add(Kind::SavedObject, name, difference, work);
    }
    Ok(())
}

/// The objects as they are put: the last tag says which file it came with.
fn marked(ndjson: &str) -> Result<Vec<Value>, Error> {
    let lines = ndjson.lines().filter(|line| !line.trim().is_empty());
    let objects = lines.map(serde_json::from_str).collect::<Result<Vec<Value>, _>>();
    let broken = |error| Error::Permanent(format!("the saved objects of this program are no NDJSON: {error}"));
    let mut objects = objects.map_err(broken)?;
    let digest = ring::digest::digest(&ring::digest::SHA256, ndjson.as_bytes());
    let digest = common::ids::hex(&digest.as_ref()[..6]);
    if let Some(tag) = objects.iter_mut().rev().find(|object| object["type"] == "tag") {
        let said = tag["attributes"]["description"].as_str().unwrap_or_default().trim().to_owned();
        let said = if said.is_empty() { "Put by m365-fetcher setup".to_owned() } else { said };
        tag["attributes"]["description"] = format!("{said}{MARK}{digest})").into();
    }
    Ok(objects)
}

/// What stands before the digest.
const MARK: &str = " (file ";

fn is_mark(object: &Value) -> bool {
    let said = object["attributes"]["description"].as_str();
    object["type"] == "tag" && said.is_some_and(|said| said.contains(MARK))
}

fn is_held(stored: &Value, ours: Option<&Value>) -> bool {
    ours.is_some_and(|ours| parts(ours, stored).is_empty())
}

/// What differs of an object.
fn parts(ours: &Value, stored: &Value) -> Vec<String> {
    let attributes = ours["attributes"].as_object().into_iter().flatten();
    let differing = attributes.filter(|(name, value)| !holds(&stored["attributes"][name.as_str()], value));
    let mut parts: Vec<String> = differing.map(|(name, _)| name.clone()).collect();
    // The order of references means nothing.
    let references = |object: &Value| object["references"].as_array().cloned().unwrap_or_default();
    let theirs = references(stored);
    if !references(ours).iter().all(|ours| theirs.iter().any(|stored| holds(stored, ours))) {
        parts.push("references".to_owned());
    }
    parts.sort();
    parts
}

/// Whether it is as the import of the same file left it.
fn is_untouched(stored: &Value, mark: Option<&Value>) -> bool {
    mark.is_some_and(|mark| mark["updated_at"].is_string() && mark["updated_at"] == stored["updated_at"])
}

/// Those of the objects that are there, under their own ids or as copies in a second space.
async fn find(kibana: &Kibana, ids: &[Id]) -> Result<Vec<Value>, Error> {
    let mut stored = export(kibana, ids).await?;
    let missing = ids.iter().filter(|id| id.is_ours() && !stored.iter().any(|stored| id.is_of(stored)));
    let mut kinds: Vec<&str> = missing.map(|id| id.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    if !kinds.is_empty() {
        let body = json!({ "type": kinds, "includeReferencesDeep": false, "excludeExportDetails": true });
        let answer = kibana.request(Method::POST, EXPORT, &body).await?;
        // A space without any, or with more than an export takes: they are put as new ones, over those that are there.
        if answer.status.is_success() {
            let found = lines(&answer.body);
            stored.extend(found.into_iter().filter(|found| ids.iter().any(|id| found["originId"] == *id.id)));
        }
    }
    Ok(stored)
}

fn lines(body: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(body).lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Those of the objects that are there under their own ids.
async fn export(kibana: &Kibana, ids: &[Id]) -> Result<Vec<Value>, Error> {
    let mut wanted = ids.to_vec();
    // Kibana exports all that are named or none, and names those that are missing.
    while !wanted.is_empty() {
        let objects: Vec<Value> = wanted.iter().map(Id::json).collect();
        let body = json!({ "objects": objects, "includeReferencesDeep": false, "excludeExportDetails": true });
        let answer = kibana.request(Method::POST, EXPORT, &body).await?;
        if answer.status != StatusCode::BAD_REQUEST {
            let found = lines(&answer.body);
            return answer.success().map(|_| found);
        }
        let said = answer.json();
        let missing = said["attributes"]["objects"].as_array().into_iter().flatten();
        let missing: Vec<Id> =
            missing.filter(|object| object["error"]["statusCode"] == 404).filter_map(Id::of).collect();
        let before = wanted.len();
        wanted.retain(|id| !missing.contains(id));
        if wanted.len() == before {
            return Err(answer.error());
        }
    }
    Ok(Vec::new())
}

/// The file as the form that a browser would send.
fn form(ndjson: &str) -> String {
    format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"m365_security.ndjson\"\r\nContent-Type: \
         application/ndjson\r\n\r\n{ndjson}\r\n--{BOUNDARY}--\r\n"
    )
}

/// Puts all objects, over those that are there.
pub(crate) async fn import(kibana: &Kibana, form: &Bytes) -> Result<(), Error> {
    let mut headers = HeaderMap::new();
    let kind = HeaderValue::from_str(&format!("multipart/form-data; boundary={BOUNDARY}"));
    headers.insert(CONTENT_TYPE, kind.map_err(|error| Error::Io(error.to_string()))?);
    let answer = kibana.upload("/api/saved_objects/_import?overwrite=true", headers, form.clone()).await?;
    if answer.status == StatusCode::PAYLOAD_TOO_LARGE {
        return Err(Error::Permanent(format!(
            "{}\nhint: raise Kibana's `savedObjects.maxImportPayloadBytes`, or the limit of the proxy before it",
            answer.error()
        )));
    }
    let answer = answer.success()?;
    if answer["success"] == true {
        return Ok(());
    }
    let failed = answer["errors"].as_array().into_iter().flatten();
    let failed: Vec<String> = failed.map(refusal).collect();
    Err(Error::Permanent(format!(
        "Kibana did not import {} of the saved objects: {}\nhint: mend what it says and run `setup` again: it puts what is \
         missing",
        failed.len(),
        failed.join("; ")
    )))
}

fn refusal(error: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let references = error["error"]["references"].as_array().into_iter().flatten();
    let references: Vec<String> =
        references.map(|reference| format!("{} {}", text(&reference["type"]), text(&reference["id"]))).collect();
    let why =
        format!("{} {} {}", text(&error["error"]["type"]), text(&error["error"]["message"]), references.join(", "));
    quoted(&format!("{} {}: {}", text(&error["type"]), text(&error["id"]), why.trim()))
}

/// Our objects that are there, but for those that a package brought.
pub(crate) async fn installed(kibana: &Kibana, ndjson: &str) -> Result<Vec<Id>, Error> {
    let ids: Vec<Id> = marked(ndjson)?.iter().filter_map(Id::of).filter(Id::is_ours).collect();
    let stored = find(kibana, &ids).await?;
    let own = |id: &Id| stored.iter().find(|stored| id.is_of(stored)).filter(|stored| stored["managed"] != true);
    // What refers to others goes before them.
    Ok(ids.iter().rev().filter_map(own).filter_map(Id::of).collect())
}

/// Deletes an object; `Err` with the reason where Kibana has no API for that.
pub(crate) async fn delete(kibana: &Kibana, id: &Id) -> Result<Result<(), String>, Error> {
    let path = format!("/api/saved_objects/{}/{}?force=true", id.kind, id.id);
    let answer = kibana.request(Method::DELETE, &path, &Value::Null).await?;
    match answer.status.as_u16() {
        404 if answer.said().contains("not found") || answer.said().contains("Not Found") => {
            // Editions without this API say the same of the path; then the object is still there.
            let is_there = !export(kibana, std::slice::from_ref(id)).await?.is_empty();
            let why = "this edition of Kibana deletes saved objects by hand only: Stack Management, Saved Objects";
            Ok(if is_there { Err(why.to_owned()) } else { Ok(()) })
        }
        400 => Ok(Err(answer.said())),
        _ => answer.success().map(|_| Ok(())),
    }
}
