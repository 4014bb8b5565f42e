//! Options of the input, beside those of the package: one tenant, its credential, and the way to it.

use crate::{FormDefault, InputOption, Kind, TEXT};

/// Options of one tenant.
pub const INPUT_OPTIONS: &[InputOption] = &[
    InputOption {
        name: "credential",
        kind: Kind::Choice(&[
            ("client_secret", "Client secret"),
            ("client_certificate", "Client certificate (a file on the agent's host)"),
            ("federated_token", "Workload identity (a file on the agent's host)"),
            ("managed_identity", "Managed identity of the agent's host"),
        ]),
        title: "Credential",
        description: "How the application proves who it is. What belongs to another credential is left alone.",
        default: FormDefault::Text("client_secret"),
        is_shown: true,
        ..TEXT
    },
    InputOption {
        name: "client_secret_file",
        title: "Client secret file",
        description: "File on the agent's host that holds the client secret, instead of the secret itself.",
        ..TEXT
    },
    InputOption {
        name: "client_certificate_file",
        title: "Client certificate file",
        description: "File on the agent's host: PEM with its unencrypted RSA key, or PKCS#12. Read again when it changes.",
        ..TEXT
    },
    InputOption {
        name: "client_certificate_key_file",
        title: "Client certificate key file",
        description: "PEM file of the certificate's key, where the certificate's file does not hold it.",
        ..TEXT
    },
    InputOption {
        name: "client_certificate_password",
        title: "Client certificate password",
        description: "Password of the PKCS#12 file.",
        is_secret: true,
        ..TEXT
    },
    InputOption {
        name: "federated_token_file",
        title: "Federated token file",
        description: "File on the agent's host with the token of the foreign issuer. Read for each token request.",
        ..TEXT
    },
    InputOption {
        name: "managed_identity_client_id",
        title: "Managed identity client id",
        description: "Client id of a user-assigned managed identity. Empty for the system-assigned one.",
        ..TEXT
    },
    InputOption {
        name: "cloud",
        kind: Kind::Choice(&[
            ("global", "Global"),
            ("gcc", "US Government (GCC)"),
            ("gcc-high", "US Government (GCC High)"),
            ("dod", "US Department of Defense"),
            ("china", "China (21Vianet)"),
        ]),
        title: "Cloud",
        description: "Microsoft cloud of the tenant.",
        default: FormDefault::Text("global"),
        is_required: true,
        is_shown: true,
        ..TEXT
    },
    InputOption {
        name: "login_url",
        title: "Own login address",
        description: "For a proxy or a test tenant: replaces the cloud, together with both API addresses.",
        ..TEXT
    },
    InputOption {
        name: "graph_url",
        title: "Own Microsoft Graph address",
        description: "Used with an own login address.",
        ..TEXT
    },
    InputOption {
        name: "defender_url",
        title: "Own Defender XDR address",
        description: "Used with an own login address.",
        ..TEXT
    },
    InputOption {
        name: "proxy_url",
        title: "Proxy address",
        description: "Proxy for calls to Microsoft, http[s]://[user:password@]host[:port]; `environment` takes HTTPS_PROXY \
            and NO_PROXY of the agent.",
        is_secret: true,
        ..TEXT
    },
    InputOption {
        name: "no_proxy",
        kind: Kind::List,
        title: "Hosts without proxy",
        description: "Hosts that are asked directly: names, .domain for all below one.",
        ..TEXT
    },
    InputOption {
        name: "ca_file",
        title: "Certificate authority file",
        description: "PEM file on the agent's host with an authority that is trusted beside the public ones.",
        ..TEXT
    },
    InputOption {
        name: "allow_insecure_http",
        kind: Kind::Flag,
        title: "Allow plain HTTP",
        description: "Send credentials to own addresses, or a password to the proxy, over plain http, where others can read \
            them.",
        default: FormDefault::Off,
        ..TEXT
    },
    InputOption {
        name: "tenant_name",
        title: "Tenant name",
        description: "Name for people, in status and metrics.",
        ..TEXT
    },
    InputOption {
        name: "state_path",
        title: "State directory",
        description: "Folder on the agent's host for what is remembered of the tenant. By default that of the agent's \
            component, which is lost when the input is switched off or its output renamed; an own folder outlives that.",
        ..TEXT
    },
];
