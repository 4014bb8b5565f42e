//! What is asked before anything else: the privileges that a set-up needs.

use serde_json::{Value, json};

use crate::Setup;
use crate::service::Product;
use common::error::Error;

/// Refuses a login that would fail in the middle; a cluster without security is not asked.
pub(crate) async fn privileges(setup: &Setup) -> Result<(), Error> {
    let answer = setup.cluster.post("/_security/user/_has_privileges", &wanted(setup)).await?;
    match answer.status.as_u16() {
        200 => {}
        401 | 403 => return Err(answer.error()),
        // Security is off, or not there.
        _ => return Ok(()),
    }
    let missing = missing(&answer.json());
    if missing.is_empty() {
        return Ok(());
    }
    let (missing, hint) = (missing.join(", "), Product::Elasticsearch.privileges());
    Err(Error::Auth(format!("nothing was changed: the login lacks {missing}\nhint: {hint}")))
}

fn wanted(setup: &Setup) -> Value {
    let mut cluster = vec!["monitor", "manage_index_templates", "manage_ingest_pipelines"];
    let mut index = vec![json!({ "names": ["logs-m365_security.*"], "privileges": ["view_index_metadata", "manage"] })];
    if !setup.artefacts.transforms.is_empty() {
        cluster.push("manage_transform");
        index.push(json!({ "names": ["logs-m365_security.*"], "privileges": ["read"] }));
        index.push(json!({
            "names": ["m365_security_latest.*"],
            "privileges": ["manage", "read", "index", "delete"],
        }));
    }
    json!({ "cluster": cluster, "index": index })
}

/// Privileges that the answer denies, with what they are on.
fn missing(answer: &Value) -> Vec<String> {
    let denied = |rights: &Value| {
        let rights = rights.as_object().into_iter().flatten();
        rights.filter(|(_, has)| **has == false).map(|(right, _)| right.clone()).collect::<Vec<_>>()
    };
    let cluster = denied(&answer["cluster"]).into_iter().map(|right| format!("`{right}` on the cluster"));
    let indices = answer["index"].as_object().into_iter().flatten();
    let indices = indices.flat_map(|(name, rights)| {
        denied(rights).into_iter().map(|right| format!("`{right}` on {name}")).collect::<Vec<_>>()
    });
    cluster.chain(indices).collect()
}
