//! The user as an extractor of axum.

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;

use super::rejection::SignInRejection;
use super::user::User;
use super::visit::{Failure, Visit};
use crate::web::log;

/// The visit that a layer of a sign-in has begun.
fn visit(request: &Parts) -> Result<Visit, SignInRejection> {
    request.extensions.get::<Visit>().cloned().ok_or_else(|| {
        log::misconfigured("a handler takes a User and no layer of a sign-in is around it");
        SignInRejection::failed(Failure::Misconfigured, request)
    })
}

impl<S: Send + Sync> FromRequestParts<S> for User {
    type Rejection = SignInRejection;

    async fn from_request_parts(request: &mut Parts, _: &S) -> Result<Self, SignInRejection> {
        let visit = visit(request)?;
        match visit.user().await {
            Ok(Some(user)) => Ok(user),
            Ok(None) => Err(SignInRejection::not_signed_in(&visit.signin, request)),
            Err(failure) => Err(SignInRejection::failed(failure, request)),
        }
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for User {
    type Rejection = SignInRejection;

    async fn from_request_parts(
        request: &mut Parts,
        _: &S,
    ) -> Result<Option<Self>, SignInRejection> {
        let found = visit(request)?.user().await;
        found.map_err(|failure| SignInRejection::failed(failure, request))
    }
}
