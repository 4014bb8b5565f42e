//! What tests lean on; each part names what is missing on this machine and how to leave it out.

mod cache;
mod cpu;
mod distribution;
mod elasticsearch;
mod environment;
mod java;
mod launch;
mod official;
mod parts;
mod plugin;
mod tool;
mod validator;

use std::path::{Path, PathBuf};

pub use distribution::Stack;
pub use elasticsearch::Elasticsearch;
pub use environment::{number, path, words};
pub use official::official_python;
pub use parts::{Part, left_out};
pub use validator::{Mode, Verdict, validate};

/// The root folder of the checkout that is tested.
pub fn repository() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_path_buf()
}
