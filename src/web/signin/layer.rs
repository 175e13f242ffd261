//! The sign-in as layers of tower.

use std::sync::Arc;
use std::task::{Context, Poll};

use axum_core::body::Body;
use axum_core::response::{IntoResponse as _, Response};
use http::Request;
use http::request::Parts;
use tower_layer::Layer;
use tower_service::Service;
use tower_sessions_core::Session;

use super::SignIn;
use super::rejection::SignInRejection;
use super::visit::Visit;
use crate::BoxFuture;
use crate::web::requirement::Requirement;
use crate::web::tower::take_ready;

/// A layer of a sign-in; from [`SignIn::layer`] and [`SignIn::require`].
#[derive(Debug, Clone)]
pub struct SignInLayer {
    signin: SignIn,
    requirement: Option<Arc<Requirement>>,
}

/// The service that [`SignInLayer`] makes.
#[derive(Debug, Clone)]
pub struct SignInService<S> {
    inner: S,
    layer: SignInLayer,
}

impl SignIn {
    /// Returns a layer that lets handlers ask for the [`User`](super::User), and refuses nobody. It
    /// goes around the [routes](Self::routes) too, and inside of the `SessionManagerLayer`.
    #[must_use]
    pub fn layer(&self) -> SignInLayer {
        SignInLayer {
            signin: self.clone(),
            requirement: None,
        }
    }

    /// Returns a layer that lets only users pass who meet a requirement. Who is not signed in, or
    /// has to log in at another level, is sent to the login if the request is for a page.
    #[must_use]
    pub fn require(&self, requirement: Requirement) -> SignInLayer {
        SignInLayer {
            signin: self.clone(),
            requirement: Some(Arc::new(requirement)),
        }
    }

    /// Returns the visit of a request, which another layer of this sign-in may have begun.
    pub(super) fn visit(&self, request: &Parts) -> Visit {
        let known = request.extensions.get::<Visit>();
        match known {
            Some(visit) if Arc::ptr_eq(&visit.signin.settings, &self.settings) => visit.clone(),
            _ => Visit::new(self.clone(), request.extensions.get::<Session>().cloned()),
        }
    }
}

impl<S> Layer<S> for SignInLayer {
    type Service = SignInService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SignInService {
            inner,
            layer: self.clone(),
        }
    }
}

impl SignInLayer {
    async fn admit(&self, request: &mut Parts) -> Result<(), SignInRejection> {
        let visit = self.signin.visit(request);
        if let Some(requirement) = &self.requirement {
            match visit.user().await {
                Ok(Some(user)) => {
                    let checked = requirement.check(&user, Some(request));
                    checked
                        .map_err(|unmet| SignInRejection::unmet(&unmet, &self.signin, request))?;
                }
                Ok(None) => return Err(SignInRejection::not_signed_in(&self.signin, request)),
                Err(failure) => return Err(SignInRejection::failed(failure, request)),
            }
        }
        request.extensions.insert(visit);
        Ok(())
    }
}

impl<S, B> Service<Request<B>> for SignInService<S>
where
    S: Service<Request<B>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut inner = take_ready(&mut self.inner);
        let layer = self.layer.clone();
        Box::pin(async move {
            let (mut head, body) = request.into_parts();
            match layer.admit(&mut head).await {
                Ok(()) => inner.call(Request::from_parts(head, body)).await,
                Err(rejection) => Ok(rejection.into_response()),
            }
        })
    }
}
