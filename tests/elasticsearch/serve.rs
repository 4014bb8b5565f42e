//! `cargo run -p it --example elasticsearch -- [8.19|9.4]`: the test server for other programs.
//! Prints `READY url` and serves until its input closes.
#![expect(clippy::print_stdout, reason = "a command line program")]

use std::io::Read;

use anyhow::{Context, Result};
// This program is called `elasticsearch` too, and the client of that name is banned.
use it::{Elasticsearch as Server, Stack};

fn main() -> Result<()> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "8.19".to_owned());
    let stack = Stack::parse(&name).with_context(|| format!("unknown version {name}, known: 8.19, 9.4"))?;
    let server = Server::shared(stack).context("M365_SKIP leaves elasticsearch out")?;
    println!("READY {}", server.url());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
