//! Who asks, and whether they may: the one place where roles are checked.

use std::future::Future;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use actix_web::{Error, FromRequest, HttpRequest, web};
use application::{Authenticate, AuthenticateError, Credential};
use domain::access::{Asker, Duty};
use domain::identity::Role;
use domain::session::SignedIn;

use crate::input::Asked;
use crate::problem::Problem;

/// The header that carries a program's key.
pub(crate) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What a handler asks for.
pub(crate) trait Asks {
    /// The least role.
    const ROLE: Role;
    /// What may still be owed by who calls it.
    const LETS: &'static [Duty] = &[];
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

/// Anybody who is signed in, whatever they still owe: so that they can do it, or leave.
pub(crate) struct Anybody;

impl Asks for Anybody {
    const ROLE: Role = Role::Viewer;
    const LETS: &'static [Duty] = &[Duty::ChangePassword];
}

/// Somebody who is signed in, or a program with a key, that has at least the role `R`. A handler that takes one is reached
/// by nobody else.
pub(crate) struct Caller<R> {
    who: Asker,
    shown: (Credential, Option<IpAddr>),
    role: PhantomData<R>,
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
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let authenticate = request.app_data::<web::Data<Authenticate>>().cloned();
        let credential = credential(request.headers());
        let asked = Asked::from_request(request, payload);
        Box::pin(async move {
            let (credential, from) = (credential?, asked.await?.remote_addr);
            let Some(authenticate) = authenticate else { return Err(nothing_shown().into()) };
            let who = authenticate.execute(&credential, from).await.map_err(|error| match error {
                AuthenticateError::Refused => Problem::unauthorized(error.to_string()),
                AuthenticateError::Elsewhere => Problem::forbidden(error.to_string()),
                AuthenticateError::Store(error) => error.into(),
            })?;
            if let Some(duty) = who.duty().filter(|duty| !R::LETS.contains(duty)) {
                return Err(owed(duty).into());
            }
            if who.role() < R::ROLE {
                let detail = format!("this needs the role {}; yours is {}", R::ROLE, who.role());
                return Err(Problem::forbidden(detail).into());
            }
            Ok(Self { who, shown: (credential, from), role: PhantomData })
        })
    }
}

/// What a request shows; one that shows two things says not which of them is meant.
fn credential(headers: &HeaderMap) -> Result<Credential, Problem> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let token = header(&AUTHORIZATION)
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| Credential::AccessToken(token.trim().to_owned()));
    let key = header(&API_KEY).map(|key| Credential::ApiKey(key.trim().to_owned()));
    match (token, key) {
        (Some(shown), None) | (None, Some(shown)) => Ok(shown),
        (None, None) => Err(nothing_shown()),
        (Some(_), Some(_)) => {
            Err(Problem::bad_request("give authorization or x-api-key, not both: they may be of two callers"))
        }
    }
}

fn nothing_shown() -> Problem {
    Problem::unauthorized(
        "sign in first, and send authorization: Bearer <access token>, or x-api-key: <key of a program>",
    )
}

fn owed(duty: Duty) -> Problem {
    match duty {
        Duty::ChangePassword => Problem::forbidden(
            "somebody else chose your password: set your own with POST /auth/password before anything else",
        )
        .of_kind("urn:pregon:problem:password-change-required", "Password change required"),
    }
}
