//! The conversions, each at its edges.

use proptest::prelude::*;
use schema::{Op, tables};

use crate::ops::{apply, entity_id, join_path};

fn of(op: Op, text: &str) -> Vec<String> {
    let table = match op {
        Op::Table => Some(tables::SEVERITY),
        Op::Prefix => Some(tables::TECHNIQUE_FRAMEWORK),
        _ => None,
    };
    let mut found = Vec::new();
    apply(op, table, text, &mut |text| found.push(text.to_owned()));
    found
}

fn check(op: Op, cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        assert_eq!(of(op, text), *expected, "{op:?} {text:?}");
    }
}

#[test]
fn plain() {
    check(Op::Keep, &[("A b", &["A b"]), ("", &[])]);
    check(Op::Lower, &[("ÄB", &["äb"]), ("ab", &["ab"])]);
}

#[test]
fn tables_ignore_case_and_spaces() {
    check(Op::Table, &[("high", &["73"]), ("HI GH", &["73"]), ("highest", &[]), ("hig", &[]), ("hïgh", &[])]);
    check(Op::Prefix, &[("T1059.001", &["MITRE ATT&CK"]), ("t1", &["MITRE ATT&CK"]), ("", &[]), ("é", &[])]);
}

#[test]
fn techniques() {
    check(Op::Technique, &[("T1059", &["T1059"]), ("T1059.001", &["T1059"])]);
    check(Op::Subtechnique, &[("T1059", &[]), ("T1059.001", &["T1059.001"])]);
    for text in ["T105", "T10590", "t1059", "T1059.01", "T1059.0012", "T1059-001", "TA0001", "T10é9", "T1059.0é"] {
        assert!(of(Op::Technique, text).is_empty() && of(Op::Subtechnique, text).is_empty(), "{text}");
    }
}

#[test]
fn arguments() {
    check(
        Op::Args,
        &[
            (r#""C:\a b\x.exe"  -e  y"#, &[r"C:\a b\x.exe", "-e", "y"]),
            (r#"x \"q r\" s"#, &["x", "\"q", "r\"", "s"]),
            ("a a\ta\n", &["a", "a", "a"]),
            (r#"x "" "unclosed end"#, &["x", "unclosed end"]),
            (r#"pre"mid dle"post"#, &["premid dlepost"]),
            (r"C:\dir\ x\", &[r"C:\dir\", r"x\"]),
            ("  ", &[]),
        ],
    );
}

#[test]
fn file_names() {
    check(
        Op::FileName,
        &[(r"C:\a\b.exe", &["b.exe"]), ("/a/b", &["b"]), ("b", &["b"]), (r"C:\a\", &[]), (r"a/b\c", &["c"])],
    );
    check(
        Op::Extension,
        &[
            (r"C:\a.b\c", &[]),
            ("a.tar.gz", &["gz"]),
            (".bashrc", &[]),
            ("a.", &[]),
            ("x/.y.é", &["é"]),
            ("A.EXE", &["EXE"]),
        ],
    );
}

#[test]
fn addresses() {
    check(Op::BeforeAt, &[("u@d", &["u"]), ("u", &["u"]), ("a@b@d", &["a@b"]), ("@d", &[])]);
    check(Op::AfterAt, &[("u@d", &["d"]), ("u", &[]), ("a@b@d", &["d"]), ("u@", &[])]);
}

#[test]
fn urls() {
    let parts = |text: &str| -> Vec<String> {
        let all =
            [Op::UrlScheme, Op::UrlDomain, Op::UrlPort, Op::UrlPath, Op::UrlQuery, Op::UrlFragment, Op::UrlExtension];
        all.iter().map(|op| of(*op, text).concat()).collect()
    };
    let check = |text: &str, expected: [&str; 7]| assert_eq!(parts(text), expected, "{text}");
    check(
        "HTTPS://u:p@Host.Example:8443/a/b.tar.gz?q=1?2#f#g",
        ["https", "host.example", "8443", "/a/b.tar.gz", "q=1?2", "f#g", "gz"],
    );
    check("http://[2001:db8::1]:80/", ["http", "2001:db8::1", "80", "/", "", "", ""]);
    check("http://[2001:db8::1]", ["http", "2001:db8::1", "", "", "", "", ""]);
    check("http://h:99999/", ["http", "h", "", "/", "", "", ""]);
    check("http://h:/", ["http", "h", "", "/", "", "", ""]);
    check("http://h:0080?x", ["http", "h", "80", "", "x", "", ""]);
    check("http://h:+80", ["http", "h", "", "", "", "", ""]);
    check("git+ssh://h/.x", ["git+ssh", "h", "", "/.x", "", "", ""]);
    check("http://h#?", ["http", "h", "", "", "", "?", ""]);
    for text in ["", "h.example/a", "://h", "1http://h", "ht tp://h", "mailto:u@d", "http:/h"] {
        check(text, [""; 7]);
    }
}

#[test]
fn paths() {
    let check = |folder: &str, name: &str, path: Option<&str>| assert_eq!(join_path(folder, name).as_deref(), path);
    check(r"C:\a", "x.exe", Some(r"C:\a\x.exe"));
    check(r"C:\a\", "x.exe", Some(r"C:\a\x.exe"));
    check(r"C:\a\x.exe", "x.exe", Some(r"C:\a\x.exe"));
    check(r"C:\ax.exe", "x.exe", Some(r"C:\ax.exe\x.exe"));
    check("/usr/bin", "sh", Some("/usr/bin/sh"));
    check("/", "sh", Some("/sh"));
    check("folder", "sh", Some(r"folder\sh"));
    check("sh", "sh", Some("sh"));
    check("", "sh", None);
    check("/a", "", None);
}

#[test]
fn entity_ids() {
    // printf 'a\nb' | sha256sum
    assert_eq!(entity_id(&["a".into(), "b".into()]), "7e18f737311b2dc3b2f269dd78396b03");
    assert_ne!(entity_id(&["a".into(), "bc".into()]), entity_id(&["ab".into(), "c".into()]));
}

proptest! {
    #[test]
    fn no_text_panics(text: String, marks in "[a-zé:/?#@.\\\\\" T0-9\\[\\]]{0,24}") {
        for (op, _) in Op::ALL {
            for text in [&text, &marks, &format!("http://{marks}")] {
                for found in of(*op, text) {
                    prop_assert!(!found.is_empty());
                }
            }
        }
    }
}
