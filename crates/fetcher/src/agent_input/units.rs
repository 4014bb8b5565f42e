//! The agent's units as they are configured, and what they want together.

use std::collections::BTreeMap;
use std::path::PathBuf;

use agent::{Unit, UnitKey, UnitType};
use collect::flow::Assignment;
use config::TenantConfig;
use config::policy::{self, InputUnit, OutputUnit};
use output::settings::ElasticOutput;
use serde_json::Value;

use super::delivery::Shipper;
use super::redact;

/// Every unit that the agent wants.
#[derive(Debug)]
pub(super) struct Units {
    /// Folder of the component, below which a state lies that has no place of its own.
    data: PathBuf,
    inputs: BTreeMap<UnitKey, Input>,
    outputs: BTreeMap<UnitKey, Output>,
    /// Where inputs were collected that are wanted no more.
    former: BTreeMap<UnitKey, Place>,
    /// Counts the outputs' configurations.
    number: u64,
}

/// An input unit.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) unit: Unit,
    /// What it says, or what is wrong with it.
    pub(super) read: Result<Box<InputUnit>, String>,
    /// Another input stands in its way.
    pub(super) clash: Option<String>,
}

/// An output unit.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) unit: Unit,
    /// What it says, or what is wrong with it.
    pub(super) read: Result<Box<OutputUnit>, String>,
    number: u64,
}

/// Where a tenant is collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) state: PathBuf,
    pub(super) cloud: String,
    pub(super) tenant: String,
}

/// What all units want together.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Where documents go, and the number of this configuration.
    pub(super) output: Option<(ElasticOutput, u64)>,
    /// Whom to collect, by state directory.
    pub(super) tenants: BTreeMap<PathBuf, Assignment>,
}

impl Units {
    /// No units yet.
    pub(super) fn new(data: PathBuf) -> Self {
        Self { data, inputs: BTreeMap::new(), outputs: BTreeMap::new(), former: BTreeMap::new(), number: 0 }
    }

    /// A unit has this configuration from now on.
    pub(super) fn set(&mut self, unit: Unit) {
        let key = unit.key.clone();
        redact::remember(&unit.config.source);
        let source = Value::Object(unit.config.source.clone());
        match key.unit_type {
            UnitType::Input => {
                let read = policy::input(&source).map(Box::new).map_err(|errors| errors.to_string());
                if let Ok(input) = &read
                    && !input.unknown.is_empty()
                {
                    tracing::warn!(unit = &*key.id, options = input.unknown.join(", "), "options that nobody knows");
                }
                self.former.remove(&key);
                self.inputs.insert(key, Input { unit, read, clash: None });
            }
            UnitType::Output => {
                let read = policy::output(&source).map(Box::new).map_err(|errors| errors.to_string());
                if let Ok(output) = &read
                    && !output.ignored.is_empty()
                {
                    tracing::debug!(
                        unit = &*key.id,
                        options = output.ignored.join(", "),
                        "options of the output that have no meaning here"
                    );
                }
                self.number += 1;
                self.outputs.insert(key, Output { unit, read, number: self.number });
            }
            UnitType::Unknown(_) => {}
        }
    }

    /// A unit is wanted no more.
    pub(super) fn remove(&mut self, key: &UnitKey) {
        if let Some(Input { read: Ok(input), .. }) = self.inputs.get(key) {
            let place = self.place(input);
            self.former.insert(key.clone(), place);
        }
        self.inputs.remove(key);
        self.outputs.remove(key);
    }

    /// The former unit has ended.
    pub(super) fn forget(&mut self, key: &UnitKey) {
        self.former.remove(key);
    }

    pub(super) fn inputs(&self) -> impl Iterator<Item = &Input> {
        self.inputs.values()
    }

    /// The output units; an agent sends one.
    pub(super) fn outputs(&self) -> impl Iterator<Item = &Output> {
        self.outputs.values()
    }

    /// Where a tenant is collected that may not be any more: nowhere, if another input collects it by now.
    pub(super) fn place_of_former(&self, key: &UnitKey) -> Option<&Place> {
        let former = self.former.get(key)?;
        let is_taken = self
            .inputs
            .values()
            .any(|input| input.clash.is_none() && input.read.as_ref().is_ok_and(|read| self.place(read) == *former));
        (!is_taken).then_some(former)
    }

    /// The unit that each tenant belongs to, for log lines.
    pub(super) fn names(&self) -> BTreeMap<String, String> {
        let of_input = |input: &Input| {
            let tenant = input.read.as_ref().ok().filter(|_| input.clash.is_none())?.tenant.id.clone();
            Some((tenant, input.unit.key.id.to_string()))
        };
        self.inputs.values().filter_map(of_input).collect()
    }

    /// Where an input is collected.
    pub(super) fn place(&self, input: &InputUnit) -> Place {
        Place {
            state: input.state.clone().unwrap_or_else(|| self.data.join("state")),
            cloud: input.tenant.cloud.name.clone(),
            tenant: input.tenant.id.clone(),
        }
    }

    /// What the units want together. Of two inputs in each other's way the first one is collected.
    pub(super) fn wanted(&mut self, shipper: &Shipper) -> Wanted {
        let mut tenants: BTreeMap<PathBuf, Assignment> = BTreeMap::new();
        let mut taken: Vec<UnitKey> = Vec::new();
        let keys: Vec<UnitKey> = self.inputs.keys().cloned().collect();
        for key in keys {
            let Some(Input { read: Ok(input), .. }) = self.inputs.get(&key) else { continue };
            let clash = taken.iter().find_map(|other| match self.inputs.get(other) {
                Some(Input { read: Ok(other), .. }) => policy::clash(other, input),
                _ => None,
            });
            if clash.is_none() {
                let tenant = TenantConfig {
                    delivery: shipper.delivery(input),
                    http: Some(input.http.clone()),
                    ..input.tenant.clone()
                };
                tenants.entry(self.place(input).state).or_default().tenants.push(tenant);
                taken.push(key.clone());
            }
            if let Some(input) = self.inputs.get_mut(&key) {
                input.clash = clash;
            }
        }
        let output = self.outputs.values().next_back();
        let output = output.and_then(|output| Some((output.read.as_ref().ok()?.output.clone(), output.number)));
        Wanted { output, tenants }
    }
}
