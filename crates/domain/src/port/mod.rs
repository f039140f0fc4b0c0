//! The ports: what the domain asks of the world. Each method's comment states what an implementation owes.

mod cache;
mod clock;
mod contact;
mod gateway;
mod identity;
mod import;
mod queue;
mod receipt;
mod session;
mod source;
mod store;

pub use cache::*;
pub use clock::*;
pub use contact::*;
pub use gateway::*;
pub use identity::*;
pub use import::*;
pub use queue::*;
pub use receipt::*;
pub use session::*;
pub use source::*;
pub use store::*;
