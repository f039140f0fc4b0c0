//! How busy the machine is.

/// The load averages of 1, 5 and 15 minutes, where the system tells.
pub(crate) fn averages() -> Option<String> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    Some(text.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
}
