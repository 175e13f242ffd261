//! The guard as layers of tower.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use super::guard::{Guard, Settings};
use super::rejection::Rejection;
use super::requirement::Requirement;
use crate::BoxFuture;
use crate::uma::PathEnforcer;

/// A layer that asks a [`Guard`] about every request; from [`Guard::layer`], [`Guard::optional`] and
/// [`Guard::require`]. The [`Caller`](super::Caller) is in the extensions of the requests that pass.
#[derive(Debug, Clone)]
pub struct GuardLayer {
    guard: Guard,
    mode: Mode,
}

/// The service that [`GuardLayer`] makes.
#[derive(Debug, Clone)]
pub struct GuardService<S> {
    inner: S,
    guard: Guard,
    mode: Mode,
}

#[derive(Debug, Clone)]
enum Mode {
    Required,
    Optional,
    Requirement(Arc<Requirement>),
    Paths(PathEnforcer),
}

/// Says in the extensions of a request that a guard has seen it.
#[derive(Clone)]
pub(super) struct Guarded(
    #[cfg_attr(not(feature = "axum"), allow(dead_code))] pub(super) Arc<Settings>,
);

impl Guard {
    /// Returns a layer that refuses requests without a good token, but for those that are
    /// [open](Self::is_open).
    #[must_use]
    pub fn layer(&self) -> GuardLayer {
        self.in_mode(Mode::Required)
    }

    /// Returns a layer that lets requests without a token pass. A bad token is refused.
    #[must_use]
    pub fn optional(&self) -> GuardLayer {
        self.in_mode(Mode::Optional)
    }

    /// Returns a layer that refuses callers who do not meet a requirement. It verifies the token
    /// unless another layer of this guard has done so.
    #[must_use]
    pub fn require(&self, requirement: Requirement) -> GuardLayer {
        self.in_mode(Mode::Requirement(Arc::new(requirement)))
    }

    /// Returns a layer that asks a path enforcer about every request; see
    /// [`check_path`](Self::check_path).
    #[must_use]
    pub fn enforce(&self, enforcer: PathEnforcer) -> GuardLayer {
        self.in_mode(Mode::Paths(enforcer))
    }

    fn in_mode(&self, mode: Mode) -> GuardLayer {
        GuardLayer {
            guard: self.clone(),
            mode,
        }
    }
}

/// Takes the service that was asked whether it is ready, which is the one to be called, and leaves a clone.
pub(super) fn take_ready<S: Clone>(inner: &mut S) -> S {
    let next = inner.clone();
    std::mem::replace(inner, next)
}

impl<S> Layer<S> for GuardLayer {
    type Service = GuardService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        GuardService {
            inner,
            guard: self.guard.clone(),
            mode: self.mode.clone(),
        }
    }
}

impl Mode {
    async fn admit(&self, guard: &Guard, request: &mut Parts) -> Result<(), Rejection> {
        let caller = match self {
            Self::Requirement(requirement) => Some(guard.check(request, requirement).await?),
            Self::Paths(_) if guard.is_open(request) => None,
            Self::Paths(enforcer) => guard.check_path(request, enforcer).await?,
            Self::Optional => guard.optional_caller(request).await?,
            Self::Required if guard.is_open(request) => None,
            Self::Required => Some(guard.caller(request).await?),
        };
        request.extensions.insert(Guarded(guard.settings.clone()));
        if let Some(caller) = caller {
            request.extensions.insert(caller);
        }
        Ok(())
    }
}

impl<S, B, R> Service<Request<B>> for GuardService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: From<Bytes>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<R>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut inner = take_ready(&mut self.inner);
        let (guard, mode) = (self.guard.clone(), self.mode.clone());
        Box::pin(async move {
            let (mut head, body) = request.into_parts();
            match mode.admit(&guard, &mut head).await {
                Ok(()) => inner.call(Request::from_parts(head, body)).await,
                Err(rejection) => Ok(rejection.to_response().map(R::from)),
            }
        })
    }
}
