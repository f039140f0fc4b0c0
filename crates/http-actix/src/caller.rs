//! Who asks, and whether they may: the one place where roles are checked.

use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{Error, FromRequest, HttpRequest, web};
use application::{Authenticate, AuthenticateError};
use domain::identity::Role;
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
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let authenticate = request.app_data::<web::Data<Authenticate>>().cloned();
        let header = request.headers().get(AUTHORIZATION).and_then(|header| header.to_str().ok());
        let token = header
            .and_then(|header| header.split_once(' '))
            .map(|(scheme, token)| (scheme.eq_ignore_ascii_case("bearer"), token.trim().to_owned()));
        Box::pin(async move {
            let (Some(authenticate), Some((true, token))) = (authenticate, token) else {
                return Err(Problem::unauthorized(
                    "sign in first, and send authorization: Bearer <access token>",
                )
                .into());
            };
            let who = authenticate.execute(&token).await.map_err(|error| match error {
                AuthenticateError::Refused => {
                    Problem::unauthorized("the access token is not valid, or no longer")
                }
                AuthenticateError::Store(error) => error.into(),
            })?;
            if who.role < R::ROLE {
                let detail = format!("this needs the role {}; yours is {}", R::ROLE, who.role);
                return Err(Problem::new(StatusCode::FORBIDDEN, detail).into());
            }
            Ok(Self { who, token, role: PhantomData })
        })
    }
}
