//! Rows as the source file holds them: untyped, in any storage class, before any rule has looked at them.
//!
//! `numeros.db` declares its columns as text but keeps integers, reals and blobs in them, so a value carries
//! the class it was stored in. A [`SourceBatch`] owns the bytes of many rows in one buffer; nothing is
//! allocated a row or a field.

/// The columns of the table `numeros`, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(usize)]
pub enum SourceColumn {
    /// Primary key, the resume key of an import.
    Id,
    /// The number as a person or a program wrote it.
    Numero,
    /// The number as the first list had it.
    Campo1Original,
    /// Full name.
    Nombre,
    /// Filler: NULL, `SIN`, `SN` or something like a tax id.
    Campo3,
    /// Street address.
    Direccion,
    /// Neighbourhood.
    Colonia,
    /// Municipality as the CSV had it.
    MunicipioCsv,
    /// State by the education ministry's catalogue; mostly NULL.
    EstadoSep,
    /// Municipality by the same catalogue.
    MunicipioSep,
    /// State by the regulator's catalogue.
    EstadoCof,
    /// Municipality by the regulator's catalogue.
    MunicipioCof,
    /// The first three digits, which the source took for the area code.
    Lada,
    /// City the source derived from that.
    CiudadPorLada,
    /// The source's own verdict.
    EsValido,
    /// When the source took the row in.
    FechaMigracion,
}

impl SourceColumn {
    /// Every column, in the table's order.
    pub const ALL: [Self; 16] = [
        Self::Id,
        Self::Numero,
        Self::Campo1Original,
        Self::Nombre,
        Self::Campo3,
        Self::Direccion,
        Self::Colonia,
        Self::MunicipioCsv,
        Self::EstadoSep,
        Self::MunicipioSep,
        Self::EstadoCof,
        Self::MunicipioCof,
        Self::Lada,
        Self::CiudadPorLada,
        Self::EsValido,
        Self::FechaMigracion,
    ];

    /// The column's name in the file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Numero => "numero",
            Self::Campo1Original => "campo1_original",
            Self::Nombre => "nombre",
            Self::Campo3 => "campo3",
            Self::Direccion => "direccion",
            Self::Colonia => "colonia",
            Self::MunicipioCsv => "municipio_csv",
            Self::EstadoSep => "estado_sep",
            Self::MunicipioSep => "municipio_sep",
            Self::EstadoCof => "estado_cof",
            Self::MunicipioCof => "municipio_cof",
            Self::Lada => "lada",
            Self::CiudadPorLada => "ciudad_por_lada",
            Self::EsValido => "es_valido",
            Self::FechaMigracion => "fecha_migracion",
        }
    }
}

/// One stored value, in the storage class it was found in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SourceValue<'a> {
    /// NULL.
    Null,
    /// A 64-bit integer.
    Integer(i64),
    /// A double.
    Real(f64),
    /// Text as stored: the bytes may be no UTF-8.
    Text(&'a [u8]),
    /// A blob.
    Blob(&'a [u8]),
}

#[derive(Debug, Clone, Copy)]
enum Stored {
    Null,
    Integer(i64),
    Real(f64),
    Text { start: u32, len: u32 },
    Blob { start: u32, len: u32 },
}

/// Some consecutive rows of the source, by ascending id.
#[derive(Clone, Default)]
pub struct SourceBatch {
    bytes: Vec<u8>,
    values: Vec<Stored>,
}

/// Shows the size alone: the rows are people.
impl std::fmt::Debug for SourceBatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SourceBatch")
            .field("rows", &self.len())
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl SourceBatch {
    /// The most bytes of text and blobs that one batch holds; a reader hands a batch on when it is near.
    pub const BYTES_MAX: usize = 64 << 20;

    /// An empty batch with room for `rows` rows.
    #[must_use]
    pub fn with_capacity(rows: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(rows * 160),
            values: Vec::with_capacity(rows * SourceColumn::ALL.len()),
        }
    }

    /// Appends one row: its sixteen values in the order of [`SourceColumn::ALL`].
    ///
    /// # Panics
    /// When one value alone is larger than 4 GiB, which no SQLite file holds.
    pub fn push(&mut self, row: [SourceValue<'_>; 16]) {
        for value in row {
            let stored = match value {
                SourceValue::Null => Stored::Null,
                SourceValue::Integer(value) => Stored::Integer(value),
                SourceValue::Real(value) => Stored::Real(value),
                SourceValue::Text(bytes) => {
                    let (start, len) = self.keep(bytes);
                    Stored::Text { start, len }
                }
                SourceValue::Blob(bytes) => {
                    let (start, len) = self.keep(bytes);
                    Stored::Blob { start, len }
                }
            };
            self.values.push(stored);
        }
    }

    fn keep(&mut self, bytes: &[u8]) -> (u32, u32) {
        let start = u32::try_from(self.bytes.len());
        let len = u32::try_from(bytes.len());
        let (Ok(start), Ok(len)) = (start, len) else { panic!("a batch holds less than 4 GiB") };
        self.bytes.extend_from_slice(bytes);
        (start, len)
    }

    /// Rows held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() / SourceColumn::ALL.len()
    }

    /// Whether no row is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Bytes of text and blobs held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The rows, in the source's order.
    #[must_use]
    pub fn rows(&self) -> impl ExactSizeIterator<Item = SourceRow<'_>> {
        (0..self.len()).map(|at| SourceRow { batch: self, at })
    }
}

/// One row of a [`SourceBatch`].
#[derive(Debug, Clone, Copy)]
pub struct SourceRow<'a> {
    batch: &'a SourceBatch,
    at: usize,
}

impl<'a> SourceRow<'a> {
    /// The value in `column`.
    #[must_use]
    pub fn get(self, column: SourceColumn) -> SourceValue<'a> {
        let bytes = |start: u32, len: u32| &self.batch.bytes[start as usize..][..len as usize];
        match self.batch.values[self.at * SourceColumn::ALL.len() + column as usize] {
            Stored::Null => SourceValue::Null,
            Stored::Integer(value) => SourceValue::Integer(value),
            Stored::Real(value) => SourceValue::Real(value),
            Stored::Text { start, len } => SourceValue::Text(bytes(start, len)),
            Stored::Blob { start, len } => SourceValue::Blob(bytes(start, len)),
        }
    }

    /// The row's primary key, the key an import resumes by.
    #[must_use]
    pub fn id(self) -> i64 {
        match self.get(SourceColumn::Id) {
            SourceValue::Integer(id) => id,
            SourceValue::Null | SourceValue::Real(_) | SourceValue::Text(_) | SourceValue::Blob(_) => {
                unreachable!("an INTEGER PRIMARY KEY holds integers alone")
            }
        }
    }
}

/// What identifies a source file, so that an import is resumed against the file that it began with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceDescription {
    /// The file's name without its folder.
    pub file_name: String,
    /// Where it is, whole; `None` where that was not kept.
    pub path: Option<String>,
    /// Its size in bytes.
    pub file_bytes: u64,
    /// SHA-256 in hex over the size, SQLite's header with its change counter, and the rows' count and last id.
    pub fingerprint: String,
    /// Rows of `numeros`.
    pub rows: u64,
    /// The greatest id of `numeros`; 0 when it has no row.
    pub last_id: i64,
}

/// One row of the source's `estadisticas_migracion`, its own account of how it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceStatistics {
    /// Primary key in the source.
    pub id: i64,
    /// Rows read then.
    pub total_processed: Option<i64>,
    /// Rows it held valid.
    pub total_valid: Option<i64>,
    /// Rows it held double.
    pub total_duplicates: Option<i64>,
    /// Rows with a city. An 8-byte little-endian blob in the real file.
    pub total_with_city: Option<i64>,
    /// Area codes it knew.
    pub ladas_found: Option<i64>,
    /// Area codes it did not.
    pub ladas_missing: Option<i64>,
    /// Seconds it took.
    pub took_seconds: Option<f64>,
    /// The file it was made from.
    pub source_file: Option<String>,
    /// When, as written.
    pub migrated_at: Option<String>,
}

/// One row of the source's `ladas_faltantes`: a prefix that its list of area codes did not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingLada {
    /// The prefix.
    pub lada: String,
    /// Rows that begin with it.
    pub rows: Option<i64>,
    /// Some of their numbers, as written.
    pub examples: Option<String>,
    /// When it was noticed, as written.
    pub detected_at: Option<String>,
}
