//! What the four kinds of server have in common.

use std::process::Command;
use std::time::Duration;

use crate::failure::Failure;
use crate::services::ground::Ground;
use crate::services::state::Port;

/// One server of a set. Ports and passwords are the set's; a server has no memory of its own.
pub(crate) trait Server {
    /// Names its folder, its pid file and its log.
    fn name(&self) -> &'static str;

    /// As people call it.
    fn title(&self) -> &'static str;

    /// The names of its executable and of those it starts for itself: by these, or by the mark of what was started
    /// for it, one that nobody remembers is recognised in the set's folder.
    fn executables(&self) -> &'static [&'static str];

    /// Every port it listens on.
    fn ports(&self) -> &'static [Port];

    /// The signal that asks it to end in good order.
    fn stop_signal(&self) -> &'static str;

    /// How long it may take from start to first answer on a busy machine.
    fn patience(&self) -> Duration;

    /// How often a start that ends early is tried again.
    fn attempts_max(&self) -> u32;

    /// Writes what the server reads at start, and returns the command that starts it.
    fn prepare(&self, ground: &Ground) -> Result<Command, Failure>;

    /// Asks the server something that only a ready one answers; the error says what came instead.
    fn probe(&self, ground: &Ground) -> Result<(), String>;
}
