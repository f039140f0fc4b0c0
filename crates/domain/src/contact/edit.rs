//! What people change of a contact, and what they write down of what somebody said.

use std::fmt;

use jiff::Timestamp;

use super::{ContactStatus, FieldRefused, LONG_TEXT_CHARS_MAX, SHORT_TEXT_CHARS_MAX};
use crate::city;
use crate::state::StateCode;
use crate::text::clean;

/// What becomes of one field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Edit<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is emptied.
    Clear,
    /// It becomes this.
    Set(T),
}

impl<T> Edit<T> {
    /// Whether it stays as it is.
    pub fn keeps(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// What it becomes; `None` when it is emptied, or stays.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }

    fn try_map<U, E>(self, map: impl FnOnce(T) -> Result<Option<U>, E>) -> Result<Edit<U>, E> {
        Ok(match self {
            Self::Keep => Edit::Keep,
            Self::Clear => Edit::Clear,
            Self::Set(value) => map(value)?.map_or(Edit::Clear, Edit::Set),
        })
    }
}

/// A change of a contact as somebody writes it. Its number is never changed: that would be another contact.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ContactEdit {
    /// Full name.
    pub full_name: Edit<String>,
    /// Street address.
    pub address: Edit<String>,
    /// Neighbourhood.
    pub neighborhood: Edit<String>,
    /// Municipality.
    pub municipality: Edit<String>,
    /// The state, by its code or in any known spelling.
    pub state: Edit<String>,
    /// City, in any spelling.
    pub city: Edit<String>,
    /// How people look upon it. Consent is not changed here.
    pub status: Option<ContactStatus>,
}

/// A change of a contact that was checked. [`ContactEdit::check`] alone makes one.
#[derive(Clone, PartialEq, Eq)]
pub struct ContactChange {
    /// Full name.
    pub full_name: Edit<String>,
    /// Street address.
    pub address: Edit<String>,
    /// Neighbourhood.
    pub neighborhood: Edit<String>,
    /// Municipality.
    pub municipality: Edit<String>,
    /// The state.
    pub state: Edit<StateCode>,
    /// City: its name where its spelling is known.
    pub city: Edit<String>,
    /// How people look upon it.
    pub status: Option<ContactStatus>,
}

/// Shows nothing about the person.
impl fmt::Debug for ContactEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContactEdit").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Shows nothing about the person.
impl fmt::Debug for ContactChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContactChange").field("status", &self.status).finish_non_exhaustive()
    }
}

impl ContactEdit {
    /// Cleans the texts and knows the state and the city by their spellings.
    ///
    /// # Errors
    /// The first field that cannot be kept as it is.
    pub fn check(self) -> Result<ContactChange, FieldRefused> {
        if self.status == Some(ContactStatus::OptedOut) {
            return Err(FieldRefused::ConsentIsNoStatus);
        }
        let short = |field, edit: Edit<String>| text(field, edit, SHORT_TEXT_CHARS_MAX);
        let long = |field, edit: Edit<String>| text(field, edit, LONG_TEXT_CHARS_MAX);
        let state = short("state_code", self.state)?.try_map(|written| {
            let known = StateCode::parse(&written).ok().or_else(|| StateCode::from_spelling(&written));
            known.map(Some).ok_or(FieldRefused::UnknownState)
        })?;
        let city = short("city", self.city)?.try_map(|written| {
            Ok::<_, FieldRefused>(Some(city::from_spelling(&written).map_or(written, str::to_owned)))
        })?;
        Ok(ContactChange {
            full_name: long("full_name", self.full_name)?,
            address: long("address", self.address)?,
            neighborhood: short("neighborhood", self.neighborhood)?,
            municipality: short("municipality", self.municipality)?,
            state,
            city,
            status: self.status,
        })
    }
}

/// A text without anything in it empties its field.
fn text(field: &'static str, edit: Edit<String>, chars_max: usize) -> Result<Edit<String>, FieldRefused> {
    edit.try_map(|written| match clean(written.as_bytes()).text {
        Some(text) if text.chars().count() > chars_max => Err(FieldRefused::TooLong { field, chars_max }),
        text => Ok(text.map(std::borrow::Cow::into_owned)),
    })
}

/// What somebody said of being written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConsentKind {
    /// No more.
    OptOut,
    /// Again.
    OptIn,
}

impl ConsentKind {
    /// The name in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OptOut => "opt_out",
            Self::OptIn => "opt_in",
        }
    }
}

/// How somebody said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConsentChannel {
    /// In a message to us.
    Sms,
    /// On the telephone.
    Phone,
    /// By e-mail.
    Email,
    /// On a page or in a form of ours.
    Web,
    /// On paper.
    Letter,
    /// To our people, face to face.
    InPerson,
    /// Through an authority.
    Authority,
    /// In another way, which the reason tells.
    Other,
}

impl ConsentChannel {
    /// Every channel.
    pub const ALL: [Self; 8] = [
        Self::Sms,
        Self::Phone,
        Self::Email,
        Self::Web,
        Self::Letter,
        Self::InPerson,
        Self::Authority,
        Self::Other,
    ];

    /// The name in the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Web => "web",
            Self::Letter => "letter",
            Self::InPerson => "in_person",
            Self::Authority => "authority",
            Self::Other => "other",
        }
    }
}

/// What somebody said of being written to, as it is written down.
#[derive(Clone, PartialEq, Eq)]
pub struct Consent {
    /// What.
    pub kind: ConsentKind,
    /// How.
    pub channel: ConsentChannel,
    /// Why, in words.
    pub reason: Option<String>,
    /// What shows it: the number of a call, a file, a message.
    pub evidence: Option<String>,
}

impl Consent {
    /// The longest reason or evidence, in characters.
    pub const TEXT_CHARS_MAX: usize = 2_000;
}

/// Shows no words that may name somebody.
impl fmt::Debug for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consent")
            .field("kind", &self.kind)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

/// What people sort contacts by in their own words.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(String);

/// A tag of the wrong form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tag is 1 to {} letters, digits, spaces, and . _ : / -", Tag::CHARS_MAX)]
pub struct InvalidTag;

impl Tag {
    /// The longest tag, in characters.
    pub const CHARS_MAX: usize = 64;
    /// The most tags of one contact, and of one request.
    pub const COUNT_MAX: usize = 100;

    /// Takes a tag; spaces around it and capitals are not kept, so that nobody has two that look alike.
    ///
    /// # Errors
    /// When it is empty, too long, or holds other characters.
    pub fn parse(written: &str) -> Result<Self, InvalidTag> {
        let tag = written.trim().to_lowercase();
        let is_sound = !tag.is_empty()
            && tag.chars().count() <= Self::CHARS_MAX
            && tag.chars().all(|c| c.is_alphanumeric() || " ._:/-".contains(c));
        if is_sound { Ok(Self(tag)) } else { Err(InvalidTag) }
    }

    /// The tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A tag of a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged {
    /// The tag.
    pub tag: String,
    /// Since when.
    pub since: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> Edit<String> {
        Edit::Set(text.to_owned())
    }

    #[test]
    fn a_change_is_cleaned_and_its_places_are_known_by_their_spellings() {
        let edit = ContactEdit {
            full_name: set("  ANA \u{0}  RUIZ "),
            address: set("   "),
            state: set("D.F."),
            city: set("MEX DF"),
            municipality: Edit::Clear,
            ..ContactEdit::default()
        };
        let change = edit.check().unwrap();
        assert_eq!(change.full_name, set("ANA RUIZ"));
        assert_eq!((change.address, change.municipality), (Edit::Clear, Edit::Clear));
        assert_eq!(change.state.value().map(StateCode::as_str), Some("CMX"));
        assert_eq!(change.city, set("Ciudad de México"));
        assert!(change.neighborhood.keeps());
    }

    #[test]
    fn what_cannot_be_kept_is_refused_by_its_field() {
        let refused = |edit: ContactEdit| edit.check().unwrap_err();
        let nowhere = ContactEdit { state: set("ALLENDE EL MAR"), ..ContactEdit::default() };
        assert_eq!(refused(nowhere), FieldRefused::UnknownState);
        let long = ContactEdit { city: set(&"a".repeat(401)), ..ContactEdit::default() };
        assert_eq!(refused(long).field(), "city");
        let consent = ContactEdit { status: Some(ContactStatus::OptedOut), ..ContactEdit::default() };
        assert_eq!(refused(consent).field(), "status");
    }

    #[test]
    fn tags_that_look_alike_are_one_and_odd_ones_are_none() {
        assert_eq!(Tag::parse(" VIP 2026 ").unwrap().as_str(), "vip 2026");
        assert_eq!(Tag::parse("región:norte").unwrap().as_str(), "región:norte");
        for odd in ["", "   ", "a\nb", "<b>", "'; DROP", &"a".repeat(65)] {
            assert_eq!(Tag::parse(odd), Err(InvalidTag), "{odd}");
        }
    }
}
