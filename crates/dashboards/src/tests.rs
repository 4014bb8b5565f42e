//! Laws over the saved objects of all dashboards, and what makes them.

mod expressions;
mod laws;
mod objects;
mod sample;
mod shipped;
