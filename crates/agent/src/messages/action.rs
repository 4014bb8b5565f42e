//! The messages of the stream of actions.

use prost::{Enumeration, Message};
use prost_types::Timestamp;

/// `ActionRequest.Type`: what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enumeration)]
#[repr(i32)]
pub enum ActionType {
    /// An action of Fleet.
    Custom = 0,
    /// Diagnostics.
    Diagnostics = 1,
}

/// `ActionRequest.Level`: of what diagnostics are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enumeration)]
#[repr(i32)]
pub enum ActionLevel {
    /// Everything; agents that do not know levels ask for this.
    All = 0,
    /// The component as a whole.
    Component = 1,
    /// One unit.
    Unit = 2,
}

/// `ActionResponse.Status`: how it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enumeration)]
#[repr(i32)]
pub enum ActionStatus {
    /// Well.
    Success = 0,
    /// Not well; the result says why.
    Failed = 1,
}

/// `ActionRequest`: the agent asks for something.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
#[prost(skip_debug)]
pub struct ActionRequest {
    /// Id of the action, which its answer carries.
    #[prost(string, tag = "1")]
    pub id: String,
    /// Name of the action.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Parameters, JSON.
    #[prost(bytes = "vec", tag = "3")]
    pub params: Vec<u8>,
    /// Id of the unit that it is about.
    #[prost(string, tag = "4")]
    pub unit_id: String,
    /// `UnitType` of that unit: 0 an input, 1 an output.
    #[prost(int32, tag = "5")]
    pub unit_type: i32,
    /// What is asked for.
    #[prost(enumeration = "ActionType", tag = "6")]
    pub r#type: i32,
    /// Of what diagnostics are asked for.
    #[prost(enumeration = "ActionLevel", tag = "7")]
    pub level: i32,
}

/// `ActionResponse`: the answer.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct ActionResponse {
    /// The token of the start-up info; a secret.
    #[prost(string, tag = "1")]
    pub token: String,
    /// Id of the action.
    #[prost(string, tag = "2")]
    pub id: String,
    /// How it went.
    #[prost(enumeration = "ActionStatus", tag = "3")]
    pub status: i32,
    /// Result, JSON.
    #[prost(bytes = "vec", tag = "4")]
    pub result: Vec<u8>,
    /// Files of diagnostics.
    #[prost(message, repeated, tag = "5")]
    pub diagnostic: Vec<DiagnosticResult>,
}

/// `ActionDiagnosticUnitResult`: one file of diagnostics.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub struct DiagnosticResult {
    /// Name of what is in it.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Name of the file.
    #[prost(string, tag = "2")]
    pub filename: String,
    /// What is in it.
    #[prost(string, tag = "3")]
    pub description: String,
    /// Media type.
    #[prost(string, tag = "4")]
    pub content_type: String,
    /// The file.
    #[prost(bytes = "vec", tag = "5")]
    pub content: Vec<u8>,
    /// When it was made.
    #[prost(message, optional, tag = "6")]
    pub generated: Option<Timestamp>,
}
