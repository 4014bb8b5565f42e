//! What the sources say of Microsoft's endpoints, against the reference.

use serde_json::Value;

use super::reference;
use crate::{CloudName, Operator, Source, catalog};

/// The reference's row about an endpoint.
fn row<'a>(rows: &'a [Value], source: &Source) -> &'a Value {
    let path = source.path.strip_prefix("/v1.0").unwrap_or(source.path);
    let expand = source.expand.map(|expand| format!("?$expand={expand}")).unwrap_or_default();
    let endpoint = format!("GET {path}{expand}");
    let found = rows.iter().find(|row| row["endpoint"] == endpoint.as_str());
    found.unwrap_or_else(|| panic!("the reference has no {endpoint}"))
}

/// The number before a mark: `1,500/h`.
fn number_before(text: &str, mark: &str) -> Option<u32> {
    let (head, _) = text.split_once(mark)?;
    let digits = head.rsplit(|c: char| !c.is_ascii_digit() && c != ',').next()?;
    digits.replace(',', "").parse().ok()
}

fn first_number(text: &str) -> Option<u32> {
    text.split(|c: char| !c.is_ascii_digit()).find_map(|digits| digits.parse().ok())
}

#[test]
fn sources_say_what_the_reference_says() {
    let Some(reference) = reference("ms_datasets.json") else { return };
    let rows = reference["datasets"].as_array().expect("datasets");
    for dataset in catalog() {
        let (name, source) = (dataset.definition.name, dataset.definition.source);
        let row = row(rows, &source);
        let text = |key: &str| row[key].as_str().unwrap_or_else(|| panic!("{name}: {key}"));
        assert_eq!(source.path.starts_with("/v1.0"), text("version") == "v1.0", "{name}");
        let first_word = |key| text(key).split(' ').next().expect("word").to_owned();
        assert_eq!(source.permission, first_word("least_privilege"), "{name}");
        assert_eq!(source.cursor, first_word("cursor"), "{name}");
        assert_eq!(Some(source.page_size), first_number(text("page")), "{name}");
        let throttling = text("throttling");
        assert_eq!(Some(u32::from(source.limit.per_minute)), number_before(throttling, "/min"), "{name}");
        assert_eq!(source.limit.per_hour.map(u32::from), number_before(throttling, "/h"), "{name}");
        if let Some(days) = number_before(text("lookback"), " d") {
            assert_eq!(source.max_lookback, days * 24, "{name}");
        }
        let clouds = text("clouds").split(';').next().expect("clouds");
        for cloud in CloudName::ALL {
            let words = match cloud {
                CloudName::Global => "global",
                CloudName::Gcc => "GCC",
                CloudName::GccHigh => "GCC High",
                CloudName::Dod => "DoD",
                CloudName::China => "China",
            };
            let is_named = clouds.split([',', '/']).any(|named| named.trim() == words);
            assert_eq!(source.clouds.contains(&cloud), is_named, "{name}: {words} in {clouds}");
        }
    }
}

#[test]
fn sources_can_be_polled_as_they_say() {
    for dataset in catalog() {
        let (name, source) = (dataset.definition.name, dataset.definition.source);
        assert!(source.operators.contains(&Operator::Ge), "{name}: the cursor is filtered with it");
        assert!(source.lookback <= source.max_lookback && source.page_size > 0 && !source.clouds.is_empty(), "{name}");
        // A poll in each interval leaves most of the quota to the pages of a backlog.
        assert!(60 / source.interval.max(1) <= u32::from(source.limit.per_minute) / 4, "{name}");
        for other in catalog().iter().map(|other| other.definition.source) {
            if other.limit.family == source.limit.family {
                assert_eq!((other.limit, other.api), (source.limit, source.api), "{name}");
            }
        }
    }
}
