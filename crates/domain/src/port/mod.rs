//! The ports: what the domain asks of the world. Each method's comment states what an implementation owes.

mod backup;
mod cache;
mod campaign;
mod census;
mod clock;
mod contact;
mod dispatch;
mod gateway;
mod identity;
mod import;
mod numbering;
mod queue;
mod search;
mod session;
mod source;
mod store;

pub use backup::*;
pub use cache::*;
pub use campaign::*;
pub use census::*;
pub use clock::*;
pub use contact::*;
pub use dispatch::*;
pub use gateway::*;
pub use identity::*;
pub use import::*;
pub use numbering::*;
pub use queue::*;
pub use search::*;
pub use session::*;
pub use source::*;
pub use store::*;
