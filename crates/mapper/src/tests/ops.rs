//! The conversions, each at its edges.

use proptest::prelude::*;
use schema::{Derive, Op, tables};

use std::borrow::Cow;

use crate::ops::path::file;
use crate::ops::{apply, derive, entity_id, mail, registry};

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
fn persons() {
    let real = ["kim@north.example", "x_y.example#EXT#@tenant.onmicrosoft.example", "kim@north"];
    for text in real {
        check(Op::Person, &[(text, &[text])]);
    }
    for text in [
        "",
        "Automation",
        "System",
        "Microsoft 365 Defender-AlertCorrelation",
        "Microsoft Defender XDR-IncidentCorrelation",
        "API-Action",
        "5f1e8ace-dc06-4031-aad5-53b710838eb3",
        "Kim Lee",
        "Kim <kim@north.example>",
        "@",
        "kim@",
        "@north.example",
    ] {
        check(Op::Person, &[(text, &[])]);
    }
}

#[test]
fn hosts() {
    check(
        Op::Host,
        &[
            ("Shop.Example", &["shop.example"]),
            ("shop.example.", &["shop.example"]),
            ("shop.example:53", &["shop.example"]),
            ("xn--bcher-kva.example", &["xn--bcher-kva.example"]),
            ("BÜCHER.example", &["bücher.example"]),
            ("_ldap._tcp.north.example", &["_ldap._tcp.north.example"]),
        ],
    );
    for text in ["", ".", "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]:53", "a/b", "a b", "10", "a@b"] {
        check(Op::Host, &[(text, &[])]);
    }
    check(
        Op::UrlHost,
        &[
            ("https://kim:word@Shop.Example:8443/a", &["shop.example"]),
            ("http://shop.example./", &["shop.example"]),
            ("shop.example/login?a", &["shop.example"]),
            ("shop.example:8080/login", &["shop.example"]),
            ("http://xn--bcher-kva.example/", &["xn--bcher-kva.example"]),
            ("http://192.0.2.4:80/", &[]),
            ("http://[2001:db8::1]:443/", &[]),
            ("http://[fe80::1%25eth0]/", &[]),
            ("http://2130706433/", &[]),
            ("javascript:alert(1)", &[]),
            ("mailto:news@shop.example", &[]),
            (r"C:\a\b.exe", &[]),
            ("localhost/x", &[]),
            ("http:///x", &[]),
        ],
    );
    check(
        Op::UrlIp,
        &[
            ("http://192.0.2.4:80/a", &["192.0.2.4"]),
            ("http://[2001:DB8::1]:443/", &["2001:db8::1"]),
            ("192.0.2.4:8080/x", &["192.0.2.4"]),
            ("http://shop.example/", &[]),
            ("http://192.0.2.4.5/", &[]),
            ("http://[fe80::1%25eth0]/", &[]),
        ],
    );
}

#[test]
fn mail_addresses_and_their_names() {
    let check = |text: &str, addresses: &[&str], names: &[&str]| {
        assert_eq!(of(Op::MailAddress, text), addresses, "{text}");
        assert_eq!(mail::names(text), names, "{text}");
    };
    check("news@shop.example", &["news@shop.example"], &[]);
    check("<news@shop.example>", &["news@shop.example"], &[]);
    check("\"Shop\" <news@shop.example>", &["news@shop.example"], &["Shop"]);
    check("Shop <news@shop.example>", &["news@shop.example"], &["Shop"]);
    check("'Shop' <news@shop.example>", &["news@shop.example"], &["Shop"]);
    check("news@shop.example (Shop)", &["news@shop.example"], &["Shop"]);
    check("(Shop) news@shop.example", &["news@shop.example"], &["Shop"]);
    check("\"Lee, Kim\" <kim@north.example>", &["kim@north.example"], &["Lee, Kim"]);
    check("Lee, Kim <kim@north.example>", &["kim@north.example"], &["Lee, Kim"]);
    check("\"Shop \\\"Old\\\" Town\" <news@shop.example>", &["news@shop.example"], &["Shop \"Old\" Town"]);
    check(
        "A <a@shop.example>; b@shop.example,<c@shop.example>",
        &["a@shop.example", "b@shop.example", "c@shop.example"],
        &["A"],
    );
    check("mailto:news@shop.example", &["news@shop.example"], &[]);
    check("Shop <SMTP:news@shop.example>", &["news@shop.example"], &["Shop"]);
    check("a@b@shop.example", &["a@b@shop.example"], &[]);
    // Nothing found: the value as it is.
    for text in [
        "undisclosed-recipients:;",
        "Shop <>",
        "kim",
        "@shop.example",
        "news@",
        "Shop news@shop.example",
        "\"kim lee\"@shop.example",
    ] {
        check(text, &[text], &[]);
    }
    assert_eq!(of(Op::MailHost, "Shop <news@Shop.Example.>; kim@north.example"), ["shop.example", "north.example"]);
    assert!(of(Op::MailHost, "kim@[192.0.2.1], kim@192.0.2.1, kim").is_empty());
    let long = format!("{}@shop.example", "k".repeat(8000));
    check(&long, &[&long], &[]);
}

#[test]
fn accounts() {
    let check = |inputs: [&str; 3], name: Option<&str>, domain: Option<&str>| {
        let of = |how: Derive, inputs: &[&str]| {
            let inputs: Vec<Cow<'_, str>> = inputs.iter().map(|text| (*text).into()).collect();
            derive(how, &inputs).filter(|text| !text.is_empty())
        };
        assert_eq!(of(Derive::AccountName, &inputs[1..]).as_deref(), name, "{inputs:?}");
        assert_eq!(of(Derive::AccountDomain, &inputs).as_deref(), domain, "{inputs:?}");
        if inputs[0].is_empty() {
            assert_eq!(of(Derive::UpnDomain, &inputs[1..]).as_deref(), domain, "{inputs:?}");
        }
    };
    // Domain, account name, user principal name.
    check(["", "", "kim@north.example"], Some("kim"), Some("north.example"));
    check(["", r"NORTH\kim", ""], Some("kim"), Some("NORTH"));
    check(["EAST", r"NORTH\kim", "kim@north.example"], Some("kim"), Some("EAST"));
    check(["", "kim", "kim.lee@north.example"], Some("kim"), Some("north.example"));
    check(["", r"NT AUTHORITY\SYSTEM", ""], Some("SYSTEM"), Some("NT AUTHORITY"));
    check(["", r"\kim", ""], Some("kim"), None);
    check(["", r"NORTH\", ""], Some(r"NORTH\"), None);
    check(["", r".\kim", "kim@north.example"], Some("kim"), None);
    check(["", r"NORTH\\kim", ""], Some("kim"), Some("NORTH"));
    check(["", r"A\B\kim", ""], Some(r"A\B\kim"), None);
    check(["", "", "a@b@c.example"], Some("a@b"), Some("c.example"));
    check(
        ["", "", "x_y.example#EXT#@tenant.onmicrosoft.example"],
        Some("x_y.example#EXT#"),
        Some("tenant.onmicrosoft.example"),
    );
    check(["", "", "Kim <kim@north.example>"], Some("kim"), Some("north.example"));
    check(["", "", "kim@"], Some("kim@"), None);
    check(["", "", "@north.example"], Some("@north.example"), None);
    check(["", "", ""], None, None);
}

#[test]
fn places() {
    let of = |latitude: &str, longitude: &str| derive(Derive::GeoPoint, &[latitude.into(), longitude.into()]);
    assert_eq!(of("64.1466", "-21.9426").as_deref(), Some("64.14660,-21.94260"));
    assert_eq!(of("6.41466e1", "-0.000004").as_deref(), Some("64.14660,0.00000"));
    assert_eq!(of("-0.5", "180").as_deref(), Some("-0.50000,180.00000"));
    assert_eq!(of("-90", "-0.123456").as_deref(), Some("-90.00000,-0.12346"));
    assert_eq!(of("90.1", "0"), None);
    assert_eq!(of("0", "-180.1"), None);
    assert_eq!(of("NaN", "0"), None);
    assert_eq!(of("north", "0"), None);
}

#[test]
fn registry_hives_and_keys() {
    let check = |hive: &str, key: &str, expected: (&str, &str), path: Option<&str>| {
        let (found, rest) = registry::hive_and_key(hive, key);
        assert_eq!((found.as_str(), rest.as_str()), expected, "{hive} {key}");
        assert_eq!(registry::path(hive, key, "v").as_deref(), path, "{hive} {key}");
    };
    check("HKEY_LOCAL_MACHINE", r"SOFTWARE\X", ("HKLM", r"SOFTWARE\X"), Some(r"HKLM\SOFTWARE\X\v"));
    check("hklm", r"\SOFTWARE\X\", ("HKLM", r"SOFTWARE\X"), Some(r"HKLM\SOFTWARE\X\v"));
    check("HKCU:", "X", ("HKCU", "X"), Some(r"HKCU\X\v"));
    check("", r"HKEY_LOCAL_MACHINE\SOFTWARE\X", ("HKLM", r"SOFTWARE\X"), Some(r"HKLM\SOFTWARE\X\v"));
    check("", r"Computer\HKEY_USERS\S-1-5-18", ("HKU", "S-1-5-18"), Some(r"HKU\S-1-5-18\v"));
    check("", r"\REGISTRY\MACHINE\SYSTEM", ("HKLM", "SYSTEM"), Some(r"HKLM\SYSTEM\v"));
    check("", r"\Registry\User\S-1-5-18", ("HKU", "S-1-5-18"), Some(r"HKU\S-1-5-18\v"));
    check(r"HKEY_LOCAL_MACHINE\SOFTWARE", "X", ("HKLM", r"SOFTWARE\X"), Some(r"HKLM\SOFTWARE\X\v"));
    check("HKEY_ODD", "k", ("HKEY_ODD", "k"), Some(r"HKEY_ODD\k\v"));
    check("HKLM", "", ("HKLM", ""), None);
    check("", "k", ("", "k"), None);
    assert_eq!(registry::path("HKLM", "k", "").as_deref(), Some(r"HKLM\k"));
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
fn urls_hold_users() {
    let check = |text: &str, expected: [&str; 3]| {
        let parts = [Op::UrlFull, Op::UrlUsername, Op::UrlPassword].map(|op| of(op, text).concat());
        assert_eq!(parts, expected, "{text}");
    };
    check("https://kim:wo:rd@h.example/", ["https://kim:wo:rd@h.example/", "kim", "wo:rd"]);
    check("https://kim@h.example/a:b", ["https://kim@h.example/a:b", "kim", ""]);
    check("https://a@b@h.example/", ["https://a@b@h.example/", "a@b", ""]);
    check("https://:word@h.example/", ["https://:word@h.example/", "", "word"]);
    check("https://h.example/?kim:word@", ["https://h.example/?kim:word@", "", ""]);
    check("kim:word@h.example", ["", "", ""]);
}

#[test]
fn paths() {
    // Folder, name; path, name, folder, alternate data stream.
    let check = |folder: &str, name: &str, expected: [&str; 4]| {
        file(folder, name, |file| {
            assert_eq!([file.path, file.name, file.directory, file.fork], expected, "{folder} {name}");
        });
    };
    check(r"C:\a", "x.exe", [r"C:\a\x.exe", "x.exe", r"C:\a", ""]);
    check(r"C:\a\", "x.exe", [r"C:\a\x.exe", "x.exe", r"C:\a", ""]);
    check(r"C:\", "x.exe", [r"C:\x.exe", "x.exe", r"C:\", ""]);
    check("C:", "x.exe", [r"C:\x.exe", "x.exe", r"C:\", ""]);
    check(r"C:\ax.exe", "x.exe", [r"C:\ax.exe\x.exe", "x.exe", r"C:\ax.exe", ""]);
    check("/usr/bin", "sh", ["/usr/bin/sh", "sh", "/usr/bin", ""]);
    check("/", "sh", ["/sh", "sh", "/", ""]);
    check("folder", "sh", [r"folder\sh", "sh", "folder", ""]);
    check("C:/mixed/a", "b", ["C:/mixed/a/b", "b", "C:/mixed/a", ""]);
    check(r"\Device\HarddiskVolume3\a", "b", [r"\Device\HarddiskVolume3\a\b", "b", r"\Device\HarddiskVolume3\a", ""]);
    // The folder is the whole path.
    check(r"C:\a\x.exe", "x.exe", [r"C:\a\x.exe", "x.exe", r"C:\a", ""]);
    check(r"C:\A\X.EXE", "x.exe", [r"C:\A\X.EXE", "x.exe", r"C:\A", ""]);
    check("/usr/bin/sh", "sh", ["/usr/bin/sh", "sh", "/usr/bin", ""]);
    check("/usr/bin/SH", "sh", ["/usr/bin/SH/sh", "sh", "/usr/bin/SH", ""]);
    check(r"C:\a\x.exe\", "x.exe", [r"C:\a\x.exe\x.exe", "x.exe", r"C:\a\x.exe", ""]);
    check(r"C:\a\x.exe", "", [r"C:\a\x.exe", "x.exe", r"C:\a", ""]);
    check(r"C:\x.exe", "", [r"C:\x.exe", "x.exe", r"C:\", ""]);
    check("/usr/bin/sh", "", ["/usr/bin/sh", "sh", "/usr/bin", ""]);
    check(r"\\srv\share\x.exe", "", [r"\\srv\share\x.exe", "x.exe", r"\\srv\share", ""]);
    // Only a folder.
    check(r"C:\a\", "", ["", "", r"C:\a", ""]);
    check(r"C:\", "", ["", "", r"C:\", ""]);
    check("C:", "", ["", "", "C:", ""]);
    check("/", "", ["", "", "/", ""]);
    check(r"\\srv\share", "", ["", "", r"\\srv\share", ""]);
    check("", "", ["", "", "", ""]);
    // The name holds a path.
    check("", "x.exe", ["", "x.exe", "", ""]);
    check("", r"C:\a\x.exe", [r"C:\a\x.exe", "x.exe", r"C:\a", ""]);
    check(r"C:\a", r"c:\a\x.exe", [r"c:\a\x.exe", "x.exe", r"c:\a", ""]);
    check(r"C:\a", r"sub\x.exe", [r"C:\a\sub\x.exe", "x.exe", r"C:\a\sub", ""]);
    check("/opt", "/opt/run.sh", ["/opt/run.sh", "run.sh", "/opt", ""]);
    // Alternate data streams are Windows'.
    check(r"C:\a", "r.docx:Zone.Identifier", [r"C:\a\r.docx:Zone.Identifier", "r.docx", r"C:\a", "Zone.Identifier"]);
    check(r"C:\a\r.docx:s:$DATA", "", [r"C:\a\r.docx:s:$DATA", "r.docx", r"C:\a", "s"]);
    check("", "r.docx:s", ["", "r.docx", "", "s"]);
    check("/opt", "a:b", ["/opt/a:b", "a:b", "/opt", ""]);
    let extension = |folder: &str, name: &str| derive(Derive::FileExtension, &[folder.into(), name.into()]);
    for (name, expected) in
        [("a.tar.gz", Some("gz")), ("A.EXE", Some("EXE")), (".bashrc", None), ("a", None), ("r.docx:s.t", Some("docx"))]
    {
        assert_eq!(extension(r"C:\a.b", name).as_deref(), expected, "{name}");
    }
    assert_eq!(extension("/a.b/c.é", "").as_deref(), Some("é"));
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
        for (how, _) in Derive::ALL {
            derive(*how, &[text.as_str().into(), marks.as_str().into()]);
            derive(*how, &[marks.as_str().into(), text.as_str().into(), "v".into()]);
        }
    }
}
