//! The decision about a request.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, Method};

use super::address::PublicAddress;
use super::caller::Caller;
use super::certificate::{CertificateHeader, ClientCertificate};
use super::credentials::{self, Credentials, Scheme};
use super::log;
use super::rejection::Rejection;
use super::requirement::Requirement;
use crate::error::{Error, Result, TokenFault, config};
use crate::jose::SignatureAlgorithm;
use crate::oidc::{AccessTokenVerifier, AccessTokenVerifierBuilder, Oidc, Presented};

/// How long the header `Authorization` may be, unless set, in bytes.
const MAX_HEADER: usize = 16 * 1024;

/// Decides about requests by their access tokens. Cheap to clone; clones share the issuer's keys.
///
/// See the [module](super) for an example, and `layer`, `optional` and `require` (feature `tower`)
/// for services of tower and axum.
#[derive(Clone)]
pub struct Guard {
    pub(super) settings: Arc<Settings>,
}

/// Sets up a [`Guard`]; from [`Oidc::guard`] or [`Guard::builder`].
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct GuardBuilder {
    verifier: AccessTokenVerifierBuilder,
    realm: Option<String>,
    resource_metadata: Option<String>,
    address: Option<PublicAddress>,
    certificate: Option<CertificateHeader>,
    dpop_required: bool,
    open_paths: Vec<String>,
    preflight: bool,
    max_header: usize,
}

/// What a guard was set up with.
pub(super) struct Settings {
    verifier: AccessTokenVerifier,
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
        GuardBuilder {
            verifier,
            realm: None,
            resource_metadata: None,
            address: None,
            certificate: None,
            dpop_required: false,
            open_paths: Vec::new(),
            preflight: false,
            max_header: MAX_HEADER,
        }
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
        let rejected = |rejection: Rejection| rejection.of_guard(&self.settings);
        let credentials = credentials::read(request, self.settings.max_header).map_err(rejected)?;
        let Some(credentials) = credentials else {
            return Ok(None);
        };
        let checked = self.settings.check(request, &credentials).await;
        checked
            .map(|claims| {
                let guard = self.settings.clone();
                Some(Caller {
                    claims: Arc::new(claims),
                    guard,
                })
            })
            .map_err(|(rejection, reason)| {
                log::rejected(&rejection, &reason, credentials.token);
                rejected(rejection)
            })
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
        self.verifier.now()
    }

    /// The algorithms of DPoP proofs, where proofs are taken.
    pub(super) fn dpop_algorithms(&self) -> Option<String> {
        self.address.as_ref()?;
        let names = SignatureAlgorithm::ASYMMETRIC
            .iter()
            .map(|algorithm| algorithm.name());
        Some(names.collect::<Vec<_>>().join(" "))
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
        let url;
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
            }
            _ if self.dpop_required => {
                let why = "this service takes tokens with a DPoP proof only";
                return Err((Rejection::invalid_token(why), why.to_owned()));
            }
            _ => {}
        }
        let verified = self.verifier.verify(presented).await;
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

impl GuardBuilder {
    /// Takes tokens that are for this audience. One audience must be set.
    pub fn audience(self, audience: impl Into<String>) -> Self {
        let audience = audience.into();
        self.access_tokens(|verifier| verifier.audience(audience))
    }

    /// Sets up how tokens are verified: further issuers, algorithms, introspection of opaque and
    /// lightweight tokens, the store of used DPoP proofs.
    ///
    /// ```no_run
    /// # fn show(oidc: keycloak_kit::oidc::Oidc) -> keycloak_kit::Result<()> {
    /// let guard = oidc
    ///     .guard()
    ///     .audience("api")
    ///     .access_tokens(|verifier| verifier.introspection(oidc.clone()).introspect_opaque_tokens())
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn access_tokens(
        mut self,
        set: impl FnOnce(AccessTokenVerifierBuilder) -> AccessTokenVerifierBuilder,
    ) -> Self {
        self.verifier = set(self.verifier);
        self
    }

    /// Sets the `realm` of challenges (RFC 9110 section 11.5); the name of the client's realm unless
    /// set.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Sets the URL of the service's metadata, which challenges name (RFC 9728 section 5.1).
    pub fn resource_metadata(mut self, url: impl Into<String>) -> Self {
        self.resource_metadata = Some(url.into());
        self
    }

    /// Sets the address that callers use. DPoP proofs name it: without it tokens with a proof are
    /// refused.
    pub fn public_address(mut self, address: PublicAddress) -> Self {
        self.address = Some(address);
        self
    }

    /// Reads the client's certificate from a header of the proxy that ends TLS. A
    /// [`ClientCertificate`] in the extensions of the request is used without being named.
    pub fn certificate_header(mut self, header: CertificateHeader) -> Self {
        self.certificate = Some(header);
        self
    }

    /// Refuses tokens that come without a DPoP proof.
    pub fn require_dpop(mut self) -> Self {
        self.dpop_required = true;
        self
    }

    /// Lets requests to this path pass without a token, such as `/health`. The path is compared as
    /// a whole and as it was sent.
    pub fn open_path(mut self, path: impl Into<String>) -> Self {
        self.open_paths.push(path.into());
        self
    }

    /// Lets CORS preflight requests pass, which never have a token.
    pub fn cors_preflight(mut self) -> Self {
        self.preflight = true;
        self
    }

    /// Limits the length of the headers `Authorization` and `DPoP`, in bytes; 16 KiB each unless set.
    pub fn max_header_bytes(mut self, bytes: usize) -> Self {
        self.max_header = bytes;
        self
    }

    /// Builds the guard.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`ErrorKind::Config`](crate::ErrorKind::Config) if no audience is set,
    /// or if DPoP is required and no [`public_address`](Self::public_address) is set.
    pub fn build(self) -> Result<Guard> {
        if self.dpop_required && self.address.is_none() {
            return Err(config(
                "DPoP is required and no public address is set: set public_address, which DPoP proofs \
                 are compared with",
            ));
        }
        let settings = Settings {
            verifier: self.verifier.build()?,
            realm: self.realm,
            resource_metadata: self.resource_metadata,
            address: self.address,
            certificate: self.certificate,
            dpop_required: self.dpop_required,
            open_paths: self.open_paths,
            preflight: self.preflight,
            max_header: self.max_header,
        };
        Ok(Guard {
            settings: Arc::new(settings),
        })
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
