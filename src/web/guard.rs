//! The decision about a request.

mod builder;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, Method};

pub use self::builder::GuardBuilder;
use self::builder::Tokens;
use super::address::PublicAddress;
use super::caller::Caller;
use super::certificate::{CertificateHeader, ClientCertificate};
use super::credentials::{self, Credentials, Scheme};
use super::log;
use super::nonce::Nonces;
use super::rejection::Rejection;
use super::requirement::Requirement;
use super::tenants::{Limits, TenantResolver, Tenants};
use crate::error::{Error, Result, TokenFault};
use crate::jose::SignatureAlgorithm;
use crate::oidc::{AccessTokenVerifier, AccessTokenVerifierBuilder, Oidc, Presented};
use crate::uma::{Access, PathEnforcer};

/// Decides about requests by their access tokens. Cheap to clone; clones share the issuer's keys.
///
/// See the [module](super) for an example, and `layer`, `optional` and `require` (feature `tower`)
/// for services of tower and axum.
#[derive(Clone)]
pub struct Guard {
    pub(super) settings: Arc<Settings>,
}

enum Verifier {
    Issuer(AccessTokenVerifier),
    Tenants(Box<Tenants>),
}

/// What a guard was set up with.
pub(super) struct Settings {
    verifier: Verifier,
    nonces: Option<Nonces>,
    pub(super) realm: Option<String>,
    pub(super) resource_metadata: Option<String>,
    address: Option<PublicAddress>,
    certificate: Option<CertificateHeader>,
    pub(super) dpop_required: bool,
    open_paths: Vec<String>,
    preflight: bool,
    max_header: usize,
}

impl Oidc {
    /// Starts a guard for the API of this client, a resource server: it takes access tokens of this
    /// provider.
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc, request: http::request::Parts) -> keycloak_kit::Result<()> {
    /// let guard = oidc.guard().audience("api").build()?;
    /// match guard.caller(&request).await {
    ///     Ok(caller) => println!("{} calls", caller.subject()),
    ///     Err(rejection) => println!("{:?}", rejection.to_response()),
    /// }
    /// # Ok(()) }
    /// ```
    pub fn guard(&self) -> GuardBuilder {
        let guard = Guard::builder(self.access_token_verifier());
        match self.realm() {
            Some(realm) => guard.realm(realm),
            None => guard,
        }
    }
}

impl Guard {
    /// Starts a guard that verifies tokens in the way of `verifier`.
    pub fn builder(verifier: AccessTokenVerifierBuilder) -> GuardBuilder {
        GuardBuilder::of(Tokens::Issuer(Box::new(verifier)))
    }

    /// Starts a guard for tenants that are known only at run time: `resolver` says which provider has
    /// the issuer that a token names, and `set_up` how its tokens are verified.
    ///
    /// ```no_run
    /// # fn show(resolver: impl keycloak_kit::web::TenantResolver) -> keycloak_kit::Result<()> {
    /// use keycloak_kit::web::Guard;
    ///
    /// let guard = Guard::tenants(resolver, |verifier| verifier.audience("api")).build()?;
    /// # Ok(()) }
    /// ```
    ///
    /// Known tenants and refused issuers are remembered for a minute each, 1,000 of both at most
    /// ([`tenant_cache`](GuardBuilder::tenant_cache)): so long a removed tenant is still accepted, and a new one
    /// still refused. One lookup for an issuer runs at a time, and eight in all.
    pub fn tenants(
        resolver: impl TenantResolver,
        set_up: impl Fn(AccessTokenVerifierBuilder) -> AccessTokenVerifierBuilder
        + Send
        + Sync
        + 'static,
    ) -> GuardBuilder {
        let limits = Limits::default();
        GuardBuilder::of(Tokens::Tenants(
            Box::new(resolver),
            Box::new(set_up),
            limits,
        ))
    }

    /// Returns the caller of a request.
    ///
    /// # Errors
    ///
    /// Returns a rejection if the request has no access token or a bad one, or if the token cannot be
    /// verified because the issuer cannot be reached.
    pub async fn caller(&self, request: &Parts) -> Result<Caller, Rejection> {
        let caller = self.optional_caller(request).await?;
        caller.ok_or_else(|| Rejection::no_token().of_guard(&self.settings))
    }

    /// Returns the caller of a request, or `None` if the request has no access token.
    ///
    /// # Errors
    ///
    /// Returns a rejection if the request has a bad access token: it is not treated as one without a
    /// token.
    pub async fn optional_caller(&self, request: &Parts) -> Result<Option<Caller>, Rejection> {
        if let Some(caller) = self.known(request) {
            return Ok(Some(caller.clone()));
        }
        match self.credentials(request)? {
            Some(credentials) => self.verified(request, &credentials).await.map(Some),
            None => Ok(None),
        }
    }

    fn credentials<'a>(&self, request: &'a Parts) -> Result<Option<Credentials<'a>>, Rejection> {
        let read = credentials::read(request, self.settings.max_header);
        read.map_err(|rejection| rejection.of_guard(&self.settings))
    }

    /// Verifies the token of a request.
    async fn verified(
        &self,
        request: &Parts,
        credentials: &Credentials<'_>,
    ) -> Result<Caller, Rejection> {
        match self.settings.check(request, credentials).await {
            Ok(claims) => Ok(Caller {
                claims: Arc::new(claims),
                guard: self.settings.clone(),
            }),
            Err((rejection, reason)) => {
                log::rejected(&rejection, &reason, credentials.token);
                Err(rejection.of_guard(&self.settings))
            }
        }
    }

    /// Returns the caller of a request if the caller meets a requirement.
    ///
    /// # Errors
    ///
    /// Returns a rejection as [`caller`](Self::caller) does, and one that says what is missing.
    pub async fn check(
        &self,
        request: &Parts,
        requirement: &Requirement,
    ) -> Result<Caller, Rejection> {
        let caller = self.caller(request).await?;
        match requirement.check(&caller, Some(request)) {
            Ok(()) => Ok(caller),
            Err(unmet) => Err(Rejection::unmet(unmet).of_guard(&self.settings)),
        }
    }

    /// Returns the caller of a request that a path enforcer allows; `None` for a request without a token
    /// to a path that is open.
    ///
    /// The guard has verified who holds the token, so the enforcer may be built with
    /// [`holder_verified`](crate::uma::PathEnforcerBuilder::holder_verified). Its rules are compared with
    /// the path of the request as this guard sees it.
    ///
    /// # Errors
    ///
    /// Returns a rejection as [`caller`](Self::caller) does; one with status 403 if the enforcer denies
    /// the request, and one with 503 if the server cannot be asked.
    pub async fn check_path(
        &self,
        request: &Parts,
        enforcer: &PathEnforcer,
    ) -> Result<Option<Caller>, Rejection> {
        let rejected = |rejection: Rejection| rejection.of_guard(&self.settings);
        let credentials = self.credentials(request)?;
        let caller = match (self.known(request), &credentials) {
            (Some(caller), _) => Some(caller.clone()),
            (None, Some(credentials)) => Some(self.verified(request, credentials).await?),
            (None, None) => None,
        };
        let token = credentials.map(|credentials| credentials.token);
        let path = request
            .uri
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let access = enforcer.check(&request.method, path, token).await;
        match access {
            Ok(Access::Granted) => Ok(caller),
            Ok(Access::NotLoggedIn) if token.is_some() => Err(rejected(Rejection::invalid_token(
                "the access token is invalid",
            ))),
            Ok(Access::NotLoggedIn) => Err(rejected(Rejection::no_token())),
            Ok(Access::Denied) => Err(rejected(Rejection::denied())),
            Err(error) if error.token_fault().is_some() => {
                log::misconfigured(
                    "the path enforcer was not told that the guard verifies the holder of a token: build it \
                     with holder_verified()",
                );
                Err(rejected(Rejection::invalid_token(
                    "the access token is invalid",
                )))
            }
            Err(_) => Err(rejected(Rejection::unavailable())),
        }
    }

    /// Returns whether a request passes without a token: a path that is
    /// [open](GuardBuilder::open_path), or a [preflight](GuardBuilder::cors_preflight).
    #[must_use]
    pub fn is_open(&self, request: &Parts) -> bool {
        let settings = &self.settings;
        let path = request.uri.path();
        settings.open_paths.iter().any(|open| open == path)
            || (settings.preflight && is_preflight(&request.method, &request.headers))
    }

    /// The caller that a layer of this guard has found already.
    fn known<'a>(&self, request: &'a Parts) -> Option<&'a Caller> {
        let caller = request.extensions.get::<Caller>()?;
        Arc::ptr_eq(&caller.guard, &self.settings).then_some(caller)
    }
}

/// A request of a browser that asks what it may send (Fetch standard, CORS-preflight fetch). It never has a
/// token.
fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

impl Settings {
    /// The time that ages of logins are counted to.
    pub(super) fn now(&self) -> SystemTime {
        match &self.verifier {
            Verifier::Issuer(verifier) => verifier.now(),
            Verifier::Tenants(_) => SystemTime::now(),
        }
    }

    /// A nonce for the next proof, where nonces are given.
    pub(super) fn nonce(&self) -> Option<String> {
        Some(self.nonces.as_ref()?.make(self.now()))
    }

    /// The algorithms of DPoP proofs, where proofs are taken.
    pub(super) fn dpop_algorithms(&self) -> Option<Vec<&'static str>> {
        self.address.as_ref()?;
        let names = SignatureAlgorithm::ASYMMETRIC
            .iter()
            .map(|algorithm| algorithm.name());
        Some(names.collect())
    }

    /// Verifies the token; otherwise the rejection, and the reason for the log.
    async fn check(
        &self,
        request: &Parts,
        credentials: &Credentials<'_>,
    ) -> Result<crate::oidc::AccessTokenClaims, (Rejection, String)> {
        let certificate = self
            .certificate(request)
            .map_err(|why| (Rejection::invalid_request(why), why.to_owned()))?;
        let (url, nonce);
        let mut presented = Presented::new(credentials.token);
        if let Some(certificate) = &certificate {
            presented = presented.certificate(certificate.der());
        }
        match (credentials.scheme, credentials.proof) {
            (Scheme::Dpop, Some(proof)) => {
                let address = self.address.as_ref().ok_or_else(|| {
                    log::misconfigured(
                        "a DPoP proof cannot be checked: set the guard's public_address",
                    );
                    let why = "this service does not take DPoP proofs";
                    (Rejection::invalid_token(why), why.to_owned())
                })?;
                url = address.of(request).ok_or_else(|| {
                    let why = "the headers do not say the address of the service";
                    (Rejection::invalid_request(why), why.to_owned())
                })?;
                presented = presented.dpop(proof, &request.method, &url);
                if let Some(nonces) = &self.nonces {
                    nonce = nonces.of_proof(proof, self.now()).ok_or_else(|| {
                        let why = "the DPoP proof needs a nonce of this service";
                        (Rejection::use_nonce(), why.to_owned())
                    })?;
                    presented = presented.nonce(&nonce);
                }
            }
            _ if self.dpop_required => {
                let why = "this service takes tokens with a DPoP proof only";
                return Err((Rejection::invalid_token(why), why.to_owned()));
            }
            _ => {}
        }
        let of_tenant;
        let verifier = match &self.verifier {
            Verifier::Issuer(verifier) => verifier,
            Verifier::Tenants(tenants) => {
                of_tenant = tenants.verifier(credentials.token).await?;
                &of_tenant
            }
        };
        let verified = verifier.verify(presented).await;
        verified.map_err(|error| (rejection(&error, credentials.scheme), error.to_string()))
    }

    fn certificate(&self, request: &Parts) -> Result<Option<ClientCertificate>, &'static str> {
        if let Some(certificate) = request.extensions.get::<ClientCertificate>() {
            return Ok(Some(certificate.clone()));
        }
        match &self.certificate {
            Some(header) => header.read(request),
            None => Ok(None),
        }
    }
}

/// The rejection for a token that was not verified. Its description tells a caller what a caller can
/// change.
fn rejection(error: &Error, scheme: Scheme) -> Rejection {
    let Some(fault) = error.token_fault() else {
        return Rejection::unavailable();
    };
    match (fault, scheme) {
        (TokenFault::Binding | TokenFault::Replayed, Scheme::Dpop) => Rejection::invalid_proof(
            "the DPoP proof is invalid, was used before, or is for another request or token",
        ),
        (TokenFault::Binding, Scheme::Bearer) => Rejection::invalid_token(
            "the access token is bound to a key or certificate that was not shown",
        ),
        (TokenFault::Expired, _) => Rejection::invalid_token("the access token has expired"),
        (TokenFault::NotYetValid, _) => {
            Rejection::invalid_token("the access token is not valid yet")
        }
        (TokenFault::Audience, _) => {
            Rejection::invalid_token("the access token is for another audience")
        }
        (TokenFault::Inactive, _) => Rejection::invalid_token("the access token was revoked"),
        _ => Rejection::invalid_token("the access token is invalid"),
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Issuer(verifier) => verifier.fmt(f),
            Self::Tenants(tenants) => tenants.fmt(f),
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("verifier", &self.settings.verifier)
            .field("public_address", &self.settings.address)
            .field("open_paths", &self.settings.open_paths)
            .finish_non_exhaustive()
    }
}
