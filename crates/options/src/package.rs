//! Options that Fleet's form asks once for all inputs of the package.

use crate::{InputOption, TEXT};

/// Who collects: needed by every input that calls Microsoft.
pub const PACKAGE_OPTIONS: &[InputOption] = &[
    InputOption {
        name: "tenant_id",
        title: "Tenant id",
        description: "Directory (tenant) id of the app registration. Needed by all inputs that call Microsoft.",
        is_shown: true,
        ..TEXT
    },
    InputOption {
        name: "client_id",
        title: "Client id",
        description: "Application (client) id of the app registration. Needed by all inputs that call Microsoft.",
        is_shown: true,
        ..TEXT
    },
    InputOption {
        name: "client_secret",
        title: "Client secret",
        description: "Value of a client secret of the app registration, unless another credential is chosen below.",
        is_secret: true,
        is_shown: true,
        ..TEXT
    },
];
