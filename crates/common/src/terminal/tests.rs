//! Nothing that a terminal obeys comes out, and JSON keeps its meaning.

use std::io::Write;

use super::*;

/// Of each kind one: C0, DEL, C1, separators, overrides of the direction, invisible ones.
const PLANTED: [char; 16] = [
    '\u{1b}',
    '\r',
    '\n',
    '\t',
    '\u{7}',
    '\u{8}',
    '\0',
    '\u{7f}',
    '\u{80}',
    '\u{9b}',
    '\u{202a}',
    '\u{202e}',
    '\u{2066}',
    '\u{2069}',
    '\u{2028}',
    '\u{e0041}',
];

#[test]
fn a_line_obeys_nothing_and_keeps_letters_of_all_languages() {
    for c in PLANTED {
        let shown = line(&format!("a{c}[31mb")).into_owned();
        assert!(!shown.contains(is_obeyed), "{c:?}: {shown:?}");
        assert!(shown.starts_with("a\\") && shown.ends_with("[31mb"), "{shown}");
    }
    assert_eq!(line("a\u{1b}\r\n\t\u{9b}\u{202e}"), "a\\u{1b}\\r\\n\\t\\u{9b}\\u{202e}");
    for text in ["", "plain", "Größe, 日本語, عربى, 👩‍💻, C:\\new"] {
        assert!(matches!(line(text), Cow::Borrowed(same) if same == text), "{text}");
    }
}

#[test]
fn lines_keep_their_feeds_and_nothing_else() {
    assert_eq!(lines("a\u{1b}b\nhint: c\rd\n"), "a\\u{1b}b\nhint: c\\rd\n");
    assert!(matches!(lines("a\nb\n"), Cow::Borrowed(_)));
}

#[test]
fn json_means_the_same() {
    for c in PLANTED {
        let value = serde_json::json!({ "a": format!("x{c}y"), "b": [1, "\u{202e}"] });
        let plain = serde_json::to_string(&value).expect("JSON");
        let shown = json(&plain).into_owned();
        assert!(!shown.contains(is_obeyed), "{shown:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).expect("JSON"), value);
        let mut written = Vec::new();
        serde_json::to_writer(JsonWriter::new(&mut written, true), &value).expect("written");
        assert_eq!(String::from_utf8(written).expect("text"), shown);
        let mut written = Vec::new();
        JsonWriter::new(&mut written, false).write_all(plain.as_bytes()).expect("written");
        assert_eq!(String::from_utf8(written).expect("text"), plain, "a pipe gets what there is");
    }
    assert_eq!(json("{\r\n\t\"a\": 1\n}\n"), "{ \n \"a\": 1\n}\n");
}
