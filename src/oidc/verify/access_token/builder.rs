//! Setting up a verifier.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::super::LEEWAY;
use super::super::claims::Subjects;
use super::super::issuer::TrustedIssuer;
use super::super::lightweight::{Introspect, Lightweight};
use super::super::replay::{ReplayMemory, ReplayStore};
use super::{AccessTokenVerifier, Check, Rules};
use crate::error::{Result, config};
use crate::jose::SignatureAlgorithm;

/// Sets up an [`AccessTokenVerifier`].
#[must_use = "a builder does nothing until it is built"]
pub struct AccessTokenVerifierBuilder {
    rules: Rules,
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
                algorithms: None,
                leeway: LEEWAY,
                not_before: None,
                without: BTreeSet::new(),
                lightweight: None,
                replay: Arc::new(ReplayMemory::default()),
                clock: Arc::new(SystemTime::now),
            },
        }
    }

    /// The name of this service in `aud`; of several, one must be there. Needed, unless
    /// [`Check::Audience`] is switched off.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.rules.audiences.push(audience.into());
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
    /// token is still active. Answers are kept for up to 30 s.
    pub fn introspection(mut self, introspect: impl Introspect) -> Self {
        self.rules.lightweight = Some(Lightweight::new(introspect));
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
    /// Of kind `Config` when no audience is set, or when several issuers are trusted and the
    /// check of the issuer is off.
    pub fn build(self) -> Result<AccessTokenVerifier> {
        let rules = self.rules;
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
