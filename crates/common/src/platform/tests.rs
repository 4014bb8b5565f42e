//! Laws of what a crash leaves behind, and of files that have several names.

use super::FileId;

#[cfg(target_os = "linux")]
#[test]
fn a_process_without_core_dumps_leaves_none() {
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};
    super::disable_core_dumps().expect("turned off");
    assert_eq!(dumpable_behavior().expect("known"), DumpableBehavior::NotDumpable);
    assert_eq!(getrlimit(Resource::Core).current, Some(0));
}

#[test]
fn a_file_keeps_its_id_under_another_name_and_shares_it_with_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, other, moved) = (folder.path().join("one"), folder.path().join("other"), folder.path().join("moved"));
    let file = std::fs::File::create(&one).expect("made");
    std::fs::write(&other, "").expect("made");
    let id = FileId::of_file(&file).expect("known");
    assert!(FileId::of_path(&one).expect("known") == id && FileId::of_path(&other).expect("known") != id);
    std::fs::rename(&one, &moved).expect("renamed");
    std::fs::rename(&other, &one).expect("renamed");
    assert!(FileId::of_path(&moved).expect("known") == id && FileId::of_path(&one).expect("known") != id);
    assert!(FileId::of_path(&other).is_err());
}
