//! Who asks, and whether they may: the one place where roles are checked.

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::net::IpAddr;
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};
use application::{Authenticate, AuthenticateError, Credential};
use domain::access::{Asker, Duty};
use domain::identity::Role;
use domain::session::SignedIn;

use crate::access::Access;
use crate::limits::Whose;
use crate::problem::Problem;

/// The header that carries a program's key.
pub(crate) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What a handler asks for.
pub(crate) trait Asks {
    const ACCESS: Access;
}

macro_rules! asks {
    ($($name:ident),*) => {
        $(pub(crate) struct $name;
        impl Asks for $name {
            const ACCESS: Access = Access::Role(Role::$name);
        })*
    };
}
asks!(Viewer, Operator, Manager, Admin);

/// Anybody who is signed in, whatever they still owe: so that they can do it, or leave.
pub(crate) struct Anybody;

impl Asks for Anybody {
    const ACCESS: Access = Access::SignedIn;
}

/// Somebody who is signed in, or a program with a key, that has at least the role `R`. A handler that takes one is reached
/// by nobody else.
pub(crate) struct Caller<R> {
    who: Asker,
    shown: (Credential, Option<IpAddr>),
    asks: PhantomData<R>,
}

impl<R> Caller<R> {
    /// What they showed, and where, to be looked at again.
    pub(crate) fn shown(&self) -> (Credential, Option<IpAddr>) {
        self.shown.clone()
    }

    /// The person, for what programs have none of: a session, a password.
    pub(crate) fn person(&self) -> Result<&SignedIn, Problem> {
        self.who.person().ok_or_else(|| {
            Problem::forbidden("this is for people who sign in: an API key has no password and no sessions")
        })
    }
}

impl<R> Deref for Caller<R> {
    type Target = Asker;

    fn deref(&self) -> &Asker {
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
            Some(admitted) if admitted.by == R::ACCESS => {
                Ok(Self { who: admitted.who.clone(), shown: admitted.shown.clone(), asks: PhantomData })
            }
            Some(_) | None => {
                let path = request.path().to_owned();
                Err(Problem::ours(&AccessMismatch { path, asked: R::ACCESS }).into())
            }
        })
    }
}

/// A handler and the table differ.
#[derive(Debug, thiserror::Error)]
#[error("the handler of {path} asks for {asked:?}, and the table of routes for something else or nothing")]
struct AccessMismatch {
    path: String,
    asked: Access,
}

/// Somebody who was let in, by what the table asks for.
#[derive(Clone)]
pub(crate) struct Admitted {
    pub(crate) who: Asker,
    shown: (Credential, Option<IpAddr>),
    by: Access,
}

/// What a request shows of who makes it, or why that shows nobody.
pub(crate) struct Shown(Result<Credential, Problem>);

impl Shown {
    /// One that shows two things says not which of them is meant.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let token = header(&AUTHORIZATION)
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| Credential::AccessToken(token.trim().to_owned()));
        let key = header(&API_KEY).map(|key| Credential::ApiKey(key.trim().to_owned()));
        Self(match (token, key) {
            (Some(shown), None) | (None, Some(shown)) => Ok(shown),
            (None, None) => Err(Problem::unauthorized(
                "sign in first, and send authorization: Bearer <access token>, or x-api-key: <key of a program>",
            )),
            (Some(_), Some(_)) => Err(Problem::bad_request(
                "give authorization or x-api-key, not both: they may be of two callers",
            )),
        })
    }

    /// Whose requests it counts with, known without asking anybody.
    pub(crate) fn claimant(&self, authenticate: &Authenticate) -> Option<Whose> {
        self.0.as_ref().ok().and_then(|shown| authenticate.claimant(shown)).map(Whose::Caller)
    }

    /// Lets them in where they are who they say and may do what asks for `access`.
    pub(crate) async fn admit(
        self,
        authenticate: &Authenticate,
        from: Option<IpAddr>,
        access: Access,
    ) -> Result<Admitted, Problem> {
        let shown = self.0?;
        let who = authenticate.execute(&shown, from).await.map_err(|error| match error {
            AuthenticateError::Refused => Problem::unauthorized(error.to_string()),
            AuthenticateError::Elsewhere => Problem::forbidden(error.to_string()),
            AuthenticateError::Store(error) => error.into(),
        })?;
        if let Access::Role(role) = access {
            if let Some(duty) = authenticate.duty(&who) {
                return Err(owed(duty));
            }
            if who.role() < role {
                return Err(Problem::forbidden(format!(
                    "this needs the role {role}; yours is {}",
                    who.role()
                )));
            }
        }
        Ok(Admitted { who, shown: (shown, from), by: access })
    }
}

fn owed(duty: Duty) -> Problem {
    match duty {
        Duty::ChangePassword => Problem::forbidden(
            "somebody else chose your password: set your own with POST /auth/password before anything else",
        )
        .of_kind("urn:pregon:problem:password-change-required", "Password change required"),
        Duty::AddSecondFactor => Problem::forbidden(
            "your role asks for a second factor: bring one in with POST /auth/second-factor before anything else",
        )
        .of_kind("urn:pregon:problem:second-factor-required", "Second factor required"),
    }
}
