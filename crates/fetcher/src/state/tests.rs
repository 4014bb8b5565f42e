//! Laws of the state file.

use super::*;

#[test]
fn state_is_replaced_in_one_step_and_a_damaged_file_is_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let state = StateFile::new(folder.path(), "global", "contoso", "alert");
    assert_eq!(state.load().expect("nothing"), Progress::default());
    let progress = Progress { cursor: Some("2026-01-01T00:00:00.1234567Z".to_owned()), seen: vec!["00".repeat(16)] };
    state.store(&Progress::default()).expect("stores");
    state.store(&progress).expect("stores");
    assert_eq!(state.load().expect("loads"), progress);
    let names: Vec<_> = fs::read_dir(state.path.parent().expect("folder"))
        .expect("reads")
        .map(|entry| entry.expect("entry").file_name())
        .collect();
    assert_eq!(names, ["alert.json"], "no temporary file stays");
    // A write that a crash cut off left its temporary file: the state is the old one.
    fs::write(state.path.with_file_name(".state-crash"), "{\"versi").expect("writes");
    assert_eq!(state.load().expect("loads"), progress);
    let text = fs::read_to_string(&state.path).expect("reads");
    for bad in [&text[..text.len() / 2], "", "[]", &text.replacen("\"version\":1", "\"version\":2", 1)] {
        fs::write(&state.path, bad).expect("writes");
        let fault = state.load().expect_err("refused").to_string();
        assert!(fault.contains("hint: "), "{fault}");
    }
}
