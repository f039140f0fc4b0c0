//! As much of JSON as `cargo metadata` speaks.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

/// A JSON value. Numbers stay as they are written: nothing here counts with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    Array(Vec<Self>),
    Object(BTreeMap<String, Self>),
}

/// Deeper nesting than any metadata has is refused before it exhausts the stack.
const DEPTH_MAX: usize = 100;

impl Json {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { rest: text.chars().peekable() };
        let value = parser.value(0)?;
        parser.blanks();
        match parser.rest.next() {
            None => Ok(value),
            Some(other) => Err(format!("`{other}` after the end of the value")),
        }
    }

    /// The member of an object; `Null` where there is none.
    pub(crate) fn get(&self, name: &str) -> &Self {
        match self {
            Self::Object(members) => members.get(name).unwrap_or(&Self::Null),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Array(_) => &Self::Null,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The elements of an array; none of anything else.
    pub(crate) fn elements(&self) -> &[Self] {
        if let Self::Array(elements) = self { elements } else { &[] }
    }
}

struct Parser<'a> {
    rest: Peekable<Chars<'a>>,
}

impl Parser<'_> {
    fn blanks(&mut self) {
        while self.rest.next_if(|char| matches!(char, ' ' | '\t' | '\r' | '\n')).is_some() {}
    }

    fn value(&mut self, depth: usize) -> Result<Json, String> {
        if depth > DEPTH_MAX {
            return Err("nested too deep".into());
        }
        self.blanks();
        match self.rest.peek() {
            Some('{') => self.object(depth),
            Some('[') => self.array(depth),
            Some('"') => self.text().map(Json::Text),
            Some('n') => self.word("null", Json::Null),
            Some('t') => self.word("true", Json::Bool(true)),
            Some('f') => self.word("false", Json::Bool(false)),
            Some('-' | '0'..='9') => Ok(Json::Number(self.number())),
            Some(other) => Err(format!("`{other}` where a value should begin")),
            None => Err("the text ends where a value should begin".into()),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, String> {
        let mut members = BTreeMap::new();
        self.expect('{')?;
        if self.accept('}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.blanks();
            let name = self.text()?;
            self.expect(':')?;
            members.insert(name, self.value(depth + 1)?);
            if !self.accept(',') {
                self.expect('}')?;
                return Ok(Json::Object(members));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, String> {
        let mut elements = Vec::new();
        self.expect('[')?;
        if self.accept(']') {
            return Ok(Json::Array(elements));
        }
        loop {
            elements.push(self.value(depth + 1)?);
            if !self.accept(',') {
                self.expect(']')?;
                return Ok(Json::Array(elements));
            }
        }
    }

    fn text(&mut self) -> Result<String, String> {
        self.expect('"')?;
        let mut text = String::new();
        loop {
            match self.next()? {
                '"' => return Ok(text),
                '\\' => text.push(self.escaped()?),
                char if char < ' ' => return Err("a control character in a text".into()),
                char => text.push(char),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        Ok(match self.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => return self.unicode(),
            char @ ('"' | '\\' | '/') => char,
            other => return Err(format!("`\\{other}` is no escape")),
        })
    }

    /// Four hexadecimal digits, or a pair of surrogates.
    fn unicode(&mut self) -> Result<char, String> {
        let mut units = vec![self.unit()?];
        if (0xD800..0xDC00).contains(&units[0]) {
            self.expect('\\')?;
            self.expect('u')?;
            units.push(self.unit()?);
        }
        let text = String::from_utf16(&units).map_err(|error| error.to_string())?;
        text.chars().next().ok_or_else(|| "an empty escape".into())
    }

    fn unit(&mut self) -> Result<u16, String> {
        let mut digits = String::new();
        for _ in 0..4 {
            digits.push(self.next()?);
        }
        u16::from_str_radix(&digits, 16).map_err(|_| format!("`\\u{digits}` is no escape"))
    }

    fn number(&mut self) -> String {
        let mut number = String::new();
        while let Some(char) =
            self.rest.next_if(|char| matches!(char, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'))
        {
            number.push(char);
        }
        number
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, String> {
        for char in word.chars() {
            self.expect(char)?;
        }
        Ok(value)
    }

    fn next(&mut self) -> Result<char, String> {
        self.rest.next().ok_or_else(|| "the text ends in the middle of a value".into())
    }

    /// The next character if it is this one, blanks skipped.
    fn accept(&mut self, char: char) -> bool {
        self.blanks();
        self.rest.next_if_eq(&char).is_some()
    }

    fn expect(&mut self, char: char) -> Result<(), String> {
        if self.accept(char) {
            Ok(())
        } else {
            Err(format!("`{char}` expected, found {:?}", self.rest.peek()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[test]
    fn values_of_every_kind_are_understood() {
        let json =
            Json::parse(r#" {"a": [1, -2.5e3, true, false, null], "b": {"c": "d"}, "e": [], "f": {}} "#)
                .unwrap();
        assert_eq!(json.get("a").elements().len(), 5);
        assert_eq!(json.get("a").elements()[1], Json::Number("-2.5e3".into()));
        assert_eq!(json.get("b").get("c").text(), Some("d"));
        assert_eq!(json.get("missing").get("deeper"), &Json::Null);
    }

    #[test]
    fn escapes_and_surrogates_become_the_characters_they_stand_for() {
        let json = Json::parse(r#""tab\t quote\" slash\/ back\\ \u00f3 \ud83d\ude00""#).unwrap();
        assert_eq!(json.text(), Some("tab\t quote\" slash/ back\\ ó 😀"));
    }

    #[test]
    fn a_text_keeps_the_blanks_it_begins_with() {
        assert_eq!(Json::parse(r#""  a""#).unwrap().text(), Some("  a"));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in ["", "{", "[1", "{\"a\" 1}", "[1,]", "nul", "\"\\x\"", "\"\\ud83d\"", "1 2", "\"a\nb\""] {
            assert!(Json::parse(text).is_err(), "{text}");
        }
        assert!(Json::parse(&"[".repeat(100_000)).is_err());
    }
}
