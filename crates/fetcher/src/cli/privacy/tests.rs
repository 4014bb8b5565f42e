//! Laws of what a crash leaves behind.

#[cfg(target_os = "linux")]
#[test]
fn a_sealed_process_leaves_no_core_dump() {
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};
    super::seal().expect("sealed");
    assert_eq!(dumpable_behavior().expect("known"), DumpableBehavior::NotDumpable);
    assert_eq!(getrlimit(Resource::Core).current, Some(0));
}
