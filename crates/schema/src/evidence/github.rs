//! GitHub: organisations, repositories, users.

use schemars::JsonSchema;

use crate::attr::{kind, to};
use crate::ecs;
use crate::types::{Keyword, Url, User};

/// An organisation on GitHub.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "iam")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("orgId login webUrl"))]
pub struct GithubOrganizationEvidence {
    /// Company behind the organisation.
    pub company: Keyword,
    /// Display name.
    #[schemars(transform = to(ecs::ORGANIZATION_NAME))]
    pub display_name: Keyword,
    /// Mail address.
    pub email: Keyword,
    /// Login name.
    #[schemars(transform = to(ecs::ORGANIZATION_NAME).rank(1))]
    pub login: Keyword,
    /// Id of the organisation.
    #[schemars(transform = to(ecs::ORGANIZATION_ID))]
    pub org_id: Keyword,
    /// Page of the organisation.
    pub web_url: Url,
}

/// A repository on GitHub.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind().identity("repoId baseUrl owner login"))]
pub struct GithubRepoEvidence {
    /// Address of the repository.
    #[schemars(transform = super::url())]
    pub base_url: Url,
    /// Name of the repository.
    pub login: Keyword,
    /// Owner.
    pub owner: Keyword,
    /// What the owner is, for example `User`.
    pub owner_type: Keyword,
    /// Id of the repository.
    pub repo_id: Keyword,
}

/// A user on GitHub.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "iam")
    .constant(ecs::EVENT_TYPE, "user")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("userId login webUrl"))]
pub struct GithubUserEvidence {
    /// Mail address.
    #[schemars(transform = to(ecs::USER_EMAIL))]
    pub email: User,
    /// Login name.
    #[schemars(transform = to(ecs::USER_NAME))]
    pub login: User,
    /// Full name.
    #[schemars(transform = to(ecs::USER_FULL_NAME))]
    pub name: Keyword,
    /// Id of the user.
    #[schemars(transform = to(ecs::USER_ID))]
    pub user_id: User,
    /// Page of the user.
    pub web_url: Url,
}
