//! Numbers in the file and in an export at their ends: 0, the largest, negative ones, the far future. Each is kept, or
//! refused with an error that names it; none is a panic, a wrong number or the end of remembering.

use super::super::file::{FENCE, META};
use super::*;
use crate::offline::Offline;

/// Sets facts about a new file, and says what comes of a first holder and its commit.
async fn with_fact(name: &str, value: &str) -> Result<Progress, String> {
    let folder = Folder::new();
    let alerts = endpoint("alerts");
    {
        let file = StateFile::open_or_create(folder.path()).expect("makes");
        let write = file.write().expect("writes");
        write.open_table(META).expect("table").insert(name, value).expect("inserts");
        write.commit().expect("commits");
    }
    let state = open(folder.path());
    let outcome = async {
        let fence = state.acquire(std::slice::from_ref(&alerts)).await?;
        state.commit(vec![(alerts.clone(), alert(Some(progress("1")), keys(0..9, &minute(1))))], fence).await?;
        assert_eq!(state.unseen(&alerts, "alert", &keys(8..10, &minute(1))).await?, [false, true]);
        state.load(&alerts).await
    };
    outcome.await.map(|loaded| loaded.dataset("alert").progress).map_err(|error| error.to_string())
}

#[tokio::test]
async fn counters_of_the_file() {
    let largest = [u64::from(u32::MAX), u64::MAX].map(|number| number.to_string());
    for value in ["0", "1", "4294967290"] {
        assert_eq!(with_fact("last_number", value).await, Ok(progress("1")), "{value}");
    }
    for value in ["-1", "4294967294", &largest[0], &largest[1], "18446744073709551616", "", "1e3"] {
        let said = with_fact("last_number", value).await.expect_err("refused");
        assert!(said.contains("is damaged") && said.contains("last_number"), "{value}: {said}");
    }
    for value in ["0", "18446744073709551614"] {
        assert_eq!(with_fact("last_fence", value).await, Ok(progress("1")), "{value}");
    }
    for value in ["-1", &largest[1], "18446744073709551616", "nine"] {
        let said = with_fact("last_fence", value).await.expect_err("refused");
        assert!(said.contains("is damaged") && said.contains("last_fence"), "{value}: {said}");
    }
}

#[tokio::test]
async fn fences_at_the_ends_are_compared_and_not_counted_on() {
    for held in [0, u64::MAX] {
        let folder = Folder::new();
        let (state, alerts) = (open(folder.path()), endpoint("alerts"));
        let fence = holder(&state, &alerts).await;
        let file = state.file.get().expect("open");
        let write = file.write().expect("writes");
        write.open_table(FENCE).expect("table").insert(alerts.text().as_str(), held).expect("inserts");
        write.commit().expect("commits");
        let update = || vec![(alerts.clone(), alert(Some(progress("1")), Vec::new()))];
        let said = state.commit(update(), fence).await.expect_err("refused").to_string();
        assert!(said.contains(&format!("held by fence {held}")), "{said}");
        state.commit(update(), Fence(held)).await.expect("is the holder");
    }
}

/// An export whose lines hold these numbers.
fn export(format: &str, attempts: &str, minute: &str, written: &str, end: &str) -> String {
    [
        format!(r#"{{"head":{{"format":{format},"exported":"9999-12-31T23:59:59Z"}}}}"#),
        format!(
            r#"{{"endpoint":{{"key":{{"cloud":"c","tenant":"t","endpoint":"graph/x"}},"retry":[{{"id":"7","version":"v","attempts":{attempts},"next":"9999-12-31T23:59:59Z"}}]}}}}"#
        ),
        r#"{"dataset":{"name":"alert","progress":{"cursor":"9999-12-31T23:59:59.9999999Z"}}}"#.to_owned(),
        format!(r#"{{"ids":{{"minute":{minute},"written":{written},"ids":"AAAAAAAAAAD//////////w=="}}}}"#),
        format!(r#"{{"end":{{"endpoints":{end},"sources":1}}}}"#),
    ]
    .join("\n")
}

#[tokio::test]
async fn numbers_of_an_export() {
    let (most, more) = ("4294967295", "4294967296");
    let whole: [[&str; 5]; 4] = [
        ["4", "0", "0", "0", "1"],
        ["4", most, most, most, "1"],
        ["4", "1", most, "0", "1"],
        ["4", "1", "0", most, "1"],
    ];
    for [format, attempts, minute, written, end] in whole {
        let folder = Folder::new();
        let offline = Offline::open_or_create(folder.path()).expect("makes");
        let text = export(format, attempts, minute, written, end);
        offline.import(&mut text.as_bytes(), false).expect("imports");
        let sources = offline.sources().expect("sources");
        assert_eq!((sources.len(), sources[0].ids, sources[0].retry), (1, 2, 1), "{text}");
        let mut out = Vec::new();
        offline.export(&mut out).expect("exports");
        let out = String::from_utf8(out).expect("text");
        // An hour that has not come yet was written by a clock that was wrong: it counts as now.
        let is_future = written == most;
        let numbers = [format!(r#""attempts":{attempts},"#), format!(r#"{{"ids":{{"minute":{minute},"#)];
        assert!(numbers.iter().all(|number| out.contains(number)), "{out}");
        assert_eq!(out.contains(&format!(r#""written":{written},"#)), !is_future, "{out}");
        drop(offline);
        let (state, key) = (open(folder.path()), EndpointKey::parse("c\0t\0graph/x").expect("a key"));
        let minute = MinuteBucket(minute.parse().expect("number"));
        let ends = [0, u64::MAX, 1].map(|id| DedupKey { minute, id });
        assert_eq!(state.unseen(&key, "alert", &ends).await.expect("looks up"), [false, false, true]);
        let loaded = state.load(&key).await.expect("loads");
        assert_eq!(loaded.retry[0].attempts.to_string(), attempts);
        assert_eq!(loaded.dataset("alert").newest, minute);
        // Forgetting counts hours as well: what was written in hour 0 is old, but the cursor may lead there again.
        let file = state.file.get().expect("open");
        for oldest in [0, u32::MAX] {
            assert_eq!(prune::prune_older_than(&file, oldest, [0; 16]).expect("prunes"), None);
            assert_eq!(prune::prune_older_than(&file, oldest, [0xff; 16]).expect("prunes"), None);
        }
        assert_eq!(prune::prune(&file, u32::MAX, [0; 16]).expect("prunes"), None);
    }
    let refused: [[&str; 5]; 10] = [
        ["5", "0", "0", "0", "1"],
        [more, "0", "0", "0", "1"],
        ["-4", "0", "0", "0", "1"],
        ["4", "-1", "0", "0", "1"],
        ["4", more, "0", "0", "1"],
        ["4", "0", "-1", "0", "1"],
        ["4", "0", more, "0", "1"],
        ["4", "0", "0", "-1", "1"],
        ["4", "0", "0", "1.5", "1"],
        ["4", "0", "0", "0", "18446744073709551615"],
    ];
    for [format, attempts, minute, written, end] in refused {
        let folder = Folder::new();
        let offline = Offline::open_or_create(folder.path()).expect("makes");
        let text = export(format, attempts, minute, written, end);
        let said = offline.import(&mut text.as_bytes(), false).expect_err("refused").to_string();
        assert!(said.contains("export, line "), "{said}");
        assert_eq!(offline.sources().expect("sources"), [], "all of it or nothing");
    }
}
