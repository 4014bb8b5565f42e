//! The program, run with an input to its end.

use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Its path.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_m365-fetcher");

/// Runs it with these arguments and this input.
pub(crate) fn run(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(PROGRAM)
        .args(arguments)
        .env_remove("M365_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("ends");
    // A program that does not read its input closes it.
    let _ = writer.join().expect("writes");
    output
}
