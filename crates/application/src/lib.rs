//! Use cases, one a file: each reads as the story that product people would tell, over the ports of the domain.
//!
//! No driver, no HTTP, no SQL, no clock of its own may enter.

mod create_user;
mod import_numbers;
mod sign_in;

pub use create_user::{CreateUser, CreateUserError, NewUser};
pub use import_numbers::{ImportCommand, ImportError, ImportNumbers, ImportObserver, ImportOutcome};
pub use sign_in::{
    Authenticate, AuthenticateError, DeskError, EndSession, FailureLimit, ListSessions, LogIn, LogInError,
    LogOut, Login, LoginFailures, Pass, RefreshError, RefreshSession, SessionCache, SignInDesk,
    TokenLifetimes,
};
