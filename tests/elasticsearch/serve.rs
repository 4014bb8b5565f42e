//! `cargo run -p it --example elasticsearch -- [8.19|9.4]`: the test server for other programs.
//! Prints `READY url` and serves until its input closes.
#![expect(clippy::print_stdout, reason = "a command line program")]

use std::io::Read;

use anyhow::{Context, Result};
use it::{Elasticsearch, Stack};

fn main() -> Result<()> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "8.19".to_owned());
    let stack = Stack::parse(&name).with_context(|| format!("unknown version {name}, known: 8.19, 9.4"))?;
    let server = Elasticsearch::shared(stack).context("M365_SKIP leaves elasticsearch out")?;
    println!("READY {}", server.url());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
