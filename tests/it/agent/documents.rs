//! What arrives in the cluster under an agent: fields of the policy, mappings that know all fields, reports of health; and
//! by which way records come.

use agent::messages::State;
use it::fake_agent::{Options, Status};
use serde_json::{Value, json};

use super::super::sources;
use super::gate::{Gate, Way};
use super::scene::Scene;

const AGENT: &str = "5f2f3d6e-1c0a-4a52-9a40-0d7b2f6a5c11";

/// What Fleet's global tags and an input's own processors make of a policy.
fn dressed(scene: &Scene, tenant: usize) -> Value {
    let mut input = scene.input(tenant);
    input["processors"] = json!([
        {"add_fields": {"target": "", "fields": {"labels": {"site": "berlin"}}}},
        {"add_fields": {"target": "labels", "fields": {"team": "soc"}}},
    ]);
    for stream in input["streams"].as_array_mut().unwrap() {
        stream["tags"] = json!(["of-the-policy", "forwarded"]);
        stream["processors"] = json!([{"add_tags": {"tags": ["of-a-processor"]}}]);
    }
    let reports = json!({"type": "logs", "dataset": "m365_security.health"});
    input["streams"].as_array_mut().unwrap().push(json!({"id": "stream-health", "data_stream": reports}));
    input
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_carry_what_the_policy_adds_and_every_field_is_mapped() {
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let component = &scene.component;
    let template = format!("agent-strict-{}", scene.namespace);
    strict(&scene, &template).await;
    component.set_policy(&scene.policy([dressed(&scene, 0)]));
    component.spawn(scene.program()).await.unwrap();
    component.until("healthy", Status::is_healthy).await;
    // None was refused by a mapping.
    scene.until_complete(&[0]).await;
    let names = sources::datasets().into_iter().map(|dataset| dataset.definition.name);
    for name in names.chain([schema::health::NAME]) {
        if name == schema::health::NAME {
            // The end of a run is reported, too.
            component.stop(false).await;
            scene
                .server
                .post_json(&format!("/logs-m365_security.{name}-{}/_refresh", scene.namespace), &Value::Null)
                .await
                .unwrap();
        }
        let document = scene.document(name).await;
        let tags: Vec<_> = document["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert!(tags.contains(&"forwarded"), "{name}: {document:#}");
        assert_eq!(document["agent"]["id"], AGENT, "{name}: {document:#}");
        assert_eq!(document["agent"]["type"], "m365-fetcher", "{name}");
        assert_eq!(document["elastic_agent"]["id"], AGENT, "{name}");
        assert_eq!(document["data_stream"]["dataset"], format!("m365_security.{name}"));
        assert_eq!(document["data_stream"]["namespace"], scene.namespace.as_str());
        assert_eq!(document["input"]["type"], "m365_security", "{name}");
        assert_eq!(document["labels"]["site"], "berlin", "{name}: {document:#}");
        assert_eq!(document["labels"]["team"], "soc", "{name}");
        if name == schema::health::NAME {
            assert!(document.get("host").is_none(), "{document:#}");
        } else {
            assert!(tags.contains(&"of-the-policy") && tags.contains(&"of-a-processor"), "{name}: {tags:?}");
            assert_eq!(tags.iter().filter(|tag| **tag == "forwarded").count(), 1, "{name}: {tags:?}");
            // The machine that collects is no part of what was collected.
            let own = document["agent"]["name"].as_str().unwrap();
            assert_ne!(document["host"]["name"], own, "{name}");
        }
    }
    scene.end().await;
    let names = sources::datasets().into_iter().map(|dataset| dataset.definition.name);
    for name in names.chain([schema::health::NAME]) {
        let path = format!("/_index_template/{template}-{name}");
        scene.server.request(reqwest::Method::DELETE, &path, &Value::Null).await.unwrap();
    }
}

/// Makes the mappings of this namespace strict: a field that they do not know refuses the document.
async fn strict(scene: &Scene, name: &str) {
    let names = sources::datasets().into_iter().map(|dataset| dataset.definition.name);
    for dataset in names.chain([schema::health::NAME]) {
        let path = format!("/_index_template/logs-m365_security.{dataset}");
        let (status, found) = scene.server.get_json(&path).await.unwrap();
        assert_eq!(status, 200, "{found}");
        let mut template = found["index_templates"][0]["index_template"].clone();
        let members = template.as_object_mut().unwrap();
        members.retain(|key, _| !key.starts_with("created_date") && !key.starts_with("modified_date"));
        template["index_patterns"] = json!([format!("logs-m365_security.{dataset}-{}", scene.namespace)]);
        template["priority"] = 900.into();
        template["template"]["mappings"]["dynamic"] = "strict".into();
        let (status, answer) =
            scene.server.put_json(&format!("/_index_template/{name}-{dataset}"), &template).await.unwrap();
        assert_eq!(status, 200, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_input_has_its_own_way_to_its_tenant() {
    let Some(scene) = Scene::new(Options::default()).await else { return };
    let component = &scene.component;
    let simulator = format!("http://{}", scene.address);
    let (one, two) = (Gate::new(&simulator, Way::Open).await, Gate::new(&simulator, Way::Open).await);
    let through = |tenant: usize, proxy: &Gate| {
        let mut input = scene.input(tenant);
        input["proxy_url"] = proxy.url().into();
        input
    };
    component.set_policy(&scene.policy([through(0, &one), through(1, &two)]));
    component.spawn(scene.program()).await.unwrap();
    component.until("healthy", |status| status.units.len() == 3 && status.is_healthy()).await;
    scene.until_complete(&[0, 1]).await;
    for (gate, own, other) in [(&one, 0, 1), (&two, 1, 0)] {
        let asked = gate.asked();
        let names =
            |tenant: usize| asked.iter().filter(|asked| asked.request.contains(&scene.tenants[tenant].id)).count();
        assert!(names(own) > 0 && names(other) == 0 && asked.len() > names(own), "{asked:#?}");
    }
    // A way that cannot be gone is told, and the former one goes on; without a former one, nothing does.
    let mut changed = through(0, &one);
    let ca = scene.folder.path().join("ca.pem");
    std::fs::write(&ca, "no certificate").unwrap();
    changed["ca_file"] = ca.to_str().unwrap().into();
    component.set_policy(&scene.policy([changed.clone(), through(1, &two)]));
    let state = |status: &Status, id: &str| status.input(id).map(|unit| unit.state);
    let status = component.until("told", |status| state(status, "tenant-0") == Some(State::Degraded)).await;
    assert!(status.input("tenant-0").unwrap().message.contains("ca.pem"), "{status:#?}");
    assert_eq!(state(&status, "tenant-1"), Some(State::Healthy), "{status:#?}");
    component.stop(false).await;
    component.spawn(scene.program()).await.unwrap();
    let status = component
        .until("failed", |status| {
            state(status, "tenant-0") == Some(State::Failed) && state(status, "tenant-1") == Some(State::Healthy)
        })
        .await;
    assert!(status.input("tenant-0").unwrap().message.contains("ca.pem"), "{status:#?}");
    // Where all are refused, each says why it is.
    let mut other = through(1, &two);
    let other_ca = scene.folder.path().join("other.pem");
    std::fs::write(&other_ca, "no certificate").unwrap();
    other["ca_file"] = other_ca.to_str().unwrap().into();
    component.set_policy(&scene.policy([changed, other]));
    component.stop(false).await;
    component.spawn(scene.program()).await.unwrap();
    let is_failed = |status: &Status, id: &str| state(status, id) == Some(State::Failed);
    let status =
        component.until("both failed", |status| is_failed(status, "tenant-0") && is_failed(status, "tenant-1")).await;
    for (id, file) in [("tenant-0", "/ca.pem"), ("tenant-1", "/other.pem")] {
        assert!(status.input(id).unwrap().message.contains(file), "{status:#?}");
    }
    component.set_policy(&scene.policy([through(0, &one), through(1, &two)]));
    component.until("healthy again", |status| status.units.len() == 3 && status.is_healthy()).await;
    scene.end().await;
}
