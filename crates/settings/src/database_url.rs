//! `postgres://user:password@host:port/database?parameters`: what must be in it, and its password.
//!
//! It is taken apart the way the driver and libpq take it apart, and more strictly: what they might read in two ways is
//! refused, so that no part of a password is ever taken for a host and shown.

use std::fmt::Write as _;

use secrecy::{ExposeSecret, SecretString};

const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// The parameters that would say a second time what stands before the `?`.
const MISPLACED: [&str; 4] = ["user", "password", "dbname", "port"];

/// A database's URL with its password in it.
pub(crate) struct DatabaseUrl {
    pub(crate) url: SecretString,
    pub(crate) user: String,
    pub(crate) password: Option<SecretString>,
    /// `user@host:port/database`, fit to be shown.
    pub(crate) address: String,
}

/// What is wrong with a URL: the end of a sentence that begins with its key, and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UrlFault {
    pub(crate) wrong: &'static str,
    pub(crate) remedy: &'static str,
}

const FORM: &str = "give it as postgres://user:password@host:5432/database";

const fn fault(wrong: &'static str, remedy: &'static str) -> UrlFault {
    UrlFault { wrong, remedy }
}

const NOT_A_URL: UrlFault = fault("is not the URL of a PostgreSQL database", FORM);
const AMBIGUOUS: UrlFault = fault(
    "can be read in two ways",
    "write @ : / ? # and % within the user or the password as %40 %3A %2F %3F %23 and %25",
);
const MISPLACED_PARAMETER: UrlFault =
    fault("gives the user, password, port or database as a parameter", FORM);
const PASSWORD_TWICE: UrlFault =
    fault("holds a password, and database.password gives another", "keep one of the two");

/// Takes `raw` apart and puts `password`, given by a key of its own, into it.
pub(crate) fn read(raw: &str, password: Option<&SecretString>) -> Result<DatabaseUrl, UrlFault> {
    let (scheme, rest) = SCHEMES
        .iter()
        .find_map(|scheme| raw.strip_prefix(scheme).map(|rest| (scheme, rest)))
        .ok_or(NOT_A_URL)?;
    if raw.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(NOT_A_URL);
    }
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (credentials, hosts) = authority.split_once('@').unwrap_or(("", authority));
    if hosts.contains('@') || tail.contains(['@', '#']) {
        return Err(AMBIGUOUS);
    }
    let (user_raw, password_raw) = credentials.split_once(':').unwrap_or((credentials, ""));
    if user_raw.is_empty() {
        return Err(fault("names no user", FORM));
    }
    let user = decoded(user_raw).ok_or(AMBIGUOUS)?;

    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    let database = path.strip_prefix('/').unwrap_or_default();
    if database.is_empty() {
        return Err(fault("names no database", FORM));
    }
    if database.contains('/') {
        return Err(NOT_A_URL);
    }
    let parameters = || query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    if parameters().any(|(name, _)| decoded(name).is_none_or(|name| MISPLACED.contains(&name.as_str()))) {
        return Err(MISPLACED_PARAMETER);
    }
    let socket = parameters().find(|(name, _)| *name == "host").map(|(_, value)| value);
    let hosts_shown = Some(hosts).filter(|hosts| !hosts.is_empty()).or(socket).unwrap_or_default();
    if hosts_shown.is_empty() {
        return Err(fault("names no host", FORM));
    }

    let own_password = Some(password_raw).filter(|password| !password.is_empty());
    let (url, password) = match (own_password, password) {
        (Some(_), Some(_)) => return Err(PASSWORD_TWICE),
        (Some(own), None) => (raw.into(), Some(decoded(own).ok_or(AMBIGUOUS)?.into())),
        (None, None) => (raw.into(), None),
        (None, Some(given)) => {
            let encoded = encoded(given.expose_secret());
            let url =
                format!("{scheme}{user_raw}:{encoded}@{hosts}{tail}", encoded = encoded.expose_secret());
            (url.into(), Some(given.clone()))
        }
    };
    Ok(DatabaseUrl { url, password, address: format!("{user_raw}@{hosts_shown}/{database}"), user })
}

/// Percent-decoded text; none when a `%` stands for no byte, for NUL, or for what is not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let value = if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            u8::try_from(high * 16 + low).ok().filter(|value| *value != 0)?
        } else {
            byte
        };
        bytes.push(value);
    }
    String::from_utf8(bytes).ok()
}

/// Text with every byte percent-encoded that means something in a URL, or might.
fn encoded(text: &str) -> SecretString {
    // Three characters a byte at most: with room for all, no copy is left behind by growing.
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(raw: &str) -> Result<(String, Option<String>, String), UrlFault> {
        let read = read(raw, None)?;
        assert_eq!(read.url.expose_secret(), raw);
        Ok((read.user, read.password.map(|password| password.expose_secret().to_owned()), read.address))
    }

    #[test]
    fn user_password_and_address_are_read() {
        for (raw, user, password, address) in [
            ("postgres://pregon:p%40ss@db:5432/pregon", "pregon", Some("p@ss"), "pregon@db:5432/pregon"),
            ("postgresql://a:b:c@[::1]/d?sslmode=require", "a", Some("b:c"), "a@[::1]/d"),
            ("postgres://a@h1:1,h2:2/d", "a", None, "a@h1:1,h2:2/d"),
            ("postgres://a:@h/d", "a", None, "a@h/d"),
            ("postgres://a:b@/d?host=/run/postgresql", "a", Some("b"), "a@/run/postgresql/d"),
            ("postgres://a:%C3%B1@%2Frun/d", "a", Some("ñ"), "a@%2Frun/d"),
        ] {
            let expected = (user.to_owned(), password.map(str::to_owned), address.to_owned());
            assert_eq!(parts(raw), Ok(expected), "{raw}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for raw in [
            "postgres://a:p@ss@h/d",
            "postgres://a:p/ss@h/d",
            "postgres://a:p?ss@h/d",
            "postgres://a:p#ss@h/d",
            "postgres://a:p%ss@h/d",
            "postgres://a:p%00@h/d",
            "postgres://a:p%FF@h/d",
            "postgres://a:p@h/d#x",
            "postgres://a:p%4",
        ] {
            let fault = parts(raw).unwrap_err();
            assert!(fault == AMBIGUOUS || raw.ends_with("%4"), "{raw}: {fault:?}");
        }
    }

    #[test]
    fn what_is_missing_or_misplaced_is_refused() {
        for (raw, wrong) in [
            ("", "is not the URL"),
            ("mysql://a:b@h/d", "is not the URL"),
            ("host=h user=a password=b", "is not the URL"),
            ("postgres://a:b@h/d d", "is not the URL"),
            ("postgres://a:b@h/d/e", "is not the URL"),
            ("postgres://h/d", "names no user"),
            ("postgres://:b@h/d", "names no user"),
            ("postgres://a:b@h", "names no database"),
            ("postgres://a:b@h/", "names no database"),
            ("postgres://a:b@/d", "names no host"),
            ("postgres://a@h/d?password=b", "as a parameter"),
            ("postgres://a@h/d?p%61ssword=b", "as a parameter"),
        ] {
            let fault = parts(raw).unwrap_err();
            assert!(fault.wrong.contains(wrong), "{raw}: {fault:?}");
        }
    }

    #[test]
    fn a_password_of_its_own_is_put_into_the_url_encoded_and_two_are_refused() {
        let password: SecretString = "p@ss/ñ %".into();
        let read_with = |raw| read(raw, Some(&password));
        let whole = read_with("postgres://a@h:1/d?sslmode=require").ok().unwrap();
        assert_eq!(whole.url.expose_secret(), "postgres://a:p%40ss%2F%C3%B1%20%25@h:1/d?sslmode=require");
        assert_eq!(parts(whole.url.expose_secret()).unwrap().1.as_deref(), Some("p@ss/ñ %"));
        assert_eq!(whole.address, "a@h:1/d");
        assert_eq!(read_with("postgres://a:b@h/d").err(), Some(PASSWORD_TWICE));
    }
}
