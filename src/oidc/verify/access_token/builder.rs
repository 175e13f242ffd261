//! Setting up a verifier.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::super::LEEWAY;
use super::super::claims::Subjects;
use super::super::introspection_cache::{Introspect, IntrospectionCache, KEEP};
use super::super::issuer::TrustedIssuer;
use super::super::replay::{ReplayMemory, ReplayStore};
use super::{AccessTokenProfile, AccessTokenVerifier, Ask, Check, Rules};
use crate::error::{Result, config};
use crate::jose::SignatureAlgorithm;

/// Sets up an [`AccessTokenVerifier`].
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
                answers: None,
                ask: Ask::default(),
                replay: Arc::new(ReplayMemory::default()),
                clock: Arc::new(SystemTime::now),
            },
            introspect: None,
            keep: None,
        }
    }

    /// The name of this service in `aud`; of several, one must be there. Needed, unless
    /// [`Check::Audience`] is switched off.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.rules.audiences.push(audience.into());
        self
    }

    /// A name of this service in `aud` that is not the id of a client, such as
    /// `https://api.example.org`: no ID token is for it. Otherwise as [`audience`](Self::audience).
    pub fn resource_audience(mut self, audience: impl Into<String>) -> Self {
        let audience = audience.into();
        self.rules.resource_audiences.push(audience.clone());
        self.audience(audience)
    }

    /// How the tokens of the issuer say that they are access tokens; as Keycloak's unless set.
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

    /// Takes only tokens that have this claim with this value, or with a list that holds it; of
    /// several, all must be there.
    pub fn require_claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.rules.required.push((name.into(), value.into()));
        self
    }

    /// Takes tokens of this issuer too. Each issuer's tokens are verified with its own keys.
    pub fn also_issuer(mut self, issuer: TrustedIssuer) -> Self {
        self.rules.issuers.push(issuer);
        self
    }

    /// Takes only tokens that were issued to this client (`azp`), or to one of several.
    pub fn authorized_party(mut self, client_id: impl Into<String>) -> Self {
        self.rules.authorized_parties.push(client_id.into());
        self
    }

    /// Takes only tokens about this subject.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.rules.subject = Some(subject.into());
        self
    }

    /// Takes only subjects of at most 255 ASCII characters (RFC 9068 section 2.2, OpenID Connect Core
    /// 1.0 section 2). Unless set, a subject has at most 4096 octets of any characters but control
    /// characters; it is compared as it is written.
    pub fn strict_subjects(mut self) -> Self {
        self.rules.subjects = Subjects::Strict;
        self
    }

    /// Takes only tokens with this scope; of several, all must be there.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.rules.scopes.push(scope.into());
        self
    }

    /// Takes only tokens signed with one of these algorithms; all asymmetric ones unless set.
    /// Symmetric ones are never taken.
    pub fn algorithms(mut self, all: impl IntoIterator<Item = SignatureAlgorithm>) -> Self {
        let asymmetric = |one: &SignatureAlgorithm| SignatureAlgorithm::ASYMMETRIC.contains(one);
        self.rules.algorithms = Some(all.into_iter().filter(asymmetric).collect());
        self
    }

    /// How far this machine's clock and the server's may differ; 30 s unless set, and never more
    /// than half of a token's life.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.rules.leeway = leeway;
        self
    }

    /// Refuses tokens made before this time: a realm's or client's not-before policy.
    pub fn not_before(mut self, time: SystemTime) -> Self {
        self.rules.not_before = Some(time);
        self
    }

    /// Lightweight access tokens lack most claims: the server is asked for them, and whether the
    /// token is still active. Keycloak marks them in `jti`; of tokens without that mark, such
    /// as those of Keycloak 24, the ones without `sub` or `aud` are asked about.
    ///
    /// Whoever is asked speaks for the issuer that the verifier was made with: tokens of other
    /// issuers are never shown to it. At most 64 questions are on their way at once.
    ///
    /// # Security
    /// IntrospectionCache are kept for 30 s, so a revoked token is good for so long; see
    /// [`introspection_cache`](Self::introspection_cache).
    pub fn introspection(mut self, introspect: impl Introspect) -> Self {
        self.introspect = Some(Arc::new(introspect));
        self
    }

    /// The server is also asked about tokens that are not signed JWTs (RFC 7662). Its answer is
    /// checked as the claims of a JWT are: type, issuer, audience, times, scopes, binding. Needs
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
        self.rules.ask.opaque = true;
        self
    }

    /// The server is asked about every token, after all checks that need no question: one that was
    /// revoked is refused. Includes [`introspect_opaque_tokens`](Self::introspect_opaque_tokens).
    pub fn introspect_every_token(mut self) -> Self {
        self.rules.ask.opaque = true;
        self.rules.ask.every = true;
        self
    }

    /// How long the server's answers are used; 30 s unless set, zero for none, and never longer
    /// than the token is good for. Refusals are kept for at most 10 s, apart from the good answers;
    /// a failure to ask is not kept.
    ///
    /// # Security
    /// A revoked token is good for so long.
    pub fn introspection_cache(mut self, keep: Duration) -> Self {
        self.keep = Some(keep);
        self
    }

    /// Takes an active token for an access token where the server does not say what it is
    /// (`token_type` is optional, RFC 7662 section 2.2).
    ///
    /// # Security
    /// Such servers call refresh tokens active too, and a hint of the type is no filter (RFC 7662
    /// section 2.1). Require an audience or a scope that only access tokens have.
    pub fn untyped_as_access_token(mut self) -> Self {
        self.rules.ask.untyped = true;
        self
    }

    /// Where used DPoP proofs are remembered; in memory unless set, which is enough for one
    /// process.
    pub fn replay_store(mut self, store: impl ReplayStore) -> Self {
        self.rules.replay = Arc::new(store);
        self
    }

    /// Switches one check off. **Each of them is there because leaving it out was an attack.**
    pub fn without(mut self, check: Check) -> Self {
        self.rules.without.insert(check);
        self
    }

    #[cfg(test)]
    pub(crate) fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.rules.clock = Arc::new(now);
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// Of kind `Config` when no audience is set, when several issuers are trusted and the check of
    /// the issuer is off, when [`AccessTokenProfile::Any`] has nothing that ID tokens lack, or when
    /// a setting of the introspection is there without it.
    pub fn build(self) -> Result<AccessTokenVerifier> {
        let mut rules = self.rules;
        let asks = rules.ask.opaque || rules.ask.untyped || self.keep.is_some();
        match self.introspect {
            Some(introspect) => {
                rules.answers = Some(IntrospectionCache::new(
                    introspect,
                    self.keep.unwrap_or(KEEP),
                ));
            }
            None if asks => {
                return Err(config("nobody is set that can be asked about tokens")
                    .with_hint("set introspection(oidc), with a confidential client"));
            }
            None => {}
        }
        rules.check_profile()?;
        if rules.audiences.is_empty() && rules.checks(Check::Audience) {
            return Err(
                config("the access token verifier needs the audience that tokens are for")
                    .with_hint(
                        "set audience to the client id of this service and give its callers an \
                         audience mapper, or switch the check off with without(Check::Audience)",
                    ),
            );
        }
        if rules.issuers.len() > 1 && !rules.checks(Check::Issuer) {
            return Err(config("with several issuers the issuer is always checked"));
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
