//! Where documents go: batches, acknowledgement, Elasticsearch, files, standard output, dead letters.
//!
//! A delivery is over when every document of the batch was taken, was there already, or was refused and kept as a dead
//! letter.

mod ack;
pub mod batch;
pub mod dead_letters;
pub mod elasticsearch;
pub mod file;
mod output;
mod segments;
mod sequential;
pub mod settings;
pub mod stdout;
pub mod task;
#[cfg(test)]
mod tests;

pub use self::batch::{BatchWriter, DataStreams};
pub use self::output::{ItemOutcome, Output, Undelivered};
pub use self::task::{AnyOutput, OutputCommand, OutputTask, serve};
