//! The options of the input `m365_security` of Elastic Agent, described once: the generator makes Fleet's form and the
//! package's templates from them, the configuration reads a policy by them, and messages call them as the form does.
//!
//! A crate of its own without dependencies: the generator must not wait for the collector, and a changed title must not
//! rebuild the datasets.

mod input;
mod package;
mod stream;
#[cfg(test)]
mod tests;

pub use self::input::INPUT_OPTIONS;
pub use self::package::PACKAGE_OPTIONS;
pub use self::stream::STREAM_OPTIONS;

/// The input's `type` in a policy. It holds no slash, because a component's id becomes a folder, and does not end in
/// `beat`, which Elastic Agent takes for a program of its own.
pub const INPUT: &str = "m365_security";
/// The program, and the stem of its spec file. The agent finds the one beside the other by this name.
pub const PROGRAM: &str = "m365-fetcher";
/// The spec file's name.
pub const SPEC_FILE: &str = "m365-fetcher.spec.yml";
/// The spec file: version 2 of Elastic Agent's component specification.
pub const SPEC: &str = include_str!("../m365-fetcher.spec.yml");
/// Key and value that keep the input a process of its own where a policy makes OpenTelemetry the default runtime. The agent
/// takes the key away before the input sees it.
pub const RUNTIME: (&str, &str) = ("_runtime_experimental", "process");

/// An option of the input. Declare one with `..TEXT` for the rest.
#[derive(Debug, Clone, Copy)]
pub struct InputOption {
    /// Its key in a policy, and the name of the package's variable.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What Fleet's form calls it.
    pub title: &'static str,
    /// What it means, for people.
    pub description: &'static str,
    /// What the form begins with.
    pub default: FormDefault,
    /// Fleet keeps the value as a secret: policies and forms do not show it.
    pub is_secret: bool,
    /// The form cannot be saved without it.
    pub is_required: bool,
    /// The form shows it without a click on the advanced options.
    pub is_shown: bool,
}

/// What an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A line of text.
    Text,
    /// Yes or no.
    Flag,
    /// One of these words, each with its label.
    Choice(&'static [(&'static str, &'static str)]),
    /// Lines of text.
    List,
    /// A piece of YAML.
    Yaml,
}

/// What the form begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormDefault {
    /// Nothing.
    None,
    /// A text, or one word of a choice.
    Text(&'static str),
    /// No.
    Off,
    /// Lines.
    List(&'static [&'static str]),
    /// The dataset's own time between two polls.
    Interval,
    /// The dataset's own first look back.
    Lookback,
}

/// An optional line of text.
const TEXT: InputOption = InputOption {
    name: "",
    kind: Kind::Text,
    title: "",
    description: "",
    default: FormDefault::None,
    is_secret: false,
    is_required: false,
    is_shown: false,
};

/// Every option: those of the package, of the input and of its streams.
pub fn all() -> impl Iterator<Item = &'static InputOption> {
    PACKAGE_OPTIONS.iter().chain(INPUT_OPTIONS).chain(STREAM_OPTIONS)
}

/// The option as messages name it, for who sees the form and for who writes a policy: `Client id (client_id)`. A key that is
/// no option is named alone.
pub fn label(name: &str) -> String {
    match all().find(|option| option.name == name) {
        Some(option) => format!("{} ({name})", option.title),
        None => name.to_owned(),
    }
}
