//! Makes the registry of the lists: every file of `lists/`, with the fixtures that it names as its templates. A new list
//! is a new file, and no code says its name.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env_path("CARGO_MANIFEST_DIR"));
    let fixtures = root.join("../../tests/fixtures");
    println!("cargo::rerun-if-changed=lists");
    let mut text = "const FILES: &[File] = &[\n".to_owned();
    for path in json_files(&root.join("lists"))? {
        let name = stem(&path);
        // A `String` takes everything.
        let _ = write!(text, "    File {{ name: {name:?}, text: include_str!({}), templates: &[", literal(&path));
        let list: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path)?)?;
        if let Some(folder) = list.pointer("/content/templates/fixtures").and_then(serde_json::Value::as_str) {
            let folder = fixtures.join(folder);
            println!("cargo::rerun-if-changed={}", folder.display());
            // Rows that are wrong on purpose, or hold nothing, are no templates.
            let is_template = |path: &PathBuf| !stem(path).starts_with("odd-") && !stem(path).starts_with("null");
            for path in json_files(&folder)?.into_iter().filter(is_template) {
                let _ = write!(text, "include_str!({}), ", literal(&path));
            }
        }
        text += "] },\n";
    }
    text += "];\n";
    fs::write(Path::new(&env_path("OUT_DIR")).join("lists.rs"), text)
}

#[expect(clippy::disallowed_methods, reason = "cargo tells build scripts by the environment")]
fn env_path(name: &str) -> std::ffi::OsString {
    env::var_os(name).unwrap_or_default()
}

/// The path as a literal of Rust.
fn literal(path: &Path) -> String {
    format!("{:?}", path.to_string_lossy())
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The JSON files of a folder, by name.
fn json_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", folder.display())))?;
    let mut paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    Ok(paths)
}
