//! Who asks: somebody who is signed in, or a program that shows a key.

use crate::api_key::ApiKey;
use crate::identity::{Role, SecondFactorRule};
use crate::request::Actor;
use crate::session::SignedIn;

/// Somebody, or something, whose every request is known to be theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asker {
    /// A person, in a session.
    Person(SignedIn),
    /// A program, by its key.
    Program(Box<ApiKey>),
}

impl Asker {
    /// What they may do.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Self::Person(who) => who.role,
            Self::Program(key) => key.role,
        }
    }

    /// How the audit log names them.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match self {
            Self::Person(who) => Actor(who.email.to_string()),
            Self::Program(key) => key.actor(),
        }
    }

    /// The person, if it is one.
    #[must_use]
    pub fn person(&self) -> Option<&SignedIn> {
        match self {
            Self::Person(who) => Some(who),
            Self::Program(_) => None,
        }
    }

    /// What they must do before they may do anything else. Programs owe nothing.
    #[must_use]
    pub fn duty(&self, rule: SecondFactorRule) -> Option<Duty> {
        let who = self.person()?;
        if who.must_change_password {
            Some(Duty::ChangePassword)
        } else if rule.asks(who.role) && !who.has_second_factor {
            Some(Duty::AddSecondFactor)
        } else {
            None
        }
    }
}

/// What somebody owes before they may do what their role says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// Another chose their password: they set one of their own.
    ChangePassword,
    /// Their role asks for a second factor, and they have none.
    AddSecondFactor,
}
