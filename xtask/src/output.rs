//! Lines on standard output; everything meant for people while they wait goes to standard error.

use std::io::{self, Write};

/// Prints a line; a reader that went away (`… | head`) is not an error.
pub(crate) fn line(text: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
