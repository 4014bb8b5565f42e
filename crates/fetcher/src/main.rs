//! The program: see [`fetcher::cli`] for its commands.

use std::process::ExitCode;

fn main() -> ExitCode {
    fetcher::cli::main()
}
