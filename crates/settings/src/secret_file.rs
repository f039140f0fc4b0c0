//! Secrets that stand in files, as container platforms mount them.

use std::fs::{self, File};
use std::io::Read;

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

/// The largest file that is taken for a secret.
const SECRET_BYTES_MAX: usize = 16 * 1024;

/// The secrets in the files of a directory, by their names; names that begin with a dot are the platform's own.
pub(crate) fn read_all(directory: &str, most: usize) -> Result<Vec<(String, SecretString)>, String> {
    let mut secrets = Vec::new();
    for file in fs::read_dir(directory).map_err(|error| error.to_string())? {
        let path = file.map_err(|error| error.to_string())?.path();
        let name = path.file_name().and_then(|name| name.to_str()).ok_or("a name is not UTF-8")?;
        if name.starts_with('.') {
            continue;
        }
        if secrets.len() == most {
            return Err(format!("there are more than {most}"));
        }
        let at = path.to_str().ok_or("the path is not UTF-8")?;
        secrets.push((name.to_owned(), read(at)?));
    }
    Ok(secrets)
}

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
