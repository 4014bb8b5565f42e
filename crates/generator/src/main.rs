//! `m365-generator`: writes field definitions, ingest pipelines and the Elastic package from the catalog.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
