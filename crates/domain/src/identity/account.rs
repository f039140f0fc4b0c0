//! Users as admins see them, and what admins change of them.

use jiff::Timestamp;

use super::{Email, PasswordHash, Role, UserId};
use crate::session::SessionId;

/// A user as admins see them: without the password's hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Identifies the user.
    pub id: UserId,
    /// Signs in with it.
    pub email: Email,
    /// What the user may do.
    pub role: Role,
    /// Whether the user may do nothing else before another password is set.
    pub must_change_password: bool,
    /// Whether the user signs in with a second factor.
    pub has_second_factor: bool,
    /// When the user was made.
    pub created_at: Timestamp,
    /// Since when the user cannot sign in, if so.
    pub disabled_at: Option<Timestamp>,
}

/// What an admin changes of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountChange {
    /// What they may do. Sessions go on when it is more than before, and end otherwise.
    Role(Role),
    /// They cannot sign in any more, and their sessions end.
    Disable,
    /// They can again.
    Enable,
    /// They sign in with a password that another chose, must choose one of their own, and their sessions end.
    ResetPassword(PasswordHash),
    /// They have lost their second factor: they sign in with the password alone, and their sessions end.
    RemoveSecondFactor,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangedAccount {
    /// It holds, or held before.
    Done {
        /// The user as they are now.
        account: Box<Account>,
        /// The sessions that ended, or whose role is another: copies of them are wrong.
        sessions: Vec<SessionId>,
    },
    /// There is no such user.
    Unknown,
    /// It would have left nobody who may manage users.
    LastAdmin,
}
