//! The ways of collection that the package offers.

use schema::{Dataset, Query, Rows};

use super::variable::{Preset, TEXT, Variable};

/// An input of Elastic Agent.
#[derive(Debug)]
pub(crate) struct Input {
    /// Type of the input, and stem of its template.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    /// Deployment modes; agentless agents run few inputs.
    pub(crate) modes: &'static [&'static str],
    /// Streams are switched on in a new policy: only the one that needs no preparation is, so that no host turns red
    /// and no record is collected twice.
    pub(crate) enabled: bool,
    /// Variables beside the package's.
    pub(crate) variables: &'static [Variable],
    /// Text of the stream's template, with `@NAME@` and the like for what the dataset says.
    pub(crate) template: &'static str,
}

/// Inputs, in the order of Fleet's form.
pub(crate) const ALL: &[Input] = &[
    Input {
        name: "cel",
        title: "Poll Microsoft's APIs with any Elastic Agent",
        description: "Polls the plain lists of Microsoft Graph and Defender XDR; nothing to install. \
            Rows are mapped by the ingest pipeline.",
        modes: &["default", "agentless"],
        enabled: true,
        variables: &[
            Variable {
                name: "graph_url",
                title: "Microsoft Graph address",
                description: "Address of Microsoft Graph in the tenant's cloud.",
                default: Preset::Text("https://graph.microsoft.com"),
                required: true,
                shown: false,
                ..TEXT
            },
            Variable {
                name: "defender_url",
                title: "Defender XDR address",
                description: "Address of the Defender XDR API in the tenant's cloud.",
                default: Preset::Text("https://api.security.microsoft.com"),
                required: true,
                shown: false,
                ..TEXT
            },
            Variable {
                name: "login_url",
                title: "Login address",
                description: "Address that issues tokens in the tenant's cloud.",
                default: Preset::Text("https://login.microsoftonline.com"),
                required: true,
                shown: false,
                ..TEXT
            },
            PROXY,
            Variable {
                name: "enable_request_tracer",
                kind: "bool",
                title: "Trace requests",
                description: "Logs requests and answers on the agent's host. They hold the collected data: \
                    for a short diagnosis only.",
                default: Preset::Flag(false),
                shown: false,
                ..TEXT
            },
        ],
        template: include_str!("../../assets/agent/cel.yml.hbs"),
    },
    Input {
        name: "m365-fetcher",
        title: "Collect with m365-fetcher as a component of Elastic Agent",
        description: "Collects every dataset, streams pages of any size, and maps documents before they are sent. \
            Needs the m365-fetcher component on the agent's host.",
        modes: &["default"],
        enabled: false,
        variables: &[
            Variable {
                name: "cloud",
                kind: "select",
                title: "Cloud",
                description: "Microsoft cloud of the tenant.",
                default: Preset::Text("global"),
                required: true,
                options: &[
                    ("global", "Global"),
                    ("gcc", "US Government (GCC)"),
                    ("gcc-high", "US Government (GCC High)"),
                    ("dod", "US Department of Defense"),
                    ("china", "China (21Vianet)"),
                ],
                ..TEXT
            },
            Variable {
                name: "login_url",
                title: "Own login address",
                description: "For a proxy or a test tenant: replaces the cloud, together with both API addresses.",
                shown: false,
                ..TEXT
            },
            Variable {
                name: "graph_url",
                title: "Own Microsoft Graph address",
                description: "Used with an own login address.",
                shown: false,
                ..TEXT
            },
            Variable {
                name: "defender_url",
                title: "Own Defender XDR address",
                description: "Used with an own login address.",
                shown: false,
                ..TEXT
            },
        ],
        template: include_str!("../../assets/agent/m365-fetcher.yml.hbs"),
    },
    Input {
        name: "filestream",
        title: "Read the files that m365-fetcher wrote",
        description: "Reads mapped documents as NDJSON from the output folder of a stand-alone m365-fetcher.",
        modes: &["default"],
        enabled: false,
        variables: &[],
        template: include_str!("../../assets/agent/filestream.yml.hbs"),
    },
];

/// Credentials, asked once for all inputs.
pub(crate) const CREDENTIALS: &[Variable] = &[
    Variable {
        name: "tenant_id",
        title: "Tenant id",
        description: "Directory (tenant) id of the app registration. Needed by all inputs that call Microsoft.",
        ..TEXT
    },
    Variable {
        name: "client_id",
        title: "Client id",
        description: "Application (client) id of the app registration. Needed by all inputs that call Microsoft.",
        ..TEXT
    },
    Variable {
        name: "client_secret",
        kind: "password",
        title: "Client secret",
        description: "Value of a client secret of the app registration. Needed by all inputs that call Microsoft.",
        ..TEXT
    },
];

const PROXY: Variable = Variable {
    name: "proxy_url",
    title: "Proxy address",
    description: "Proxy for calls to Microsoft, as http[s]://<user>:<password>@<server>:<port>.",
    shown: false,
    ..TEXT
};

/// Inputs that can collect the dataset. CEL polls lists whose elements are rows; rows that are made from nested arrays,
/// and other kinds of collection, need the fetcher.
pub(crate) fn of(dataset: &Dataset) -> impl Iterator<Item = &'static Input> {
    let is_odata = dataset.definition.source.list().is_some_and(|list| matches!(list.query, Query::OData(_)));
    let plain = is_odata && matches!(dataset.definition.rows, Rows::Elements | Rows::Rollup { .. });
    ALL.iter().filter(move |input| plain || input.name != "cel")
}
