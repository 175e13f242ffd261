//! Security profiles: settings that belong together, and what a client lacks for them.

use std::time::Duration;

use url::Url;

use super::authorize::{ResponseMode, ResponseType};
use crate::client_auth::{AssertionAudience, OAuthClient};
use crate::error::{Result, config, invalid_argument};
use crate::jose::{SignatureAlgorithm, SigningKey};
use crate::operation::Operation;

/// The greatest age of an ID token that a profile takes, unless set.
const ISSUE_AGE: Duration = Duration::from_secs(3600);

/// A security profile of the OpenID Foundation's FAPI working group; see
/// [`OidcBuilder::security_profile`](super::OidcBuilder::security_profile).
///
/// Each sets what belongs together, and [`build`](super::OidcBuilder::build) says what the client's
/// settings lack for it. All of them want a client with a key or a certificate, tokens that are
/// bound to one, signatures with PS256, ES256 (FAPI 2: Ed25519 too), and ID tokens that are at most
/// an hour old. None takes passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecurityProfile {
    /// FAPI 1.0 Advanced: signed requests, and answers that are signed (JARM), or a code with an ID
    /// token whose `s_hash` fits; tokens are bound to a certificate.
    Fapi1Advanced,
    /// FAPI 2.0 Security Profile: pushed requests, the code flow, and answers that name their
    /// issuer; tokens are bound to a DPoP key or a certificate.
    Fapi2Security,
    /// FAPI 2.0 Message Signing: the same with signed requests and signed answers (JARM).
    Fapi2MessageSigning,
    /// FAPI-CIBA: signed backchannel requests, tokens bound to a certificate; logins by the browser
    /// as in [`Fapi1Advanced`](Self::Fapi1Advanced).
    FapiCiba,
}

impl SecurityProfile {
    fn name(self) -> &'static str {
        match self {
            Self::Fapi1Advanced => "FAPI 1.0 Advanced",
            Self::Fapi2Security => "FAPI 2.0 Security Profile",
            Self::Fapi2MessageSigning => "FAPI 2.0 Message Signing",
            Self::FapiCiba => "FAPI-CIBA",
        }
    }

    fn is_fapi_1(self) -> bool {
        matches!(self, Self::Fapi1Advanced | Self::FapiCiba)
    }

    /// What may sign (FAPI 1.0 Advanced section 8.6, FAPI 2.0 Security Profile section 5.4.1).
    pub(super) fn algorithms(self) -> &'static [SignatureAlgorithm] {
        use SignatureAlgorithm::{EdDsa, Es256, Ps256};
        if self.is_fapi_1() {
            &[Ps256, Es256]
        } else {
            &[Ps256, Es256, EdDsa]
        }
    }

    fn signs_requests(self) -> bool {
        self != Self::Fapi2Security
    }

    fn signs_answers(self) -> bool {
        self != Self::Fapi2Security
    }
}

/// What every login of a client keeps to.
#[derive(Debug, Clone, Default)]
pub(crate) struct LoginRules {
    pub(super) profile: Option<SecurityProfile>,
    /// Every authorization request is pushed.
    pub(super) pushed: bool,
    /// What requests are signed with where they do not name a key.
    pub(super) request_key: Option<SigningKey>,
    pub(super) max_issue_age: Option<Duration>,
}

impl LoginRules {
    /// Sets what the profile sets.
    pub(super) fn complete(&mut self, client: &mut OAuthClient) {
        let Some(profile) = self.profile else { return };
        self.max_issue_age = self.max_issue_age.or(Some(ISSUE_AGE));
        if profile.is_fapi_1() {
            client.certificate_bound = true;
        } else {
            self.pushed = true;
        }
        if profile.signs_requests() && self.request_key.is_none() {
            self.request_key = client.auth.private_key().cloned();
        }
    }

    /// Says what the client lacks for its profile: all of it at once.
    pub(super) fn check(
        &self,
        client: &OAuthClient,
        shows_certificate: bool,
        redirect_uri: Option<&str>,
        accepted: Option<&[SignatureAlgorithm]>,
    ) -> Result<()> {
        let Some(profile) = self.profile else {
            return Ok(());
        };
        let mut lacks = Vec::new();
        let allowed = profile.algorithms();
        let names = allowed.iter().map(|one| one.name()).collect::<Vec<_>>();
        let names = names.join(", ");
        let method = client.auth.name();
        if !["private_key_jwt", "tls_client_auth", "assertion"].contains(&method) {
            lacks.push(format!(
                "client_auth is private_key_jwt or tls_client_auth, not {method}"
            ));
        }
        if client
            .auth
            .audience()
            .is_some_and(|audience| *audience != AssertionAudience::Issuer)
        {
            lacks.push(
                "client assertions are for the issuer, without assertion_audience".to_owned(),
            );
        }
        let keys = [
            ("the key of private_key_jwt", client.auth.private_key()),
            ("request_signing_key", self.request_key.as_ref()),
        ];
        for (what, key) in keys {
            if let Some(key) = key
                && !allowed.contains(&key.algorithm())
            {
                let used = key.algorithm().name();
                lacks.push(format!("{what} signs with one of {names}, not with {used}"));
            }
        }
        if profile.signs_requests() && self.request_key.is_none() {
            lacks.push("request_signing_key is set: requests are signed".to_owned());
        }
        if client.uses_mtls() && !shows_certificate {
            lacks.push("the connection has a client certificate: client_identity_pem".to_owned());
        }
        if !client.uses_mtls() && client.dpop.is_none() {
            lacks.push("tokens are bound: dpop or certificate_bound_tokens".to_owned());
        }
        if let Some(dpop) = &client.dpop
            && !allowed.contains(&dpop.algorithm())
        {
            let used = dpop.algorithm().name();
            lacks.push(format!(
                "the key of dpop signs with one of {names}, not with {used}"
            ));
        }
        if accepted.is_none_or(|all| all.iter().any(|one| !allowed.contains(one))) {
            lacks.push(format!("verification accepts only {names}"));
        }
        if let Some(uri) = redirect_uri
            && !profile.takes_redirect_uri(uri)
        {
            lacks.push(format!(
                "the redirect URI has https, and not {}",
                scheme(uri)
            ));
        }
        if lacks.is_empty() {
            return Ok(());
        }
        Err(config(format!(
            "the client's settings are not those of {}: {}",
            profile.name(),
            lacks.join("; ")
        ))
        .with_hint("set what is named, or leave security_profile out"))
    }

    /// What a login by the browser has to be.
    pub(super) fn check_login(
        &self,
        op: &Operation,
        response_type: ResponseType,
        mode: Option<ResponseMode>,
        redirect_uri: &str,
        key: Option<&SigningKey>,
        by_reference: bool,
    ) -> Result<()> {
        let Some(profile) = self.profile else {
            return Ok(());
        };
        let fail = |what: &str| {
            Err(invalid_argument(
                op,
                format!("{what}, as {} wants it", profile.name()),
            ))
        };
        let signed = mode.is_some_and(ResponseMode::is_jwt);
        match response_type {
            ResponseType::Code if signed || !profile.signs_answers() => {}
            ResponseType::Code => {
                return fail("the answer is signed: leave response_mode out, or ask for a JWT");
            }
            ResponseType::CodeIdToken if profile.is_fapi_1() => {}
            _ if profile.is_fapi_1() => return fail("the response type is code, or code id_token"),
            _ => return fail("the response type is code"),
        }
        if by_reference && !profile.is_fapi_1() {
            return fail("requests are pushed: leave request_uri out");
        }
        if key.is_some_and(|key| !profile.algorithms().contains(&key.algorithm())) {
            return fail("requests are signed with PS256 or ES256");
        }
        if !profile.takes_redirect_uri(redirect_uri) {
            return fail("the redirect URI has https");
        }
        Ok(())
    }

    /// A password is shown to the client, which none of the profiles allows.
    pub(super) fn check_password(&self, op: &Operation) -> Result<()> {
        match self.profile {
            None => Ok(()),
            Some(profile) => Err(invalid_argument(
                op,
                format!(
                    "{} has no logins with a password: send the user to the browser",
                    profile.name()
                ),
            )),
        }
    }

    /// A key that signs a backchannel request.
    pub(super) fn check_request_key(&self, op: &Operation, key: &SigningKey) -> Result<()> {
        match self.profile {
            Some(profile) if !profile.algorithms().contains(&key.algorithm()) => {
                Err(invalid_argument(
                    op,
                    format!(
                        "requests are signed with PS256 or ES256, as {} wants it",
                        profile.name()
                    ),
                ))
            }
            _ => Ok(()),
        }
    }

    /// How the answer comes where the login does not say it.
    pub(super) fn response_mode(&self, response_type: ResponseType) -> Option<ResponseMode> {
        let signed = self.profile.is_some_and(SecurityProfile::signs_answers);
        (signed && response_type == ResponseType::Code).then_some(ResponseMode::Jwt)
    }

    /// Whether the answer must say whose it is, whatever the provider promises.
    pub(super) fn wants_issuer(&self) -> bool {
        self.profile.is_some_and(|profile| !profile.is_fapi_1())
    }

    /// Whether the ID token of an answer must be bound to the state.
    pub(super) fn wants_state_hash(&self) -> bool {
        self.profile.is_some_and(SecurityProfile::is_fapi_1)
    }
}

impl SecurityProfile {
    /// Applications on the user's own machine may listen on loopback in FAPI 2.
    fn takes_redirect_uri(self, uri: &str) -> bool {
        Url::parse(uri).is_ok_and(|url| {
            url.scheme() == "https" || (!self.is_fapi_1() && super::builder::is_loopback(&url))
        })
    }
}

fn scheme(uri: &str) -> &str {
    uri.split(':').next().unwrap_or_default()
}
