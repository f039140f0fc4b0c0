//! The files of extracts, written as they are read: of none more than a page is in memory.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::sync::Arc;

use actix_web::web::Bytes;
use domain::extract::{Extract, ExtractFormat, ExtractedNumber};
use domain::port::{ExtractStore, StoreError};
use futures::stream::{self, Stream};
use rust_xlsxwriter::{Workbook, XlsxError};

use crate::problem::Problem;
use crate::spreadsheet::{self, cell};

/// Numbers that are read at once.
const PAGE_NUMBERS: u32 = 5_000;
/// Bytes of a workbook that are read at once.
const CHUNK_BYTES: usize = 65_536;

pub(super) fn media_type(format: ExtractFormat) -> &'static str {
    match format {
        ExtractFormat::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ExtractFormat::Csv => "text/csv; charset=utf-8",
        ExtractFormat::Txt => "text/plain; charset=utf-8",
    }
}

/// The country's code and the ten digits.
fn number(number: &ExtractedNumber) -> String {
    format!("52{}", number.phone.national())
}

/// The numbers of an extract behind a position. That there are none left before its end is an error: its time has ended while it
/// was read, and a part must not be taken for the whole.
async fn page(
    extracts: &dyn ExtractStore,
    extract: &Extract,
    after: u32,
) -> Result<Vec<ExtractedNumber>, StoreError> {
    let page = extracts.numbers(extract.id, after, PAGE_NUMBERS).await?;
    let is_next = page.first().is_some_and(|first| first.position == after + 1);
    if is_next || after == extract.numbers + extract.seeds {
        return Ok(page);
    }
    let doing = format!("read extract {}", extract.id.0);
    Err(StoreError::Conflict { doing, reason: "its time has ended, and its numbers are gone".to_owned() })
}

/// A file of lines, page by page.
pub(super) fn lines(
    extracts: Arc<dyn ExtractStore>,
    extract: Extract,
) -> impl Stream<Item = Result<Bytes, StoreError>> {
    stream::try_unfold(0, move |after: u32| {
        let (extracts, extract) = (Arc::clone(&extracts), extract.clone());
        async move {
            let page = page(&*extracts, &extract, after).await?;
            let Some(last) = page.last() else { return Ok(None) };
            let next = last.position;
            Ok(Some((Bytes::from(written(&page, extract.format, after == 0)), next)))
        }
    })
}

fn written(page: &[ExtractedNumber], format: ExtractFormat, is_first: bool) -> Vec<u8> {
    if format == ExtractFormat::Txt {
        return page.iter().flat_map(|one| format!("{}\r\n", number(one)).into_bytes()).collect();
    }
    let head = is_first.then(|| ["Number".to_owned(), "Content".to_owned()]);
    let place = |one: &ExtractedNumber| cell(one.place.as_deref().unwrap_or_default());
    spreadsheet::written(head.into_iter().chain(page.iter().map(|one| [number(one), place(one)])))
}

/// A workbook, written to a file without a name and read from there.
pub(super) async fn workbook(
    extracts: &dyn ExtractStore,
    extract: &Extract,
) -> Result<impl Stream<Item = Result<Bytes, std::io::Error>> + use<>, Problem> {
    let unwritten = |error: XlsxError| Problem::ours(&error);
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory().map_err(unwritten)?;
    sheet.write_string(0, 0, "Number").map_err(unwritten)?;
    sheet.write_string(0, 1, "Content").map_err(unwritten)?;
    let mut after = 0;
    loop {
        let page = page(extracts, extract, after).await?;
        let Some(last) = page.last() else { break };
        after = last.position;
        for one in &page {
            sheet.write_string(one.position, 0, number(one)).map_err(unwritten)?;
            // Within a workbook a text is no formula, whatever it begins with.
            sheet
                .write_string(one.position, 1, one.place.as_deref().unwrap_or_default())
                .map_err(unwritten)?;
        }
    }
    let written = tokio::task::spawn_blocking(move || -> Result<std::fs::File, XlsxError> {
        let mut file = tempfile::tempfile()?;
        workbook.save_to_writer(&mut file)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    });
    let file = written.await.map_err(|error| Problem::ours(&error))?.map_err(unwritten)?;
    Ok(stream::try_unfold(file, |mut file| async move {
        let read = tokio::task::spawn_blocking(move || {
            let mut chunk = vec![0; CHUNK_BYTES];
            let length = file.read(&mut chunk)?;
            chunk.truncate(length);
            Ok::<_, std::io::Error>((chunk, file))
        });
        let (chunk, file) = read.await.map_err(std::io::Error::other)??;
        Ok((!chunk.is_empty()).then(|| (Bytes::from(chunk), file)))
    }))
}

#[cfg(test)]
mod tests {
    use domain::extract::{ExtractId, Pick};
    use domain::phone::PhoneNumber;
    use domain::port::MockExtractStore;
    use futures::TryStreamExt as _;
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn store(numbers: u32) -> Arc<dyn ExtractStore> {
        let mut store = MockExtractStore::new();
        store.expect_numbers().returning(move |_, after, limit| {
            let one = |position: u32| ExtractedNumber {
                position,
                phone: PhoneNumber::parse(&format!("55{:08}", 10_000_000 + position)).unwrap(),
                place: match position {
                    1 => Some("=cmd|' /C calc'!A0".to_owned()),
                    2 => Some("Mérida, Centro \"Norte\"".to_owned()),
                    3 => None,
                    _ => Some("Tijuana".to_owned()),
                },
            };
            Ok((after + 1..=numbers.min(after + limit)).map(one).collect())
        });
        Arc::new(store)
    }

    fn extract(numbers: u32, format: ExtractFormat) -> Extract {
        Extract {
            id: ExtractId(Uuid::nil()),
            segment: serde_json::from_str(r#"{"all":[]}"#).unwrap(),
            saved_segment: None,
            numbers,
            seeds: 0,
            pick: Pick::Random,
            unused_within_days: 0,
            format,
            created_by: "ana".to_owned(),
            created_at: Timestamp::UNIX_EPOCH,
            expires_at: Timestamp::UNIX_EPOCH,
            downloads: 1,
        }
    }

    async fn read(numbers: u32, format: ExtractFormat) -> String {
        let parts: Vec<Bytes> = lines(store(numbers), extract(numbers, format)).try_collect().await.unwrap();
        String::from_utf8(parts.concat()).unwrap()
    }

    #[tokio::test]
    async fn a_part_is_never_taken_for_the_whole() {
        let shorter = lines(store(9_999), extract(10_000, ExtractFormat::Csv));
        assert!(shorter.try_collect::<Vec<Bytes>>().await.is_err());
        assert!(workbook(&*store(9_999), &extract(10_000, ExtractFormat::Xlsx)).await.is_err());
    }

    #[tokio::test]
    async fn a_table_has_every_number_once_and_no_formula() {
        let file = read(12_000, ExtractFormat::Csv).await;
        let mut reader = csv::Reader::from_reader(file.as_bytes());
        assert_eq!(reader.headers().unwrap(), &["Number", "Content"][..]);
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 12_000);
        assert_eq!(&rows[0], &["525510000001", "'=cmd|' /C calc'!A0"][..]);
        assert_eq!(&rows[1], &["525510000002", "Mérida, Centro \"Norte\""][..]);
        assert_eq!(&rows[2], &["525510000003", ""][..]);
        assert_eq!(&rows[11_999][0], "525510012000");
    }

    #[tokio::test]
    async fn a_list_is_a_number_a_line() {
        let file = read(3, ExtractFormat::Txt).await;
        assert_eq!(file, "525510000001\r\n525510000002\r\n525510000003\r\n");
        assert_eq!(read(10_000, ExtractFormat::Txt).await.lines().count(), 10_000);
    }

    #[tokio::test]
    async fn a_workbook_is_a_zip_of_all_of_them() {
        let parts = workbook(&*store(7_000), &extract(7_000, ExtractFormat::Xlsx)).await.unwrap();
        let parts: Vec<Bytes> = parts.try_collect().await.unwrap();
        let bytes = parts.concat();
        assert_eq!(&bytes[..4], b"PK\x03\x04");
        assert!(bytes.len() > 50_000, "{}", bytes.len());
    }
}
