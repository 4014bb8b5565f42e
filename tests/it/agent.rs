//! The component's side of the agent's protocol against agents that are not ours to forgive: the fake agent with the rules
//! of a real one, and a server made from Elastic's official descriptors.

mod client;
mod documents;
mod ends;
mod figures;
mod gate;
mod growth;
mod naive;
mod official;
mod official_program;
mod order;
mod outages;
mod processes;
mod scenarios;
mod scene;
mod secrets;
mod soak;
mod traps;
