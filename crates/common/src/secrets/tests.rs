//! Laws of what is removed from what others say.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::*;

const SECRET: &str = "s3cr~t/Of+this=\"Test\"&more";

fn forms() -> Vec<String> {
    let percent: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let json = serde_json::to_string(SECRET).expect("JSON");
    let json = json.trim_matches('"').to_owned();
    let every = |form: &dyn Fn(u8) -> String| SECRET.bytes().map(form).collect::<String>();
    let mut forms = vec![
        SECRET.to_owned(),
        SECRET.to_uppercase(),
        percent.to_lowercase(),
        percent.replace('%', "%25"),
        json.replace('/', "\\/"),
        json.replace('\\', "\\\\"),
        every(&|byte| format!("%{byte:02X}")),
        every(&|byte| format!("\\u{byte:04x}")),
        every(&|byte| format!("\\x{byte:02x}")),
        every(&|byte| format!("&#{byte};")),
        every(&|byte| format!("&#x{byte:X};")),
        every(&|byte| format!("{byte:02x}")),
        SECRET.replace('&', "&amp;").replace('"', "&quot;"),
        SECRET[..16].to_owned(),
        SECRET[10..].to_owned(),
        percent,
        json,
    ];
    for pad in ["", "u:", "user:"] {
        for text in [STANDARD.encode(format!("{pad}{SECRET}")), URL_SAFE_NO_PAD.encode(format!("{pad}{SECRET}!"))] {
            forms.push(text.replace('=', "%3D").replace('/', "%2F"));
            forms.push(text.replace('/', "\\/"));
            forms.push(format!("x{text}"));
            forms.push(text);
        }
    }
    forms
}

/// A part of the secret that is long enough to be of use is nowhere in it, as it is or undone.
fn is_clean(text: &str) -> bool {
    let mut clean = true;
    forms::each(text.as_bytes(), &mut |bytes, _| {
        clean &= !SECRET.as_bytes().windows(12).any(|part| memchr::memmem::find(bytes, part).is_some());
    });
    clean
}

#[test]
fn a_secret_is_found_in_every_form() {
    keep(SECRET);
    for form in forms() {
        for (before, after) in
            [("", ""), ("the secret '", "' is wrong"), ("{\"said\":\"", "\"}"), ("a=", "&b=1"), ("é", "é")]
        {
            let said = without(&format!("{before}{form}{after}")).into_owned();
            assert!(said.contains(REMOVED) && is_clean(&said), "{form}: {said}");
            assert!(said.starts_with(before) && said.ends_with(after), "{form}: {said}");
        }
    }
    for fine in ["AADSTS7000215: Invalid client secret provided.", "s3cr~t", "this=\"Test\"", ""] {
        assert_eq!(without(fine), fine);
    }
}

#[test]
fn a_short_one_is_removed_as_a_word_and_the_shortest_never() {
    keep("Zq7xy");
    keep("q7z");
    assert_eq!(without("password zq7xy, Zq7xy? q7z; Zq7xyz"), "password [removed], [removed]? q7z; Zq7xyz");
}

#[test]
fn a_secret_is_forgotten_when_nobody_holds_it() {
    let text = "a token like held-token-1234567";
    let (one, other) = (hold("held-token-1234567"), hold("held-token-1234567"));
    drop(one);
    assert_eq!(without(text), "a token like [removed]");
    drop(other);
    assert_eq!(without(text), text);
    let _held = hold("held-token-1234567");
    keep("held-token-1234567");
    drop(hold("held-token-1234567"));
    assert_eq!(without(text), "a token like [removed]");
}

#[test]
fn no_text_breaks_the_search() {
    keep(SECRET);
    for text in
        ["%", "%2", "%zz", "\\", "\\u12", "\\ud83d", "\\ud83d\\ude00", "&", "&#;", "&#x110000;", "é%C3%A9é", "%C3"]
    {
        assert_eq!(without(text), text);
        let long = format!("{text}{SECRET}{text}");
        assert_eq!(without(&long), format!("{text}{REMOVED}{text}"));
    }
    let long = format!("{}{SECRET}", "é".repeat(SEARCHED));
    assert!(without(&long).len() <= SEARCHED);
}
