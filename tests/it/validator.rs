//! The package validator accepts a valid package and refuses a broken one.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use generator::package::{Contents, Target};
use it::{Mode, Part, left_out, repository, validate};
use tempfile::TempDir;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// The tiny package in a folder that may be changed.
fn tiny() -> TempDir {
    let folder = TempDir::new().unwrap();
    copy(&repository().join("tests/tiny-package"), folder.path());
    folder
}

/// The files below `folder` as a finished package has them: without `_dev`, below one top folder.
fn pack(folder: &Path, at: &str, zip: &mut zip::ZipWriter<File>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{at}/{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_file() {
            zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(&fs::read(&path).unwrap()).unwrap();
        } else if !path.ends_with("_dev") {
            pack(&path, &name, zip);
        }
    }
}

#[test]
fn valid_source_is_accepted() {
    if left_out(Part::Go) {
        return;
    }
    let verdict = validate(Mode::Source, tiny().path()).unwrap();
    assert!(verdict.accepted, "{}", verdict.output);
}

#[test]
fn broken_source_is_refused() {
    if left_out(Part::Go) {
        return;
    }
    let package = tiny();
    let pipeline = package.path().join("data_stream/event/elasticsearch/ingest_pipeline/default.yml");
    let text = fs::read_to_string(&pipeline).unwrap();
    fs::write(&pipeline, text.replace("      tag: set_event_kind\n", "")).unwrap();
    let verdict = validate(Mode::Source, package.path()).unwrap();
    assert!(!verdict.accepted && verdict.output.contains("SVR00006"), "{}", verdict.output);
}

#[test]
fn zip_needs_one_top_folder() {
    if left_out(Part::Go) {
        return;
    }
    let package = tiny();
    let file = package.path().join("tiny-0.0.1.zip");
    let write = |top: &[&str]| {
        let mut zip = zip::ZipWriter::new(File::create(&file).unwrap());
        for top in top {
            pack(&repository().join("tests/tiny-package"), top, &mut zip);
        }
        zip.finish().unwrap();
        validate(Mode::Build, &file).unwrap()
    };
    let verdict = write(&["tiny-0.0.1"]);
    assert!(verdict.accepted, "{}", verdict.output);
    let verdict = write(&["tiny-0.0.1", "second"]);
    assert!(!verdict.accepted && verdict.output.contains("single directory"), "{}", verdict.output);
}

#[test]
fn our_package_is_accepted() {
    if left_out(Part::Go) {
        return;
    }
    let verdict = validate(Mode::Source, &repository().join("package")).unwrap();
    assert!(verdict.accepted, "{}", verdict.output);
}

#[test]
fn our_archives_are_accepted() {
    if left_out(Part::Go) {
        return;
    }
    let fixtures = generator::package::read_fixtures(&repository(), schema::catalog()).unwrap();
    let folder = TempDir::new().unwrap();
    let targets = [Target::Stack819, Target::Stack94];
    for contents in targets.iter().flat_map(|target| [false, true].map(|rules| Contents { target: *target, rules })) {
        let built = generator::package::built(schema::catalog(), &fixtures, contents).unwrap();
        let archive = generator::archive::zip(&built).unwrap();
        assert_eq!(archive, generator::archive::zip(&built).unwrap(), "the archive is not reproducible");
        let file = folder.path().join("m365_security.zip");
        fs::write(&file, archive).unwrap();
        let verdict = validate(Mode::Build, &file).unwrap();
        assert!(verdict.accepted, "{contents:?}: {}", verdict.output);
    }
}
