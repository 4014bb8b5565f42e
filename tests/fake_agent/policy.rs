//! What somebody wants of a component: the part of an agent's policy that concerns it.

use agent::messages::UnitExpectedConfig;
use serde_json::{Map, Value};

use super::expected;

/// One output, and the inputs that deliver to it.
#[derive(Debug, Clone)]
pub struct Policy {
    output: Map<String, Value>,
    inputs: Vec<Map<String, Value>>,
}

/// A unit of it.
#[derive(Clone)]
pub struct UnitSpec {
    /// Id of the unit.
    pub id: String,
    /// 0 an input, 1 an output, anything else is of a later agent.
    pub unit_type: i32,
    /// The configuration.
    pub config: UnitExpectedConfig,
    /// `UnitLogLevel`.
    pub log_level: i32,
}

impl Policy {
    /// Without inputs.
    ///
    /// # Panics
    /// When the output is no object.
    pub fn new(output: Value) -> Self {
        Self { output: object(output), inputs: Vec::new() }
    }

    /// With one input more.
    ///
    /// # Panics
    /// When it is no object.
    #[must_use]
    pub fn input(mut self, input: Value) -> Self {
        self.inputs.push(object(input));
        self
    }

    /// Its units in a component of that id: those of the inputs are `<component>-<input id>`, that of the output has the
    /// component's id. What is for the agent itself is taken out of the maps.
    pub fn units(&self, component: &str) -> Vec<UnitSpec> {
        let mut output = self.output.clone();
        let log_level = take_level(&mut output);
        output.remove("enabled");
        // The typed copies of an output name its type alone.
        let mut config = expected::config(&output);
        config.id.clear();
        config.name.clear();
        let output = UnitSpec { id: component.to_owned(), unit_type: 1, config, log_level };
        let inputs = self.inputs.iter().map(|input| {
            let mut input = input.clone();
            let log_level = take_level(&mut input);
            for name in ["use_output", "enabled", "_runtime_experimental"] {
                input.remove(name);
            }
            let config = expected::config(&input);
            UnitSpec { id: format!("{component}-{}", config.id), unit_type: 0, config, log_level }
        });
        std::iter::once(output).chain(inputs).collect()
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("inputs and outputs are objects, this is not: {other}"),
    }
}

fn take_level(source: &mut Map<String, Value>) -> i32 {
    let level = source.remove("log_level");
    match level.as_ref().and_then(Value::as_str) {
        Some("error") => 0,
        Some("warning") => 1,
        Some("debug") => 3,
        Some("trace") => 4,
        _ => 2,
    }
}
