//! Variables of inputs and streams, as Fleet's forms show them.

use options::{FormDefault, InputOption, Kind};
use serde_json::{Map, Value, json};

/// A variable. Declare one with `..TEXT` for the rest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    /// Widget: `text`, `bool`, `select`, `yaml`, `password`.
    pub(crate) kind: &'static str,
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    pub(crate) default: Preset,
    pub(crate) required: bool,
    /// Shown without a click on the advanced options.
    pub(crate) shown: bool,
    pub(crate) multi: bool,
    /// Value and label of each choice of a `select`.
    pub(crate) options: &'static [(&'static str, &'static str)],
}

/// Value that a variable starts with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Preset {
    None,
    Text(&'static str),
    Flag(bool),
    List(&'static [&'static str]),
}

/// An optional line of text.
pub(crate) const TEXT: Variable = Variable {
    name: "",
    kind: "text",
    title: "",
    description: "",
    default: Preset::None,
    required: false,
    shown: true,
    multi: false,
    options: &[],
};

impl Variable {
    /// The variable of an option of the component. What it begins with is for the stream to say where that is a dataset's
    /// matter.
    pub(crate) fn of(option: &InputOption) -> Self {
        let &InputOption { name, kind, title, description, default, is_secret, is_required, is_shown } = option;
        let widget = match kind {
            Kind::Text if is_secret => "password",
            Kind::Text | Kind::List => "text",
            Kind::Flag => "bool",
            Kind::Choice(_) => "select",
            Kind::Yaml => "yaml",
        };
        let default = match default {
            FormDefault::None | FormDefault::Interval | FormDefault::Lookback => Preset::None,
            FormDefault::Text(text) => Preset::Text(text),
            FormDefault::Off => Preset::Flag(false),
            FormDefault::List(list) => Preset::List(list),
        };
        let options = if let Kind::Choice(words) = kind { words } else { &[] };
        Self {
            name,
            kind: widget,
            title,
            description,
            default,
            required: is_required,
            shown: is_shown,
            multi: kind == Kind::List,
            options,
        }
    }

    /// As a manifest declares it.
    pub(crate) fn manifest(&self) -> Value {
        let mut out = Map::new();
        out.insert("name".into(), self.name.into());
        out.insert("type".into(), self.kind.into());
        out.insert("title".into(), self.title.into());
        out.insert("description".into(), self.description.into());
        out.insert("multi".into(), self.multi.into());
        out.insert("required".into(), self.required.into());
        out.insert("show_user".into(), self.shown.into());
        if self.kind == "password" {
            out.insert("secret".into(), true.into());
        }
        if !self.options.is_empty() {
            let option = |(value, text): &(&str, &str)| json!({ "value": value, "text": text });
            out.insert("options".into(), self.options.iter().map(option).collect());
        }
        match self.default {
            Preset::None => {}
            Preset::Text(text) => drop(out.insert("default".into(), text.into())),
            Preset::Flag(flag) => drop(out.insert("default".into(), flag.into())),
            Preset::List(list) => drop(out.insert("default".into(), list.into())),
        }
        Value::Object(out)
    }
}

/// All variables as a manifest declares them.
pub(crate) fn manifests(variables: &[Variable]) -> Value {
    variables.iter().map(Variable::manifest).collect()
}

/// Options as a manifest declares them.
pub(crate) fn options(options: &[InputOption]) -> Value {
    options.iter().map(|option| Variable::of(option).manifest()).collect()
}
