//! Random bytes from the operating system, for passwords and ports.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;

use crate::failure::{Doing, Failure};

/// `N` bytes that nobody can guess.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .doing(|| "read /dev/urandom".into())?;
    Ok(bytes)
}

/// A password of 128 bits in hexadecimal digits, so that no URL, shell or file needs to quote it.
pub(crate) fn password() -> Result<String, Failure> {
    Ok(bytes::<16>()?.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
