//! Files of contacts that come in.

use std::borrow::Cow;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post, web};
use application::{IncomingFile, TakeContactFile, TakeFileError};
use encoding_rs::{Decoder, Encoding};
use futures::TryStreamExt as _;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use crate::caller::{Caller, Operator};
use crate::input::Asked;
use crate::jobs::{JobView, accepted, too_many};
use crate::problem::Problem;

/// Where files are sent to. They may take longer than other requests.
pub(crate) const PATH: &str = "/api/v1/contacts/imports";
/// The longest name of a file that is kept, in characters.
const FILE_NAME_CHARS_MAX: usize = 200;
/// Bytes by which an encoding is known.
const MARK_BYTES: usize = 2;

/// A file of contacts.
#[derive(ToSchema)]
#[expect(dead_code, reason = "what the description says of the form")]
pub(crate) struct ContactFileForm {
    /// CSV whose first line names the columns: phone, and any of `full_name`, address, neighborhood, municipality, state and city, or
    /// the same in Spanish. Commas, semicolons, tabs or bars between fields; UTF-8, Windows-1252, or UTF-16 with its mark.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

impl From<TakeFileError> for Problem {
    fn from(error: TakeFileError) -> Self {
        match error {
            TakeFileError::Sheet(_) | TakeFileError::NoLines => {
                Self::unprocessable("/file", error.to_string())
            }
            TakeFileError::TooLarge(_) => Self::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
            TakeFileError::TooMany => too_many(error.to_string()),
            TakeFileError::Write(error) => error.into(),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands on")]
fn unreadable(error: MultipartError) -> Problem {
    if matches!(
        error,
        MultipartError::ContentTypeMissing
            | MultipartError::ContentTypeParse
            | MultipartError::ContentTypeIncompatible
    ) {
        let detail = "send the file as multipart/form-data, in the field named file";
        return Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail);
    }
    Problem::bad_request(format!("the form cannot be read: {error}"))
}

/// Brings a file of contacts in, read by the same rules as any other: it is taken in at once, and a worker adds its contacts.
/// Follow it at `/jobs/{id}`. A number that is there already is left as it is. With an `Idempotency-Key` the same file is taken once.
#[utoipa::path(tag = "jobs", path = "/api/v1/contacts/imports", request_body(content = ContactFileForm, content_type = "multipart/form-data"), params(("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])), responses((status = 202, body = JobView), (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
#[post("/contacts/imports")]
pub(crate) async fn create(
    who: Caller<Operator>,
    asked: Asked,
    mut form: Multipart,
    take: web::Data<TakeContactFile>,
) -> Result<HttpResponse, Problem> {
    // A key that is none is told before all of the file has come.
    asked.once_by(&who, Some([0; 32]))?;
    let mut taken: Option<(IncomingFile, Option<String>)> = None;
    let mut hash = asked.hasher();
    while let Some(mut field) = form.try_next().await.map_err(unreadable)? {
        if field.name() != Some("file") || taken.is_some() {
            let detail = "give one file, in the field named file, and nothing else";
            return Err(Problem::unprocessable("", detail));
        }
        let name = field.content_disposition().and_then(|given| given.get_filename()).and_then(file_name);
        let (file, _) = taken.insert((take.begin(asked.by(&who)).await?, name));
        receive(&take, file, &mut field, &mut hash).await?;
    }
    let missing = || Problem::unprocessable("/file", "give the file, in the field named file");
    let (file, name) = taken.ok_or_else(missing)?;
    let envelope = asked.once_by(&who, Some(hash.finalize().into()))?;
    Ok(accepted(take.end(file, name, envelope).await?))
}

async fn receive(
    take: &TakeContactFile,
    file: &mut IncomingFile,
    field: &mut Field,
    hash: &mut Sha256,
) -> Result<(), Problem> {
    let mut text = Text::Beginning(Vec::new());
    while let Some(bytes) = field.try_next().await.map_err(unreadable)? {
        hash.update(&bytes);
        let piece = text.of(&bytes, false);
        take.more(file, &piece).await?;
    }
    let rest = text.of(&[], true);
    Ok(take.more(file, &rest).await?)
}

/// A name without what controls a terminal, of a bearable length.
fn file_name(given: &str) -> Option<String> {
    let name: String = given.chars().filter(|c| !c.is_control()).take(FILE_NAME_CHARS_MAX).collect();
    Some(name).filter(|name| !name.is_empty())
}

/// Makes UTF-8 of UTF-16 that says so by its mark; anything else stays as it is.
enum Text {
    /// Too little has come to say.
    Beginning(Vec<u8>),
    AsItIs,
    Utf16(Decoder),
}

impl Text {
    fn of<'a>(&mut self, bytes: &'a [u8], is_last: bool) -> Cow<'a, [u8]> {
        let beginning = match self {
            Self::AsItIs => return Cow::Borrowed(bytes),
            Self::Utf16(decoder) => return Cow::Owned(decoded(decoder, bytes, is_last)),
            Self::Beginning(beginning) => beginning,
        };
        beginning.extend_from_slice(bytes);
        if beginning.len() < MARK_BYTES && !is_last {
            return Cow::Borrowed(&[]);
        }
        let beginning = std::mem::take(beginning);
        let encoding = Encoding::for_bom(&beginning).map(|(encoding, _)| encoding);
        let Some(utf16) = encoding.filter(|encoding| *encoding != encoding_rs::UTF_8) else {
            *self = Self::AsItIs;
            return Cow::Owned(beginning);
        };
        let mut decoder = utf16.new_decoder();
        let text = decoded(&mut decoder, &beginning, is_last);
        *self = Self::Utf16(decoder);
        Cow::Owned(text)
    }
}

fn decoded(decoder: &mut Decoder, bytes: &[u8], is_last: bool) -> Vec<u8> {
    let room = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 3 + 16);
    let mut text = String::with_capacity(room);
    // There is room for all of it, so that it is done in one call.
    let _ = decoder.decode_to_string(bytes, &mut text, is_last);
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_is_known_by_its_mark_in_whatever_pieces_it_comes() {
        let written = "teléfono\n55\n";
        let utf16: Vec<u8> =
            [0xfeff].into_iter().chain(written.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let inputs: [(&[u8], &[u8]); 4] = [
            (&utf16, written.as_bytes()),
            (written.as_bytes(), written.as_bytes()),
            (b"tel\xe9fono\n", b"tel\xe9fono\n"),
            (b"5", b"5"),
        ];
        for (input, expected) in inputs {
            for piece in [1, 2, 3, 100] {
                let mut text = Text::Beginning(Vec::new());
                let mut read: Vec<u8> =
                    input.chunks(piece).flat_map(|piece| text.of(piece, false).into_owned()).collect();
                read.extend_from_slice(&text.of(&[], true));
                assert_eq!(read, expected, "in pieces of {piece}");
            }
        }
    }

    #[test]
    fn a_name_of_a_file_is_one_line() {
        assert_eq!(file_name("norte\u{1b}[2J.csv").as_deref(), Some("norte[2J.csv"));
        assert_eq!(file_name("\n"), None);
    }
}
