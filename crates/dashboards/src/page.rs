//! The preview page: dashboards as saved objects, drawn with what their searches found, in one HTML file.
//!
//! The page asks nobody for anything: script, style and data are in it, and its content security policy forbids the rest.
//! What is drawn is decided here, from the saved objects' JSON, so that the page shows what ships; the front end in
//! `page/` of this crate only draws it.

mod color;
mod data;
mod markdown;
mod read;
#[cfg(test)]
mod tests;
mod view;

use serde_json::{Value, json};

use panels::table::Table;

const SCRIPT: &str = include_str!("../page/bundle/page.js");
const STYLE: &str = include_str!("../page/bundle/page.css");
const NOTICES: &str = include_str!("../page/bundle/NOTICE.txt");
/// SHA-256 of the script in Base64, as a content security policy names it.
const DIGEST: &str = include_str!("../page/bundle/page.js.sha256");

/// What the page shows.
#[derive(Debug)]
pub struct Page<'a> {
    /// Where the data come from, in a few words.
    pub source: &'a str,
    /// When the page is made, in milliseconds since 1970.
    pub made: i64,
    /// Dashboards in the order of the navigation.
    pub dashboards: Vec<Shown<'a>>,
}

/// A dashboard with what its searches found.
#[derive(Debug)]
pub struct Shown<'a> {
    /// The saved object in its decoded form.
    pub dashboard: &'a Value,
    /// Begin and end of the searched time, in milliseconds since 1970.
    pub range: (i64, i64),
    /// One per layer of a panel, the panel's main one first.
    pub results: Vec<Outcome>,
}

/// What the search of one layer of a panel came to.
#[derive(Debug)]
pub struct Outcome {
    /// `panelIndex`.
    pub panel: String,
    /// Id of the layer.
    pub layer: String,
    /// What was found, or why nothing could be.
    pub table: Result<Table, String>,
}

/// The page as HTML.
pub fn html(page: &Page<'_>) -> String {
    let dashboards: Vec<Value> = page.dashboards.iter().map(|shown| view::dashboard(shown, page)).collect();
    let content =
        json!({"product": PRODUCT, "made": page.made, "source": page.source, "dashboards": dashboards}).to_string();
    [
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
        &format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n", policy()),
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
        "<meta name=\"referrer\" content=\"no-referrer\">\n<link rel=\"icon\" href=\"data:,\">\n",
        &format!("<title>{PRODUCT}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"),
        "<noscript><p>This page draws its charts with a script, which is switched off in this browser.</p></noscript>\n",
        &format!("<script type=\"application/json\" id=\"data\">{}</script>\n", inert(&content)),
        &format!("<script type=\"text/plain\" id=\"notices\">{NOTICES}</script>\n"),
        &format!("<script>{SCRIPT}</script>\n</body>\n</html>\n"),
    ]
    .concat()
}

const PRODUCT: &str = "Microsoft 365 Security";

/// Nothing but this script runs, whatever a value looks like, and nothing is fetched.
fn policy() -> String {
    format!(
        "default-src 'none'; script-src 'sha256-{DIGEST}'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
         form-action 'none'"
    )
}

/// JSON that cannot end the element it stands in: in JSON a `<` occurs in strings only, where it can be written as an escape.
fn inert(json: &str) -> String {
    json.replace('<', "\\u003c")
}
