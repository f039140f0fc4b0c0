//! PostgreSQL's binary COPY format, written straight into one buffer.
//!
//! About a third of the time of the driver's own writer, which boxes every value.

use bytes::{BufMut, Bytes, BytesMut};
use uuid::Uuid;

/// What stands before the rows.
pub(crate) const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What stands behind them.
pub(crate) const TAIL: &[u8] = &(-1_i16).to_be_bytes();
const POSTGRES_EPOCH_UNIX_MICROS: i64 = 946_684_800_000_000;

/// Rows in binary COPY format. Every row begins with [`CopyBuffer::row`] and holds as many fields as it says there.
pub(crate) struct CopyBuffer {
    bytes: BytesMut,
    rows: u64,
}

impl CopyBuffer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        let mut buffer = BytesMut::with_capacity(bytes);
        buffer.put_slice(HEAD);
        Self { bytes: buffer, rows: 0 }
    }

    /// Rows begun.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Begins a row of `fields` fields.
    pub(crate) fn row(&mut self, fields: i16) {
        self.bytes.put_i16(fields);
        self.rows += 1;
    }

    pub(crate) fn null(&mut self) {
        self.bytes.put_i32(-1);
    }

    pub(crate) fn bigint(&mut self, value: i64) {
        self.bytes.put_i32(8);
        self.bytes.put_i64(value);
    }

    pub(crate) fn optional_bigint(&mut self, value: Option<i64>) {
        match value {
            Some(value) => self.bigint(value),
            None => self.null(),
        }
    }

    pub(crate) fn boolean(&mut self, value: bool) {
        self.bytes.put_i32(1);
        self.bytes.put_u8(u8::from(value));
    }

    pub(crate) fn uuid(&mut self, value: Uuid) {
        self.bytes.put_i32(16);
        self.bytes.put_slice(value.as_bytes());
    }

    pub(crate) fn timestamptz(&mut self, value: Option<jiff::Timestamp>) {
        self.optional_bigint(value.map(|value| value.as_microsecond() - POSTGRES_EPOCH_UNIX_MICROS));
    }

    pub(crate) fn text(&mut self, value: Option<&str>) {
        match value {
            Some(value) => {
                // A batch of source rows holds at most 64 MiB, far below what an i32 counts.
                self.bytes.put_i32(i32::try_from(value.len()).unwrap_or(i32::MAX));
                self.bytes.put_slice(value.as_bytes());
            }
            None => self.null(),
        }
    }

    /// A value of `jsonb`, as text.
    pub(crate) fn jsonb(&mut self, value: &str) {
        // The first version of its format.
        self.bytes.put_i32(i32::try_from(value.len() + 1).unwrap_or(i32::MAX));
        self.bytes.put_u8(1);
        self.bytes.put_slice(value.as_bytes());
    }

    /// Bytes that were written and not taken yet.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Takes what was written so far.
    pub(crate) fn take(&mut self) -> Bytes {
        self.bytes.split().freeze()
    }

    /// What is left, ended by the trailer.
    pub(crate) fn finish(&mut self) -> Bytes {
        self.bytes.put_slice(TAIL);
        self.take()
    }
}
