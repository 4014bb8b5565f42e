//! A test of the fault matrix per list of the simulator: a list that is added gets its tests by being there.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let lists = Path::new("../crates/simulator/lists");
    println!("cargo::rerun-if-changed={}", lists.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(lists)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    let mut text = "macro_rules! cells {\n    ($trouble:expr) => {\n".to_owned();
    for name in names {
        // A `String` takes everything.
        let _ = write!(
            text,
            "        #[tokio::test(start_paused = true)]\n        async fn {name}() {{\n            \
             harness::check($trouble, {name:?}).await;\n        }}\n"
        );
    }
    text += "    };\n}\n";
    #[expect(clippy::disallowed_methods, reason = "cargo tells build scripts by the environment")]
    let out = env::var_os("OUT_DIR").unwrap_or_default();
    fs::write(Path::new(&out).join("cells.rs"), text)
}
