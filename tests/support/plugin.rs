//! Compiling the stand-in plugin (`tests/elasticsearch/plugin`) for one server.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::java::Jdk;
use super::{Stack, repository, tool};

/// The plugin's files for one stack.
pub(super) struct Sources {
    stack: Stack,
    java: Vec<PathBuf>,
    resources: Vec<PathBuf>,
}

impl Sources {
    pub(super) fn read(stack: Stack) -> Result<Self> {
        let root = repository().join("tests/elasticsearch/plugin");
        let own = match stack {
            Stack::V8 => "v8/standin",
            Stack::V9 => "v9/standin",
        };
        let mut java = files(&root.join("common/standin"))?;
        java.extend(files(&root.join(own))?);
        Ok(Self { stack, java, resources: files(&root.join("resources"))? })
    }

    /// Changes with every byte of the plugin and of this recipe, so that an edited plugin gets a home of its own.
    pub(super) fn fingerprint(&self) -> String {
        let mut hasher = DefaultHasher::new();
        include_str!("plugin.rs").hash(&mut hasher);
        for path in self.java.iter().chain(&self.resources) {
            path.file_name().hash(&mut hasher);
            fs::read(path).unwrap_or_default().hash(&mut hasher);
        }
        format!("{:016x}", hasher.finish())
    }
}

/// Compiles the plugin against the server in `home` and puts it there.
pub(super) fn install(sources: &Sources, home: &Path, jdk: &Jdk) -> Result<()> {
    let folder = home.join("plugins/standin");
    let classes = home.join("plugin-classes");
    fs::create_dir_all(&folder)?;
    fs::create_dir_all(&classes)?;
    let mut compiler = Command::new(jdk.tool("javac"));
    compiler.args(["-nowarn", "-proc:none", "--release", &sources.stack.java().to_string(), "-cp"]);
    compiler.arg(home.join("lib/*")).arg("-d").arg(&classes).args(&sources.java);
    tool::run(&mut compiler).context("cannot compile the stand-in plugin")?;
    for file in &sources.resources {
        fs::copy(file, classes.join(file.file_name().unwrap_or_default()))?;
    }
    fs::write(classes.join("missing-processors.txt"), missing_processors(home))?;
    let mut jar = Command::new(jdk.tool("jar"));
    jar.arg("cf").arg(folder.join("standin.jar")).arg("-C").arg(&classes).arg(".");
    tool::run(&mut jar).context("cannot pack the stand-in plugin")?;
    fs::write(folder.join("plugin-descriptor.properties"), descriptor(sources.stack))?;
    fs::remove_dir_all(&classes)?;
    Ok(())
}

/// Processors of modules that the trimmed distribution left out; the plugin registers only these.
fn missing_processors(home: &Path) -> String {
    let present = |module: &str| home.join("modules").join(module).is_dir();
    // The module of the user agent has another name in each major version.
    let processors = [("geoip", ["ingest-geoip", "geoip"]), ("user_agent", ["ingest-user-agent", "user-agent"])];
    let missing = processors.iter().filter(|(_, modules)| !modules.iter().any(|module| present(module)));
    missing.map(|(processor, _)| *processor).collect::<Vec<_>>().join("\n")
}

/// The server refuses a plugin that names another version than its own.
fn descriptor(stack: Stack) -> String {
    format!(
        "description=stand-ins for what the trimmed distribution lacks\nversion=1\nname=standin\n\
         classname=standin.StandInPlugin\njava.version={}\nelasticsearch.version={}\n",
        stack.java(),
        stack.version()
    )
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    Ok(files)
}
