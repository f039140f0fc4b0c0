//! The ports: what the domain asks of the world. Each method's comment states what an implementation owes.

mod clock;
mod contact;
mod identity;
mod import;
mod source;
mod store;

pub use clock::*;
pub use contact::*;
pub use identity::*;
pub use import::*;
pub use source::*;
pub use store::*;
