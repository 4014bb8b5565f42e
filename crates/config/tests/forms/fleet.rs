//! What Kibana's Fleet does with a package's form: variables into templates, the outcome read as YAML, and the parts put
//! together to the input that an agent receives, where every number is a double.

use std::fs;
use std::path::Path;

use handlebars::{Context, Handlebars, Helper, HelperResult, Output, RenderContext, no_escape};
use serde_json::{Map, Value, json};

/// The input that the form is for.
const INPUT: &str = "m365_security";

/// The files of a package that a form is made of.
pub(crate) struct Package {
    manifest: Value,
    input: String,
    streams: Vec<DataStream>,
}

struct DataStream {
    dataset: String,
    form: Value,
    template: String,
}

impl Package {
    /// Reads a package's source.
    pub(crate) fn read(folder: &Path) -> Self {
        let text = |path: &Path| fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let yaml = |path: &Path| -> Value { serde_saphyr::from_str(&text(path)).expect("YAML") };
        let manifest = yaml(&folder.join("manifest.yml"));
        let mut streams = Vec::new();
        let mut folders: Vec<_> = fs::read_dir(folder.join("data_stream"))
            .expect("data streams")
            .map(|it| it.expect("a folder").path())
            .collect();
        folders.sort();
        for folder in folders {
            let about = yaml(&folder.join("manifest.yml"));
            let forms = about["streams"].as_array().into_iter().flatten();
            for form in forms.filter(|form| form["input"] == INPUT) {
                let template = folder.join("agent/stream").join(form["template_path"].as_str().expect("a path"));
                let dataset = about["dataset"].as_str().expect("a dataset").to_owned();
                streams.push(DataStream { dataset, form: form.clone(), template: text(&template) });
            }
        }
        let template = Self::input(&manifest)["template_path"].as_str().expect("a template").to_owned();
        Self { input: text(&folder.join("agent/input").join(template)), manifest, streams }
    }

    fn input(manifest: &Value) -> &Value {
        let inputs = manifest["policy_templates"][0]["inputs"].as_array().expect("inputs");
        inputs.iter().find(|input| input["type"] == INPUT).expect("our input")
    }

    /// The words of a choice of the form.
    pub(crate) fn choices(&self, name: &str) -> Vec<String> {
        let variables = Self::input(&self.manifest)["vars"].as_array().expect("variables");
        let variable = variables.iter().find(|variable| variable["name"] == name).expect("the variable");
        let words = variable["options"].as_array().expect("a choice");
        words.iter().map(|word| word["value"].as_str().expect("a word").to_owned()).collect()
    }

    /// The input of a policy whose form holds these values, and the defaults for the rest.
    pub(crate) fn policy(&self, values: &Map<String, Value>, of_streams: &Map<String, Value>) -> Value {
        let above = [&self.manifest["vars"], &Self::input(&self.manifest)["vars"]];
        let known: Vec<&Value> = above.into_iter().chain(self.streams.iter().map(|it| &it.form["vars"])).collect();
        for name in values.keys().chain(of_streams.keys()) {
            let is_known =
                known.iter().any(|vars| vars.as_array().is_some_and(|it| it.iter().any(|v| v["name"] == **name)));
            assert!(is_known, "the form has no field {name}");
        }
        let mut source = compile(&self.input, &above, values);
        source["id"] = format!("{INPUT}-{INPUT}-0f4f").into();
        source["type"] = INPUT.into();
        source["name"] = "Contoso".into();
        source["revision"] = 3.into();
        source["data_stream"] = json!({"namespace": "soc"});
        source["package_policy_id"] = "0f4f".into();
        source["use_output"] = "default".into();
        source["meta"] = json!({"package": {"name": "m365_security", "version": self.manifest["version"]}});
        source["policy"] = json!({"revision": 7});
        let stream = |stream: &DataStream| {
            let vars = [above[0], above[1], &stream.form["vars"]];
            let mut all = values.clone();
            all.extend(of_streams.clone());
            let mut compiled = compile(&stream.template, &vars, &all);
            compiled["id"] = format!("{INPUT}-{}-0f4f", stream.dataset).into();
            compiled["data_stream"] = json!({"type": "logs", "dataset": stream.dataset});
            compiled
        };
        source["streams"] = self.streams.iter().map(stream).collect();
        doubles(source)
    }
}

/// As `compileTemplate` of Fleet.
fn compile(template: &str, forms: &[&Value], values: &Map<String, Value>) -> Value {
    let (mut variables, mut pieces) = (Map::new(), Vec::new());
    for variable in forms.iter().flat_map(|form| form.as_array().expect("variables")) {
        let name = variable["name"].as_str().expect("a name");
        let value = values.get(name).unwrap_or(&variable["default"]).clone();
        let is_empty = value.is_null() || value == "";
        assert!(!is_empty || variable["required"] != true, "the form cannot be saved without {name}");
        let value = match variable["type"].as_str().expect("a type") {
            "yaml" if is_empty => Value::Null,
            "yaml" => {
                let placeholder = format!("##{name}##");
                let piece: Value = serde_saphyr::from_str(value.as_str().expect("text")).expect("the form checks YAML");
                pieces.push((placeholder.clone(), piece));
                format!("\"{placeholder}\"").into()
            }
            // A secret is a reference until it reaches the agent.
            "password" if !is_empty => {
                assert_eq!(variable["secret"], true, "{name}");
                let reference = format!("$co.elastic.secret{{{name}}}");
                pieces.push((reference.clone(), value));
                reference.into()
            }
            _ => value,
        };
        variables.insert(name.to_owned(), value);
    }
    let mut fleet = Handlebars::new();
    fleet.register_escape_fn(no_escape);
    fleet.register_helper("escape_string", Box::new(escape_string));
    let rendered = fleet.render_template(template, &Value::Object(variables)).expect("renders");
    // At the beginning of a line a piece of YAML is put in as text.
    let rendered = pieces.iter().fold(rendered, |text, (placeholder, piece)| {
        let text_of_piece = serde_saphyr::to_string(piece).expect("YAML");
        text.replace(&format!("\n\"{placeholder}\""), &format!("\n{text_of_piece}"))
    });
    let mut parsed: Value = serde_saphyr::from_str(&rendered).unwrap_or_else(|error| panic!("{error}\n{rendered}"));
    assert!(parsed.is_object(), "Fleet cannot read an empty template");
    resolve(&mut parsed, &pieces);
    parsed
}

fn resolve(value: &mut Value, pieces: &[(String, Value)]) {
    match value {
        Value::String(text) => {
            if let Some((_, piece)) = pieces.iter().find(|(placeholder, _)| placeholder == text) {
                *value = piece.clone();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| resolve(item, pieces)),
        Value::Object(members) => members.values_mut().for_each(|member| resolve(member, pieces)),
        _ => {}
    }
}

/// Fleet's helper of this name: single quotes, or double ones where there is a line break.
fn escape_string(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let text = helper.param(0).and_then(|param| param.value().as_str()).unwrap_or_default();
    if text.is_empty() {
        return Ok(());
    }
    if text.contains('\n') {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        return Ok(out.write(&format!("\"{text}\""))?);
    }
    Ok(out.write(&format!("'{}'", text.replace('\'', "''")))?)
}

/// Protobuf's `Struct` has no other numbers.
fn doubles(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().map_or(Value::Null, Value::from),
        Value::Array(items) => items.into_iter().map(doubles).collect(),
        Value::Object(members) => members.into_iter().map(|(key, value)| (key, doubles(value))).collect(),
        other => other,
    }
}
