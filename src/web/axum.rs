//! The caller as an extractor of axum.

use axum_core::body::Body;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::caller::Caller;
use super::log;
use super::rejection::Rejection;
use super::resource_metadata::ResourceMetadata;
use super::tower::Guarded;

/// The claims of the caller's access token as a type of the application's own.
///
/// ```
/// use keycloak_kit::web::Claims;
///
/// #[derive(serde::Deserialize)]
/// struct Own {
///     department: String,
/// }
///
/// async fn department(Claims(own): Claims<Own>) -> String {
///     own.department
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims<T>(pub T);

/// The caller that a layer of a guard has found.
fn found(request: &Parts) -> Result<Option<Caller>, Rejection> {
    if let Some(caller) = request.extensions.get::<Caller>() {
        return Ok(Some(caller.clone()));
    }
    if request.extensions.get::<Guarded>().is_some() {
        return Ok(None);
    }
    log::misconfigured("a handler takes a Caller and no layer of a guard is around it");
    Err(Rejection::misconfigured())
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Rejection;

    async fn from_request_parts(request: &mut Parts, _: &S) -> Result<Self, Rejection> {
        found(request)?.ok_or_else(|| {
            let guarded = request.extensions.get::<Guarded>();
            let rejection = Rejection::no_token();
            match guarded {
                Some(Guarded(guard)) => rejection.of_guard(guard),
                None => rejection,
            }
        })
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = Rejection;

    async fn from_request_parts(request: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        found(request)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Claims<T> {
    type Rejection = Rejection;

    async fn from_request_parts(request: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let caller = <Caller as FromRequestParts<S>>::from_request_parts(request, state).await?;
        caller.claims_as().map(Self)
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        self.to_response().map(Body::from)
    }
}

impl IntoResponse for ResourceMetadata {
    fn into_response(self) -> Response {
        self.to_response().map(Body::from)
    }
}
