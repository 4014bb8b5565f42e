//! Laws of the splitter: any chunking of any page gives what `serde_json` reads from the whole.

use std::io::{Read, Seek};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

#[derive(Debug, Clone, PartialEq)]
enum Seen {
    Element(Value),
    Nested(Value),
    Bad(String),
    TooLarge(bool, u64),
    Link(String),
    Count(u64),
    More(bool),
    Error(String),
    Again,
}

fn split(body: &[u8], nested: Option<&'static str>, max: usize, cuts: &[usize]) -> (Vec<Seen>, Result<(), SplitError>) {
    split_with(Splitter::new(nested, max), body, cuts)
}

fn split_with(mut splitter: Splitter, body: &[u8], cuts: &[usize]) -> (Vec<Seen>, Result<(), SplitError>) {
    let mut seen = Vec::new();
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (body.len() + 1)).collect();
    cuts.sort_unstable();
    cuts.push(body.len());
    let mut start = 0;
    for end in cuts {
        let mut rest = &body[start..end];
        start = end;
        loop {
            match splitter.next(&mut rest) {
                Ok(Some(event)) => seen.push(see(event)),
                Ok(None) => break,
                Err(error) => return (seen, Err(error)),
            }
        }
        assert!(rest.is_empty(), "a chunk is read to its end");
    }
    let end = splitter.finish();
    (seen, end)
}

fn see(event: Event<'_>) -> Seen {
    let parse = |bytes: &[u8]| serde_json::from_slice(bytes).map_err(|_| String::from_utf8_lossy(bytes).into_owned());
    match event {
        Event::Element(bytes) => parse(bytes).map_or_else(Seen::Bad, Seen::Element),
        Event::Nested(bytes) => parse(bytes).map_or_else(Seen::Bad, Seen::Nested),
        Event::TooLarge { nested, mut raw, length } => {
            let mut bytes = Vec::new();
            raw.rewind().expect("rewind");
            raw.read_to_end(&mut bytes).expect("read");
            assert_eq!(bytes.len() as u64, length);
            Seen::TooLarge(nested, length)
        }
        Event::NextLink(link) => Seen::Link(link),
        Event::Count(count) => Seen::Count(count),
        Event::More(more) => Seen::More(more),
        Event::Error(text) => Seen::Error(String::from_utf8_lossy(text).into_owned()),
        Event::NestedAgain => Seen::Again,
    }
}

/// What the splitter must say, read from the whole page.
fn expected(page: &Value, nested: Option<&str>) -> Vec<Seen> {
    let mut seen = Vec::new();
    for (name, value) in page.as_object().expect("object") {
        match (name.as_str(), value) {
            ("value", Value::Array(elements)) => {
                for element in elements {
                    let mut element = element.clone();
                    if let (Some(nested), Value::Object(members)) = (nested, &mut element)
                        && members.get(nested).is_some_and(Value::is_array)
                        && let Some(Value::Array(items)) = members.remove(nested)
                    {
                        seen.extend(items.into_iter().map(Seen::Nested));
                    }
                    seen.push(Seen::Element(element));
                }
            }
            ("@odata.nextLink", Value::String(link)) if link.trim().is_empty() => {}
            ("@odata.nextLink", Value::String(link)) => seen.push(Seen::Link(link.clone())),
            ("@odata.nextLink", value) if !is_nothing(value) => {
                seen.push(Seen::Error("\"the next link is no text\"".to_owned()));
            }
            ("@odata.count", Value::Number(count)) => seen.extend(count.as_u64().map(Seen::Count)),
            _ => {}
        }
    }
    seen
}

fn is_nothing(value: &Value) -> bool {
    [json!(null), json!(false), json!({}), json!([]), json!(""), json!(0)].contains(value)
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[\\\\\"{}\\[\\],: \n]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((any_key(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_key() -> impl Strategy<Value = String> {
    prop_oneof!["alerts", "value", "@odata.nextLink", "@odata.count", "[a-z\"\\\\{é]{0,6}"]
}

fn any_page() -> impl Strategy<Value = Value> {
    let members = proptest::collection::vec((any_key(), any_json()), 0..5);
    (proptest::collection::vec(any_json(), 0..6), members, any::<bool>()).prop_map(|(rows, members, value_first)| {
        let mut page = serde_json::Map::new();
        if value_first {
            page.insert("value".to_owned(), Value::from(rows.clone()));
        }
        page.extend(members.into_iter().filter(|(name, _)| name != "value"));
        page.insert("value".to_owned(), Value::from(rows));
        Value::Object(page)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_chunking_gives_what_serde_json_gives(
        page in any_page(), cuts in proptest::collection::vec(any::<usize>(), 0..12), pretty: bool, split_off: bool,
    ) {
        let nested = split_off.then_some("alerts");
        let body = if pretty { serde_json::to_vec_pretty(&page) } else { serde_json::to_vec(&page) }.expect("writes");
        let (seen, end) = split(&body, nested, MAX_ROW, &cuts);
        prop_assert!(end.is_ok(), "{end:?}");
        // serde_json may keep the members sorted: the order between rows and links is not part of the law.
        let of = |seen: Vec<Seen>| -> (Vec<Seen>, Vec<Seen>) {
            seen.into_iter().partition(|one| matches!(one, Seen::Element(_) | Seen::Nested(_)))
        };
        let (rows, mut others) = of(seen);
        let reread: Value = serde_json::from_slice(&body).expect("reads");
        let (rows_expected, mut others_expected) = of(expected(&reread, nested));
        prop_assert_eq!(rows, rows_expected);
        others.sort_by_key(|one| format!("{one:?}"));
        others_expected.sort_by_key(|one| format!("{one:?}"));
        prop_assert_eq!(others, others_expected);
    }

    #[test]
    fn any_bytes_neither_panic_nor_depend_on_the_chunking(
        body in "[\\[\\]{}\",:\\\\a1 ]{0,60}", cuts in proptest::collection::vec(any::<usize>(), 0..6),
    ) {
        let body = format!("{{\"value\":[{body}");
        let whole = split(body.as_bytes(), Some("a"), 40, &[]);
        let pieces = split(body.as_bytes(), Some("a"), 40, &cuts);
        prop_assert_eq!(whole.0, pieces.0);
        prop_assert_eq!(whole.1.map_err(|error| error.to_string()), pieces.1.map_err(|error| error.to_string()));
    }

    #[test]
    fn a_truncated_page_gives_its_complete_rows_and_an_error(page in any_page(), cut in any::<usize>()) {
        let body = serde_json::to_vec(&page).expect("writes");
        let (all, _) = split(&body, Some("alerts"), MAX_ROW, &[]);
        let (seen, end) = split(&body[..cut % body.len()], Some("alerts"), MAX_ROW, &[]);
        let is_truncated = matches!(end, Err(SplitError::Truncated { .. }));
        prop_assert!(is_truncated);
        prop_assert_eq!(&all[..seen.len()], &seen[..]);
    }

    #[test]
    fn string_member_agrees_with_serde_json(row in any_json(), name in any_key()) {
        let bytes = serde_json::to_vec(&row).expect("writes");
        let found = string_member(&bytes, &name);
        // The mapper reads a NUL as the replacement character, so both write one name.
        let is_named = |written: &String| written.replace('\0', "\u{fffd}") == name || *written == name;
        let mut members = row.as_object().into_iter().flatten();
        let expected = members.rfind(|(written, _)| is_named(written));
        prop_assert_eq!(found.as_deref(), expected.and_then(|(_, value)| value.as_str()));
    }

    #[test]
    fn string_member_agrees_with_the_mapper(
        members in proptest::collection::vec(
            (
                proptest::sample::select(vec!["id", "\\u0069d", "i\\u0064", "x", "\\ud800", "a\tb"]),
                proptest::sample::select(vec![
                    "\"a\"", "\"\\u0061\"", "\"\\ud83d\"", "\"\\x\"", "\"a\tb\"", "\"\"", "1", "NaN", "01", "null", "",
                    "{\"id\":\"inner\"}", "[[1,]]", "\"\\\\\"", "\"id\"",
                ]),
            ),
            0..6,
        ),
        comma in proptest::sample::select(vec![",", ",", ", ", ",,", ",/*\"id\":1*/"]),
    ) {
        let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let row = format!("{{{}}}", members.join(comma));
        let read = mapper::Row::parse(row.as_bytes()).expect("a row");
        prop_assert_eq!(string_member(row.as_bytes(), "id"), read.string("id"), "{}", row);
        let together = scalar_members(row.as_bytes(), ["x", "id"]);
        prop_assert_eq!(together, ["x", "id"].map(|name| scalar_member(row.as_bytes(), name)), "{}", row);
    }
}

#[test]
fn string_member_of_bytes_that_are_no_text() {
    for (row, value) in [
        (&b"{\"x\":\"\xff\",\"id\":\"a\"}"[..], Some("a")),
        (b"{\"id\":\"a\xff\"}", Some("a\u{fffd}")),
        (b"\xef\xbb\xbf{\"id\":\"a\"}", Some("a")),
        (b"{\"id\":\"a\",\"x\":{\"id\":\"b\"", Some("a")),
        (b"{\"x\":1", None),
        (b"7", None),
    ] {
        assert_eq!(string_member(row, "id").as_deref(), value, "{}", String::from_utf8_lossy(row));
    }
}

#[test]
fn a_nested_array_that_comes_again_is_told() {
    let nested = |id: u64| Seen::Nested(json!({ "id": id }));
    for (element, expected) in [
        (
            r#"{"alerts":[{"id":1}],"al\u0065rts":[{"id":2}]}"#,
            vec![nested(1), Seen::Again, nested(2), Seen::Element(json!({}))],
        ),
        (
            r#"{"alerts":[{"id":1}],"alerts":null}"#,
            vec![nested(1), Seen::Again, Seen::Element(json!({"alerts": null}))],
        ),
        (r#"{"alerts":null,"alerts":[{"id":1}]}"#, vec![nested(1), Seen::Element(json!({"alerts": null}))]),
    ] {
        let body = format!("{{\"value\":[{element},{{\"alerts\":[]}}]}}");
        let (seen, end) = split(body.as_bytes(), Some("alerts"), MAX_ROW, &[]);
        end.expect("complete");
        assert_eq!(seen[..seen.len() - 1], expected, "{element}");
    }
}

#[test]
fn nested_arrays_are_split_off_whatever_the_values_beside_them() {
    for odd in [
        &b"\"a\":\"\t\x00\xff\\ud83d\\x\""[..],
        b"\"a\":NaN",
        b"\"a\":1,",
        b"\"a\":",
        b"\"a\":01,,\"b\":[1,]",
        b"\"a\":1,\"a\":2",
    ] {
        for element in
            [[b"{", odd, b",\"alerts\":[{\"id\":1}]}"].concat(), [b"{\"alerts\":[{\"id\":1}],", odd, b"}"].concat()]
        {
            let body = [b"{\"value\":[", &element[..], b",{\"id\":2}]}"].concat();
            let (seen, end) = split(&body, Some("alerts"), MAX_ROW, &[]);
            let shown = String::from_utf8_lossy(&element).into_owned();
            end.unwrap_or_else(|error| panic!("{error}: {shown}"));
            assert_eq!(seen.len(), 3, "{shown}: {seen:?}");
            assert_eq!(
                (&seen[0], &seen[2]),
                (&Seen::Nested(json!({"id": 1})), &Seen::Element(json!({"id": 2}))),
                "{shown}"
            );
        }
    }
}

#[test]
fn properties_may_follow_the_nested_array_and_the_link_may_come_first() {
    let body = br#" {"@odata.nextLink":"https://h/x?a=1\u0026b=2","@odata.count":7,"value":[
        {"alerts":[{"id":"a"},{"id":"b"}],"id":"1"},{"id":"2","alerts":null},{"id":"3","al\u0065rts":[ ]}]} "#;
    let (seen, end) = split(body, Some("alerts"), MAX_ROW, &[]);
    end.expect("complete");
    assert_eq!(
        seen,
        [
            Seen::Link("https://h/x?a=1&b=2".to_owned()),
            Seen::Count(7),
            Seen::Nested(json!({"id": "a"})),
            Seen::Nested(json!({"id": "b"})),
            Seen::Element(json!({"id": "1"})),
            Seen::Element(json!({"id": "2", "alerts": null})),
            Seen::Element(json!({"id": "3"})),
        ]
    );
}

#[test]
fn a_broken_row_costs_only_itself() {
    for bad in [
        r#"{"id":NaN}"#,
        r#"{"id":1,}"#,
        r#"{"id" 1}"#,
        r#"{"id":}"#,
        r"{id:1}",
        r#"{"id":[1}"#,
        r#"{"id":1]}"#,
        r#"{"id":1 "x":2}"#,
        r#"{,"id":1}"#,
        r#"{"id":1,,"x":[{}]}"#,
        "nonsense",
        r#"{"id"}"#,
    ] {
        for nested in [None, Some("alerts")] {
            let body = format!(r#"{{"value":[{{"n":1}},{bad},{{"n":2}}],"x":0}}"#);
            let (seen, end) = split(body.as_bytes(), nested, MAX_ROW, &[]);
            assert!(end.is_ok(), "{bad}: {end:?}");
            assert_eq!(seen.first(), Some(&Seen::Element(json!({"n": 1}))), "{bad}");
            assert_eq!(seen.last(), Some(&Seen::Element(json!({"n": 2}))), "{bad}");
            assert!(seen.len() == 3 && matches!(&seen[1], Seen::Bad(_)), "{bad}: {seen:?}");
        }
    }
}

#[test]
fn long_rows_are_spilled_and_the_rest_goes_on() {
    let long = "x".repeat(5000);
    let body = format!(
        r#"{{"value":[{{"id":1,"alerts":[{{"a":"{long}"}},{{"a":1}}]}},{{"id":2,"t":"{long}","alerts":[{{"a":2}}]}},{{"id":3}},{{"{long}":1}}]}}"#
    );
    for cuts in [vec![], (0..600).map(|n| n * 31).collect::<Vec<_>>()] {
        let (seen, end) = split(body.as_bytes(), Some("alerts"), 1000, &cuts);
        end.as_ref().expect("complete");
        assert_eq!(
            seen,
            [
                Seen::TooLarge(true, 5008),
                Seen::Nested(json!({"a": 1})),
                Seen::Element(json!({"id": 1})),
                Seen::Nested(json!({"a": 2})),
                Seen::TooLarge(false, 5015),
                Seen::Element(json!({"id": 3})),
                Seen::TooLarge(false, 5006),
            ]
        );
    }
}

#[test]
fn depth_bombs_are_rows_like_others() {
    let bomb = "[".repeat(200_000);
    let closed = format!(r#"{{"value":[{{"a":{bomb}{}}},{{"n":2}}]}}"#, "]".repeat(200_000));
    let (seen, end) = split(closed.as_bytes(), None, MAX_ROW, &[]);
    end.expect("complete");
    assert_eq!(seen.len(), 2);
    let open = format!(r#"{{"value":[{{"a":{bomb}"#);
    assert!(matches!(split(open.as_bytes(), None, MAX_ROW, &[]).1, Err(SplitError::Truncated { .. })));
}

#[test]
fn members_of_the_body_are_known_by_every_usual_name() {
    let error = |text: &str| Seen::Error(text.to_owned());
    for (body, expected) in [
        (r#"{"value":[],"error":{"code":"x"}}"#, vec![error(r#"{"code":"x"}"#)]),
        (r#"{"error":"late","value":null}"#, vec![error("\"late\"")]),
        (r#"{"@odata.error":{"a":1},"value":[]}"#, vec![error(r#"{"a":1}"#)]),
        (r#"{"odata.error":[1],"Errors":["x"],"value":[]}"#, vec![error("[1]"), error("[\"x\"]")]),
        (r#"{"error":null,"errors":[],"@odata.error":{},"value":[]}"#, vec![]),
        (r#"{"@odata.nextLink":" ","value":[]}"#, vec![]),
        (r#"{"@odata.nextLink":{"a":1},"value":[]}"#, vec![error("\"the next link is no text\"")]),
        (r#"{"@odata.nextlink":"a","value":[]}"#, vec![Seen::Link("a".to_owned())]),
        (r#"{"odata.nextLink":"b","value":[]}"#, vec![Seen::Link("b".to_owned())]),
        (r#"{"nextLink":"c","value":[]}"#, vec![Seen::Link("c".to_owned())]),
        (r#"{"@odata.count":"90","count":7,"value":[]}"#, vec![Seen::Count(90)]),
        (r#"{"@odata.count":-1,"Value":[{"a":1}]}"#, vec![Seen::Element(json!({"a": 1}))]),
    ] {
        for cuts in [vec![], (0..body.len()).collect()] {
            let (seen, end) = split(body.as_bytes(), None, MAX_ROW, &cuts);
            assert!(end.is_ok(), "{body}: {end:?}");
            assert_eq!(seen, expected, "{body}");
        }
    }
}

#[test]
fn members_of_a_row_are_found_with_their_places() {
    let row = br#" {"id" : "7", "al\u0065rts@odata.nextLink":"x","n":{"a":[1,"}"]} }"#;
    let found: Vec<_> = members(row).collect();
    let names: Vec<_> = found.iter().map(|member| (member.name(), member.value)).collect();
    let expected = [("id", &br#""7""#[..]), ("alerts@odata.nextLink", br#""x""#), ("n", br#"{"a":[1,"}"]}"#)];
    assert_eq!(names, expected.map(|(name, value)| (name.into(), value)));
    assert_eq!(&row[found[0].place.clone()], br#""id" : "7""#);
    assert_eq!(all_members(row).expect("whole"), found);
    // A value that is missing hides no member behind it, and what cannot be told to the end is not written anew.
    let torn = br#"{"a":1,"b":,"id":{"id":"inner"},"id":"a"}"#;
    assert_eq!((members(torn).count(), all_members(torn)), (1, None));
    assert_eq!(string_member(torn, "id").as_deref(), Some("a"));
    assert_eq!(members(b"7").count() + members(b"{").count() + members(br#"{"a" 1}"#).count(), 0);
}

#[track_caller]
fn check_error(body: &str, message: &str) {
    assert_eq!(split(body.as_bytes(), None, MAX_ROW, &[]).1.expect_err("an error").to_string(), message);
}

#[test]
fn errors_say_what_was_found() {
    check_error("", "body ended inside the response body, before its first byte after 0 bytes");
    check_error("<html>", "body is not a page of records: found `<` at byte 0, expected `{`");
    check_error("{}", "body has no `value` array");
    check_error(r#"{"error":{"code":"x"}}"#, "body has no `value` array");
    check_error(r#"{"value":[],"value":[{"a":1}]}"#, "body has `value` twice, the second one at byte 20");
    check_error(r#"{"value":null,"value":[]}"#, "body has `value` twice, the second one at byte 22");
    check_error(r#"{"value":{"a":1}}"#, "body has no `value` array");
    check_error(r#"{"value":[{"a":1}"#, "body ended inside `value[]` after 17 bytes");
    check_error(r#"{"value":[{"a":"#, "body ended inside an element of `value[]` after 15 bytes");
    check_error(
        r#"{"value":[]}x"#,
        "body is not a page of records: found `x` at byte 12, expected the end of the body",
    );
}

#[test]
fn rows_lie_in_a_member_of_any_name_or_in_the_body_itself() {
    let rows = |seen: &[Seen]| seen.iter().filter(|seen| matches!(seen, Seen::Element(_))).count();
    let form = PageForm { rows: Some("data"), more: Some("hasNext") };
    let body = br#"{"total":7,"hasNext":true,"value":[1],"Data":[{"a":[{"b":1}]},{"c":2}],"nextLink":"x"}"#;
    for cut in 0..body.len() {
        let (seen, end) = split_with(Splitter::of(form, Some("a"), 512), body, &[cut]);
        assert!(end.is_ok() && rows(&seen) == 2, "{cut}: {seen:?}");
        assert!(seen.contains(&Seen::More(true)) && seen.contains(&Seen::Link("x".to_owned())), "{seen:?}");
        assert_eq!(seen.iter().filter(|seen| matches!(seen, Seen::Nested(_))).count(), 1);
    }
    let (seen, _) = split_with(Splitter::of(form, None, 512), br#"{"data":[],"hasNext":false}"#, &[]);
    assert_eq!(seen, [Seen::More(false)]);
    let array = || Splitter::of(PageForm::ARRAY, None, 512);
    for body in [&br#" [ {"a":1}, {"b":[2]} ] "#[..], b"\xEF\xBB\xBF[{\"a\":1}\n{\"b\":[2]}]"] {
        for cut in 0..body.len() {
            let (seen, end) = split_with(array(), body, &[cut]);
            assert!(end.is_ok() && rows(&seen) == 2 && seen.len() == 2, "{cut}: {seen:?}");
        }
    }
    assert!(matches!(split_with(array(), b"[{},{}", &[]).1, Err(SplitError::Truncated { .. })));
    assert!(matches!(split_with(array(), b"[{}]]", &[]).1, Err(SplitError::Unexpected { .. })));
    // In the place of a list an object can only be an error.
    let (seen, end) = split_with(array(), br#"{"error":{"code":"AF20051"}}"#, &[]);
    assert!(matches!(seen[..], [Seen::Error(_)]) && matches!(end, Err(SplitError::NoValue(_))), "{seen:?}");
    // OData's page is none without its brackets.
    assert!(matches!(split_with(Splitter::new(None, 512), b"[]", &[]).1, Err(SplitError::Unexpected { .. })));
}
