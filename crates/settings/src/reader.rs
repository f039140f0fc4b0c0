//! Takes what was given for a key for what it must be, and notes what is not.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;

use secrecy::{ExposeSecret, SecretString};

use crate::error::{Origin, SettingProblem};
use crate::raw::{Entry, Given};
use crate::secret_file;

/// A key could not be used; why is among the reader's problems.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refused;

/// A secret, and the key that gave it: its own, or the one that names its file.
pub(crate) struct Secret {
    pub(crate) value: SecretString,
    pub(crate) key: &'static str,
}

/// Reads entries one after the other. Each of its methods notes a problem before it answers [`Refused`].
pub(crate) struct Reader<'l> {
    origins: &'l BTreeMap<String, Origin>,
    problems: &'l mut Vec<SettingProblem>,
}

impl<'l> Reader<'l> {
    pub(crate) fn new(origins: &'l BTreeMap<String, Origin>, problems: &'l mut Vec<SettingProblem>) -> Self {
        Self { origins, problems }
    }

    /// Notes what is wrong with `key` and what to do about it.
    pub(crate) fn refuse(&mut self, key: &str, wrong: &str, remedy: &str) -> Refused {
        let origin = self.origins.get(key).cloned().unwrap_or(Origin::Nowhere);
        self.problems.push(SettingProblem::of_key(key, origin, wrong, remedy));
        Refused
    }

    /// A whole number within `bounds`, of `unit`.
    pub(crate) fn whole<T>(
        &mut self,
        entry: Entry<'_>,
        bounds: RangeInclusive<T>,
        unit: &str,
    ) -> Result<T, Refused>
    where
        T: Copy + Display + PartialOrd + TryFrom<i64>,
    {
        let remedy = format!("give {unit} from {} to {}", bounds.start(), bounds.end());
        let number = match entry.given {
            Some(Given::Whole(number)) => Some(*number),
            Some(Given::Text(text)) => text.expose_secret().trim().parse().ok(),
            Some(Given::Other(_)) => None,
            None => return Err(self.refuse(entry.key, "is not set", &remedy)),
        };
        let Some(number) = number else {
            return Err(self.refuse(entry.key, "is not a whole number", &remedy));
        };
        T::try_from(number)
            .ok()
            .filter(|number| bounds.contains(number))
            .ok_or_else(|| self.refuse(entry.key, "is out of bounds", &remedy))
    }

    /// Text that is not empty, if the key is set at all.
    pub(crate) fn text(&mut self, entry: Entry<'_>) -> Result<Option<SecretString>, Refused> {
        match entry.given {
            None => Ok(None),
            Some(Given::Text(text)) if text.expose_secret().trim().is_empty() => {
                Err(self.refuse(entry.key, "is empty", "give it a value, or leave it out"))
            }
            Some(Given::Text(text)) if text.expose_secret().contains(char::REPLACEMENT_CHARACTER) => {
                Err(self.refuse(entry.key, "is not UTF-8", "give it as UTF-8 text"))
            }
            Some(Given::Text(text)) => Ok(Some(text.clone())),
            Some(kind) => Err(self.refuse(entry.key, &format!("is {kind:?}"), "give it as text, in quotes")),
        }
    }

    /// Text that is no secret and must be there, without spaces around it.
    pub(crate) fn required_text(&mut self, entry: Entry<'_>, remedy: &str) -> Result<String, Refused> {
        match self.text(entry)? {
            Some(text) => Ok(text.expose_secret().trim().to_owned()),
            None => Err(self.refuse(entry.key, "is not set", remedy)),
        }
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(&mut self, entry: Entry<'_>, choices: &[(&str, T)]) -> Result<T, Refused> {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let remedy = format!("give one of {}", words.join(", "));
        let given = self.required_text(entry, &remedy)?;
        choices
            .iter()
            .find(|(word, _)| *word == given)
            .map(|(_, meaning)| *meaning)
            .ok_or_else(|| self.refuse(entry.key, "is not one of its words", &remedy))
    }

    /// A secret from its own key, or from the file that its `_file` key names; no layer leaves both.
    pub(crate) fn secret(
        &mut self,
        direct: Entry<'_>,
        in_file: Entry<'_>,
    ) -> Result<Option<Secret>, Refused> {
        let (direct_value, path) = (self.text(direct), self.text(in_file));
        if let Some(value) = direct_value? {
            return Ok(Some(Secret { value, key: direct.key }));
        }
        let Some(path) = path? else { return Ok(None) };
        match secret_file::read(path.expose_secret()) {
            Ok(value) => Ok(Some(Secret { value, key: in_file.key })),
            Err(reason) => Err(self.refuse(
                in_file.key,
                &format!("names a file that cannot be used: {reason}"),
                "give the path of a file that holds the secret alone and that this user may read",
            )),
        }
    }
}
