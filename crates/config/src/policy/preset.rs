//! `preset` of an Elasticsearch output: what Elastic Agent makes of the word, as far as it concerns requests.

/// What a preset says of requests; it stands in the place of what the output says itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Preset {
    /// `bulk_max_size`: documents of a request.
    pub(super) documents: usize,
    /// `worker`: requests at a time for each host.
    pub(super) workers: u32,
    /// `compression_level`.
    pub(super) compression: u32,
}

/// The words, with what they say. `custom` and `none` say nothing.
const PRESETS: [(&str, Option<Preset>); 6] = [
    ("balanced", Some(Preset { documents: 1600, workers: 1, compression: 1 })),
    ("throughput", Some(Preset { documents: 1600, workers: 4, compression: 1 })),
    ("scale", Some(Preset { documents: 1600, workers: 1, compression: 1 })),
    ("latency", Some(Preset { documents: 50, workers: 1, compression: 1 })),
    ("custom", None),
    ("none", None),
];

/// What the word says, or which words are known.
pub(super) fn find(word: &str) -> Result<Option<Preset>, String> {
    let found = PRESETS.iter().find(|(known, _)| *known == word);
    found.map(|(_, preset)| *preset).ok_or_else(|| {
        let known = PRESETS.map(|(word, _)| word).join(", ");
        format!("`{word}` is not known; allowed: {known}")
    })
}
