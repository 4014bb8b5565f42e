//! Parts that can be left out by `M365_SKIP`.

use std::io::Write;
use std::sync::Once;

use super::environment;

/// A real part that tests use and that needs tools outside of Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The Elasticsearch server: needs a JDK and Maven.
    Elasticsearch,
    /// Elastic's package validator: needs Go.
    Go,
    /// Elastic's descriptors of the agent's protocol, and its client for Python: needs Python 3 and `PyPI`.
    Python,
}

impl Part {
    /// The part's name in `M365_SKIP`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Elasticsearch => "elasticsearch",
            Self::Go => "go",
            Self::Python => "python",
        }
    }
}

/// True when `M365_SKIP` (comma list) names the part; says so in one line per test process.
pub fn left_out(part: Part) -> bool {
    static SAID: [Once; 3] = [const { Once::new() }; 3];
    if !environment::words("M365_SKIP").iter().any(|name| name == part.name()) {
        return false;
    }
    SAID[part as usize].call_once(|| {
        // Not `eprintln!`, which the test harness would swallow for a test that passes. Nothing else can be done if this fails.
        let _ = std::io::stderr().write_all(format!("left out: {} (M365_SKIP)\n", part.name()).as_bytes());
    });
    true
}
