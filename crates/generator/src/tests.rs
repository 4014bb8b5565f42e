use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn generated_files_are_fresh() {
    let tree = crate::artefacts(schema::catalog()).unwrap();
    let changes = tree.compare(&root()).unwrap();
    let list: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert!(changes.is_empty(), "run `{}`:\n{}", crate::COMMAND, list.join("\n"));
}
