//! Replies that are not what was asked for, and clusters that are not prepared.

use serde_json::{Value, json};

use super::share::{id, sources};
use super::*;
use crate::elasticsearch::mock::{BulkFault, Cluster, output};
use crate::elasticsearch::prepared::Prepared;

/// What is made of the items of a reply.
type Change = fn(&mut Vec<Value>);

/// Every change makes a reply of which nothing may be believed.
const UNBELIEVABLE: &[(&str, Change)] = &[
    ("fewer items", |items| drop(items.pop())),
    ("more items", |items| items.push(json!({"create": {"status": 201}}))),
    ("no items", Vec::clear),
    ("an id that was not sent", |items| items[2]["create"]["_id"] = json!("00ff")),
    ("the same id twice", |items| items[2]["create"]["_id"] = items[1]["create"]["_id"].clone()),
    ("a status that is none", |items| items[3]["create"]["status"] = json!("created")),
];

#[tokio::test(start_paused = true)]
async fn a_reply_that_cannot_be_about_the_request_settles_nothing() {
    for (what, change) in UNBELIEVABLE {
        let sources = sources(|_| {}).await;
        let mut left = 1;
        let change = *change;
        sources.cluster.on_request(move |_| {
            left -= 1;
            (left >= 0).then_some(BulkFault::Items(change))
        });
        let said = sources.cycle(1, 10).await.expect("ends").expect_err(what).to_string();
        assert!(said.contains("bulk reply"), "{what}: {said}");
        assert_eq!((sources.stats.created(), sources.dead.counts()), (0, vec![]), "{what}");
        sources.cycle(1, 10).await.expect("ends").expect("delivered");
        assert_eq!(sources.cluster.documents().len(), 10, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn items_belong_to_the_documents_that_they_name() {
    let sources = sources(|_| {}).await;
    let bad = id(1, 4).to_string();
    let chosen = bad.clone();
    sources
        .cluster
        .on_item(move |document| (document.id == chosen).then_some((400, "document_parsing_exception", "x")));
    sources.cluster.on_request(|_| Some(BulkFault::Items(|items| items.reverse())));
    sources.cycle(1, 10).await.expect("ends").expect("delivered");
    assert_eq!(sources.dead.counts(), [("alert", "refused".to_owned(), 1)]);
    assert_eq!(sources.cluster.documents().len(), 9);
    sources.dead.sync().expect("synced");
    let letter = sources.letters("alert");
    assert_eq!(letter[0]["record"], bad);
}

#[tokio::test(start_paused = true)]
async fn items_that_say_two_things_are_sent_again() {
    let sources = sources(|_| {}).await;
    let mut left = 1;
    sources.cluster.on_request(move |_| {
        left -= 1;
        (left >= 0).then_some(BulkFault::Items(|items| {
            items[0]["create"]["error"] = json!({"type": "x", "reason": "y"});
            items[1]["create"] = json!({"_id": items[1]["create"]["_id"]});
            items[2]["create"]["status"] = json!(202);
            items[3]["create"].as_object_mut().expect("an object").remove("_id");
        }))
    });
    sources.cycle(1, 10).await.expect("ends").expect("delivered");
    assert_eq!(sources.cluster.requests(), [10, 3]);
    assert_eq!((sources.cluster.documents().len(), sources.dead.counts()), (10, vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_is_too_long_is_asked_for_in_smaller_parts() {
    let sources = sources(|_| {}).await;
    sources.cluster.on_request(|request| {
        (request.documents.len() > 3).then_some(BulkFault::Items(|items| {
            items[0]["create"]["more"] = json!("x".repeat(crate::elasticsearch::MAX_REPLY));
        }))
    });
    sources.cycle(1, 10).await.expect("ends").expect("delivered");
    assert_eq!((sources.cluster.documents().len(), sources.dead.counts()), (10, vec![]));
    assert_eq!(sources.cluster.requests()[..3], [10, 5, 2]);
    let sources = self::sources(|_| {}).await;
    sources.cluster.on_request(|_| {
        Some(BulkFault::Items(|items| items[0]["create"]["more"] = json!("x".repeat(crate::elasticsearch::MAX_REPLY))))
    });
    let said = sources.cycle(1, 2).await.expect("ends").expect_err("nothing is believed").to_string();
    assert!(said.contains("is longer than"), "{said}");
    assert_eq!(sources.dead.counts(), []);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_to_a_cluster_that_is_not_prepared() {
    let sources = sources(|_| {}).await;
    sources.cluster.set_prepared(false);
    let said = sources.cycle(1, 10).await.expect("ends").expect_err("not prepared").to_string();
    assert!(said.contains("index templates are missing: logs-m365_security.alert"), "{said}");
    assert!(
        said.contains("install the integration package") && said.contains("m365-fetcher setup --elasticsearch"),
        "{said}"
    );
    assert_eq!((sources.cluster.requests(), sources.dead.counts()), (vec![], vec![]));
    sources.cluster.set_prepared(true);
    sources.cycle(1, 10).await.expect("ends").expect("delivered");
    assert!(sources.cluster.queries().iter().all(|query| query.contains("require_data_stream=true")));
}

#[tokio::test]
async fn what_is_found_of_a_cluster_is_told_apart() {
    let (cluster, host) = Cluster::start().await;
    let look = async || Client::new(&output(vec![host.clone()])).expect("client").look().await.expect("in reach");
    assert!(matches!(look().await, Prepared::Unknown(_)));
    cluster.set_prepared(false);
    assert!(matches!(look().await, Prepared::No(_)));
    cluster.set_prepared(true);
    assert_eq!(look().await, Prepared::Yes);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_does_not_know_data_stream_requirements_is_asked_without() {
    let sources = sources(|_| {}).await;
    let mut left = 1;
    sources.cluster.on_request(move |_| {
        left -= 1;
        let said = "request [/_bulk] contains unrecognized parameter: [require_data_stream]";
        (left >= 0).then_some(BulkFault::Status(400, said))
    });
    sources.cycle(1, 10).await.expect("ends").expect("delivered");
    let queries = sources.cluster.queries();
    assert_eq!(queries.iter().map(|query| query.contains("require_data_stream")).collect::<Vec<_>>(), [true, false]);
}
