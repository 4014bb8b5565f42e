//! What a row says of its record.

use schema::{Envelope, List, NextPage, OData, Query, RecordPaths};
use serde_json::Value;

use super::*;

const LIST: List = List {
    record: RecordPaths { id: &["id"], changed: "lastUpdateDateTime", created: "createdDateTime" },
    query: Query::OData(OData::USUAL),
    envelope: Envelope::Member("value"),
    next: NextPage::Link,
    page_size: 50,
    by_id: true,
    redirect: Some("redirectIncidentId"),
};

#[test]
fn a_row_is_read_once_for_all_that_names_it() {
    let row = br#"{"id":"7","lastUpdateDateTime":"2026-01-01T10:00:00Z","redirectIncidentId":"8","createdDateTime":5}"#;
    let record = RecordReader::new(&LIST).read(row);
    assert_eq!(record.name(), Some(("7", "2026-01-01T10:00:00Z")));
    assert_eq!((record.created.as_deref(), record.redirect.as_deref()), (Some("5"), Some("8")));
    let list = List { redirect: None, ..LIST };
    let record = RecordReader::new(&list).read(br#"{"":"x","redirectIncidentId":"8","id":"7"}"#);
    assert_eq!((record.redirect, record.version), (None, None));
}

#[test]
fn paths_lead_into_objects_and_several_properties_name_a_record() {
    let paths = RecordPaths { id: &["properties.alertId"], changed: "properties.times.changed", created: "created" };
    let reader = RecordReader::new(&List { record: paths, redirect: None, ..LIST });
    let row = br#"{"created":"2026-01-01T10:00:00Z","properties":{"alertId":"a","times":{"changed":1767261600000}}}"#;
    let record = reader.read(row);
    assert_eq!(record.name(), Some(("a", "1767261600000")));
    let mended = reader.with_mapped_times(&record).expect("mended");
    let again = reader.read(&mended);
    assert_eq!(again.version.as_deref(), Some("2026-01-01T10:00:00Z"));
    assert!(serde_json::from_slice::<Value>(&mended).is_ok());
    let two = RecordReader::new(&List { record: RecordPaths { id: &["id", "status"], ..paths }, ..LIST });
    let row = br#"{"id":"cve","status":"Fixed"}"#;
    assert_eq!((two.read(row).id, two.label(row).as_deref()), (None, Some("cve/Fixed")));
    assert_eq!(two.label(br#"{"id":"cve"}"#), None);
}
