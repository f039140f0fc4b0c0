//! Who asks, and whether they may: the one place where roles are checked.

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};
use application::{Authenticate, AuthenticateError};
use domain::identity::{Role, UserId};
use domain::session::SignedIn;

use crate::problem::Problem;

/// A role that a handler asks for.
pub(crate) trait Asks {
    const ROLE: Role;
}

macro_rules! asks {
    ($($name:ident),*) => {
        $(pub(crate) struct $name;
        impl Asks for $name {
            const ROLE: Role = Role::$name;
        })*
    };
}
asks!(Viewer, Operator, Manager, Admin);

/// Somebody who is signed in and has at least the role `R`. A handler that takes one is reached by nobody else.
pub(crate) struct Caller<R> {
    who: SignedIn,
    token: String,
    role: PhantomData<R>,
}

impl<R> Caller<R> {
    /// What they showed, to be looked at again.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }
}

impl<R> Deref for Caller<R> {
    type Target = SignedIn;

    fn deref(&self) -> &SignedIn {
        &self.who
    }
}

impl<R: Asks + 'static> FromRequest for Caller<R> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let extensions = request.extensions();
        // The guard has let them in by the table. A handler that asks for another role than the table says is a mistake
        // of ours, and reached by nobody.
        ready(match extensions.get::<Admitted>() {
            Some(admitted) if admitted.by == R::ROLE => {
                Ok(Self { who: admitted.who.clone(), token: admitted.token.clone(), role: PhantomData })
            }
            Some(_) | None => {
                Err(Problem::ours(&RoleMismatch { path: request.path().to_owned(), asked: R::ROLE }).into())
            }
        })
    }
}

/// A handler and the table differ.
#[derive(Debug, thiserror::Error)]
#[error("the handler of {path} asks for the role {asked}, and the table of routes for another or none")]
struct RoleMismatch {
    path: String,
    asked: Role,
}

/// Somebody who was let in, by the role that the table asks for.
#[derive(Clone)]
pub(crate) struct Admitted {
    pub(crate) who: SignedIn,
    token: String,
    by: Role,
}

/// What a request shows of who makes it.
pub(crate) struct Shown(Option<String>);

impl Shown {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let header = headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok());
        let token = header
            .and_then(|header| header.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim().to_owned());
        Self(token)
    }

    /// Whose it says it is, known without asking anybody.
    pub(crate) fn claimant(&self, authenticate: &Authenticate) -> Option<UserId> {
        self.0.as_deref().and_then(|token| authenticate.claimant(token))
    }

    /// Lets them in where they are who they say and may do what asks for `role`.
    pub(crate) async fn admit(self, authenticate: &Authenticate, role: Role) -> Result<Admitted, Problem> {
        let Some(token) = self.0 else {
            let detail = "sign in first, and send authorization: Bearer <access token>";
            return Err(Problem::unauthorized(detail));
        };
        let who = authenticate.execute(&token).await.map_err(|error| match error {
            AuthenticateError::Refused => {
                Problem::unauthorized("the access token is not valid, or no longer")
            }
            AuthenticateError::Store(error) => error.into(),
        })?;
        if who.role < role {
            let detail = format!("this needs the role {role}; yours is {}", who.role);
            return Err(Problem::new(StatusCode::FORBIDDEN, detail));
        }
        Ok(Admitted { who, token, by: role })
    }
}
