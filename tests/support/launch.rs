//! Starting the server process, and making sure that it ends with this one.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::java::Jdk;
use super::{Part, cache, environment, tool};

const NOBODY: u32 = 65534;
const HEAP: &str = "-Xmx640m";
const POLL: Duration = Duration::from_millis(200);
/// 20 s on an idle machine; a cold one that also compiles needs its time.
const START_LIMIT: Duration = Duration::from_mins(4);

/// A running server.
pub(super) struct Process {
    pub(super) url: String,
    /// Leads the process group of the server.
    pub(super) pid: u32,
    /// Closing it, also by the death of this process, lets the guard end the server and remove its data.
    _guard: ChildStdin,
}

/// Starts the server of `home` on a fresh data folder and a free port, and waits until it answers.
pub(super) fn start(home: &Path, jdk: &Jdk) -> Result<Process> {
    let data = data_folder()?;
    let mut guard = spawn_guard(&data).inspect_err(|_| drop(fs::remove_dir(&data)))?;
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    configure(home, &data, port)?;
    if environment::is_root() {
        give_away(&data)?;
    }
    let mut server = command(home, &data, jdk)?.spawn().context("cannot start elasticsearch")?;
    writeln!(guard, "{}", server.id())?;
    wait_until_ready(&mut server, port)
        .with_context(|| format!("elasticsearch in {} did not start\n{}", home.display(), log_tail(&data)))?;
    Ok(Process { url: format!("http://127.0.0.1:{port}"), pid: server.id(), _guard: guard })
}

fn data_folder() -> Result<PathBuf> {
    let temporary = std::env::temp_dir();
    cache::check_reachable(&temporary, "TMPDIR")?;
    let mut attempt = 0;
    loop {
        let folder = temporary.join(format!("m365-elasticsearch-{}-{attempt}", std::process::id()));
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => attempt += 1,
            Err(error) => return Err(error).with_context(|| format!("cannot create {}", folder.display())),
        }
    }
}

/// A shell in a process group of its own, so that Ctrl-C does not take it along: it reads the server's process group,
/// waits for the end of this process, kills the group and removes the data. Nothing in there is worth a clean shutdown.
fn spawn_guard(data: &Path) -> Result<ChildStdin> {
    let script = r#"read -r group; cat; [ -z "$group" ] || kill -s KILL -- "-$group"; sleep 0.2; rm -rf -- "$0""#;
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).arg(data).process_group(0);
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = shell.spawn().context("cannot start sh")?;
    child.stdin.context("the guard has no input")
}

fn configure(home: &Path, data: &Path, port: u16) -> Result<()> {
    for folder in ["config/jvm.options.d", "data", "logs", "tmp"] {
        fs::create_dir_all(data.join(folder))?;
    }
    let config = data.join("config");
    let options = fs::read_to_string(home.join("config/jvm.options"))?;
    let kept = options.lines().filter(|line| !line.contains("Xlog:gc") && !line.contains("HeapDump"));
    fs::write(config.join("jvm.options"), kept.collect::<Vec<_>>().join("\n"))?;
    fs::copy(home.join("config/log4j2.properties"), config.join("log4j2.properties"))?;
    let small =
        ["-Xms128m", HEAP, "-XX:-AlwaysPreTouch", "-XX:-UseG1GC", "-XX:+UseSerialGC", "-XX:-UsePerfData"].join("\n");
    fs::write(config.join("jvm.options.d/test.options"), small + "\n")?;
    let data = data.display();
    let settings = format!(
        "cluster.name: test\nnode.name: n1\ndiscovery.type: single-node\nhttp.host: 127.0.0.1\nhttp.port: {port}\n\
         transport.host: 127.0.0.1\ntransport.port: 0\npath.data: {data}/data\npath.logs: {data}/logs\n\
         xpack.security.enabled: false\ncluster.routing.allocation.disk.threshold_enabled: false\n"
    );
    fs::write(config.join("elasticsearch.yml"), settings)?;
    Ok(())
}

/// The trimmed distribution has no start script: its launcher class is called the way the script does.
fn command(home: &Path, data: &Path, jdk: &Jdk) -> Result<Command> {
    let java = jdk.tool("java");
    let mut command = if environment::is_root() {
        let mut drop = Command::new(tool::find("setpriv", Part::Elasticsearch)?);
        drop.args([&format!("--reuid={NOBODY}"), &format!("--regid={NOBODY}"), "--clear-groups"]).arg(&java);
        drop
    } else {
        Command::new(&java)
    };
    let newer = home.join("lib/tools/server-launcher");
    let (class, path) = if newer.is_dir() {
        ("org.elasticsearch.server.launcher.ServerLauncher", format!("{}/*", newer.display()))
    } else {
        ("org.elasticsearch.launcher.CliToolLauncher", format!("{0}/lib/*:{0}/lib/cli-launcher/*", home.display()))
    };
    command.args(["-Xmx64m", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Dcli.name=server"]);
    command.args(["-Dcli.script=elasticsearch", "-Dcli.libs=lib/tools/server-cli"]);
    command.args(["-Des.distribution.type=zip", "-Des.java.type=x"]);
    command.arg(format!("-Des.path.home={}", home.display()));
    command.arg(format!("-Des.path.conf={}/config", data.display())).args(["-cp", &path, class]);
    command.env("ES_HOME", home).env("ES_PATH_CONF", data.join("config")).env("ES_TMPDIR", data.join("tmp"));
    command.env("ES_DISTRIBUTION_TYPE", "zip").env("JAVA_TYPE", "JAVA_HOME").env("HOSTNAME", "test").env("JAVA", &java);
    command.env("JAVA_HOME", &jdk.home).env_remove("ES_JAVA_OPTS").env_remove("JAVA_TOOL_OPTIONS");
    let out = File::create(data.join("logs/out.log"))?;
    command.current_dir(home).stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out).process_group(0);
    Ok(command)
}

#[expect(clippy::disallowed_methods, reason = "no runtime is running here: the start is shared by tests with one each")]
fn wait_until_ready(server: &mut Child, port: u16) -> Result<()> {
    let mut waited = Duration::ZERO;
    while waited < START_LIMIT {
        if let Some(status) = server.try_wait()? {
            bail!("it ended with {status}");
        }
        if healthy(port) {
            return Ok(());
        }
        std::thread::sleep(POLL);
        waited += POLL;
    }
    bail!("no answer within {} s", START_LIMIT.as_secs())
}

fn healthy(port: u16) -> bool {
    let ask = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(b"GET /_cluster/health?wait_for_status=yellow&timeout=5s HTTP/1.0\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.take(64).read_to_end(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.windows(5).any(|bytes| bytes == b" 200 "))
}

/// Root's server runs as nobody, who must own what it writes.
fn give_away(path: &Path) -> Result<()> {
    std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY))?;
    if path.is_dir() {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
        for entry in fs::read_dir(path)? {
            give_away(&entry?.path())?;
        }
    }
    Ok(())
}

fn log_tail(data: &Path) -> String {
    let log = fs::read_to_string(data.join("logs/out.log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
