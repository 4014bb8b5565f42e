//! The index of rows: what `serde_json` reads is read alike, what is read beyond is reported.

use proptest::prelude::*;
use serde_json::Value;

use crate::Row;
use crate::row::{Kind, MAX_DEPTH, MAX_ROW, decode, quote};

/// Levels of nesting, scalars counted.
fn levels(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(levels).max().unwrap_or(0),
        Value::Object(object) => object.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}

/// The value as the index sees it.
fn rebuild(row: &Row<'_>, at: u32) -> Value {
    match row.kind(at) {
        Kind::Null => Value::Null,
        Kind::True => true.into(),
        Kind::False => false.into(),
        Kind::Integer | Kind::Float => serde_json::from_str(row.raw(at)).expect("a number"),
        Kind::Text => row.inner(at).into(),
        Kind::Escaped | Kind::Odd => decode(row.inner(at)).into(),
        Kind::Array => row.children(at).map(|child| rebuild(row, child)).collect(),
        Kind::Object => row.children(at).map(|child| (decode(row.key(child)), rebuild(row, child))).collect(),
    }
}

/// What `serde_json` reads as an object is read alike; what is taken beyond is reported as mended.
fn check(bytes: &[u8]) {
    let shown = String::from_utf8_lossy(bytes);
    let ours = Row::parse(bytes);
    let kinds = ours.iter().flat_map(Row::mends).map(|mend| mend.kind).collect::<Vec<_>>();
    match (ours.as_ref().map_err(|reject| reject.reason), serde_json::from_slice::<Value>(bytes)) {
        (Ok(row), Ok(value)) => {
            assert!(kinds.iter().all(|kind| ["duplicate_key", "unfit_name"].contains(kind)), "{kinds:?}: {shown}");
            if levels(&value) <= MAX_DEPTH && !kinds.contains(&"unfit_name") {
                assert_eq!(rebuild(row, 0), value, "{shown}");
            }
        }
        (Ok(_), Err(error)) => {
            assert!(!kinds.is_empty() || error.to_string().contains("recursion"), "not reported: {error}: {shown}");
        }
        (Err("not_an_object"), Ok(value)) => assert!(!value.is_object(), "{shown}"),
        (Err(reason), Ok(_)) => panic!("serde_json accepts {shown}, we say {reason}"),
        (Err(_), Err(_)) => {}
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z\\\\\"/\u{0}-\u{1f}äß€😀]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    prop::collection::vec(("[a-z\"\\\\é]{0,6}", value()), 0..6)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

proptest! {
    #[test]
    fn valid_json(value in value(), pretty: bool) {
        let text = if pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) };
        check(&text.expect("JSON"));
    }

    #[test]
    fn changed_json(value in object(), cut: prop::sample::Index, at: prop::sample::Index, byte: u8, with: Option<char>) {
        let mut text = serde_json::to_vec(&value).expect("JSON");
        check(&text[..cut.index(text.len() + 1)]);
        let place = at.index(text.len());
        match with {
            // Marks of the grammar hit more often than any byte.
            Some(letter) => text[place] = b"{}[]\",:\\-+.eE0u \n\t/tfn"[letter as usize % 22],
            None => text[place] = byte,
        }
        check(&text);
        text.remove(place);
        check(&text);
    }

    #[test]
    fn anything(bytes: Vec<u8>) {
        check(&bytes);
        check(&[b"{\"a\":", bytes.as_slice(), b"}"].concat());
        check(&[b"{\"", bytes.as_slice(), b"\":1}"].concat());
    }

    #[test]
    fn numbers(text in "-?[0-9]{0,3}[.]?[0-9]{0,3}([eE][+-]?[0-9]{0,3})?") {
        check(format!("{{\"a\":{text}}}").as_bytes());
    }

    #[test]
    fn strings(text: String) {
        let mut ours = Vec::new();
        quote(&text, &mut ours);
        prop_assert_eq!(serde_json::from_slice::<String>(&ours).expect("JSON"), text.clone());
        let theirs = serde_json::to_string(&text).expect("JSON");
        prop_assert_eq!(decode(&theirs[1..theirs.len() - 1]), text.clone());
        let escaped: Vec<String> = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
        prop_assert_eq!(decode(&escaped.concat()), text);
    }
}

#[test]
fn the_grammar_at_its_edges() {
    for text in [
        "{}",
        " {} ",
        "{}x",
        "{",
        "}",
        "",
        " ",
        "null",
        "[]",
        "1",
        "\"\"",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\":[1,]}",
        "{\"a\":[,]}",
        "{'a':1}",
        "{a:1}",
        "{\"a\":01}",
        "{\"a\":-}",
        "{\"a\":-0}",
        "{\"a\":1.}",
        "{\"a\":.1}",
        "{\"a\":+1}",
        "{\"a\":1e}",
        "{\"a\":1e+}",
        "{\"a\":1E5}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":-Infinity}",
        "{\"a\":n}",
        "{\"a\":truex}",
        "{\"a\":nullnull}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\udc00\"}",
        "{\"a\":\"\\ud800\\ud800\"}",
        "{\"a\":\"\\ud83d\\ude00\"}",
        "{\"a\":\"\\ud83dx\"}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\u{7f}\"}",
        "{\"a\":\"",
        "{\"a\":\"\\",
        "{\"a\":1}{}",
        "\u{feff}{}",
        "{\"a\":1}\u{0}",
        "{\"a\" : 1 ,\r\n\t\"b\":2}",
        "{\"a\":1e308}",
        "{\"a\":1e309}",
        "{\"a\":-1e400}",
        "{\"a\":1e-400}",
        "{\"a\":123456789012345678901234567890}",
    ] {
        check(text.as_bytes());
    }
    check(format!("{{\"a\":{}}}", "9".repeat(308)).as_bytes());
    check(format!("{{\"a\":{}}}", "9".repeat(400)).as_bytes());
    for depth in [62, 63, 64, 65, 100, 127] {
        check(format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth)).as_bytes());
        check(format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth)).as_bytes());
    }
}

#[test]
fn the_largest_row() {
    let text = |length: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(length - 8));
    assert!(Row::parse(text(MAX_ROW).as_bytes()).is_ok());
    assert_eq!(Row::parse(text(MAX_ROW + 1).as_bytes()).expect_err("too large").reason, "too_large");
}
