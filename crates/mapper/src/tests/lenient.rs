//! One bad value does not cost the record: it is mended, counted with its path, and the rest is as it was.

use serde_json::{Value, json};

use super::{alert, check, evidence, items, json::strict, mapper};
use crate::Row;

const UNMAPPED: &str = "/m365_defender/alert/unmapped";
const TITLE: &str = "/m365_defender/alert/title";

/// The document of an alert with these members, and what was counted.
fn lenient(members: &[u8]) -> (Value, Vec<(&'static str, String)>) {
    let row =
        [alert("\"status\":\"new\"").strip_suffix('}').expect("an object").as_bytes(), b",", members, b"}"].concat();
    let mut mapper = mapper("alert");
    mapper.preserve_original(true);
    let mut out = Vec::new();
    let shown = String::from_utf8_lossy(&row).into_owned();
    mapper.map(&row, &mut out).unwrap_or_else(|reject| panic!("{reject}: {shown}"));
    let document = strict(&out);
    check(&document, &[("/event/id", json!("a1")), ("/event/original", json!(shown))]);
    let drift = mapper.take_drift().into_iter();
    let drift = drift.inspect(|drift| assert_eq!(drift.record.as_deref(), Some("a1"), "{shown}"));
    (document, drift.map(|drift| (drift.kind, drift.path)).collect())
}

/// The row gives this value at a place of its document, and this is counted.
#[track_caller]
fn mended(members: &[u8], pointer: &str, value: impl Into<Value>, drift: &[(&'static str, &str)]) {
    let (document, counted) = lenient(members);
    check(&document, &[(pointer, value.into())]);
    let expected: Vec<_> = drift.iter().map(|(kind, path)| (*kind, (*path).to_owned())).collect();
    assert_eq!(counted, expected, "{}", String::from_utf8_lossy(members));
}

#[test]
fn texts_keep_what_can_be_read() {
    let surrogate: &[_] = &[("lone_surrogate", "title")];
    let control: &[_] = &[("control_character", "title")];
    let escape: &[_] = &[("unknown_escape", "title")];
    let utf8: &[_] = &[("invalid_utf8", "title")];
    let cases: &[(&[u8], &str, &[_])] = &[
        (br"a\ud83db", "a\u{fffd}b", surrogate),
        (br"\ud83d", "\u{fffd}", surrogate),
        (br"\uDE00\uD83D", "\u{fffd}\u{fffd}", surrogate),
        (br"\ud83d\n\ude00", "\u{fffd}\n\u{fffd}", surrogate),
        (br"\ud83d\ud83d\ude00", "\u{fffd}\u{1f600}", surrogate),
        (br"\ud83d\u0041", "\u{fffd}A", surrogate),
        (b"a\tb\nc\0d\x1f", "a\tb\nc\0d\u{1f}", control),
        (br"C:\Users\x41", r"C:\Users\x41", escape),
        (br"\u12", r"\u12", escape),
        (br"\u{1f600}", r"\u{1f600}", escape),
        (br"it\'s", "it's", escape),
        ("\\é".as_bytes(), "\\é", escape),
        (b"a\xffb", "a\u{fffd}b", utf8),
        (b"M\xfcller", "M\u{fffd}ller", utf8),
        (b"a\xc3", "a\u{fffd}", utf8),
        (b"\xc0\xa2", "\u{fffd}\u{fffd}", utf8),
        (b"\xed\xa0\xbd", "\u{fffd}\u{fffd}\u{fffd}", utf8),
        (b"\x80\\t\x09", "\u{fffd}\t\t", &[("control_character", "title"), ("invalid_utf8", "title")]),
    ];
    for (text, value, drift) in cases {
        mended(&[b"\"title\":\"", *text, b"\""].concat(), TITLE, *value, drift);
    }
    // Also in names, and deep inside.
    mended(
        br#""ti\ud83d":1"#,
        UNMAPPED,
        json!({"ti\u{fffd}": [1]}),
        &[("lone_surrogate", "ti\u{fffd}"), ("unknown_column", "ti\u{fffd}")],
    );
    mended(
        b"\"additionalData\":{\"a\":[{\"b\":\"\t\"}]}",
        "/m365_defender/alert/additional_data",
        json!({"a": [{"b": "\t"}]}),
        &[("control_character", "additionalData.a.b")],
    );
}

#[test]
fn what_is_no_value_is_kept_as_text() {
    for word in [
        "NaN",
        "Infinity",
        "-Infinity",
        "nan",
        "01",
        "+1",
        ".5",
        "1.",
        "-",
        "1e",
        "0x1",
        "True",
        "undefined",
        "'x'",
        "N/A",
    ] {
        let drift = [("mistyped", "title"), ("unreadable_value", "title")];
        mended(format!("\"title\":{word}").as_bytes(), UNMAPPED, json!({"title": [word]}), &drift);
    }
    for word in ["1e400", "-1e309", &"9".repeat(400)] {
        let drift = [("number_out_of_range", "other.n"), ("unknown_column", "other")];
        let row = format!("\"other\":{{\"n\":{word}}}");
        mended(row.as_bytes(), UNMAPPED, json!({"other": [{"n": word}]}), &drift);
    }
    mended(
        b"\"title\":,\"other\":[1,,2,]",
        UNMAPPED,
        json!({"other": [[1, 2]]}),
        &[("extra_comma", "other"), ("missing_value", "title"), ("unknown_column", "other")],
    );
    mended(
        b"\"other\":{\"a\":}",
        UNMAPPED,
        json!({"other": [{"a": null}]}),
        &[("missing_value", "other.a"), ("unknown_column", "other")],
    );
}

#[test]
fn of_members_with_one_name_the_last_one_counts() {
    for (first, second) in [
        (r#""title":"x""#, r#""title":"y""#),
        (r#""title":null"#, r#""title":"y""#),
        (r#""title":"x""#, r#""tit\u006ce":"y""#),
        (r#""tit\u006ce":"x""#, r#""title":"y""#),
        (r#""title":{"a":[1,{"b":2}]},"status":"resolved""#, r#""title":"y""#),
    ] {
        let members = format!("{first},{second}");
        let (document, drift) = lenient(members.as_bytes());
        check(&document, &[(TITLE, json!("y")), (UNMAPPED, Value::Null)]);
        assert!(drift.contains(&("duplicate_key", "title".to_owned())), "{members}: {drift:?}");
    }
    mended(br#""title":"x","title":null"#, TITLE, Value::Null, &[("duplicate_key", "title")]);
    mended(br#""id":"a0","id":"a1""#, "/m365_defender/alert/id", "a1", &[("duplicate_key", "id")]);
    mended(br#""id":"a0","\u0069d":"a1""#, "/m365_defender/alert/id", "a1", &[("duplicate_key", "id")]);
    mended(
        br#""other":{"a":{"b":1},"c":2,"a":3}"#,
        UNMAPPED,
        json!({"other": [{"a": 3, "c": 2}]}),
        &[("duplicate_key", "other.a"), ("unknown_column", "other")],
    );
    let many: Vec<String> = (0..100).map(|number| format!("\"n{number}\":1")).collect();
    let (document, drift) = lenient(format!("\"additionalData\":{{{},\"n7\":2}}", many.join(",")).as_bytes());
    check(&document, &[("/m365_defender/alert/additional_data/n7", json!(2))]);
    assert_eq!(drift, [("duplicate_key", "additionalData.n7".to_owned())]);
}

#[test]
fn what_lies_too_deep_is_kept_as_text() {
    let lists = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    for depth in [19, 30, 63, 64, 65, 70, 200] {
        for (text, kept) in [(lists(depth), lists(depth - 18)), (objects(depth), objects(depth - 18))] {
            let (document, drift) = lenient(format!("\"other\":{text}").as_bytes());
            let mut value = &document.pointer(UNMAPPED).expect("unmapped")["other"][0];
            while !value.is_string() {
                value = value.get(0).or_else(|| value.get("a")).expect("a level");
            }
            assert_eq!(value, &json!(kept));
            assert_eq!(drift, [("too_deep", "other".to_owned()), ("unknown_column", "other".to_owned())]);
        }
        let (document, drift) = lenient(format!("\"additionalData\":{{\"x\":1,\"a\":{}}}", lists(depth)).as_bytes());
        check(&document, &[("/m365_defender/alert/additional_data/x", json!(1))]);
        assert_eq!(drift, [("too_deep", "additionalData".to_owned())]);
    }
    assert_eq!(lenient(format!("\"other\":{}", lists(18)).as_bytes()).1.len(), 1);
    lenient(format!("\"other\":{}", lists(100_000)).as_bytes());
    // Inside a string it is only text.
    assert_eq!(lenient(format!("\"title\":\"{}\"", lists(1000)).as_bytes()).1, []);
    // An item says the same, split off a list or alone.
    let item = format!("{{\"verdict\":\"clean\",\"new\":{}}}", lists(40));
    let split = items(&mut mapper("evidence"), evidence(&format!("[{item},{{}}]")).as_bytes()).remove(0);
    let alone = items(&mut mapper("evidence"), evidence(&item).as_bytes()).remove(0);
    assert_eq!(split, alone);
}

#[test]
fn names_are_such_that_a_field_can_have_them() {
    let long = "n".repeat(600);
    let short = format!("{}…", "n".repeat(511));
    for value in [format!("\"{long}\":1"), format!("\"other\":{{\"{long}\":1}}")] {
        let (document, drift) = lenient(value.as_bytes());
        let unmapped = document.pointer(UNMAPPED).expect("unmapped");
        assert!(unmapped.get(&short).or_else(|| unmapped["other"][0].get(&short)).is_some());
        assert!(drift.iter().any(|(kind, path)| *kind == "unfit_name" && path.ends_with(&short)));
    }
    mended(
        br#""a\u0000b":1"#,
        UNMAPPED,
        json!({"a\u{fffd}b": [1]}),
        &[("unfit_name", "a\u{fffd}b"), ("unknown_column", "a\u{fffd}b")],
    );
    for name in ["", ".", "a.b", " ", "é", "a\\nb"] {
        assert_eq!(lenient(format!("\"{name}\":1").as_bytes()).1.len(), 1);
    }
}

#[test]
fn what_stands_between_values_is_passed_over() {
    let row = alert("\"title\":\"x\"");
    let inner = &row[1..row.len() - 1];
    for (row, kind) in [
        (format!("\u{feff}{row}"), "byte_order_mark"),
        (format!("/* one */ {{{inner}}}"), "comment"),
        (format!("{{{inner} // one\n}}"), "comment"),
        (format!("{{{inner}}} // one"), "comment"),
        (format!("{{{inner},}}"), "extra_comma"),
        (format!("{{,{inner}}}"), "extra_comma"),
        (format!("{{{inner},,\"status\":\"new\"}}"), "extra_comma"),
    ] {
        let mut mapper = mapper("alert");
        let mut out = Vec::new();
        mapper.map(row.as_bytes(), &mut out).unwrap_or_else(|reject| panic!("{reject}: {row}"));
        check(&strict(&out), &[(TITLE, json!("x"))]);
        let drift: Vec<_> = mapper.take_drift().into_iter().map(|drift| (drift.kind, drift.path)).collect();
        assert_eq!(drift, [(kind, String::new())], "{row}");
    }
}

#[test]
fn leniency_ends_where_the_structure_does() {
    for members in [
        "\"title\":\"a",
        "\"title\":\"a\\",
        "\"title\":[1",
        "\"title\":1]",
        "\"title\":{]}",
        "\"title\":1 \"status\":2",
        "\"title\"",
        "\"title\" 1",
        "\"title\"::1",
        "title:1",
        "'title':1",
        "\"title\":'a b'",
        "\"title\":1 /* x",
        "\"title\":1}{",
        "\"title\":1} x {",
    ] {
        let reject = Row::parse(alert(members).as_bytes()).err().map(|reject| reject.reason);
        assert_eq!(reject, Some("not_json"), "{members}");
    }
}

#[test]
fn one_bad_item_leaves_the_others() {
    let row = evidence(r#"[{"ipAddress":"192.0.2.1"},{"verdict":"x","verdict":"clean","n":NaN},{"verdict":"clean"}]"#);
    let mut mapper = mapper("evidence");
    let documents = items(&mut mapper, row.as_bytes());
    let verdicts: Vec<_> = documents
        .into_iter()
        .map(|result| strict(&result.expect("a document").1)["m365_defender"]["alert"]["evidence"]["verdict"].clone())
        .collect();
    assert_eq!(verdicts, [Value::Null, json!("clean"), json!("clean")]);
    let drift: Vec<_> = mapper.take_drift().into_iter().map(|drift| (drift.kind, drift.path)).collect();
    assert!(drift.contains(&("duplicate_key", "evidence.verdict".to_owned())), "{drift:?}");
    assert!(drift.contains(&("unreadable_value", "evidence.n".to_owned())), "{drift:?}");
}

#[test]
fn mends_are_bounded() {
    let members: Vec<String> = (0..5000).map(|number| format!("\"x{number}\":NaN")).collect();
    let row = alert(&members.join(","));
    let row = Row::parse(row.as_bytes()).expect("a row");
    assert!(row.mends().len() <= 101);
    assert_eq!(row.mends().iter().map(|mend| mend.count).sum::<u64>(), 5000);
}

#[test]
fn text_members_are_read_as_the_mapper_reads_them() {
    for (members, value) in [
        ("\"title\":\"x\"", Some("x")),
        ("\"title\":\"x\",\"title\":\"y\"", Some("y")),
        ("\"title\":\"x\",\"tit\\u006ce\":\"\\u0079\"", Some("y")),
        ("\"title\":\"\\ud83d\"", Some("\u{fffd}")),
        ("\"title\":NaN", None),
        ("\"title\":7", None),
        ("\"other\":\"x\"", None),
    ] {
        let row = alert(members);
        let row = Row::parse(row.as_bytes()).expect("a row");
        assert_eq!(row.string("title").as_deref(), value, "{members}");
    }
}
