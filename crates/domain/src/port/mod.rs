//! The ports: what the domain asks of the world. Each method's comment states what an implementation owes.

mod source;

pub use source::*;
