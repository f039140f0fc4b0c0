//! One compressed file.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::folder::{create, partial};
use crate::manifest::FileEntry;

/// Hardly smaller above this level, and several times slower: the load must not wait for it.
const LEVEL: i32 = 1;
/// Bytes of a file that are read at once.
const PIECE_BYTES: usize = 1 << 20;

/// A file that is being written. It has its name once it is whole.
pub(crate) struct PartFile {
    path: PathBuf,
    name: String,
    encoder: zstd::Encoder<'static, Hashed<BufWriter<File>>>,
}

impl PartFile {
    pub(crate) fn begin(folder: &Path, name: String, head: &[u8]) -> io::Result<Self> {
        let path = folder.join(&name);
        let file = Hashed::new(BufWriter::with_capacity(PIECE_BYTES, create(&partial(&path))?));
        let mut encoder = zstd::Encoder::new(file, LEVEL)?;
        encoder.include_checksum(true)?;
        encoder.write_all(head)?;
        Ok(Self { path, name, encoder })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.encoder.write_all(bytes)
    }

    /// Ends the file, and brings it to the disk.
    pub(crate) fn finish(mut self, tail: &[u8]) -> io::Result<FileEntry> {
        self.encoder.write_all(tail)?;
        let (file, bytes, sha256) = self.encoder.finish()?.into_parts();
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(partial(&self.path), &self.path)?;
        Ok(FileEntry { file: self.name, bytes, sha256 })
    }
}

/// Counts and hashes what goes through.
struct Hashed<W> {
    inner: W,
    bytes: u64,
    hash: Sha256,
}

impl<W> Hashed<W> {
    fn new(inner: W) -> Self {
        Self { inner, bytes: 0, hash: Sha256::new() }
    }

    fn into_parts(self) -> (W, u64, String) {
        (self.inner, self.bytes, hex::encode(self.hash.finalize()))
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += u64::try_from(written).unwrap_or(u64::MAX);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The size of a file and the SHA-256 of its bytes, in hex.
pub(crate) fn measure(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut sink = Hashed::new(io::sink());
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match file.read(&mut piece)? {
            0 => break,
            read => sink.write_all(&piece[..read])?,
        }
    }
    let (_, bytes, sha256) = sink.into_parts();
    Ok((bytes, sha256))
}
