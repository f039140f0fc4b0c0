//! The lines of a text file as spreadsheets write it, whatever its encoding and its line ends, one at a time.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use encoding_rs::WINDOWS_1252;
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};
use memchr::{memchr, memchr_iter};

/// How much is read at once.
const READ_BYTES: usize = 256 * 1024;

/// The most of a line that is looked at; no number is anywhere near as long.
pub(in crate::command) const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The head of the input, which was looked at, and the rest.
type Decoded<R> = Chain<Cursor<Vec<u8>>, DecodeReaderBytes<R, Vec<u8>>>;

/// Reads lines: UTF-16 by its mark, otherwise UTF-8, and a line that is none as Windows-1252.
pub(in crate::command) struct Lines<R: Read> {
    reader: BufReader<Decoded<R>>,
    /// What ends a line: a line feed, or where the file begins without any a carriage return.
    end: u8,
    /// A line that does not lie within what was read at once.
    line: Vec<u8>,
}

/// One line without its end.
pub(in crate::command) struct Line<'a> {
    pub(in crate::command) text: Cow<'a, str>,
    /// Whether it is longer than [`LINE_BYTES_MAX`], and the rest of it was passed over.
    pub(in crate::command) is_cut: bool,
}

impl<R: Read> Lines<R> {
    pub(in crate::command) fn of(input: R) -> io::Result<Self> {
        let mut encodings = DecodeReaderBytesBuilder::new();
        let mut decoded = encodings.bom_override(true).strip_bom(true).utf8_passthru(true).build(input);
        let mut head = Vec::new();
        decoded.by_ref().take(READ_BYTES as u64).read_to_end(&mut head)?;
        let end = line_end(&head);
        let whole = Cursor::new(head).chain(decoded);
        Ok(Self { reader: BufReader::with_capacity(READ_BYTES, whole), end, line: Vec::new() })
    }

    /// Hands every line to `on_line`, in order, until it says that it is enough.
    pub(in crate::command) fn each<E: From<io::Error>>(
        &mut self,
        mut on_line: impl FnMut(Line<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            let read = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if read.is_empty() {
                return if self.line.is_empty() { Ok(()) } else { on_line(line(&self.line)) };
            }
            let mut begin = 0;
            for at in memchr_iter(self.end, read) {
                if self.line.is_empty() {
                    on_line(line(&read[begin..at]))?;
                } else {
                    keep(&mut self.line, &read[begin..at]);
                    on_line(line(&self.line))?;
                    self.line.clear();
                }
                begin = at + 1;
            }
            keep(&mut self.line, &read[begin..]);
            let consumed = read.len();
            self.reader.consume(consumed);
        }
    }
}

fn line_end(head: &[u8]) -> u8 {
    let is_without = memchr(b'\n', head).is_none() && memchr(b'\r', head).is_some();
    if is_without { b'\r' } else { b'\n' }
}

/// One byte more than the most is kept, which tells that there were more.
fn keep(line: &mut Vec<u8>, more: &[u8]) {
    let room = (LINE_BYTES_MAX + 1).saturating_sub(line.len());
    line.extend_from_slice(&more[..more.len().min(room)]);
}

fn line(bytes: &[u8]) -> Line<'_> {
    let is_cut = bytes.len() > LINE_BYTES_MAX;
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
    };
    Line { text, is_cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        Lines::of(input)
            .unwrap()
            .each(|line| {
                lines.push(line.text.into_owned());
                io::Result::Ok(())
            })
            .unwrap();
        lines
    }

    #[test]
    fn every_line_end_ends_a_line() {
        assert_eq!(lines(b"a\nb\n"), ["a", "b"]);
        assert_eq!(lines(b"a\r\nb\r\n"), ["a", "b"]);
        assert_eq!(lines(b"a\rb\r"), ["a", "b"]);
        assert_eq!(lines(b"a\n\n\nb"), ["a", "", "", "b"]);
        assert_eq!(lines(b"a\rb\nc"), ["a\rb", "c"]);
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn what_spreadsheets_write_is_read() {
        let text = "55 1234 5678 ñ\r\n\u{201c}55\u{201d}\r\n";
        let expected = ["55 1234 5678 ñ", "\u{201c}55\u{201d}"];
        let utf16 = |bytes_of: fn(u16) -> [u8; 2]| -> Vec<u8> {
            ['\u{feff}']
                .into_iter()
                .chain(text.chars())
                .collect::<String>()
                .encode_utf16()
                .flat_map(bytes_of)
                .collect()
        };
        assert_eq!(lines(text.as_bytes()), expected);
        assert_eq!(lines(&[b"\xef\xbb\xbf", text.as_bytes()].concat()), expected);
        assert_eq!(lines(&utf16(u16::to_le_bytes)), expected);
        assert_eq!(lines(&utf16(u16::to_be_bytes)), expected);
        assert_eq!(lines(b"55 1234 5678 \xf1\r\n\x9355\x94\r\n"), expected);
        // Of a file that was put together from two, each line is read as what it is.
        assert_eq!(
            lines("ñ\n".as_bytes().iter().chain(b"\xf1\n").copied().collect::<Vec<_>>().as_slice()),
            ["ñ", "ñ"]
        );
    }

    #[test]
    fn a_line_across_reads_is_whole_and_one_without_end_takes_no_more_than_it_may() {
        let long = "5".repeat(READ_BYTES + 10);
        let input = format!("1\n{long}\n2");
        assert_eq!(lines(input.as_bytes()), ["1", long.as_str(), "2"]);

        let endless = b"5".repeat(LINE_BYTES_MAX + 5);
        let mut seen = Vec::new();
        Lines::of(&[endless.as_slice(), b"\n7"].concat()[..])
            .unwrap()
            .each(|line| {
                seen.push((line.text.len(), line.is_cut));
                io::Result::Ok(())
            })
            .unwrap();
        assert_eq!(seen, [(LINE_BYTES_MAX + 1, true), (1, false)]);
    }
}
