//! The `file:` URI by which SQLite opens a path, on any system.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

/// The URI that opens `path` for reading alone, never creating it; `immutable` also takes no locks and looks for
/// nothing beside it.
pub(crate) fn read_only_uri(path: &Path, immutable: bool) -> io::Result<String> {
    let path = std::path::absolute(path)?;
    let mut uri = encode(path.as_os_str().as_encoded_bytes(), cfg!(windows));
    uri.push_str("?mode=ro");
    if immutable {
        uri.push_str("&immutable=1");
    }
    Ok(uri)
}

/// Percent-encodes an absolute path; with `windows`, backslashes are separators and a drive letter or a share leads.
fn encode(path: &[u8], windows: bool) -> String {
    let mut plain = path.to_vec();
    if windows {
        for byte in &mut plain {
            if *byte == b'\\' {
                *byte = b'/';
            }
        }
        // The verbatim forms know no forward slashes; the plain ones mean the same file.
        if let Some(share) = plain.strip_prefix(b"//?/UNC/") {
            plain = [b"//", share].concat();
        } else if let Some(drive) = plain.strip_prefix(b"//?/") {
            plain = drive.to_vec();
        }
        if plain.first() != Some(&b'/') {
            plain.insert(0, b'/');
        }
    }
    let mut uri = String::with_capacity(plain.len() + 32);
    uri.push_str("file://");
    for byte in plain {
        if byte.is_ascii_alphanumeric() || b"-._~/:".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_either_system_become_uris() {
        assert_eq!(encode(b"/data/a b/50% #1?.db", false), "file:///data/a%20b/50%25%20%231%3F.db");
        assert_eq!(encode("/datos/señor.db".as_bytes(), false), "file:///datos/se%C3%B1or.db");
        assert_eq!(encode(b"/odd\\name.db", false), "file:///odd%5Cname.db");
        assert_eq!(
            encode(b"C:\\Users\\Ana Ruiz\\numeros.db", true),
            "file:///C:/Users/Ana%20Ruiz/numeros.db"
        );
        assert_eq!(encode(b"\\\\?\\C:\\numeros.db", true), "file:///C:/numeros.db");
        assert_eq!(encode(b"\\\\nas\\datos\\numeros.db", true), "file:////nas/datos/numeros.db");
        assert_eq!(encode(b"\\\\?\\UNC\\nas\\datos\\n.db", true), "file:////nas/datos/n.db");
    }
}
