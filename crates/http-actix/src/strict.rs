//! JSON that says one thing: no name twice in an object, and no NUL, which no column of ours holds.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Any JSON at all that is so, and nothing of it kept.
pub(crate) struct Strict;

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Look)
    }
}

struct Look;

impl<'de> Visitor<'de> for Look {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Strict, E> {
        if text.contains('\0') { Err(E::custom("a text has a NUL (\\u0000)")) } else { Ok(Strict) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Strict, A::Error> {
        while items.next_element::<Strict>()?.is_some() {}
        Ok(Strict)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Strict, A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            Look.visit_str::<A::Error>(&name)?;
            members.next_value::<Strict>()?;
            if !seen.insert(name) {
                return Err(A::Error::custom("a name stands twice in one object"));
            }
        }
        Ok(Strict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_two_things_or_holds_a_nul_is_refused_wherever_it_stands() {
        for (text, is_sound) in [
            (r#"{"a": [1, -2, 0.5, null, true, "\u00f1", {"a": {}}], "b": "a"}"#, true),
            (r#"{"a": 1, "a": 1}"#, false),
            (r#"[{"b": {"a": 1, "\u0061": 2}}]"#, false),
            (r#"["x\u0000"]"#, false),
            (r#"{"x\u0000": 1}"#, false),
            (r#"["\ud800"]"#, false),
            ("[NaN]", false),
            ("[1e999]", false),
        ] {
            assert_eq!(serde_json::from_str::<Strict>(text).is_ok(), is_sound, "{text}");
        }
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(serde_json::from_str::<Strict>(&nested(127)).is_ok());
        assert!(serde_json::from_str::<Strict>(&nested(128)).is_err());
    }
}
