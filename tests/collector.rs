//! The program `m365-fetcher`, under a name of its own: cargo builds it for the tests of this crate and tells them where.

use std::process::ExitCode;

fn main() -> ExitCode {
    fetcher::cli::main()
}
