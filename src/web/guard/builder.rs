//! Setting up a guard.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::super::address::PublicAddress;
use super::super::certificate::CertificateHeader;
use super::super::nonce::Nonces;
use super::super::tenants::{Limits, SetUp, TenantResolver, Tenants};
use super::{Guard, Settings, Verifier};
use crate::Secret;
use crate::error::{Result, config};
use crate::oidc::AccessTokenVerifierBuilder;

/// How long the header `Authorization` may be, unless set, in bytes.
const MAX_HEADER: usize = 16 * 1024;

/// Sets up a [`Guard`]; from [`Oidc::guard`](crate::oidc::Oidc::guard) or [`Guard::builder`].
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct GuardBuilder {
    tokens: Tokens,
    realm: Option<String>,
    resource_metadata: Option<String>,
    address: Option<PublicAddress>,
    certificate: Option<CertificateHeader>,
    dpop_required: bool,
    open_paths: Vec<String>,
    preflight: bool,
    max_header: usize,
    nonces: Option<(Duration, Option<Secret>)>,
}

/// How tokens are verified.
pub(super) enum Tokens {
    Issuer(Box<AccessTokenVerifierBuilder>),
    Tenants(Box<dyn TenantResolver>, Box<SetUp>, Limits),
}

impl GuardBuilder {
    pub(super) fn of(tokens: Tokens) -> Self {
        Self {
            tokens,
            realm: None,
            resource_metadata: None,
            address: None,
            certificate: None,
            dpop_required: false,
            open_paths: Vec::new(),
            preflight: false,
            max_header: MAX_HEADER,
            nonces: None,
        }
    }

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
        self.tokens = match self.tokens {
            Tokens::Issuer(verifier) => Tokens::Issuer(Box::new(set(*verifier))),
            tenants => tenants,
        };
        self
    }

    /// Sets how many tenants and refused issuers a guard for [tenants](Guard::tenants) remembers, and
    /// how long; 1,000 of each and a minute unless set.
    pub fn tenant_cache(mut self, entries: usize, age: Duration) -> Self {
        if let Tokens::Tenants(_, _, limits) = &mut self.tokens {
            limits.entries = entries;
            limits.age = age;
        }
        self
    }

    /// Limits the time of one lookup of a tenant; 5 s unless set.
    pub fn tenant_timeout(mut self, limit: Duration) -> Self {
        if let Tokens::Tenants(_, _, limits) = &mut self.tokens {
            limits.time_limit = limit;
        }
        self
    }

    /// Asks for a nonce in DPoP proofs (RFC 9449 section 9), which is good for `lifetime`. The key that
    /// nonces are made with is the process's own: see [`dpop_nonce_key`](Self::dpop_nonce_key).
    pub fn dpop_nonces(mut self, lifetime: Duration) -> Self {
        let key = self.nonces.and_then(|(_, key)| key);
        self.nonces = Some((lifetime, key));
        self
    }

    /// Shares the key of nonces between processes that answer for one service: at least 32 bytes.
    /// Nonces are good for five minutes unless [`dpop_nonces`](Self::dpop_nonces) says otherwise.
    pub fn dpop_nonce_key(mut self, key: impl Into<Secret>) -> Self {
        let lifetime = self
            .nonces
            .map_or(Duration::from_secs(300), |(lifetime, _)| lifetime);
        self.nonces = Some((lifetime, Some(key.into())));
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
    /// [`ClientCertificate`](crate::web::ClientCertificate) in the extensions of the request is used without being named.
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
            verifier: match self.tokens {
                Tokens::Issuer(verifier) => Verifier::Issuer(verifier.build()?),
                Tokens::Tenants(resolver, set_up, limits) => {
                    Verifier::Tenants(Box::new(Tenants::new(resolver, set_up, limits)))
                }
            },
            nonces: self
                .nonces
                .map(|(lifetime, key)| Nonces::new(lifetime, key.as_ref()))
                .transpose()?,
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

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Issuer(verifier) => verifier.fmt(f),
            Self::Tenants(resolver, ..) => resolver.fmt(f),
        }
    }
}
