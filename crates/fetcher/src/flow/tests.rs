//! Laws of the flow.
