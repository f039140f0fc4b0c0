//! The section `[replies]`: what people are answered who write one of the words.

use std::time::Duration;

use crate::raw::{Entry, RawSettings, entry};
use crate::reader::{Reader, Refused};

/// The longest text, in characters: two segments of the costlier kind would hold less.
const TEXT_CHARS_MAX: usize = 300;

/// What people are answered. `{brand}`, `{address}`, `{phone}` and `{email}` are the sender's; an empty one is not sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RepliesSettings {
    /// To who said no.
    pub opt_out: String,
    /// To who took a no back.
    pub opt_in: String,
    /// To who asked for help.
    pub help: String,
    /// How often is looked whether somebody waits for an answer.
    pub interval: Duration,
}

pub(crate) fn read(reader: &mut Reader<'_>, raw: &RawSettings) -> Result<RepliesSettings, Refused> {
    let opt_out = text(reader, entry!(raw, replies.opt_out));
    let opt_in = text(reader, entry!(raw, replies.opt_in));
    let help = text(reader, entry!(raw, replies.help));
    let interval = reader.whole(entry!(raw, replies.interval_ms), 100_u32..=60_000, "milliseconds");
    Ok(RepliesSettings {
        opt_out: opt_out?,
        opt_in: opt_in?,
        help: help?,
        interval: Duration::from_millis(interval?.into()),
    })
}

fn text(reader: &mut Reader<'_>, entry: Entry<'_>) -> Result<String, Refused> {
    let text = reader.required_text(entry, "give a text, or \"none\" to say nothing")?;
    if text == "none" {
        return Ok(String::new());
    }
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err(reader.refuse(
            entry.key,
            &format!("is longer than {TEXT_CHARS_MAX} characters"),
            "give a text that fits into two messages",
        ));
    }
    Ok(text)
}
