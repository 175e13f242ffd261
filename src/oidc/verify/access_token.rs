//! Access tokens, as a resource server verifies them.

mod builder;
mod claims;

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
use super::Clock;
use super::binding::{self, Presented};
use super::claims::{Instant, Kind, Subjects, text};
use super::id_token::own_type;
use super::issuer::TrustedIssuer;
use super::jwks_cache::Origin;
use super::lightweight::Lightweight;
use super::replay::ReplayStore;
use crate::error::{Result, TokenFault};
use crate::jose::SignatureAlgorithm;
use crate::jose::jws::{self, Jws};

pub(super) const KIND: Kind = Kind {
    name: "access token",
    // RFC 9068 section 2.1, which Keycloak writes where a client asks for it.
    media_types: &["jwt", "at+jwt"],
    // No metadata names them: ID tokens may be signed otherwise.
    algorithms: |_| None,
};

/// A check of an access token that can be switched off; see
/// [`AccessTokenVerifierBuilder::without`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Check {
    /// `iss` is the issuer. Without it, whoever has a key of the issuer's set may name any issuer.
    Issuer,
    /// `aud` names this service. Without it, tokens that were made for other services pass.
    Audience,
    /// `sub` is there.
    Subject,
    /// `exp` is to come. Without it, a stolen token is good for ever.
    Expiry,
    /// The token says that it is an access token. Without it, ID tokens may pass.
    Type,
    /// The sender has shown the key or certificate that the token is bound to. Without it, a
    /// stolen token is as good as the owner's.
    Binding,
}

/// Verifies access tokens where they are used, without asking the server: signature, issuer,
/// audience, times, type, and what else its builder was told. Cheap to clone.
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
    algorithms: Option<Vec<SignatureAlgorithm>>,
    leeway: Duration,
    not_before: Option<SystemTime>,
    without: BTreeSet<Check>,
    lightweight: Option<Lightweight>,
    replay: Arc<dyn ReplayStore>,
    clock: Clock,
}

impl AccessTokenVerifier {
    /// Verifies access tokens of `issuer`.
    pub fn builder(issuer: TrustedIssuer) -> AccessTokenVerifierBuilder {
        AccessTokenVerifierBuilder::new(issuer)
    }

    /// Verifies a token as it came in the header `Authorization: Bearer`. A token that is bound
    /// to a key or a certificate needs that shown: see [`Presented`].
    ///
    /// # Errors
    /// Of kind `InvalidToken`, with a [`TokenFault`](crate::TokenFault): answer 401. Of another
    /// kind when the keys of the issuer cannot be had: answer 503.
    pub async fn verify(&self, token: impl Into<Presented<'_>>) -> Result<AccessTokenClaims> {
        let claims = self.check(token.into()).await?;
        Ok(AccessTokenClaims::new(claims, ()))
    }

    /// The same, with all claims as a type of your own too
    /// ([`own`](AccessTokenClaims::own)).
    ///
    /// # Errors
    /// As [`verify`](Self::verify); also of kind `InvalidToken` when the claims do not fit `T`.
    pub async fn verify_as<T: DeserializeOwned>(
        &self,
        token: impl Into<Presented<'_>>,
    ) -> Result<AccessTokenClaims<T>> {
        let claims = self.check(token.into()).await?;
        let own = own_type(KIND, &claims)?;
        Ok(AccessTokenClaims::new(claims, own))
    }

    async fn check(&self, presented: Presented<'_>) -> Result<Map<String, Value>> {
        let rules = &*self.rules;
        let token = Jws::parse(presented.token)?;
        KIND.check_header(&token)?;
        let typ = token.typ();
        let issuer = rules.issuer_of(&token).await?;
        let accepted = match &rules.algorithms {
            Some(algorithms) => algorithms.clone(),
            None => issuer.algorithms(KIND.algorithms).await?,
        };
        let algorithm = token.algorithm(&accepted)?;
        let claims = jws::claims(&issuer.verify(token, algorithm, Origin::Anybody).await?)?;
        if rules.checks(Check::Issuer) {
            KIND.issuer(&claims, &issuer.name().await?)?;
        }
        if rules.checks(Check::Type) {
            check_type(&claims, typ.as_deref())?;
        }
        let at = Instant::new(rules.now(), rules.leeway);
        if rules.checks(Check::Expiry) {
            KIND.times(&claims, at)?;
        } else {
            KIND.started(&claims, at)?;
        }
        rules.check_not_before(&claims)?;
        let claims = match &rules.lightweight {
            Some(lightweight) if Lightweight::is_one(&claims) => {
                lightweight.complete(presented.token, claims).await?
            }
            _ => claims,
        };
        rules.check_parties(&claims)?;
        if rules.checks(Check::Binding) {
            binding::check(
                &claims,
                presented,
                &*rules.replay,
                rules.now(),
                rules.leeway,
            )
            .await?;
        }
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

    /// The issuer whose keys are tried. The token's own word selects among the trusted ones only.
    async fn issuer_of(&self, token: &Jws<'_>) -> Result<&TrustedIssuer> {
        if let [only] = self.issuers.as_slice() {
            return Ok(only);
        }
        let claims = token.unverified_claims()?;
        let named = text(&claims, "iss").unwrap_or_default();
        // One that cannot be asked takes none of the others with it, and makes none of them wait.
        let mut away = None;
        let asked = self.issuers.iter();
        let asked = asked.map(|issuer| async move { (issuer, issuer.name().await) });
        let mut names: FuturesUnordered<_> = asked.collect();
        while let Some((issuer, name)) = names.next().await {
            match name {
                Ok(name) if name == named => return Ok(issuer),
                Ok(_) => {}
                Err(error) => away = Some(error),
            }
        }
        if let Some(error) = away {
            return Err(error);
        }
        Err(KIND.refused(TokenFault::Issuer, "its issuer is none of the trusted ones"))
    }

    fn check_not_before(&self, claims: &Map<String, Value>) -> Result<()> {
        let Some(not_before) = self.not_before else {
            return Ok(());
        };
        let issued = KIND.required_time(claims, "iat")?;
        if issued < Instant::of(not_before) {
            return Err(KIND.refused(TokenFault::TooOld, "it was made before the set time"));
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
                    "a lightweight access token has none: let the verifier ask the server \
                     (introspection), or give the client the scope basic",
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
                    .with_hint("give the client an audience mapper or scope for this service"));
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
        let granted: Vec<&str> = text(claims, "scope")
            .unwrap_or_default()
            .split(' ')
            .collect();
        if !self
            .scopes
            .iter()
            .all(|scope| granted.contains(&scope.as_str()))
        {
            return Err(KIND.refused(TokenFault::Claim, "it lacks a scope that is needed"));
        }
        Ok(())
    }
}

/// Keycloak says in the payload what a token is; RFC 9068 says it in the header.
fn check_type(claims: &Map<String, Value>, media_type: Option<&str>) -> Result<()> {
    let good = match claims.get("typ") {
        Some(typ) => typ == "Bearer" || typ == "DPoP",
        None => media_type == Some("at+jwt"),
    };
    if good && !claims.contains_key("events") {
        Ok(())
    } else {
        Err(KIND.refused(TokenFault::Type, "it is a token of another type"))
    }
}

impl fmt::Debug for AccessTokenVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTokenVerifier")
            .field("issuers", &self.rules.issuers)
            .field("audiences", &self.rules.audiences)
            .field("without", &self.rules.without)
            .finish_non_exhaustive()
    }
}
