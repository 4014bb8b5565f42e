//! Where documents go: batches, acknowledgement, Elasticsearch, files, dead letters.

pub mod deadletter;
pub mod settings;
pub mod sink;
