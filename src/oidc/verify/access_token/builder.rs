//! The builder of an access token verifier.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::super::LEEWAY;
use super::super::claims::Subjects;
use super::super::introspection_cache::{DEFAULT_AGE, Introspect, IntrospectionCache};
use super::super::issuer::TrustedIssuer;
use super::super::replay::{ReplayMemory, ReplayStore};
use super::{AccessTokenProfile, AccessTokenVerifier, Check, IntrospectionRules, Rules};
use crate::error::{Result, config};
use crate::jose::SignatureAlgorithm;

/// A builder for an [`AccessTokenVerifier`].
#[must_use = "a builder does nothing until it is built"]
pub struct AccessTokenVerifierBuilder {
    rules: Rules,
    introspect: Option<Arc<dyn Introspect>>,
    keep: Option<Duration>,
}

impl AccessTokenVerifierBuilder {
    pub(super) fn new(issuer: TrustedIssuer) -> Self {
        Self {
            rules: Rules {
                issuers: vec![issuer],
                audiences: Vec::new(),
                authorized_parties: Vec::new(),
                subject: None,
                subjects: Subjects::Any,
                scopes: Vec::new(),
                required: Vec::new(),
                resource_audiences: Vec::new(),
                profile: AccessTokenProfile::default(),
                algorithms: None,
                leeway: LEEWAY,
                not_before: None,
                without: BTreeSet::new(),
                introspection: None,
                introspection_rules: IntrospectionRules::default(),
                replay: Arc::new(ReplayMemory::default()),
                clock: Arc::new(SystemTime::now),
            },
            introspect: None,
            keep: None,
        }
    }

    /// Adds a name of this service in `aud`. A token must have one of the names. Required, unless
    /// [`Check::Audience`] is disabled.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.rules.audiences.push(audience.into());
        self
    }

    /// Like [`audience`](Self::audience), for a name that is not a client id, such as
    /// `https://api.example.org`, so that no ID token has this audience.
    pub fn resource_audience(mut self, audience: impl Into<String>) -> Self {
        let audience = audience.into();
        self.rules.resource_audiences.push(audience.clone());
        self.audience(audience)
    }

    /// Sets how the issuer's access tokens are recognized. The default is
    /// [`AccessTokenProfile::Keycloak`].
    ///
    /// ```
    /// use keycloak_kit::oidc::{AccessTokenProfile, AccessTokenVerifier, TrustedIssuer};
    /// # use keycloak_kit::jose::JwkSet;
    ///
    /// # fn show(keys: JwkSet) -> keycloak_kit::Result<()> {
    /// let issuer = TrustedIssuer::new("https://op.example", keys);
    /// let verifier = AccessTokenVerifier::builder(issuer)
    ///     .audience("api")
    ///     .profile(AccessTokenProfile::Any)
    ///     .require_claim("token_use", "access")
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn profile(mut self, profile: AccessTokenProfile) -> Self {
        self.rules.profile = profile;
        self
    }

    /// Requires a claim with this value, or with a list that contains the value. Several claims can
    /// be required.
    pub fn require_claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.rules.required.push((name.into(), value.into()));
        self
    }

    /// Also accepts tokens of another issuer. Each issuer's tokens are verified with its own keys.
    pub fn also_issuer(mut self, issuer: TrustedIssuer) -> Self {
        self.rules.issuers.push(issuer);
        self
    }

    /// Accepts only tokens issued to this client (`azp`). Several clients can be added.
    pub fn authorized_party(mut self, client_id: impl Into<String>) -> Self {
        self.rules.authorized_parties.push(client_id.into());
        self
    }

    /// Accepts only tokens with this subject.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.rules.subject = Some(subject.into());
        self
    }

    /// Accepts only subjects of at most 255 ASCII characters (RFC 9068 section 2.2, OpenID Connect
    /// Core 1.0 section 2). By default a subject may have up to 4096 bytes without control
    /// characters. Subjects are compared byte by byte.
    pub fn strict_subjects(mut self) -> Self {
        self.rules.subjects = Subjects::Strict;
        self
    }

    /// Requires a scope. Several scopes can be required.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.rules.scopes.push(scope.into());
        self
    }

    /// Accepts only tokens signed with one of these algorithms. The default is all asymmetric
    /// algorithms; symmetric algorithms are ignored.
    pub fn algorithms(mut self, all: impl IntoIterator<Item = SignatureAlgorithm>) -> Self {
        let asymmetric = |one: &SignatureAlgorithm| SignatureAlgorithm::ASYMMETRIC.contains(one);
        self.rules.algorithms = Some(all.into_iter().filter(asymmetric).collect());
        self
    }

    /// Sets how far this machine's clock and the server's may differ. The default is 30 s; it is
    /// limited to half of a token's lifetime.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.rules.leeway = leeway;
        self
    }

    /// Refuses tokens issued before this time, such as a realm's or client's not-before policy.
    pub fn not_before(mut self, time: SystemTime) -> Self {
        self.rules.not_before = Some(time);
        self
    }

    /// Introspects lightweight access tokens, to add their missing claims and to check that they
    /// are still active.
    ///
    /// Keycloak marks lightweight tokens in `jti`. A token without such a mark, as in Keycloak 24,
    /// is introspected if it lacks `sub` or `aud`. Only tokens of the verifier's first issuer are
    /// introspected. There are at most 64 concurrent requests.
    ///
    /// # Security
    /// Responses are cached for 30 s, so a revoked token is accepted for up to that time; see
    /// [`introspection_cache`](Self::introspection_cache).
    pub fn introspection(mut self, introspect: impl Introspect) -> Self {
        self.introspect = Some(Arc::new(introspect));
        self
    }

    /// Also introspects tokens that are not signed JWTs (RFC 7662). The response is checked like
    /// the claims of a JWT: type, issuer, audience, times, scopes, binding. Requires
    /// [`introspection`](Self::introspection).
    ///
    /// ```no_run
    /// # fn show(oidc: keycloak_kit::oidc::Oidc) -> keycloak_kit::Result<()> {
    /// let verifier = oidc
    ///     .verifier()
    ///     .access_token_verifier()
    ///     .audience("api")
    ///     .introspection(oidc.clone())
    ///     .introspect_opaque_tokens()
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn introspect_opaque_tokens(mut self) -> Self {
        self.rules.introspection_rules.opaque = true;
        self
    }

    /// Introspects every token after the local checks, so that revoked tokens are refused. Includes
    /// [`introspect_opaque_tokens`](Self::introspect_opaque_tokens).
    pub fn introspect_every_token(mut self) -> Self {
        self.rules.introspection_rules.opaque = true;
        self.rules.introspection_rules.every = true;
        self
    }

    /// Sets how long introspection responses are cached, at most until the token expires. The
    /// default is 30 s; zero disables the cache. Refusals are cached for at most 10 s, failed
    /// requests not at all.
    ///
    /// # Security
    /// A revoked token is accepted for up to this time.
    pub fn introspection_cache(mut self, keep: Duration) -> Self {
        self.keep = Some(keep);
        self
    }

    /// Accepts an active token as an access token if the introspection response has no type
    /// (`token_type` is optional, RFC 7662 section 2.2).
    ///
    /// # Security
    /// Such servers may report refresh tokens as active, and `token_type_hint` does not prevent
    /// that (RFC 7662 section 2.1). Require an audience or a scope that only access tokens have.
    pub fn untyped_as_access_token(mut self) -> Self {
        self.rules.introspection_rules.untyped = true;
        self
    }

    /// Sets the store of used DPoP proofs. The default is in memory, which is sufficient for a
    /// single process.
    pub fn replay_store(mut self, store: impl ReplayStore) -> Self {
        self.rules.replay = Arc::new(store);
        self
    }

    /// Disables a check. **Each check prevents a known attack.**
    pub fn without(mut self, check: Check) -> Self {
        self.rules.without.insert(check);
        self
    }

    #[cfg(test)]
    pub(crate) fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.rules.clock = Arc::new(now);
        self
    }

    /// Creates the verifier.
    ///
    /// # Errors
    /// Returns an error of kind `Config` if
    ///
    /// - there is no audience,
    /// - there are several issuers and [`Check::Issuer`] is disabled,
    /// - [`AccessTokenProfile::Any`] has no requirement that ID tokens do not meet,
    /// - there is no asymmetric algorithm, or
    /// - a setting of introspection is used without [`introspection`](Self::introspection).
    pub fn build(self) -> Result<AccessTokenVerifier> {
        let mut rules = self.rules;
        let asks = rules.introspection_rules.opaque
            || rules.introspection_rules.untyped
            || self.keep.is_some();
        match self.introspect {
            Some(introspect) => {
                rules.introspection = Some(IntrospectionCache::new(
                    introspect,
                    self.keep.unwrap_or(DEFAULT_AGE),
                ));
            }
            None if asks => {
                return Err(
                    config("introspection is configured without a server to ask")
                        .with_hint("set introspection(oidc) with a confidential client"),
                );
            }
            None => {}
        }
        rules.check_profile()?;
        if rules.audiences.is_empty() && rules.checks(Check::Audience) {
            return Err(
                config("the access token verifier needs an audience").with_hint(
                    "set audience to the client id of this service and give its callers an \
                         audience mapper, or disable the check with without(Check::Audience)",
                ),
            );
        }
        if rules.issuers.len() > 1 && !rules.checks(Check::Issuer) {
            return Err(config(
                "Check::Issuer cannot be disabled with several issuers",
            ));
        }
        if rules.algorithms.as_ref().is_some_and(Vec::is_empty) {
            return Err(config(
                "the access token verifier needs an asymmetric algorithm",
            ));
        }
        Ok(AccessTokenVerifier {
            rules: Arc::new(rules),
        })
    }
}

impl fmt::Debug for AccessTokenVerifierBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTokenVerifierBuilder")
            .field("issuers", &self.rules.issuers)
            .field("audiences", &self.rules.audiences)
            .finish_non_exhaustive()
    }
}
