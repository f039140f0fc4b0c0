//! The section `[passwords]`.

use std::num::NonZeroUsize;

use crate::raw::{RawSettings, entry};
use crate::reader::{Reader, Refused};

/// The least of memory (KiB) times iterations, that of the last of the settings OWASP's Password Storage Cheat Sheet
/// holds equally strong (7168 KiB, 5 iterations, 1 lane).
const WORK_MIN: u64 = 7168 * 5;

/// What a password must be and what its hash costs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PasswordsSettings {
    /// Memory one hash takes, in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub iterations: u32,
    /// Lanes the memory is cut into.
    pub lanes: u32,
    /// How many are hashed at once; whoever comes beyond waits.
    pub hashes_at_once_max: NonZeroUsize,
    /// How many wait for that; whoever comes beyond is told to come again.
    pub hashes_waiting_max: usize,
    /// The fewest characters of a new password.
    pub length_min: usize,
    /// The most characters of a new password.
    pub length_max: usize,
}

pub(crate) fn read(reader: &mut Reader<'_>, raw: &RawSettings) -> Result<PasswordsSettings, Refused> {
    let memory = entry!(raw, passwords.memory_kib);
    let memory_kib = reader.whole(memory, 7168..=1024 * 1024, "KiB");
    let iterations = reader.whole(entry!(raw, passwords.iterations), 1..=16, "a number of iterations");
    let lanes = reader.whole(entry!(raw, passwords.lanes), 1..=4, "a number of lanes");
    let at_once = reader.whole(entry!(raw, passwords.hashes_at_once_max), 1_u8..=64, "a number of hashes");
    let waiting = reader.whole(entry!(raw, passwords.hashes_waiting_max), 1_u16..=1000, "a number of hashes");
    let shortest = reader.whole(entry!(raw, passwords.length_min), 8_u16..=64, "a number of characters");
    let longest = reader.whole(entry!(raw, passwords.length_max), 64_u16..=1024, "a number of characters");

    let (memory_kib, iterations) = (memory_kib?, iterations?);
    if u64::from(memory_kib) * u64::from(iterations) < WORK_MIN {
        return Err(reader.refuse(
            memory.key,
            "makes hashes too cheap to guess with passwords.iterations as it is",
            &format!("raise either until their product is at least {WORK_MIN}, as in 19456 and 2"),
        ));
    }
    Ok(PasswordsSettings {
        memory_kib,
        iterations,
        lanes: lanes?,
        hashes_at_once_max: NonZeroUsize::new(at_once?.into()).unwrap_or(NonZeroUsize::MIN),
        hashes_waiting_max: waiting?.into(),
        length_min: shortest?.into(),
        length_max: longest?.into(),
    })
}
