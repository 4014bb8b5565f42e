//! Rows that are not JSON: both interpreters refuse them where their structure cannot be told, and else both mend them to
//! one document.

use it::{Elasticsearch, Stack};

use super::{by_script, mapped, verdict};

/// Rows that neither may take, as parts around a member of a row that is else right.
const REFUSED: &[&str] = &[
    "\"title\":\"a",
    "\"title\":\"a\\",
    "\"title\"",
    "\"title\" 1",
    "\"title\"::1",
    "\"title\":1 \"status\":2",
    "\"title\":[1",
    "\"title\":[1 2]",
    "\"title\":1]",
    "\"title\":{]}",
    "\"title\":{\"a\"}",
    "\"title\":'a b'",
    "title:1",
    "'title':1",
    "\"title\":1 /* x",
    "\"title\":1} x {",
];

/// Members that both mend alike.
const MENDED: &[&str] = &[
    "\"a\":1,\"a\":2",
    "\"title\":1,\"title\":2",
    "\"title\":null,\"title\":2",
    "\"title\":2,\"title\":null",
    "\"title\":1,\"t\\u0069tle\":2",
    "\"id\":\"y\",\"\\u0069d\":\"z\"",
    "\"lastUpdateDateTime\":\"2026-03-02T09:40:02Z\"",
    "\"unknown\":{\"a\":1,\"a\":2}",
    "\"unknown\":[{\"a\":1,\"\\u0061\":2}]",
    "\"additionalData\":{\"a\":{\"b\":1,\"b\":1}}",
    "\"evidence\":[{\"verdict\":\"a\",\"verdict\":\"b\"}]",
    "\"evidence\":[{\"verdict\":\"a\"}],\"evidence\":[{\"verdict\":\"b\"}]",
    "\"title\":n",
    "\"title\":True",
    "\"title\":NaN",
    "\"title\":-Infinity",
    "\"title\":N/A",
    "\"title\":01",
    "\"title\":1.",
    "\"title\":.5",
    "\"title\":+1",
    "\"title\":-",
    "\"title\":1e",
    "\"title\":0x10",
    "\"title\":'a'",
    "\"id\":01",
    "\"id\":NaN",
    "\"createdDateTime\":NaN",
    "\"mitreTechniques\":[\"T1059\",NaN,01]",
    "\"title\":\"\\x\"",
    "\"title\":\"\\x41\\'\\u12\\u{1f600}\\é\\q\"",
    "\"title\":\"C:\\Users\\new\"",
    "\"title\":\"\\u00e9\\ud83d\\ude00\"",
    "\"title\":\"a\\ud83db\"",
    "\"title\":\"\\uDE00\\uD83D\"",
    "\"title\":\"\\ud83d\\n\\ude00\"",
    "\"title\":\"\\ud83d\\ud83d\\ude00\"",
    "\"title\":\"\\\\ud83d\"",
    "\"t\\ud83d\":{\"\\ud83d\":\"\\ud83d\"}",
    "\"title\":\"a\tb\nc\u{0}d\u{1f}\"",
    "\"unknown\":{\"a\tb\":\"\u{1}\"}",
    "\"unknown\":[1,,2,]",
    "\"title\":1,,\"status\":2",
    "\"title\":1,",
    ",",
    "\"unknown\":{,}",
    "\"unknown\":[,]",
    "\"title\":",
    "\"title\":,\"status\":\"new\"",
    "\"unknown\":{\"a\":}",
    "\"unknown\":{\"a\":1,}",
    "\"title\":1 // x\n",
    "\"title\"/* y */:/* z */1/**/,/*\n*/\"status\":\"new\"",
    "\"unknown\":[NaN/**/,1]",
    "\"a\\u0000b\":1",
    "\"unknown\":{\"a\\u0000b\":{\"\\u0000\":1}}",
    "\"title\":\"\\u0000\"",
    "\"unknown\":null,\"other\":null",
    "\"\":1",
    "\"a.b\":{\"c.d\":1}",
];

/// Texts that are no object with an identity.
const NO_ROW: &[&str] = &[
    "",
    " ",
    "null",
    "1",
    "\"text\"",
    "[]",
    "[{\"id\":\"a\",\"lastUpdateDateTime\":\"2026-03-02T09:40:01Z\"}]",
    "{}",
    "{",
    "}",
    "{\"id\":null,\"lastUpdateDateTime\":\"2026-03-02T09:40:01Z\"}",
    "{\"id\":\"\",\"lastUpdateDateTime\":\"2026-03-02T09:40:01Z\"}",
    "{\"id\":{\"a\":1},\"lastUpdateDateTime\":\"2026-03-02T09:40:01Z\"}",
    "{\"id\":[\"a\"],\"lastUpdateDateTime\":\"2026-03-02T09:40:01Z\"}",
    "{\"lastUpdateDateTime\":\"2026-03-02T09:40:01Z\"}",
    "not json",
    "<html>",
];

fn around(member: &str) -> String {
    format!("{{\"id\":\"x\",\"lastUpdateDateTime\":\"2026-03-02T09:40:01Z\",{member}}}")
}

#[tokio::test]
async fn both_refuse_what_is_no_row() {
    let mut rows: Vec<String> = REFUSED.iter().map(|member| around(member)).collect();
    rows.extend(NO_ROW.iter().map(|row| (*row).to_owned()));
    rows.push(format!("{} x", around("\"title\":1")));
    rows.push(format!("{0},{0}", around("\"title\":1")));
    rows.push(format!("{0} {0}", around("\"title\":1")));
    for stack in Stack::selected() {
        let Some(server) = Elasticsearch::shared(stack) else { return };
        let alert = schema::dataset("alert").unwrap();
        let outcomes = by_script(server, alert, &rows).await;
        let mut taken = Vec::new();
        for (row, outcome) in rows.iter().zip(outcomes) {
            if outcome.is_ok() {
                taken.push(format!("the script takes {row:.200}"));
            }
        }
        for row in &rows {
            if mapped(alert, row).is_ok() {
                taken.push(format!("the mapper takes {row:.200}"));
            }
        }
        assert!(taken.is_empty(), "{}:\n{}", stack.version(), taken.join("\n"));
    }
}

/// Rows that are taken although they are not quite JSON, and rows at the edge of it.
pub(crate) fn mended() -> Vec<String> {
    let mut rows: Vec<String> = MENDED.iter().map(|member| around(member)).collect();
    let lists = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    for depth in [1, 16, 17, 18, 19, 20, 40, 64, 70, 200, 900, 5000] {
        for value in [lists(depth), objects(depth)] {
            rows.push(around(&format!("\"unknown\":{value}")));
            rows.push(around(&format!("\"title\":{value}")));
            rows.push(around(&format!("\"additionalData\":{{\"x\":[\"]\\\"}}\",{value}]}}")));
            rows.push(around(&format!("\"evidence\":[{{\"verdict\":\"a\",\"unknown\":{value}}}]")));
            rows.push(around(&format!("\"evidence\":{{\"verdict\":\"a\",\"unknown\":{value}}}")));
        }
    }
    let digits = "9".repeat(400);
    for number in
        ["1e400", "-1e309", &digits, "1e300", "-1e308", "4.9e-324", "1e-400", "123456789012345678901234567890"]
    {
        let places = ["title", "unknown", "createdDateTime", "additionalData"];
        rows.extend(places.map(|name| around(&format!("\"{name}\":{{\"a\":[{number}]}}"))));
        rows.extend(places.map(|name| around(&format!("\"{name}\":{number}"))));
        let item = "\"@odata.type\":\"#microsoft.graph.security.ipEvidence\",\"location\":{\"latitude\":";
        rows.push(around(&format!("\"evidence\":[{{{item}{number}}}}}]")));
    }
    for length in [511, 512, 513, 600, 60_000] {
        for name in ["n".repeat(length), "é".repeat(length), "\u{1f600}".repeat(length / 2)] {
            rows.push(around(&format!("\"{name}\":1")));
            rows.push(around(&format!("\"unknown\":[{{\"{name}\":{{\"{name}\":1}}}}]")));
        }
    }
    rows.push(format!(" \n\t{} \r\n", around("\"title\":1")));
    rows.push(format!("\u{feff}{}", around("\"title\":1")));
    rows.push(format!("// x\n{} // y", around("\"title\":1")));
    rows
}

#[tokio::test]
async fn both_mend_what_is_a_row() {
    let rows = mended();
    for stack in Stack::selected() {
        let Some(server) = Elasticsearch::shared(stack) else { return };
        let mut wrong = Vec::new();
        for dataset in ["alert", "evidence"].map(|name| schema::dataset(name).unwrap()) {
            for (row, script) in rows.iter().zip(by_script(server, dataset, &rows).await) {
                let mapper = mapped(dataset, row);
                wrong.extend(mapper.as_ref().err().map(|reject| format!("{row:.300}: {reject}")));
                wrong.extend(verdict(&mapper, &script).map(|verdict| format!("{row:.300}: {verdict}")));
            }
        }
        assert!(wrong.is_empty(), "{}:\n{}", stack.version(), wrong.join("\n"));
    }
}
