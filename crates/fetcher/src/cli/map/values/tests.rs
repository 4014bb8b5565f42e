//! Every form gives the same rows, and what is broken costs its own line.

use super::*;

const MAX: usize = 100;

fn rows(text: &str) -> Vec<(u64, String)> {
    let mut values = Values::new(io::BufReader::with_capacity(3, text.as_bytes()), MAX);
    let mut found = Vec::new();
    while let Some((line, row)) = values.next().expect("reads") {
        let row: String = String::from_utf8_lossy(row).split_whitespace().collect();
        found.push((line, row));
    }
    found
}

#[test]
fn every_form_gives_the_same_rows() {
    for (form, lines) in [
        ("{\"id\":1}\n{\"id\":2}\n", [1, 2]),
        ("\u{feff}{\"id\":1}\r\n\r\n{\"id\":2}", [1, 3]),
        ("{\"id\":1}{\"id\":2}", [1, 1]),
        ("{\"id\":1},{\"id\":2}", [1, 1]),
        ("{\n  \"id\": 1\n}\n{\n  \"id\": 2\n}\n", [1, 4]),
        ("[{\"id\":1},{\"id\":2}]", [1, 1]),
        ("[\n{\"id\":1},\n{\"id\":2}\n]\n", [2, 3]),
        ("[\n  {\n    \"id\": 1\n  },\n  {\n    \"id\": 2\n  }\n]", [2, 5]),
        ("{\"value\":[{\"id\":1},{\"id\":2}]}", [1, 1]),
        (
            "{\"@odata.context\":\"https://x/[{\",\n\"value\" : [ {\"id\":1}, {\"id\":2} ],\n\"@odata.nextLink\":\"]}\"}",
            [2, 2],
        ),
        ("{\"value\":[{\"id\":1}],\"a\":{\"b\":[1]}}\n{\"value\":[{\"id\":2}]}", [1, 2]),
        ("[{\"value\":[{\"id\":1}]},{\"value\":[]},{\"value\":[{\"id\":2}]}]", [1, 1]),
        ("[[{\"id\":1}],\n[{\"id\":2}]]", [1, 2]),
    ] {
        let expected = [(lines[0], "{\"id\":1}".to_owned()), (lines[1], "{\"id\":2}".to_owned())];
        assert_eq!(rows(form), expected, "{form}");
    }
}

#[test]
fn strings_and_inner_members_are_no_structure() {
    for row in [
        r#"{"a":"}{][\"","value":"x"}"#,
        r#"{"a":{"value":[{"id":1}]}}"#,
        r#"{"value":["x","y"]}"#,
        r#"{"a":[{"b":1},{"c":[[]]}],"\\":"\\"}"#,
    ] {
        assert_eq!(rows(row), [(1, row.to_owned())]);
    }
}

#[test]
fn what_is_broken_costs_its_own_line() {
    let good = "{\"id\":7}";
    for broken in
        ["nonsense", "{\"id\":", "{\"id\":\"x", "{\"id\":[1}", "}", "{\"id\":[", "{\"id\":1,", "\u{1b}[31m", "42"]
    {
        let found = rows(&format!("{good}\n{broken}\n{good}\n{good}\n"));
        let lines: Vec<_> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 2, 3, 4], "{broken}: {found:?}");
        let whole = found.iter().filter(|(_, row)| row == good).count();
        assert_eq!(whole, 3, "{broken}: {found:?}");
    }
    assert_eq!(rows("[{\"id\":1}, null, 7]"), [(1, "{\"id\":1}".into()), (1, "null".into()), (1, "7".into())]);
}

#[test]
fn a_long_row_is_cut_and_the_next_one_read() {
    let long = format!("{{\"id\":\"{}\"}}", "x".repeat(5 * MAX));
    let found = rows(&format!("[{long},\n{{\"id\":2}}]"));
    assert_eq!((found[0].1.len(), &found[1]), (MAX + 1, &(2, "{\"id\":2}".to_owned())));
}

#[test]
fn white_space_alone_is_nothing_and_an_empty_list_is_something() {
    for (text, is_empty) in [("", true), (" \n\u{feff}\n", true), ("[]", false), ("{\"value\":[]}", false)] {
        let mut values = Values::new(text.as_bytes(), MAX);
        assert!(values.next().expect("reads").is_none());
        assert_eq!(values.is_empty(), is_empty, "{text:?}");
    }
}
