//! Laws of reading errors: whatever form they have, their words are kept.

use super::super::said::Said;

#[test]
fn the_words_of_an_error_are_found_in_every_form() {
    let utf16 = |text: &str, of: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(of).collect::<Vec<u8>>();
    let graph = r#"{"error":{"code":"BadRequest","message":"no such token","innerError":{"date":"x"}}}"#;
    let with_mark = |mark: &[u8], text: Vec<u8>| [mark, &text].concat();
    for (body, code, message) in [
        (graph.as_bytes().to_vec(), "BadRequest", "no such token"),
        (with_mark(b"\xEF\xBB\xBF", graph.into()), "BadRequest", "no such token"),
        (with_mark(b"\xFF\xFE", utf16(graph, u16::to_le_bytes)), "BadRequest", "no such token"),
        (with_mark(b"\xFE\xFF", utf16(graph, u16::to_be_bytes)), "BadRequest", "no such token"),
        (utf16(graph, u16::to_le_bytes), "BadRequest", "no such token"),
        (format!(" \r\n{graph}\n").into(), "BadRequest", "no such token"),
        (br#"{"error":{"code":null,"message":null,"innerError":{"code":"Gone","message":"late"}}}"#.to_vec(), "Gone", "late"),
        (br#"{"error":{"code":"X","innererror":{"message":"deep"}}}"#.to_vec(), "X", "deep"),
        (br#"{"error":"expired"}"#.to_vec(), "", "expired"),
        (br#"{"error":"invalid_grant","error_description":"the words"}"#.to_vec(), "invalid_grant", "the words"),
        (br#"{"Message":"An error has occurred."}"#.to_vec(), "", "An error has occurred."),
        (br#"{"odata.error":{"code":"Y","message":{"lang":"en","value":"old form"}}}"#.to_vec(), "Y", "old form"),
        (br#"{"@odata.error":{"code":400,"message":"number"}}"#.to_vec(), "400", "number"),
        (br#"[{"code":"Z","message":"in a list"}]"#.to_vec(), "Z", "in a list"),
        (br#"{"errors":[{"title":"T","detail":"of a problem"}]}"#.to_vec(), "T", "of a problem"),
        (br#"{"title":"Conflict","status":409,"detail":"d"}"#.to_vec(), "409", "d"),
        (br#""only text""#.to_vec(), "", "only text"),
        (b"null".to_vec(), "", ""),
        (b"{}".to_vec(), "", ""),
        (br#"{"error":null}"#.to_vec(), "", ""),
        (b"".to_vec(), "", ""),
        (b"no  healthy\r\n upstream".to_vec(), "", "no healthy upstream"),
        (
            b"<html><head><title>502 Bad</title><style>a{b}</style></head><body><SCRIPT>x<y</SCRIPT><h1>Gateway</h1></body>".to_vec(),
            "",
            "502 Bad Gateway",
        ),
        (br#"{"error":{"code":"cut","mess"#.to_vec(), "", r#"{"error":{"code":"cut","mess"#),
        (b"bad \xff byte".to_vec(), "", "bad \u{FFFD} byte"),
    ] {
        let said = Said::read(&body);
        assert_eq!((&*said.code, &*said.message), (code, message), "{}", String::from_utf8_lossy(&body));
    }
    assert!(Said::read("word ".repeat(1000).as_bytes()).message.chars().count() <= 301);
    assert_eq!(Said::read(&b"[".repeat(100_000)).code, "");
}

#[test]
fn throttling_is_known_by_its_words() {
    for (body, expected) in [
        (r#"{"error":{"code":"TooManyRequests"}}"#, true),
        (r#"{"error":{"code":429,"message":"slow down"}}"#, true),
        (r#"{"error":{"code":"ApplicationThrottled"}}"#, true),
        (r#"{"error":{"code":"x","message":"AF429 of somebody"}}"#, true),
        (r#"{"error":{"code":"BadRequest","message":"the limit of 50 is exceeded"}}"#, false),
        ("busy", false),
    ] {
        assert_eq!(Said::read(body.as_bytes()).is_throttling(), expected, "{body}");
    }
}
