//! Secrets that stand in files, as container platforms mount them.

use std::fs::File;
use std::io::Read;

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

/// The largest file that is taken for a secret.
const SECRET_BYTES_MAX: usize = 16 * 1024;

/// The secret in the file at `path`, without the line's end that editors leave behind it.
///
/// The reason of a failure does not repeat the path: a secret put in its place by mistake would be shown.
pub(crate) fn read(path: &str) -> Result<SecretString, String> {
    // Room for all of it from the start: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(SECRET_BYTES_MAX + 1));
    File::open(path)
        .and_then(|file| file.take(SECRET_BYTES_MAX as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    if bytes.len() > SECRET_BYTES_MAX {
        return Err(format!("it is larger than {SECRET_BYTES_MAX} bytes"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    Ok(secret.into())
}
