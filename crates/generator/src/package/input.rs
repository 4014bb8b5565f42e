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
    pub(crate) form: Form,
}

/// Where the variables of an input, and its templates, come from.
#[derive(Debug)]
pub(crate) enum Form {
    /// The options of the component, which has a template for the input too.
    Options,
    /// An input of Elastic's: variables beside the package's, and the text of the stream's template, with `@NAME@` and the
    /// like for what the dataset says.
    Own(&'static [Variable], &'static str),
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
        form: Form::Own(
            &[
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
            include_str!("../../assets/agent/cel.yml.hbs"),
        ),
    },
    Input {
        name: options::INPUT,
        title: "Collect with m365-fetcher as a component of Elastic Agent",
        description: "Collects every dataset, streams pages of any size, and maps documents before they are sent. \
            Needs the m365-fetcher component on the agent's host: m365-fetcher agent install.",
        modes: &["default"],
        enabled: false,
        form: Form::Options,
    },
    Input {
        name: "filestream",
        title: "Read the files that m365-fetcher wrote",
        description: "Reads mapped documents as NDJSON from the output folder of a stand-alone m365-fetcher.",
        modes: &["default"],
        enabled: false,
        form: Form::Own(&[], include_str!("../../assets/agent/filestream.yml.hbs")),
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
