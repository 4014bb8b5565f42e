//! NDJSON files: complete lines, rotation, one writer at a time.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::settings::FileOutput;

/// Ships so many documents of dataset 0 as one run does, with a flush every ten.
async fn write(output: &FileOutput, numbers: std::ops::Range<u32>) -> Result<(), Error> {
    let streams = Arc::new(DataStreams::new("default"));
    let files = file::Files::new(output)?;
    let folder = tempfile::tempdir().expect("folder");
    let dead = Arc::new(DeadLetters::new(folder.path()));
    let (jobs, inbox) = mpsc::channel(QUEUED);
    let task = tokio::spawn(serve(
        OutputTask { output: AnyOutput::File(files), dead, stats: Arc::default(), patience: None },
        inbox,
    ));
    let mut result = Ok(());
    let pool = Arc::<Pool>::default();
    for tens in numbers.collect::<Vec<_>>().chunks(10) {
        let mut outbox = BatchWriter::new(Arc::clone(&streams), jobs.clone(), Arc::clone(&pool), "contoso".into());
        for number in tens {
            outbox.push(
                0,
                DocId([u8::try_from(number % 256).expect("byte"); 16]),
                format!("{{\"a\":{number}}}").as_bytes(),
            );
        }
        result = result.and(outbox.flush().await);
    }
    drop(jobs);
    task.await.expect("ends");
    result
}

/// The files' names and lines, in the order of the names; the current one last.
fn read(folder: &Path) -> Vec<(String, Vec<String>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("folder")
        .map(|file| {
            let path = file.expect("file").path();
            let lines = fs::read_to_string(&path).expect("text").lines().map(str::to_owned).collect();
            (path.file_name().expect("name").to_string_lossy().into_owned(), lines)
        })
        .collect();
    // `.` is after `-`.
    files.sort();
    files
}

#[tokio::test]
async fn files_carry_ids_where_asked() {
    let folder = tempfile::tempdir().expect("folder");
    let mut output = FileOutput::new(folder.path().to_owned());
    output.ids = true;
    write(&output, 1..3).await.expect("written");
    let [(name, lines)] = &read(folder.path())[..] else { panic!("one file") };
    assert_eq!(name, "logs-m365_security.alert-default.ndjson");
    let first = "{\"_id\":\"01010101010101010101010101010101\",\"a\":1}";
    assert_eq!(*lines, [first, "{\"_id\":\"02020202020202020202020202020202\",\"a\":2}"]);
}

#[tokio::test]
async fn a_line_that_a_crash_cut_off_spoils_no_other() {
    let folder = tempfile::tempdir().expect("folder");
    let output = FileOutput::new(folder.path().to_owned());
    write(&output, 1..3).await.expect("written");
    let file = folder.path().join("logs-m365_security.alert-default.ndjson");
    let text = fs::read_to_string(&file).expect("text");
    fs::write(&file, &text[..text.len() - 3]).expect("cut");
    write(&output, 1..3).await.expect("written");
    assert_eq!(read(folder.path())[0].1, ["{\"a\":1}", "{\"a\":1}", "{\"a\":2}"], "what was cut off is gone");
}

#[tokio::test]
async fn a_file_of_its_size_is_put_aside() {
    let folder = tempfile::tempdir().expect("folder");
    let mut output = FileOutput::new(folder.path().to_owned());
    output.rotate_size = 200;
    write(&output, 0..70).await.expect("written");
    // A later run goes on in the same file.
    write(&output, 70..100).await.expect("written");
    let files = read(folder.path());
    assert!(files.len() > 4, "{files:?}");
    let lines: Vec<_> = files.iter().flat_map(|(_, lines)| lines.clone()).collect();
    let expected: Vec<_> = (0..100).map(|number| format!("{{\"a\":{number}}}")).collect();
    assert_eq!(lines, expected, "every line once, in the order of the names");
    let (current, aside) = files.split_last().expect("files");
    assert_eq!(current.0, "logs-m365_security.alert-default.ndjson");
    for (name, lines) in aside {
        let middle = name.strip_prefix("logs-m365_security.alert-default-").expect("stream and time");
        assert!(middle.len() == "20260501T120000Z-0001.ndjson".len() && middle.ends_with(".ndjson"), "{name}");
        let size: usize = lines.iter().map(|line| line.len() + 1).sum();
        assert!(size <= 200 && size > 180, "{name}: {size}");
    }
}

#[tokio::test]
async fn the_newest_files_are_kept_and_those_of_others_are_not_touched() {
    let folder = tempfile::tempdir().expect("folder");
    let stranger = folder.path().join("logs-m365_security.alert-default-mine.ndjson");
    fs::write(&stranger, "mine").expect("writes");
    let mut output = FileOutput::new(folder.path().to_owned());
    (output.rotate_size, output.keep) = (200, Some(2));
    write(&output, 0..100).await.expect("written");
    let files = read(folder.path());
    assert_eq!(files.len(), 4, "{files:?}");
    assert!(stranger.exists());
    let lines: Vec<_> =
        files.iter().filter(|(_, lines)| lines[0] != "mine").flat_map(|(_, lines)| lines.clone()).collect();
    assert_eq!(lines.last().expect("lines"), "{\"a\":99}");
    assert!(lines.len() > 40 && lines.len() < 75, "{}", lines.len());
}

#[tokio::test]
async fn an_old_file_is_put_aside() {
    let folder = tempfile::tempdir().expect("folder");
    let mut output = FileOutput::new(folder.path().to_owned());
    output.rotate_age = Some(std::time::Duration::ZERO);
    write(&output, 0..30).await.expect("written");
    let files = read(folder.path());
    assert!(files.len() >= 3, "{files:?}");
    assert_eq!(files.iter().map(|(_, lines)| lines.len()).sum::<usize>(), 30);
}

#[tokio::test]
async fn a_second_process_does_not_write_between_the_lines() {
    let folder = tempfile::tempdir().expect("folder");
    let output = FileOutput::new(folder.path().to_owned());
    let other = fs::File::create(folder.path().join("logs-m365_security.alert-default.ndjson")).expect("file");
    other.lock().expect("locked");
    let error = write(&output, 0..1).await.expect_err("locked");
    assert!(error.to_string().contains("another process writes to it"), "{error}");
    drop(other);
    write(&output, 0..1).await.expect("written");
}

/// Ships twenty documents to a disk with so much room; returns when the cycle ends.
async fn write_with_room(
    folder: &Path,
    room: &file::Room,
    patience: Option<Duration>,
) -> (Result<(), Error>, Arc<Stats>) {
    let mut files = file::Files::new(&FileOutput::new(folder.to_owned())).expect("directory");
    files.room = Some(room.clone());
    let dead = Arc::new(DeadLetters::new(folder));
    let stats = Arc::<Stats>::default();
    let (jobs, inbox) = mpsc::channel(QUEUED);
    let output = OutputTask { output: AnyOutput::File(files), dead, stats: Arc::clone(&stats), patience };
    tokio::spawn(serve(output, inbox));
    let streams = Arc::new(DataStreams::new("default"));
    let mut outbox = BatchWriter::new(streams, jobs, Arc::<Pool>::default(), "contoso".into());
    for number in 0..20_u8 {
        outbox.push(u16::from(number % 2), DocId([number; 16]), format!("{{\"a\":{number}}}").as_bytes());
    }
    let watched = Arc::clone(&stats);
    let flushed = tokio::spawn(async move { outbox.flush().await });
    // The disk is full within a line.
    tokio::time::sleep(Duration::from_secs(20)).await;
    let told = watched.health.output().snapshot();
    let said = told.reasons.iter().map(|reason| reason.text.clone()).collect::<String>();
    assert!(said.contains("this machine's disk at ") && !said.contains("cluster"), "{said}");
    for (name, lines) in read(folder) {
        for line in lines {
            serde_json::from_str::<serde_json::Value>(&line).unwrap_or_else(|_| panic!("{name}: half a line: {line}"));
        }
    }
    if patience.is_none() {
        room.0.store(u64::MAX, std::sync::atomic::Ordering::Relaxed);
    }
    (flushed.await.expect("ends"), stats)
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_is_full_is_waited_for_and_every_line_is_whole_and_there_once() {
    for room in [0, 1, 7, 8, 9, 100, 143] {
        let folder = tempfile::tempdir().expect("folder");
        let room = file::Room(Arc::new(room.into()));
        let start = tokio::time::Instant::now();
        let (outcome, stats) = write_with_room(folder.path(), &room, None).await;
        outcome.expect("written");
        assert!(start.elapsed() < Duration::from_secs(30), "it goes on at once: {:?}", start.elapsed());
        let mut lines: Vec<_> = read(folder.path()).into_iter().flat_map(|(_, lines)| lines).collect();
        lines.sort();
        let mut expected: Vec<_> = (0..20).map(|number| format!("{{\"a\":{number}}}")).collect();
        expected.sort();
        assert_eq!(lines, expected);
        assert!(stats.health.output().snapshot().reasons.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_stays_full_fails_the_cycle_and_leaves_whole_lines() {
    let folder = tempfile::tempdir().expect("folder");
    let room = file::Room(Arc::new(27.into()));
    let (outcome, stats) = write_with_room(folder.path(), &room, Some(Duration::from_mins(1))).await;
    let error = outcome.expect_err("full");
    assert!(matches!(&error, Error::Io(said) if said.contains("-default.ndjson: ")), "{error}");
    assert_eq!(stats.created(), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("folder");
    let below = folder.path().join("a/b");
    fs::create_dir_all(&below).expect("folder");
    // An earlier version left this one open to others.
    let old = below.join("logs-m365_security.alert-default-20260101T000000Z-0001.ndjson");
    fs::write(&old, "{}\n").expect("writes");
    let name = below.join("logs-m365_security.alert-default.ndjson");
    fs::write(&name, "").expect("writes");
    for path in [&old, &name] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).expect("opened");
    }
    write(&FileOutput::new(below.clone()), 0..1).await.expect("written");
    let fresh = folder.path().join("c/d");
    write(&FileOutput::new(fresh.clone()), 0..1).await.expect("written");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    let written = fresh.join("logs-m365_security.alert-default.ndjson");
    assert_eq!([&old, &name, &written].map(|path| format!("{:o}", mode(path))), ["600"; 3]);
    assert_eq!([fresh.as_path(), &folder.path().join("c")].map(|path| format!("{:o}", mode(path))), ["700"; 2]);
}
