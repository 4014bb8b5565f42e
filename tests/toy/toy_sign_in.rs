//! Sign-ins at a service that does not exist. The dataset is added to a copy of this workspace by a test, which proves that
//! a dataset is one file, one line, fixtures and a list of the simulator.

use schemars::{JsonSchema, SchemaGenerator};

use crate::api::{Api, CloudName};
use crate::attr::{kind, to};
use crate::collection::{Collection, Envelope, List, NextPage, OData, Query, RecordPaths};
use crate::dataset::{Definition, Rows};
use crate::ecs;
use crate::source::{Limit, Source};
use crate::types::{Guid, Host, Ip, Keyword, Member, Timestamp, Upn};

/// Toy sign-ins, one document per version.
pub const DATASET: Definition = Definition {
    name: "toy_sign_in",
    title: "Toy sign-ins",
    prefix: "m365_toys.sign_in",
    camel_case: false,
    source: Source {
        api: Api::Graph,
        path: "/v1.0/toys/signIns",
        collection: Collection::List(List {
            record: RecordPaths { id: &["id"], changed: "changedDateTime", created: "createdDateTime" },
            query: Query::OData(OData::USUAL),
            envelope: Envelope::Member("value"),
            next: NextPage::Link,
            page_size: 100,
            by_id: true,
            redirect: None,
        }),
        permission: "ToySignIn.Read.All",
        also: &[],
        licence: "none",
        interval: 300,
        lookback: 24,
        max_lookback: 30 * 24,
        limit: Limit { family: "graph-toys", per_minute: 150, per_hour: None },
        clouds: CloudName::WITH_DEFENDER,
    },
    rows: Rows::Elements,
    identity: &["id", "tenantId", "changedDateTime"],
    row: SchemaGenerator::subschema_for::<SignIn>,
};

/// One version of a sign-in.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_KIND, "event")
    .constant(ecs::EVENT_CATEGORY, "authentication")
    .constant(ecs::EVENT_TYPE, "start"))]
pub struct SignIn {
    /// Identifier of the sign-in.
    #[schemars(transform = to(ecs::EVENT_ID))]
    pub id: Keyword,
    /// Tenant of the account.
    #[schemars(transform = to(ecs::CLOUD_ACCOUNT_ID))]
    pub tenant_id: Guid,
    /// When the account signed in.
    #[schemars(transform = to(ecs::EVENT_CREATED))]
    pub created_date_time: Timestamp,
    /// When the risk was assessed last.
    #[schemars(transform = to(ecs::TIMESTAMP))]
    pub changed_date_time: Timestamp,
    /// Risk: none, low, medium, high.
    pub risk: Member,
    /// Who signed in.
    pub user: Account,
    /// Address that the request came from.
    #[schemars(transform = to(ecs::SOURCE_IP))]
    pub ip_address: Ip,
    /// Machine that the request came from.
    #[schemars(transform = to(ecs::HOST_NAME).lower())]
    pub device_name: Host,
    /// Application that was signed in to.
    pub app_display_name: Keyword,
}

/// An account.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct Account {
    /// Object id.
    #[schemars(transform = to(ecs::USER_ID))]
    pub id: Guid,
    /// User principal name.
    #[schemars(transform = to(ecs::USER_NAME))]
    pub user_principal_name: Upn,
    /// Name for people.
    #[schemars(transform = to(ecs::USER_FULL_NAME))]
    pub display_name: Keyword,
}
