//! Verification of access tokens by a resource server.

mod builder;
mod claims;
mod opaque;
mod profile;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub use self::builder::AccessTokenVerifierBuilder;
pub use self::claims::{AccessTokenClaims, Permission};
pub use self::profile::AccessTokenProfile;
use super::Clock;
use super::binding::{self, Presented};
use super::claims::{CheckTime, Subjects, TokenKind, has_claim, scopes, text};
use super::id_token::own_type;
use super::introspection_cache::IntrospectionCache;
use super::issuer::TrustedIssuer;
use super::jwks_cache::TokenOrigin;
use super::lightweight;
use super::replay::ReplayStore;
use crate::error::{Result, TokenFault};
use crate::jose::SignatureAlgorithm;
use crate::jose::jws::{self, Jws};

pub(super) const KIND: TokenKind = TokenKind {
    name: "access token",
    // `at+jwt` is from RFC 9068 section 2.1; Keycloak uses it if the client is so configured.
    media_types: &["jwt", "at+jwt"],
    // The metadata has no list for access tokens; that of ID tokens may differ.
    algorithms: |_| None,
    registered: None,
};

/// A check of an access token that can be disabled; see
/// [`AccessTokenVerifierBuilder::without`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Check {
    /// `iss` must be the issuer. Otherwise anyone with a key in the issuer's key set can use any
    /// issuer.
    Issuer,
    /// `aud` must contain this service. Otherwise tokens for other services are accepted.
    Audience,
    /// `sub` is required.
    Subject,
    /// `exp` must be in the future. Otherwise a stolen token works forever.
    Expiry,
    /// The token must be an access token. Otherwise ID tokens may be accepted.
    Type,
    /// The sender must have proved possession of the key or certificate that the token is bound to.
    /// Otherwise a stolen token can be used by anyone.
    Binding,
}

/// Verifies access tokens in a resource server, without a request to the provider: signature,
/// issuer, audience, times, type, and the settings of the builder. Cheap to clone.
///
/// ```no_run
/// use keycloak_kit::oidc::{AccessTokenVerifier, TrustedIssuer};
/// # use keycloak_kit::jose::JwkSet;
///
/// # async fn show(keys: JwkSet, bearer: &str) -> keycloak_kit::Result<()> {
/// let issuer = TrustedIssuer::new("https://sso.example.org/realms/demo", keys);
/// let verifier = AccessTokenVerifier::builder(issuer).audience("api").build()?;
/// let claims = verifier.verify(bearer).await?;
/// if claims.has_realm_role("editor") && claims.has_scope("notes") {
///     println!("{:?} may write", claims.subject());
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct AccessTokenVerifier {
    rules: Arc<Rules>,
}

struct Rules {
    issuers: Vec<TrustedIssuer>,
    audiences: Vec<String>,
    authorized_parties: Vec<String>,
    subject: Option<String>,
    subjects: Subjects,
    scopes: Vec<String>,
    /// Required claims and their values.
    required: Vec<(String, Value)>,
    /// The audiences that are not client ids.
    resource_audiences: Vec<String>,
    profile: AccessTokenProfile,
    algorithms: Option<Vec<SignatureAlgorithm>>,
    leeway: Duration,
    not_before: Option<SystemTime>,
    without: BTreeSet<Check>,
    introspection: Option<IntrospectionCache>,
    introspection_rules: IntrospectionRules,
    replay: Arc<dyn ReplayStore>,
    clock: Clock,
}

/// The tokens that are introspected, in addition to lightweight tokens.
#[derive(Debug, Clone, Copy, Default)]
struct IntrospectionRules {
    opaque: bool,
    every: bool,
    /// Whether a response without a type counts as one about an access token.
    untyped: bool,
}

impl AccessTokenVerifier {
    /// Returns a builder for a verifier of access tokens of `issuer`.
    pub fn builder(issuer: TrustedIssuer) -> AccessTokenVerifierBuilder {
        AccessTokenVerifierBuilder::new(issuer)
    }

    /// Verifies a token from the header `Authorization: Bearer`. A token bound to a key or a
    /// certificate needs a proof of possession: see [`Presented`].
    ///
    /// # Errors
    /// Returns an error of kind `InvalidToken`, with a [`TokenFault`](crate::TokenFault), if a
    /// check fails: respond with 401. Returns an error of another kind if the issuer's keys cannot
    /// be fetched: respond with 503.
    pub async fn verify(&self, token: impl Into<Presented<'_>>) -> Result<AccessTokenClaims> {
        let claims = self.check(token.into()).await?;
        Ok(AccessTokenClaims::new(claims, ()))
    }

    /// Like [`verify`](Self::verify), and deserializes all claims as `T`
    /// ([`own`](AccessTokenClaims::own)).
    ///
    /// # Errors
    /// Returns an error in the same cases as [`verify`](Self::verify), and of kind `InvalidToken`
    /// if the claims do not match `T`.
    pub async fn verify_as<T: DeserializeOwned>(
        &self,
        token: impl Into<Presented<'_>>,
    ) -> Result<AccessTokenClaims<T>> {
        let claims = self.check(token.into()).await?;
        let own = own_type(KIND, &claims)?;
        Ok(AccessTokenClaims::new(claims, own))
    }

    /// The time of this verifier's clock.
    #[cfg(feature = "web")]
    pub(crate) fn now(&self) -> SystemTime {
        self.rules.now()
    }

    async fn check(&self, presented: Presented<'_>) -> Result<Map<String, Value>> {
        let rules = &*self.rules;
        if let Some(introspection) = &rules.introspection
            && rules.introspection_rules.opaque
            && opaque::is_opaque(presented.token)
        {
            return rules.check_opaque(introspection, presented).await;
        }
        let token = Jws::parse(presented.token)?;
        KIND.check_header(&token)?;
        let typ = token.typ();
        let issuer = rules.issuer_of(&token).await?;
        let accepted = match &rules.algorithms {
            Some(algorithms) => algorithms.clone(),
            None => issuer.algorithms(KIND.algorithms).await?,
        };
        let algorithm = token.algorithm(&accepted)?;
        let claims = jws::claims(
            &issuer
                .verify(token, algorithm, TokenOrigin::Anybody)
                .await?,
        )?;
        if rules.checks(Check::Issuer) {
            KIND.issuer(&claims, &issuer.names().await?)?;
        }
        if rules.checks(Check::Type) {
            rules.profile.check(&claims, typ.as_deref())?;
        }
        rules.check_times(&claims)?;
        let claims = match &rules.introspection {
            // The server introspects only tokens of its own issuer, and must not see any others.
            Some(introspection)
                if rules.is_first(issuer)
                    && (rules.introspection_rules.every
                        || lightweight::is_lightweight(&claims)) =>
            {
                lightweight::complete(introspection, presented.token, claims, rules.now()).await?
            }
            _ => claims,
        };
        rules.check_parties(&claims)?;
        rules.check_binding(&claims, presented).await?;
        Ok(claims)
    }
}

impl Rules {
    fn checks(&self, check: Check) -> bool {
        !self.without.contains(&check)
    }

    fn now(&self) -> SystemTime {
        (self.clock)()
    }

    /// Returns the issuer of a token. The unverified `iss` only selects one of the trusted issuers.
    async fn issuer_of(&self, token: &Jws<'_>) -> Result<&TrustedIssuer> {
        if let [only] = self.issuers.as_slice() {
            return Ok(only);
        }
        let claims = token.unverified_claims()?;
        // An unreachable issuer must neither fail nor delay the tokens of the others.
        let mut failure = None;
        let issuers = self.issuers.iter();
        let lookups = issuers.map(|issuer| async move { (issuer, issuer.names().await) });
        let mut names: FuturesUnordered<_> = lookups.collect();
        while let Some((issuer, names)) = names.next().await {
            match names {
                Ok(names) if names.accept(&claims) => return Ok(issuer),
                Ok(_) => {}
                Err(error) => failure = Some(error),
            }
        }
        if let Some(error) = failure {
            return Err(error);
        }
        Err(KIND.refused(TokenFault::Issuer, "its issuer is not trusted"))
    }

    fn is_first(&self, issuer: &TrustedIssuer) -> bool {
        self.issuers
            .first()
            .is_some_and(|first| std::ptr::eq(first, issuer))
    }

    fn check_times(&self, claims: &Map<String, Value>) -> Result<()> {
        let at = CheckTime::new(self.now(), self.leeway);
        if self.checks(Check::Expiry) {
            KIND.times(claims, at)?;
        } else {
            KIND.started(claims, at)?;
        }
        self.check_not_before(claims)
    }

    async fn check_binding(
        &self,
        claims: &Map<String, Value>,
        presented: Presented<'_>,
    ) -> Result<()> {
        if !self.checks(Check::Binding) {
            return Ok(());
        }
        let replay = &*self.replay;
        binding::check(claims, presented, replay, self.now(), self.leeway).await
    }

    fn check_not_before(&self, claims: &Map<String, Value>) -> Result<()> {
        let Some(not_before) = self.not_before else {
            return Ok(());
        };
        let issued = KIND.required_time(claims, "iat")?;
        if issued < CheckTime::of(not_before) {
            return Err(KIND.refused(
                TokenFault::TooOld,
                "it was issued before the configured time",
            ));
        }
        Ok(())
    }

    fn check_parties(&self, claims: &Map<String, Value>) -> Result<()> {
        if self.checks(Check::Subject) || self.subject.is_some() {
            let subject = KIND.subject(claims, self.subjects).map_err(|error| {
                if claims.contains_key("sub") {
                    return error;
                }
                error.with_hint(
                    "a lightweight access token has no subject: set introspection on the verifier, or \
                     give the client the scope basic",
                )
            })?;
            if self
                .subject
                .as_deref()
                .is_some_and(|wanted| wanted != subject)
            {
                return Err(KIND.refused(TokenFault::Subject, "its subject is another one"));
            }
        }
        if self.checks(Check::Audience) {
            let all = KIND.audiences(claims)?;
            if !self
                .audiences
                .iter()
                .any(|wanted| all.contains(&wanted.as_str()))
            {
                return Err(KIND
                    .refused(TokenFault::Audience, "its audience is another one")
                    .with_hint("give the client an audience mapper or a scope for this service"));
            }
        }
        let party = text(claims, "azp").or_else(|| text(claims, "client_id"));
        let allowed = |party: &str| self.authorized_parties.iter().any(|one| one == party);
        if !self.authorized_parties.is_empty() && !party.is_some_and(allowed) {
            return Err(KIND.refused(
                TokenFault::AuthorizedParty,
                "it was issued to another client",
            ));
        }
        let granted = scopes(claims);
        if !self
            .scopes
            .iter()
            .all(|scope| granted.contains(&scope.as_str()))
        {
            return Err(KIND.refused(TokenFault::Claim, "it lacks a required scope"));
        }
        for (name, wanted) in &self.required {
            if !has_claim(claims, name, wanted) {
                let why = format!("its claim {name:?} does not have the required value");
                return Err(KIND.refused(TokenFault::Claim, &why));
            }
        }
        Ok(())
    }
}

impl fmt::Debug for AccessTokenVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTokenVerifier")
            .field("issuers", &self.rules.issuers)
            .field("audiences", &self.rules.audiences)
            .field("profile", &self.rules.profile)
            .field("without", &self.rules.without)
            .finish_non_exhaustive()
    }
}
