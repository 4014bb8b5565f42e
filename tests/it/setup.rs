//! `setup` on a real cluster of its own: twice, taken away again, and over what is there already.

use std::process::{Command, Output};

use it::{Elasticsearch, Stack};
use serde_json::{Value, json};

/// What a cluster remembers of templates, pipelines and indices; not who leads it and how often it changed.
const PARTS: [&str; 6] = ["templates", "index_template", "component_template", "ingest", "data_stream", "indices"];
const STREAM: &str = "logs-m365_security.log-default";
const ANOTHER: &str = "logs-m365_security.alert-default";

/// What the program said, and what it ended with.
struct Said {
    code: i32,
    out: String,
    err: String,
}

async fn setup(server: &Elasticsearch, options: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_collector"));
    command.args(["setup", "--elasticsearch", server.url()]).args(options).env_remove("M365_LOG");
    for name in ["ELASTICSEARCH_API_KEY", "ELASTICSEARCH_USERNAME", "ELASTICSEARCH_PASSWORD"] {
        command.env_remove(name);
    }
    let run = tokio::task::spawn_blocking(move || command.output());
    let Output { status, stdout, stderr } = run.await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: status.code().unwrap(), out: text(stdout), err: text(stderr) }
}

/// Without what Elasticsearch installs itself, which it goes on with after the start.
async fn state(server: &Elasticsearch) -> Value {
    let (status, mut answer) = server.get_json("/_cluster/state/metadata").await.unwrap();
    assert_eq!(status, 200, "{answer}");
    let mut parts = json!({});
    for part in PARTS {
        let mut stored = answer["metadata"][part].take();
        // Pipelines are a list, other parts are one object more than their name.
        let own = match part {
            "ingest" => named(&stored["pipeline"]),
            "index_template" | "component_template" | "data_stream" => stored[part].take(),
            _ => stored,
        };
        let own = own.as_object().into_iter().flatten().filter(|(name, body)| {
            let is_built_in = body["_meta"]["managed"] == true || body["config"]["_meta"]["managed"] == true;
            !is_built_in && (!name.starts_with('.') || name.contains("m365"))
        });
        parts[part] = own.map(|(name, body)| (name.clone(), body.clone())).collect();
    }
    parts
}

fn named(pipelines: &Value) -> Value {
    let pipelines = pipelines.as_array().cloned().unwrap_or_default();
    pipelines.into_iter().map(|pipeline| (pipeline["id"].as_str().unwrap().to_owned(), pipeline)).collect()
}

/// The lines of steps that begin with the word.
fn lines<'a>(said: &'a Said, word: &'a str) -> Vec<&'a str> {
    said.out.lines().filter(|line| line.split(' ').next() == Some(word)).collect()
}

/// This server has no transforms, where the program brings some: the rest is installed, and the exit code says so.
fn complete(said: &Said) -> i32 {
    let left_out = lines(said, "left");
    assert!(left_out.iter().all(|line| line.contains("this cluster has no transforms")), "{}", said.out);
    i32::from(!left_out.is_empty())
}

async fn index_one(server: &Elasticsearch, stream: &str, document: &Value) {
    let (status, answer) = server.post_json(&format!("/{stream}/_doc?refresh=true"), document).await.unwrap();
    assert_eq!(status, 201, "{answer}");
}

fn document() -> Value {
    json!({ "@timestamp": "2026-01-01T00:00:00Z", "message": "kept", "m365_defender": {}, "user": { "name": "kim" } })
}

async fn count(server: &Elasticsearch, stream: &str) -> Value {
    let (_, answer) = server.get_json(&format!("/{stream}/_count")).await.unwrap();
    answer["count"].clone()
}

/// One after the other: each leaves what the next one does not mind.
#[tokio::test]
async fn set_up_of_a_real_cluster() {
    for stack in Stack::selected() {
        let Some(server) = Elasticsearch::private(stack) else { return };
        a_set_up_is_made_once_and_taken_away_without_a_trace(&server, stack).await;
        what_somebody_changed_is_put_right_and_documents_outlive_a_removal(&server).await;
        what_is_in_the_way_is_told_and_nothing_is_changed(&server).await;
    }
}

async fn a_set_up_is_made_once_and_taken_away_without_a_trace(server: &Elasticsearch, stack: Stack) {
    let before = state(server).await;
    let dry = setup(server, &["--dry-run", "--retention", "90d"]).await;
    assert_eq!(dry.code, complete(&dry), "{}{}", dry.out, dry.err);
    assert_eq!(state(server).await, before, "told only");

    let first = setup(server, &["--retention", "90d"]).await;
    assert_eq!(first.code, complete(&first), "{}{}", first.out, first.err);
    assert!(first.out.contains(stack.version()), "{}", first.out);
    assert_eq!(lines(&first, "new"), lines(&dry, "new"));
    let artefacts = output::elasticsearch::setup::artefacts();
    assert!(lines(&first, "new").len() > artefacts.len(), "{}", first.out);
    for artefact in artefacts {
        let (status, answer) = server.get_json(&format!("/{}/{}", artefact.folder, artefact.name)).await.unwrap();
        assert_eq!(status, 200, "{}", artefact.name);
        assert!(output::elasticsearch::setup::is_ours(&artefact, &answer), "{answer}");
    }
    let path = format!("/_index_template/_simulate_index/{STREAM}");
    let (_, simulated) = server.post_json(&path, &Value::Null).await.unwrap();
    let template = &simulated["template"];
    assert_eq!(template["lifecycle"]["data_retention"], "90d", "{simulated}");
    assert_eq!(template["settings"]["index"]["lifecycle"]["prefer_ilm"], "false", "{simulated}");

    let installed = state(server).await;
    for part in ["index_template", "component_template", "ingest"] {
        assert_ne!(installed[part], before[part], "the state tells of {part}");
    }
    for options in [&["--retention", "90d"][..], &[]] {
        let again = setup(server, options).await;
        assert_eq!(again.code, complete(&again), "{}{}", again.out, again.err);
        assert!(again.out.contains("nothing to do"), "{}", again.out);
        assert_eq!(lines(&again, "same").len(), lines(&first, "new").len() - usize::from(options.is_empty()));
        assert_eq!(state(server).await, installed);
    }
    let dry = setup(server, &["--remove", "--dry-run"]).await;
    assert_eq!((dry.code, state(server).await), (0, installed), "{}{}", dry.out, dry.err);
    let removed = setup(server, &["--remove"]).await;
    assert_eq!(removed.code, 0, "{}{}", removed.out, removed.err);
    assert_eq!(state(server).await, before, "{}", removed.out);
    assert!(setup(server, &["--remove"]).await.out.contains("nothing to remove"));
}

async fn what_somebody_changed_is_put_right_and_documents_outlive_a_removal(server: &Elasticsearch) {
    setup(server, &[]).await;
    index_one(server, STREAM, &document()).await;
    let again = setup(server, &[]).await;
    assert!(again.out.contains("nothing to do"), "{}{}", again.out, again.err);
    assert!(lines(&again, "same").iter().any(|line| line.ends_with(STREAM)), "{}", again.out);

    let name = "logs-m365_security.log";
    let (_, mut stored) = server.get_json(&format!("/_index_template/{name}")).await.unwrap();
    let mut template = stored["index_templates"][0]["index_template"].take();
    for date in ["created_date", "created_date_millis", "modified_date", "modified_date_millis"] {
        template.as_object_mut().unwrap().remove(date);
    }
    template["priority"] = json!(150);
    let (status, answer) = server.put_json(&format!("/_index_template/{name}"), &template).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    let path = format!("/_component_template/{name}@package");
    let (_, mut stored) = server.get_json(&path).await.unwrap();
    let mut component = stored["component_templates"][0]["component_template"].take();
    for date in ["created_date", "created_date_millis", "modified_date", "modified_date_millis"] {
        component.as_object_mut().unwrap().remove(date);
    }
    component["template"]["mappings"]["properties"]["user"]["properties"]["name"]["ignore_above"] = json!(7);
    assert_eq!(server.put_json(&path, &component).await.unwrap().0, 200);
    let mended = setup(server, &[]).await;
    assert_eq!(lines(&mended, "changed").len(), 2, "{}", mended.out);
    assert!(mended.out.contains("mappings") && mended.out.contains("priority"), "{}", mended.out);
    assert!(setup(server, &[]).await.out.contains("nothing to do"));

    let removed = setup(server, &["--remove"]).await;
    assert_eq!(count(server, STREAM).await, 1, "{}", removed.out);
    // Elasticsearch keeps the only template of a data stream that is there; then what that one needs stays, too.
    let kept = lines(&removed, "stays:");
    assert_eq!(removed.code, i32::from(!kept.is_empty()), "{}", removed.out);
    assert!(kept.iter().all(|line| line.contains("logs-m365_security.log")), "{}", removed.out);
    let (_, pipelines) = server.get_json("/_ingest/pipeline/logs-m365_security.*").await.unwrap();
    let left = pipelines.as_object().map_or(0, serde_json::Map::len);
    assert_eq!(left, if kept.is_empty() { 0 } else { 2 }, "{pipelines}");
    index_one(server, STREAM, &document()).await;
    assert_eq!(count(server, STREAM).await, 2, "what is written still gets in");
}

async fn what_is_in_the_way_is_told_and_nothing_is_changed(server: &Elasticsearch) {
    let template = json!({ "index_patterns": [ANOTHER], "data_stream": {}, "priority": 190, "template": {
        "mappings": { "properties": { "user": { "properties": { "name": { "type": "long" } } } } } } });
    assert_eq!(server.put_json("/_index_template/theirs", &template).await.unwrap().0, 200);
    let mut theirs = document();
    theirs["user"]["name"] = json!(7);
    index_one(server, ANOTHER, &theirs).await;
    let before = state(server).await;
    let said = setup(server, &[]).await;
    assert_eq!((said.code, state(server).await), (1, before), "{}{}", said.out, said.err);
    assert!(said.err.contains("`user.name` is `long` in its index, `keyword` here"), "{}", said.err);
    assert!(
        said.err.contains("nothing was changed") && said.err.contains("\nhint: run `setup --rollover`"),
        "{}",
        said.err
    );

    let said = setup(server, &["--rollover"]).await;
    assert_eq!(said.code, complete(&said), "{}{}", said.out, said.err);
    index_one(server, ANOTHER, &document()).await;
    assert_eq!(count(server, ANOTHER).await, 2);
    let query = json!({ "query": { "term": { "user.name": "kim" } } });
    let (_, found) = server.post_json(&format!("/{ANOTHER}/_search"), &query).await.unwrap();
    assert_eq!(found["hits"]["total"]["value"], 1, "the new index has the new mapping: {found}");
    assert!(setup(server, &[]).await.out.contains("nothing to do"));

    let mut nowhere = Command::new(env!("CARGO_BIN_EXE_collector"));
    let output = nowhere.args(["setup", "--elasticsearch", "http://127.0.0.1:9"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("127.0.0.1:9"));
}
