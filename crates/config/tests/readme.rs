//! The policy that the README shows is one.

use config::policy;
use serde_json::Value;

const README: &str = include_str!("../../../README.md");

/// The block of YAML below a heading, with the agent's variables in place.
fn policy() -> Value {
    let section = README.split("## Under Elastic Agent").nth(1).expect("the section");
    let block = section.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block");
    let block =
        block.replace("${env.ES_API_KEY}", "canary-id:canary-key").replace("${env.M365_CLIENT_SECRET}", "canary");
    assert!(!block.contains("${"), "{block}");
    serde_saphyr::from_str(&block).expect("YAML")
}

#[test]
fn the_policy_of_the_readme_is_read() {
    let policy = policy();
    let unit = policy::input(&policy["inputs"][0]).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(unit.broken.is_empty() && unit.unknown.is_empty(), "{:?} {:?}", unit.broken, unit.unknown);
    let indices: Vec<String> = unit.streams.iter().map(|stream| stream.data_stream.to_string()).collect();
    assert_eq!(indices, ["logs-m365_security.incident-default", "logs-m365_security.alert-default"]);
    let output = policy::output(&policy["outputs"]["default"]).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(output.output.hosts[0].as_str(), "https://elasticsearch.example:9200/");
    assert!(output.ignored.is_empty(), "{:?}", output.ignored);
}
