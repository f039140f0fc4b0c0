//! The names of all keys, taken from the raw structs themselves.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use crate::raw::RawSettings;

/// The longest name that is compared with the known ones; a longer one is like none.
const COMPARED_LENGTH_MAX: usize = 80;

/// Every key there is, as in `database.url`.
pub(crate) fn known() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let lister = Lister { path: String::new(), keys: &mut keys };
    // The lister gives every field a value that it takes, so there is nothing to fail.
    let walked = RawSettings::deserialize(lister);
    debug_assert!(walked.is_ok());
    keys
}

/// The known key that is most like `unknown`, if one is alike at all.
pub(crate) fn nearest<'k>(unknown: &str, known: &'k BTreeSet<String>) -> Option<&'k str> {
    if unknown.len() > COMPARED_LENGTH_MAX {
        return None;
    }
    let (distance, key) = known.iter().map(|key| (edits(unknown, key), key)).min()?;
    (distance <= unknown.len().max(6) / 3).then_some(key)
}

/// The number of letters to insert, delete or replace to turn one word into the other (Levenshtein).
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (deleted, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = deleted + 1;
        for (column, other) in to.chars().enumerate() {
            let replaced = diagonal + usize::from(letter != other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.chars().count()]
}

/// Walks through the structs as if it read them from somewhere, and writes down the path of every optional value.
struct Lister<'k> {
    path: String,
    keys: &'k mut BTreeSet<String>,
}

#[derive(Debug)]
struct ListingFailed;

impl fmt::Display for ListingFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a raw struct holds something else than sections and optional values")
    }
}

impl std::error::Error for ListingFailed {}

impl serde::de::Error for ListingFailed {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl<'de> Deserializer<'de> for Lister<'_> {
    type Error = ListingFailed;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ListingFailed> {
        visitor.visit_map(Fields { lister: self, rest: fields.iter(), current: "" })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ListingFailed> {
        self.keys.insert(self.path);
        visitor.visit_none()
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ListingFailed> {
        Err(ListingFailed)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct Fields<'k> {
    lister: Lister<'k>,
    rest: std::slice::Iter<'static, &'static str>,
    current: &'static str,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = ListingFailed;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ListingFailed> {
        let Some(field) = self.rest.next() else {
            return Ok(None);
        };
        self.current = field;
        seed.deserialize(StrDeserializer::new(field)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ListingFailed> {
        let path = if self.lister.path.is_empty() {
            self.current.to_owned()
        } else {
            format!("{}.{}", self.lister.path, self.current)
        };
        seed.deserialize(Lister { path, keys: self.lister.keys })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_raw_structs_is_known() {
        let known = known();
        assert!(known.contains("environment") && known.contains("database.url_file"), "{known:?}");
        assert!(!known.contains("database"), "{known:?}");
        assert_eq!(known.len(), 171, "{known:?}");
    }

    #[test]
    fn a_misspelt_key_is_told_its_nearest_and_a_foreign_one_none() {
        let known = known();
        assert_eq!(nearest("database.pool_size", &known), Some("database.pool_size_max"));
        assert_eq!(nearest("databse.url", &known), Some("database.url"));
        assert_eq!(nearest("enviroment", &known), Some("environment"));
        assert_eq!(nearest("pool_size_max", &known), None);
        assert_eq!(nearest("kitchen.sink.colour", &known), None);
        assert_eq!(nearest(&"x".repeat(100_000), &known), None);
        assert_eq!((edits("", "abc"), edits("abc", ""), edits("kitten", "sitting")), (3, 3, 3));
    }
}
