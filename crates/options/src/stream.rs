//! Options of a stream: one dataset of the tenant.

use crate::{FormDefault, InputOption, Kind, TEXT};

/// Options of one dataset.
pub const STREAM_OPTIONS: &[InputOption] = &[
    InputOption {
        name: "interval",
        title: "Interval",
        description: "Time between polls, as 30s or 5m.",
        default: FormDefault::Interval,
        is_required: true,
        is_shown: true,
        ..TEXT
    },
    InputOption {
        name: "lookback",
        title: "Lookback",
        description: "How far the first poll goes back, as 24h or 7d.",
        default: FormDefault::Lookback,
        is_required: true,
        is_shown: true,
        ..TEXT
    },
    InputOption {
        name: "overlap",
        title: "Overlap",
        description: "How far each later poll goes back behind the newest record, for records that become visible late. \
            Costs no duplicates. By default 2m.",
        ..TEXT
    },
    InputOption {
        name: "preserve_original_event",
        kind: Kind::Flag,
        title: "Preserve original event",
        description: "Keeps the row as Microsoft sent it in event.original.",
        default: FormDefault::Off,
        is_shown: true,
        ..TEXT
    },
    InputOption {
        name: "tags",
        kind: Kind::List,
        title: "Tags",
        description: "Tags of the documents.",
        default: FormDefault::List(&["forwarded"]),
        ..TEXT
    },
    InputOption {
        name: "processors",
        kind: Kind::Yaml,
        title: "Processors",
        description: "Processors that run before the documents are sent: add_fields, add_tags and add_labels.",
        ..TEXT
    },
];
