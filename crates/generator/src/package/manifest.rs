//! Manifests of the package and of its data streams.

use schema::Dataset;
use serde_json::{Value, json};

use super::input::{self, Form, Input};
use super::variable::{manifests, options};
use super::{Contents, Target, screenshots, stream};
use crate::{fields, names, templates};

/// Title of the package.
pub(crate) const TITLE: &str = "Microsoft 365 Security";

/// The package's manifest.
pub(crate) fn package(datasets: &[Dataset], contents: Contents) -> Value {
    let target = contents.target;
    let flow = json!({
        "src": "/img/data-flow.svg", "title": "Ways of collection", "size": "1200x540", "type": "image/svg+xml",
    });
    let mut manifest = json!({
        "format_version": target.specification(),
        "name": names::PACKAGE,
        "title": TITLE,
        "version": names::VERSION,
        "source": { "license": "Apache-2.0" },
        "description": "Collect security records of a Microsoft tenant from Microsoft Defender XDR with m365-fetcher or Elastic Agent.",
        "type": "integration",
        "categories": ["security", "edr_xdr", "azure"],
        "conditions": {
            "kibana": { "version": target.kibana() },
            "elastic": { "subscription": "basic" },
        },
        "icons": [{ "src": "/img/icon.svg", "title": TITLE, "size": "32x32", "type": "image/svg+xml" }],
        "screenshots": screenshots::entries().chain([flow]).collect::<Vec<_>>(),
        "vars": options(::options::PACKAGE_OPTIONS),
        "policy_templates": [{
            "name": names::PACKAGE,
            "title": TITLE,
            "description": "Collect security records of a Microsoft tenant.",
            "deployment_modes": {
                "default": { "enabled": true },
                "agentless": {
                    "enabled": true,
                    "organization": "security",
                    "division": "engineering",
                    "team": "security-service-integrations",
                },
            },
            "inputs": input::ALL.iter().map(input_manifest).collect::<Vec<_>>(),
        }],
        "owner": { "github": "m365-security/maintainers", "type": "community" },
    });
    if contents.rules {
        // The validator demands it of packages with rules; there is nothing to install rules into without it.
        manifest["conditions"]["elastic"]["capabilities"] = json!(["security"]);
    }
    if target == Target::Stack94 {
        manifest["provider_permissions"] = permissions(datasets);
    }
    manifest
}

/// The application permissions that collecting needs, with what they are for. The provider's permissions are Microsoft
/// Graph's and the Defender API's, which an administrator of the tenant consents to.
fn permissions(datasets: &[Dataset]) -> Value {
    let mut names: Vec<(&str, Vec<&str>)> = Vec::new();
    for dataset in datasets {
        let permission = dataset.definition.source.permission;
        match names.iter_mut().find(|(name, _)| *name == permission) {
            Some((_, titles)) => titles.push(dataset.definition.title),
            None => names.push((permission, vec![dataset.definition.title])),
        }
    }
    let permission = |(name, titles): &(&str, Vec<&str>)| json!({ "name": name, "description": titles.join(", ") });
    json!([{
        "provider": "azure",
        "description": "Application permissions of the app registration in Microsoft Entra ID.",
        "permissions": names.iter().map(permission).collect::<Vec<_>>(),
    }])
}

fn input_manifest(input: &Input) -> Value {
    let mut out = json!({
        "type": input.name,
        "title": input.title,
        "description": input.description,
        "deployment_modes": input.modes,
    });
    match input.form {
        Form::Options => {
            out["template_path"] = format!("{}.yml.hbs", input.name).into();
            out["vars"] = options(::options::INPUT_OPTIONS);
        }
        Form::Own(&[], _) => {}
        Form::Own(variables, _) => out["vars"] = manifests(variables),
    }
    out
}

/// The manifest of a dataset's data stream.
pub(crate) fn data_stream(dataset: &Dataset) -> Value {
    let limit = templates::field_limit(&fields::definitions(dataset));
    json!({
        "title": dataset.definition.title,
        "type": "logs",
        "dataset": names::stream(dataset),
        "streams": input::of(dataset).map(|input| stream::manifest(input, dataset)).collect::<Vec<_>>(),
        "elasticsearch": {
            "index_template": {
                "settings": {
                    "index": {
                        "codec": "best_compression",
                        "mapping": { "total_fields": { "limit": limit } },
                    },
                },
                "mappings": { "dynamic": false, "date_detection": false },
            },
        },
    })
}
