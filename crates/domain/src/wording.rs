//! How a campaign puts what it says to one person: its template, how to say no, and that it can always be sent.
//!
//! How to say no is what the sender's identity has of it. It is written on a line of its own behind the text, unless what stands in the
//! template besides placeholders has it already, or tells to answer one of the words that say no (`Responde BAJA`).
//!
//! A text is never found too long, or empty, when it is about to go: the longest and the emptiest one that a template makes are looked
//! at when it is saved. They are made of plain letters. Should the letters that somebody's name has make a text too long, it is
//! written in plain ones; and should even that not do, it is the text for somebody of whom nothing is known.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use crate::campaign::CampaignPlan;
use crate::contact::Contact;
use crate::keyword;
use crate::sender::SenderIdentity;
use crate::sms::{SmsText, SmsTextRefused, Transliteration};
use crate::template::{RenderFailed, Template, VALUE_CHARS_MAX, Values};

/// Signs that plain text keeps besides letters and digits; each takes one septet.
const PLAIN_SIGNS: &str = " .,'-/&#()";

/// How a campaign puts what it says.
#[derive(Debug, Clone, Copy)]
pub struct Wording<'a> {
    template: &'a Template,
    transliteration: Transliteration,
    opt_out: Option<&'a str>,
}

/// Why a template is not taken, or a text cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WordingRefused {
    /// Rendering takes too long.
    #[error(transparent)]
    Render(#[from] RenderFailed),
    /// Nothing is left of it for some people.
    #[error(
        "for somebody of whom nothing is known the text is empty; write something besides placeholders, or what stands \
         in their place, as in {{{{ first_name | default(\"amigo\") }}}}"
    )]
    Empty,
    /// It is too long for some people.
    #[error(
        "with names and places of {VALUE_CHARS_MAX} letters, and how to say no, the text takes {segments} segments; {max} \
         are the most: make it shorter",
        max = SmsText::SEGMENTS_MAX
    )]
    TooLong {
        /// The segments of the longest.
        segments: u32,
    },
    /// It cannot be sent.
    #[error(transparent)]
    Text(#[from] SmsTextRefused),
}

impl<'a> Wording<'a> {
    /// That of a plan, from a sender of this identity.
    #[must_use]
    pub fn of(plan: &'a CampaignPlan, identity: &'a SenderIdentity) -> Self {
        let opt_out = identity.opt_out_text.trim();
        let literal = plan.template.literal();
        let is_said =
            opt_out.is_empty() || literal.contains(opt_out) || keyword::tells_how_to_say_no(literal);
        Self {
            template: &plan.template,
            transliteration: plan.transliteration,
            opt_out: (!is_said).then_some(opt_out),
        }
    }

    /// Whether every text that the template makes can be sent: with and without each thing that it names.
    ///
    /// # Errors
    /// What is wrong with one that cannot.
    pub fn check(&self) -> Result<(), WordingRefused> {
        let names = self.template.names();
        for present in 0..1_u32 << names.len() {
            let values = names.iter().enumerate().filter(|(n, _)| present >> n & 1 == 1);
            let values = values.map(|(_, name)| (*name, Cow::Owned("W".repeat(VALUE_CHARS_MAX)))).collect();
            self.text_of(&values).map_err(|refused| match refused {
                WordingRefused::Text(SmsTextRefused::Empty) => WordingRefused::Empty,
                WordingRefused::Text(SmsTextRefused::TooLong { segments }) => {
                    WordingRefused::TooLong { segments }
                }
                WordingRefused::Text(SmsTextRefused::Control { .. })
                | WordingRefused::Render(_)
                | WordingRefused::Empty
                | WordingRefused::TooLong { .. } => refused,
            })?;
        }
        Ok(())
    }

    /// The text for one contact, as it goes. Of a wording that was checked there is one for everybody.
    ///
    /// # Errors
    /// When there is none that can be sent.
    pub fn text_for(&self, contact: &Contact) -> Result<SmsText, WordingRefused> {
        let values = self.template.values_of(contact);
        self.text_of(&values).or_else(|refused| {
            let plain = values.iter().filter_map(|(name, value)| Some((*name, Cow::Owned(plain(value)?))));
            self.text_of(&plain.collect()).or_else(|_| self.text_of(&Values::new())).map_err(|_| refused)
        })
    }

    fn text_of(&self, values: &Values<'_>) -> Result<SmsText, WordingRefused> {
        let rendered = self.template.render_values(values)?;
        if rendered.trim().is_empty() {
            return Err(SmsTextRefused::Empty.into());
        }
        let whole = match self.opt_out {
            Some(opt_out) => Cow::Owned(format!("{rendered}\n{opt_out}")),
            None => Cow::Borrowed(rendered.as_str()),
        };
        Ok(SmsText::new(self.transliteration.apply(&whole).into_owned())?)
    }
}

/// In letters and signs that take one septet whatever filter they go through; none where nothing is left.
fn plain(value: &str) -> Option<String> {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || PLAIN_SIGNS.contains(*c);
    let plain: String = value.nfd().filter(is_plain).take(VALUE_CHARS_MAX).collect();
    Some(plain.trim().to_owned()).filter(|plain| !plain.is_empty())
}

#[cfg(test)]
mod tests;
