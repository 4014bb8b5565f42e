//! What every output keeps to, whatever it is. A further one is held to it by a [`Subject`] and one line.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::*;
use crate::elasticsearch::mock::{self, Document};
use crate::file::{Files, Room};
use crate::settings::FileOutput;
use crate::stdout::Stdout;

/// An output that is held to the contract, and what can be done to it from outside.
trait Subject: Sized {
    /// A document that comes again does not lie there twice.
    const KNOWS_IDS: bool;
    /// It may refuse single documents.
    const REFUSES: bool;

    /// One that is empty and well.
    async fn new() -> Self;
    /// Opens it; what others have left in it stays.
    fn open(&self) -> AnyOutput;
    /// The documents that somebody else finds in it, in the order of their arrival.
    fn found(&self) -> Vec<String>;
    /// From now on it takes but a part of what comes, for a while; or it takes everything again.
    fn block(&self, is_blocked: bool);
    /// From now on it takes nothing at all, and says so; or it takes everything again.
    fn break_down(&self, is_broken: bool);
    /// It refuses documents with this text.
    fn refuse(&self, text: &'static str);
    /// What it takes cannot be made durable any more; `false` where that cannot happen apart from taking it.
    fn lose(&self) -> bool;
}

macro_rules! contract {
    ($($output:ident: $subject:ty),* $(,)?) => {
        $(mod $output {
            use super::*;

            contract!(@ $subject: everything_arrives_once_and_in_order, a_trouble_that_passes_is_waited_for,
                nothing_is_acknowledged_that_failed_and_the_same_again_gives_no_double,
                who_stops_in_the_middle_has_lost_nothing, refusals_are_told_of_each_document,
                what_is_not_durable_is_not_acknowledged, a_failed_cycle_takes_nobody_along);
        })*
    };
    (@ $subject:ty: $($law:ident),*) => {
        $(#[tokio::test(start_paused = true)]
        async fn $law() {
            super::$law::<$subject>().await;
        })*
    };
}

contract!(elasticsearch: ClusterSubject, file: FileSubject, stdout: PipeSubject);

/// Sources of an output at work.
struct Sources {
    commands: mpsc::Sender<OutputCommand>,
    pool: Arc<Pool>,
    streams: Arc<DataStreams>,
    stats: Arc<Stats>,
    dead: Arc<DeadLetters>,
    task: tokio::task::JoinHandle<()>,
    _letters: tempfile::TempDir,
}

impl Sources {
    fn of(subject: &impl Subject) -> Self {
        let letters = tempfile::tempdir().expect("folder");
        let (dead, stats) = (Arc::new(DeadLetters::new(letters.path())), Arc::<Stats>::default());
        let (commands, inbox) = mpsc::channel(QUEUED);
        let task = OutputTask {
            output: subject.open(),
            dead: Arc::clone(&dead),
            stats: Arc::clone(&stats),
            patience: Some(PATIENCE),
        };
        let task = tokio::spawn(serve(task, inbox));
        let (pool, streams) = (Arc::default(), Arc::new(DataStreams::new("default")));
        Self { commands, pool, streams, stats, dead, task, _letters: letters }
    }

    fn writer(&self) -> BatchWriter {
        let (streams, pool) = (Arc::clone(&self.streams), Arc::clone(&self.pool));
        BatchWriter::new(streams, self.commands.clone(), pool, "contoso".into())
    }

    /// A cycle of a source, which takes several batches.
    fn cycle(&self, source: u16) -> tokio::task::JoinHandle<Result<(), Error>> {
        let mut writer = self.writer();
        tokio::spawn(async move {
            for number in 0..DOCUMENTS {
                push(&mut writer, source, number);
                if writer.is_full() {
                    writer.send().await?;
                }
            }
            writer.flush().await
        })
    }
}

/// Documents of a cycle: more than a batch holds.
const DOCUMENTS: u16 = 200;

fn document(source: u16, number: u16) -> String {
    let tail = "x".repeat(2000 + usize::from(number % 7));
    format!(r#"{{"source":{source},"number":{number},"dataset":{},"tail":"{tail}"}}"#, number % 2)
}

fn push(writer: &mut BatchWriter, source: u16, number: u16) {
    let id = super::share::id(source, number);
    writer.push(number % 2, id, document(source, number).as_bytes());
}

/// How often each document of these sources is there; others are not.
#[track_caller]
fn counts(subject: &impl Subject, sources: &[u16]) -> Vec<usize> {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for document in subject.found() {
        *found.entry(document).or_default() += 1;
    }
    let mut counts = Vec::new();
    for source in sources {
        counts.extend((0..DOCUMENTS).map(|number| found.remove(&document(*source, number)).unwrap_or_default()));
    }
    assert!(found.is_empty(), "documents that nobody sent: {:?}", found.keys().next());
    counts
}

#[track_caller]
fn check_all_once(subject: &impl Subject, sources: &[u16]) {
    let counts = counts(subject, sources);
    assert!(counts.iter().all(|count| *count == 1), "{counts:?}");
}

async fn everything_arrives_once_and_in_order<S: Subject>() {
    let subject = S::new().await;
    let sources = Sources::of(&subject);
    let cycles: Vec<_> = (1..4).map(|source| sources.cycle(source)).collect();
    for cycle in cycles {
        cycle.await.expect("ends").expect("delivered");
    }
    check_all_once(&subject, &[1, 2, 3]);
    assert_eq!(sources.stats.created(), 3 * u64::from(DOCUMENTS));
    let mut last: BTreeMap<(u64, u64), u64> = BTreeMap::new();
    for document in subject.found() {
        let document: serde_json::Value = serde_json::from_str(&document).expect("a whole document");
        let member = |name: &str| document[name].as_u64().expect("a number");
        let before = last.insert((member("source"), member("dataset")), member("number"));
        assert!(before.is_none_or(|before| before < member("number")), "{document} after {before:?}");
    }
    assert_eq!(sources.pool.under_way(), 0, "all memory is free again");
}

async fn a_trouble_that_passes_is_waited_for<S: Subject>() {
    let subject = S::new().await;
    let sources = Sources::of(&subject);
    subject.block(true);
    let cycle = sources.cycle(1);
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert!(!cycle.is_finished(), "acknowledged too early, or given up too early");
    assert!(counts(&subject, &[1]).contains(&0));
    let reasons = sources.stats.health.output().snapshot().reasons;
    assert!(!reasons.is_empty() || !sources.stats.output.troubles().is_empty(), "nobody hears of it");
    subject.block(false);
    cycle.await.expect("ends").expect("delivered");
    check_all_once(&subject, &[1]);
    assert_eq!(sources.stats.created(), u64::from(DOCUMENTS));
    assert_eq!(sources.pool.under_way(), 0, "all memory is free again");
}

async fn nothing_is_acknowledged_that_failed_and_the_same_again_gives_no_double<S: Subject>() {
    let subject = S::new().await;
    let sources = Sources::of(&subject);
    subject.break_down(true);
    sources.cycle(1).await.expect("ends").expect_err("it takes nothing");
    assert_eq!((subject.found(), sources.stats.created()), (vec![], 0));
    assert_eq!(sources.dead.counts(), [], "what is no document's fault makes no dead letters");
    subject.break_down(false);
    sources.cycle(1).await.expect("ends").expect("delivered");
    check_all_once(&subject, &[1]);
    // Whoever delivers the same once more learns that it was there, where the output can tell.
    sources.cycle(1).await.expect("ends").expect("delivered");
    let expected = if S::KNOWS_IDS { 1 } else { 2 };
    assert!(counts(&subject, &[1]).iter().all(|count| *count == expected));
}

async fn who_stops_in_the_middle_has_lost_nothing<S: Subject>() {
    let subject = S::new().await;
    let sources = Sources::of(&subject);
    subject.block(true);
    let cycle = sources.cycle(1);
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert!(!cycle.is_finished());
    cycle.abort();
    let _ = cycle.await;
    let Sources { commands, task, .. } = sources;
    drop(commands);
    tokio::time::timeout(Duration::from_secs(8), task).await.expect("in time").expect("ends");
    assert!(counts(&subject, &[1]).contains(&0));
    // The next process reads the same again.
    subject.block(false);
    let sources = Sources::of(&subject);
    sources.cycle(1).await.expect("ends").expect("delivered");
    let counts = counts(&subject, &[1]);
    assert!(counts.iter().all(|count| *count == 1 || (*count == 2 && !S::KNOWS_IDS)), "{counts:?}");
}

async fn refusals_are_told_of_each_document<S: Subject>() {
    let subject = S::new().await;
    subject.refuse(r#""number":7,"#);
    let sources = Sources::of(&subject);
    sources.cycle(1).await.expect("ends").expect("delivered");
    let mut counts = counts(&subject, &[1]);
    let refused = counts.remove(7);
    assert!(counts.iter().all(|count| *count == 1), "a refused document takes none along");
    let letters = sources.dead.counts();
    if S::REFUSES {
        assert_eq!((refused, sources.stats.created()), (0, u64::from(DOCUMENTS) - 1));
        assert_eq!(letters, [(schema::catalog()[1].definition.name, "refused".to_owned(), 1)]);
    } else {
        assert_eq!((refused, letters), (1, vec![]));
    }
}

async fn what_is_not_durable_is_not_acknowledged<S: Subject>() {
    let subject = S::new().await;
    let sources = Sources::of(&subject);
    sources.cycle(1).await.expect("ends").expect("delivered");
    check_all_once(&subject, &[1]);
    if subject.lose() {
        sources.cycle(2).await.expect("ends").expect_err("lost");
    }
}

async fn a_failed_cycle_takes_nobody_along<S: Subject>() {
    let subject = S::new().await;
    let sources = Sources::of(&subject);
    subject.break_down(true);
    let mut failed = sources.writer();
    push(&mut failed, 1, 0);
    failed.flush().await.expect_err("it takes nothing");
    subject.break_down(false);
    // What the failed cycle still sends is not delivered: it is read again.
    push(&mut failed, 1, 1);
    failed.send().await.expect_err("the cycle has failed");
    drop(failed);
    sources.cycle(2).await.expect("ends").expect("delivered");
    check_all_once(&subject, &[2]);
    assert_eq!(sources.pool.under_way(), 0, "all memory is free again");
}

/// A mock of a cluster.
struct ClusterSubject {
    cluster: Arc<mock::Cluster>,
    host: url::Url,
    facts: Arc<Mutex<ClusterFacts>>,
}

#[derive(Default)]
struct ClusterFacts {
    is_blocked: bool,
    is_broken: bool,
    refused: Option<&'static str>,
    known: BTreeSet<String>,
    found: Vec<String>,
}

impl ClusterFacts {
    fn item(&mut self, document: &Document) -> Option<(u16, &'static str, &'static str)> {
        let text = &document.source;
        let member = |name: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON")[name].as_u64();
        let dataset =
            schema::catalog()[usize::try_from(member("dataset").expect("dataset")).expect("index")].definition.name;
        assert_eq!(document.dataset(), dataset, "a document of another data stream");
        if self.is_broken {
            return Some((403, "security_exception", "action is unauthorized"));
        }
        if self.is_blocked && member("number").is_some_and(|number| number % 3 == 0) {
            return Some((429, "es_rejected_execution_exception", "queue full"));
        }
        if self.refused.is_some_and(|refused| text.contains(refused)) {
            return Some((400, "document_parsing_exception", "failed to parse"));
        }
        if self.known.insert(document.id.clone()) {
            self.found.push(text.clone());
        }
        None
    }
}

impl ClusterSubject {
    fn facts(&self) -> MutexGuard<'_, ClusterFacts> {
        self.facts.lock().expect("lock")
    }
}

impl Subject for ClusterSubject {
    const KNOWS_IDS: bool = true;
    const REFUSES: bool = true;

    async fn new() -> Self {
        let (cluster, host) = mock::Cluster::start().await;
        let facts = Arc::<Mutex<ClusterFacts>>::default();
        let told = Arc::clone(&facts);
        cluster.on_item(move |document| told.lock().expect("lock").item(document));
        Self { cluster, host, facts }
    }

    fn open(&self) -> AnyOutput {
        let mut output = mock::output(vec![self.host.clone()]);
        // Requests that are under way together overtake each other.
        output.max_concurrency = 1;
        AnyOutput::Elasticsearch(Client::new(&output).expect("client"))
    }

    fn found(&self) -> Vec<String> {
        let found = self.facts().found.clone();
        assert_eq!(found.len(), self.cluster.documents().len());
        found
    }

    fn block(&self, is_blocked: bool) {
        self.facts().is_blocked = is_blocked;
    }

    fn break_down(&self, is_broken: bool) {
        self.facts().is_broken = is_broken;
    }

    fn refuse(&self, text: &'static str) {
        self.facts().refused = Some(text);
    }

    fn lose(&self) -> bool {
        false
    }
}

/// Files on a disk of changing size.
struct FileSubject {
    folder: tempfile::TempDir,
    room: Room,
    locks: Mutex<Vec<std::fs::File>>,
}

impl FileSubject {
    fn paths(&self) -> impl Iterator<Item = std::path::PathBuf> {
        let name = |index: usize| schema::catalog()[index].definition.name;
        (0..2).map(move |index| self.folder.path().join(format!("logs-m365_security.{}-default.ndjson", name(index))))
    }
}

impl Subject for FileSubject {
    const KNOWS_IDS: bool = false;
    const REFUSES: bool = false;

    async fn new() -> Self {
        let room = Room(Arc::new(AtomicU64::new(u64::MAX)));
        Self { folder: tempfile::tempdir().expect("folder"), room, locks: Mutex::default() }
    }

    fn open(&self) -> AnyOutput {
        let mut files = Files::new(&FileOutput::new(self.folder.path().to_owned())).expect("directory");
        files.room = Some(self.room.clone());
        AnyOutput::File(files)
    }

    fn found(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (index, path) in self.paths().enumerate() {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            assert!(text.is_empty() || text.ends_with('\n'), "half a line");
            for line in text.lines() {
                assert!(line.contains(&format!(r#""dataset":{index},"#)), "a document of another data stream");
                found.push(line.to_owned());
            }
        }
        found
    }

    fn block(&self, is_blocked: bool) {
        self.room.0.store(if is_blocked { 100_000 } else { u64::MAX }, Ordering::Relaxed);
    }

    /// Another process writes to the same files.
    fn break_down(&self, is_broken: bool) {
        let mut locks = self.locks.lock().expect("lock");
        locks.clear();
        if is_broken {
            for path in self.paths() {
                let file = std::fs::File::options().create(true).append(true).open(path).expect("file");
                file.lock().expect("locked");
                locks.push(file);
            }
        }
    }

    fn refuse(&self, _: &'static str) {}

    /// The device is gone, which is found when it is synced.
    fn lose(&self) -> bool {
        self.room.0.store(Room::LOST, Ordering::Relaxed);
        true
    }
}

/// A pipe that somebody reads, or does not.
#[derive(Clone, Default)]
struct PipeSubject(Arc<Mutex<Pipe>>);

#[derive(Default)]
struct Pipe {
    written: Vec<u8>,
    /// What the reader has.
    flushed: usize,
    /// Bytes that it takes, if it does not take all.
    room: Option<usize>,
    is_broken: bool,
    is_lost: bool,
}

impl Write for PipeSubject {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let pipe = &mut *self.0.lock().expect("lock");
        if pipe.is_broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let fits = pipe.room.unwrap_or(usize::MAX).min(bytes.len());
        if fits == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        pipe.room = pipe.room.map(|room| room - fits);
        pipe.written.extend_from_slice(&bytes[..fits]);
        Ok(fits)
    }

    fn flush(&mut self) -> io::Result<()> {
        let pipe = &mut *self.0.lock().expect("lock");
        if pipe.is_lost {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        pipe.flushed = pipe.written.len();
        Ok(())
    }
}

impl Subject for PipeSubject {
    const KNOWS_IDS: bool = false;
    const REFUSES: bool = false;

    async fn new() -> Self {
        Self::default()
    }

    fn open(&self) -> AnyOutput {
        // Whoever reads finds the end of the former process's pipe.
        let written = &mut self.0.lock().expect("lock").written;
        if written.last().is_some_and(|byte| *byte != b'\n') {
            written.push(b'\n');
        }
        AnyOutput::Stdout(Stdout::to(Box::new(self.clone()), false))
    }

    /// Whole documents: what was given up within one ends with a line feed before the next.
    fn found(&self) -> Vec<String> {
        let pipe = self.0.lock().expect("lock");
        let text = String::from_utf8(pipe.written[..pipe.flushed].to_vec()).expect("text");
        text.lines().filter(|line| line.ends_with('}')).map(str::to_owned).collect()
    }

    fn block(&self, is_blocked: bool) {
        self.0.lock().expect("lock").room = is_blocked.then_some(100_001);
    }

    fn break_down(&self, is_broken: bool) {
        self.0.lock().expect("lock").is_broken = is_broken;
    }

    fn refuse(&self, _: &'static str) {}

    fn lose(&self) -> bool {
        self.0.lock().expect("lock").is_lost = true;
        true
    }
}
