//! Logins of the programs: each belongs to a group, and may what its group may.

use std::fmt;

use domain::identity::Password;
use domain::port::StoreError;
use postgres_protocol::password::scram_sha_256;

use crate::database::Database;
use crate::error::{classify, conflict};
use crate::schema;

/// What a program may, under whatever name it signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// What the api may.
    Api,
    /// What workers may.
    Worker,
}

impl Group {
    /// The name of the group's role.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "pregon_api",
            Self::Worker => "pregon_worker",
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Api => Self::Worker,
            Self::Worker => Self::Api,
        }
    }
}

/// The name of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login(String);

impl Login {
    /// The longest name that the server keeps whole, in bytes.
    const BYTES_MAX: usize = 63;

    /// Takes a name that needs no quotes anywhere: lower-case letters, digits and underscores, a letter first, at most 63 bytes.
    ///
    /// # Errors
    /// When it is not of that form, or names a group or a role of the server's own.
    pub fn parse(name: &str) -> Result<Self, InvalidLogin> {
        let is_sound = name.len() <= Self::BYTES_MAX
            && name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        let is_taken =
            name.starts_with("pg_") || [Group::Api, Group::Worker].iter().any(|group| group.as_str() == name);
        if is_sound && !is_taken { Ok(Self(name.to_owned())) } else { Err(InvalidLogin) }
    }
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Login {
    type Err = InvalidLogin;

    fn from_str(name: &str) -> Result<Self, InvalidLogin> {
        Self::parse(name)
    }
}

/// A name that no login gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a login is named by lower-case letters, digits and underscores, as sms_api, and not as a group is")]
pub struct InvalidLogin;

/// What became of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginMade {
    /// It was made.
    Made,
    /// It was there, and has another password.
    Changed,
}

impl Database {
    /// Makes a login of a group, or gives the one that is there this password; it belongs to no other group afterwards. The groups
    /// are made where they are missing, and granted what they may. The server sees no more of the password than what it keeps.
    ///
    /// # Errors
    /// `Conflict` when a role of that name may more than a program should; `Unavailable` when this user may not make roles.
    pub async fn make_login(
        &self,
        login: &Login,
        group: Group,
        password: &Password,
    ) -> Result<LoginMade, StoreError> {
        let doing = format!("make the login {login}");
        let failed = |error: tokio_postgres::Error| classify(doing.as_str(), &error);
        let client = self.single(&doing).await?;
        schema::grant(&client).await?;
        let found = client
            .query_opt(include_str!("../sql/role_login_find.sql"), &[&login.0])
            .await
            .map_err(failed)?;
        let is_there = found.is_some();
        if found.is_some_and(|role| role.get("is_powerful")) {
            let reason =
                "there is a role of this name that may more than a program should; choose another name";
            return Err(conflict(&doing, reason));
        }
        let verifier = scram_sha_256(password.expose().as_bytes());
        let row = client
            .query_one(
                include_str!("../sql/role_login_statement.sql"),
                &[&login.0, &verifier, &group.as_str(), &group.other().as_str(), &is_there],
            )
            .await
            .map_err(failed)?;
        client.batch_execute(row.get("statements")).await.map_err(failed)?;
        Ok(if is_there { LoginMade::Changed } else { LoginMade::Made })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_needs_no_quotes_and_is_no_group() {
        assert!(Login::parse("sms_api_2").is_ok());
        for name in ["", "2api", "Api", "a b", "a\"b", "pregon_api", "pg_monitor", &"a".repeat(64)] {
            assert_eq!(Login::parse(name), Err(InvalidLogin), "{name}");
        }
    }
}
