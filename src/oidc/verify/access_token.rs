//! Access tokens, as a resource server verifies them.

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
use super::answers::Answers;
use super::binding::{self, Presented};
use super::claims::{Instant, Kind, Subjects, scopes, text};
use super::id_token::own_type;
use super::issuer::TrustedIssuer;
use super::jwks_cache::Origin;
use super::lightweight;
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
    registered: None,
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
    /// Claims that must be there, with their values.
    required: Vec<(String, Value)>,
    /// Those of the audiences that are no client ids.
    resource_audiences: Vec<String>,
    profile: AccessTokenProfile,
    algorithms: Option<Vec<SignatureAlgorithm>>,
    leeway: Duration,
    not_before: Option<SystemTime>,
    without: BTreeSet<Check>,
    answers: Option<Answers>,
    ask: Ask,
    replay: Arc<dyn ReplayStore>,
    clock: Clock,
}

/// Which tokens the server is asked about, beside lightweight ones.
#[derive(Debug, Clone, Copy, Default)]
struct Ask {
    opaque: bool,
    every: bool,
    /// An answer without a type is one about an access token.
    untyped: bool,
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

    /// The time of this verifier's clock.
    #[cfg(feature = "web")]
    pub(crate) fn now(&self) -> SystemTime {
        self.rules.now()
    }

    async fn check(&self, presented: Presented<'_>) -> Result<Map<String, Value>> {
        let rules = &*self.rules;
        if let Some(answers) = &rules.answers
            && rules.ask.opaque
            && opaque::is_one(presented.token)
        {
            return rules.check_opaque(answers, presented).await;
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
        let claims = jws::claims(&issuer.verify(token, algorithm, Origin::Anybody).await?)?;
        if rules.checks(Check::Issuer) {
            KIND.issuer(&claims, &issuer.names().await?)?;
        }
        if rules.checks(Check::Type) {
            rules.profile.check(&claims, typ.as_deref())?;
        }
        rules.check_times(&claims)?;
        let claims = match &rules.answers {
            // The one who answers knows the tokens of its own issuer, and should see no others.
            Some(answers)
                if rules.is_first(issuer) && (rules.ask.every || lightweight::is_one(&claims)) =>
            {
                lightweight::complete(answers, presented.token, claims, rules.now()).await?
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

    /// The issuer whose keys are tried. The token's own word selects among the trusted ones only.
    async fn issuer_of(&self, token: &Jws<'_>) -> Result<&TrustedIssuer> {
        if let [only] = self.issuers.as_slice() {
            return Ok(only);
        }
        let claims = token.unverified_claims()?;
        // One that cannot be asked takes none of the others with it, and makes none of them wait.
        let mut away = None;
        let asked = self.issuers.iter();
        let asked = asked.map(|issuer| async move { (issuer, issuer.names().await) });
        let mut names: FuturesUnordered<_> = asked.collect();
        while let Some((issuer, names)) = names.next().await {
            match names {
                Ok(names) if names.accept(&claims) => return Ok(issuer),
                Ok(_) => {}
                Err(error) => away = Some(error),
            }
        }
        if let Some(error) = away {
            return Err(error);
        }
        Err(KIND.refused(TokenFault::Issuer, "its issuer is none of the trusted ones"))
    }

    fn is_first(&self, issuer: &TrustedIssuer) -> bool {
        self.issuers
            .first()
            .is_some_and(|first| std::ptr::eq(first, issuer))
    }

    fn check_times(&self, claims: &Map<String, Value>) -> Result<()> {
        let at = Instant::new(self.now(), self.leeway);
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
        let granted = scopes(claims);
        if !self
            .scopes
            .iter()
            .all(|scope| granted.contains(&scope.as_str()))
        {
            return Err(KIND.refused(TokenFault::Claim, "it lacks a scope that is needed"));
        }
        for (name, wanted) in &self.required {
            let good = match claims.get(name) {
                Some(Value::Array(all)) => all.contains(wanted) || wanted.as_array() == Some(all),
                found => found == Some(wanted),
            };
            if !good {
                let why = format!("it lacks a claim {name:?} of the value that is needed");
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
