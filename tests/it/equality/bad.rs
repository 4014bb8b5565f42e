//! Rows that are no rows: both interpreters refuse them, or both take them.

use it::{Elasticsearch, Stack};

use super::{by_script, mapped, verdict};

/// Rows that neither may take, as parts around a member of a row that is else right.
const REFUSED: &[&str] = &[
    "\"a\":1,\"a\":2",
    "\"title\":1,\"title\":2",
    "\"title\":null,\"title\":2",
    "\"title\":1,\"t\\u0069tle\":2",
    "\"unknown\":{\"a\":1,\"a\":2}",
    "\"unknown\":[{\"a\":1,\"\\u0061\":2}]",
    "\"additionalData\":{\"a\":{\"b\":1,\"b\":1}}",
    "\"evidence\":[{\"verdict\":\"a\",\"verdict\":\"b\"}]",
    "\"title\":n",
    "\"title\":True",
    "\"title\":01",
    "\"title\":1.",
    "\"title\":.5",
    "\"title\":+1",
    "\"title\":-",
    "\"title\":1e",
    "\"title\":0x10",
    "\"title\":'a'",
    "\"title\":\"\\x\"",
    "\"title\":\"\\u12\"",
    "\"title\":\"a",
    "\"title\":",
    "\"title\"",
    "\"title\":1 \"status\":2",
    "\"title\":[1,]",
    "\"title\":[1",
    "\"title\":{\"a\"}",
    "\"title\":{,}",
    ",",
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

/// A list within a list, so many times.
fn nested(depth: usize) -> String {
    format!("\"unknown\":{}{}", "[".repeat(depth), "]".repeat(depth))
}

#[tokio::test]
async fn both_refuse_what_is_no_row() {
    let mut rows: Vec<String> = REFUSED.iter().map(|member| around(member)).collect();
    rows.extend(NO_ROW.iter().map(|row| (*row).to_owned()));
    rows.extend([19, 40, 70, 900, 5000].map(|depth| around(&nested(depth))));
    let digits = "9".repeat(400);
    for number in ["1e400", "-1e309", &digits] {
        let places = ["title", "unknown", "createdDateTime", "additionalData"];
        rows.extend(places.map(|name| around(&format!("\"{name}\":{{\"a\":[{number}]}}"))));
        rows.extend(places.map(|name| around(&format!("\"{name}\":{number}"))));
        let item = "\"@odata.type\":\"#microsoft.graph.security.ipEvidence\",\"location\":{\"latitude\":";
        rows.push(around(&format!("\"evidence\":[{{{item}{number}}}}}]")));
    }
    for stack in Stack::selected() {
        let Some(server) = Elasticsearch::shared(stack) else { return };
        let alert = schema::dataset("alert").unwrap();
        let outcomes = by_script(server, alert, &rows).await;
        let mut taken = Vec::new();
        for (row, outcome) in rows.iter().zip(outcomes) {
            let row: String = row.chars().take(200).collect();
            if outcome.is_ok() {
                taken.push(format!("the script takes {row}"));
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

/// Rows at the edge of what is taken.
#[tokio::test]
async fn both_take_what_is_a_row() {
    let mut rows: Vec<String> =
        ["\"title\":\"\\u0000\"", "\"unknown\":null,\"other\":null", "\"\":1", "\"a.b\":{\"c.d\":1}"]
            .iter()
            .map(|member| around(member))
            .collect();
    rows.extend([1, 17, 18].map(|depth| around(&nested(depth))));
    rows.extend(["1e300", "-1e308", "4.9e-324", "1e-400"].map(|number| around(&format!("\"title\":{number}"))));
    rows.push(format!(" \n\t{} \r\n", around("\"title\":1")));
    for stack in Stack::selected() {
        let Some(server) = Elasticsearch::shared(stack) else { return };
        let alert = schema::dataset("alert").unwrap();
        for (row, script) in rows.iter().zip(by_script(server, alert, &rows).await) {
            let mapper = mapped(alert, row);
            assert!(mapper.is_ok(), "{row}: {mapper:?}");
            assert_eq!(verdict(&mapper, &script), None, "{row}");
        }
    }
}
