//! Applications, service principals, agents and code hosting.

use super::Item;
use crate::entities::{APPLICATIONS, App};
use crate::json::{Digits, Json};

pub(super) fn cloud_application(item: &Item<'_>, json: &mut Json<'_>) {
    let apps = [
        ("Northbox Storage", 31_540),
        ("Office 365", 11_161),
        ("Exchange Online", 20_893),
        ("SharePoint Online", 20_892),
    ];
    let (name, id) = if item.state.scenario.story && item.tool == crate::files::Tool::None {
        apps[2]
    } else if item.state.scenario.story {
        apps[0]
    } else {
        item.rng.pick(20, &apps)
    };
    json.num("appId", id);
    json.text("displayName", name);
    json.num("instanceId", item.rng.below(21, 3) as i64);
    json.opt("instanceName", item.rng.chance(22, 70).then_some("Contoso"));
    json.when(item.rng.chance(23, 60), "saasAppId", |json, key| json.num(key, id));
    super::identity::stream(item, json);
}

fn app_name(item: &Item<'_>, salt: u64) -> &'static str {
    App(item.rng.below(salt, APPLICATIONS) as u32).name()
}

pub(super) fn oauth_application(item: &Item<'_>, json: &mut Json<'_>) {
    json.guid("appId", item.rng.draw(20));
    json.text("displayName", app_name(item, 21));
    json.guid("objectId", item.rng.draw(22));
    json.opt("publisher", item.rng.chance(23, 60).then_some("Tailspin Apps"));
}

pub(super) fn service_principal(item: &Item<'_>, json: &mut Json<'_>) {
    json.guid("appId", item.rng.draw(20));
    json.when(item.rng.chance(21, 70), "appOwnerTenantId", |json, key| json.guid(key, item.rng.draw(22)));
    json.text("servicePrincipalName", app_name(item, 23));
    json.guid("servicePrincipalObjectId", item.rng.draw(24));
    json.text("servicePrincipalType", item.rng.pick(25, &["application", "managedIdentity", "legacy", "unknown"]));
    json.text("tenantId", &item.state.model.tenant.id);
}

pub(super) fn ai_agent(item: &Item<'_>, json: &mut Json<'_>) {
    json.guid("agentId", item.rng.draw(20));
    json.text("agentName", item.rng.pick(21, &["Contract summariser", "HR assistant", "Plant helper"]));
    json.text("hostingPlatformType", item.rng.pick(22, &["copilotStudio", "azureAIFoundry", "copilot", "unknown"]));
    let instructions = "You summarise contracts for the legal department. Never send content outside the organisation.";
    json.opt("instructions", item.rng.chance(23, 60).then_some(instructions));
}

pub(super) fn github_organization(item: &Item<'_>, json: &mut Json<'_>) {
    json.opt("company", item.rng.chance(20, 60).then_some("Contoso"));
    json.text("displayName", "Contoso Engineering");
    json.opt("email", item.rng.chance(21, 50).then_some("opensource@contoso.example"));
    json.text("login", "contoso-eng");
    json.text("orgId", "90125533");
    json.text("webUrl", "https://github.com/contoso-eng");
}

pub(super) fn github_repo(item: &Item<'_>, json: &mut Json<'_>) {
    let id = Digits::new(700_000 + item.rng.below(20, 90_000));
    json.opt("baseUrl", item.rng.chance(21, 80).then_some("https://github.com/contoso-eng/ledger-core"));
    json.text("login", "ledger-core");
    json.text("owner", "contoso-eng");
    json.text("ownerType", item.rng.pick(22, &["Organization", "User"]));
    json.text("repoId", id.as_str());
}

pub(super) fn github_user(item: &Item<'_>, json: &mut Json<'_>) {
    let person = item.person();
    let [given, _, family] = person.account();
    json.when(item.rng.chance(20, 50), "email", |json, key| json.cat(key, &person.upn()));
    json.cat("login", &[given, family]);
    json.cat("name", &person.display());
    json.text("userId", Digits::new(person.id() % 90_000_000).as_str());
    json.cat("webUrl", &["https://github.com/", given, family]);
}
