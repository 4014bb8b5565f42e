//! Laws of the state file.

use super::*;

#[test]
fn state_is_replaced_in_one_step_and_a_damaged_file_is_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let state = StateFile::new(folder.path(), "global", "contoso", "alert");
    assert_eq!(state.load().expect("nothing"), Progress::default());
    let progress = Progress {
        cursor: Some("2026-01-01T00:00:00.1234567Z".to_owned()),
        seen: vec!["00".repeat(16)],
        ..Progress::default()
    };
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
    for bad in [&text[..text.len() / 2], "", "[]", &text.replacen("\"version\":2", "\"version\":3", 1)] {
        fs::write(&state.path, bad).expect("writes");
        let fault = state.load().expect_err("refused").to_string();
        assert!(fault.contains("hint: "), "{fault}");
    }
}

#[test]
fn a_file_of_version_1_is_read() {
    let folder = tempfile::tempdir().expect("folder");
    let state = StateFile::new(folder.path(), "global", "contoso", "alert");
    fs::create_dir_all(state.path.parent().expect("folder")).expect("creates");
    let id = "0f".repeat(16);
    let text =
        format!(r#"{{"version":1,"updated":"2026-01-01T00:00:00Z","cursor":"2026-01-01T00:00:00Z","seen":["{id}"]}}"#);
    fs::write(&state.path, text).expect("writes");
    let expected = Progress { cursor: Some("2026-01-01T00:00:00Z".to_owned()), seen: vec![id], ..Progress::default() };
    assert_eq!(state.load().expect("loads"), expected);
}
