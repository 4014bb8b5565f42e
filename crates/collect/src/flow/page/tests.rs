//! What is told apart among the elements of a page.

use super::error_of;

#[test]
fn a_record_is_known_by_what_its_list_says_names_it() {
    let is_error = |row: &str, ids: &[&str]| error_of(row.as_bytes(), ids).is_some();
    let words = r#""code":"C1","message":"a message""#;
    for (ids, name) in [
        (["id"].as_slice(), r#""id":"7""#),
        (&["_id"], r#""_id":"7""#),
        (&["incidentId"], r#""incidentId":7"#),
        (&["properties.systemId"], r#""properties":{"systemId":"7"}"#),
        (&["cve", "status"], r#""status":"Fixed""#),
    ] {
        // Its name may stand anywhere, and error words make no error of it.
        for row in
            [format!("{{{name},{words}}}"), format!("{{{words},{name}}}"), format!("{{{words},\"error\":{{}},{name}}}")]
        {
            assert!(!is_error(&row, ids), "{row} {ids:?}");
            // What names the records of another list names none of this one.
            assert!(is_error(&row, &["recordId"]), "{row}");
        }
        for row in
            [format!("{{{words}}}"), r#"{"error":{"code":"C1"}}"#.to_owned(), r#"{"@odata.error":{}}"#.to_owned()]
        {
            assert!(is_error(&row, ids), "{row} {ids:?}");
        }
    }
    // A part of a name, or a value that is called like it, names nothing.
    assert!(is_error(r#"{"myid":"7","code":"C1","message":"m"}"#, &["id"]));
    assert!(is_error(r#"{"code":"id","message":"id"}"#, &["id"]));
    // Without a name and without the words of an error it is a record that the mapper judges.
    assert!(!is_error(r#"{"title":"x","message":"m"}"#, &["id"]) && !is_error(r#"{"error":null}"#, &["id"]));
}
