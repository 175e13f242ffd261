//! Security profiles: sets of settings, and the check that a client has them.

use std::time::Duration;

use url::Url;

use super::authorize::{ResponseMode, ResponseType};
use crate::client_auth::{AssertionAudience, OAuthClient};
use crate::error::{Result, config, invalid_argument};
use crate::jose::{SignatureAlgorithm, SigningKey};
use crate::operation::Operation;

/// The default greatest age of an ID token with a profile.
const ISSUE_AGE: Duration = Duration::from_secs(3600);

/// A security profile of the OpenID Foundation's FAPI working group; see
/// [`OidcBuilder::security_profile`](super::OidcBuilder::security_profile).
///
/// A profile implies settings, and [`build`](super::OidcBuilder::build) reports which other
/// settings the client problems. All profiles need a client with a key or a certificate, tokens bound
/// to one, signatures with PS256 or ES256 (FAPI 2.0: also Ed25519), and ID tokens at most an hour
/// old. None allows passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecurityProfile {
    /// FAPI 1.0 Advanced: signed requests, and responses that are signed (JARM) or have a code with
    /// an ID token bound by `s_hash`; tokens are bound to a certificate.
    Fapi1Advanced,
    /// FAPI 2.0 Security Profile: pushed requests, the code flow, and responses that name their
    /// issuer; tokens are bound to a DPoP key or a certificate.
    Fapi2Security,
    /// FAPI 2.0 Message Signing: the security profile with signed requests and signed responses
    /// (JARM).
    Fapi2MessageSigning,
    /// FAPI-CIBA: signed backchannel authentication requests and tokens bound to a certificate;
    /// logins in the browser as in [`Fapi1Advanced`](Self::Fapi1Advanced).
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

    /// The allowed signature algorithms (FAPI 1.0 Advanced section 8.6, FAPI 2.0 Security Profile
    /// section 5.4.1).
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

    fn signs_responses(self) -> bool {
        self != Self::Fapi2Security
    }
}

/// Rules for every login of a client.
#[derive(Debug, Clone, Default)]
pub(crate) struct LoginRules {
    pub(super) profile: Option<SecurityProfile>,
    /// Whether every authorization request is pushed.
    pub(super) pushed: bool,
    /// The key that signs requests without a key of their own.
    pub(super) request_key: Option<SigningKey>,
    pub(super) max_issue_age: Option<Duration>,
}

impl LoginRules {
    /// Applies the settings that the profile implies.
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

    /// Returns an error that lists all settings that the client problems for its profile.
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
        let mut problems = Vec::new();
        let allowed = profile.algorithms();
        let names = allowed.iter().map(|one| one.name()).collect::<Vec<_>>();
        let names = names.join(", ");
        let method = client.auth.name();
        if !["private_key_jwt", "tls_client_auth", "assertion"].contains(&method) {
            problems.push(format!(
                "client_auth must be private_key_jwt or tls_client_auth, not {method}"
            ));
        }
        if client
            .auth
            .audience()
            .is_some_and(|audience| *audience != AssertionAudience::Issuer)
        {
            problems.push(
                "client assertions must be for the issuer: remove assertion_audience".to_owned(),
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
                problems.push(format!("{what} must sign with one of {names}, not {used}"));
            }
        }
        if profile.signs_requests() && self.request_key.is_none() {
            problems.push("requests must be signed: set request_signing_key".to_owned());
        }
        if client.uses_mtls() && !shows_certificate {
            problems.push(
                "the connection must have a client certificate: set client_identity_pem".to_owned(),
            );
        }
        if !client.uses_mtls() && client.dpop.is_none() {
            problems.push("tokens must be bound: set dpop or certificate_bound_tokens".to_owned());
        }
        if let Some(dpop) = &client.dpop
            && !allowed.contains(&dpop.algorithm())
        {
            let used = dpop.algorithm().name();
            problems.push(format!(
                "the key of dpop must sign with one of {names}, not {used}"
            ));
        }
        if accepted.is_none_or(|all| all.iter().any(|one| !allowed.contains(one))) {
            problems.push(format!("verification must only accept {names}"));
        }
        if let Some(uri) = redirect_uri
            && !profile.allows_redirect_uri(uri)
        {
            problems.push(format!(
                "the redirect URI must use https, not {}",
                scheme(uri)
            ));
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(config(format!(
            "the client's settings do not satisfy {}: {}",
            profile.name(),
            problems.join("; ")
        ))
        .with_hint("change the settings, or remove security_profile"))
    }

    /// Checks the parameters of a login in the browser.
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
                format!("{what}, as {} requires", profile.name()),
            ))
        };
        let signed = mode.is_some_and(ResponseMode::is_jwt);
        match response_type {
            ResponseType::Code if signed || !profile.signs_responses() => {}
            ResponseType::Code => {
                return fail("the response must be signed: remove response_mode, or request a JWT");
            }
            ResponseType::CodeIdToken if profile.is_fapi_1() => {}
            _ if profile.is_fapi_1() => {
                return fail("the response type must be code or code id_token");
            }
            _ => return fail("the response type must be code"),
        }
        if by_reference && !profile.is_fapi_1() {
            return fail("requests must be pushed: remove request_uri");
        }
        if key.is_some_and(|key| !profile.algorithms().contains(&key.algorithm())) {
            return fail("requests must be signed with PS256 or ES256");
        }
        if !profile.allows_redirect_uri(redirect_uri) {
            return fail("the redirect URI must use https");
        }
        Ok(())
    }

    /// Refuses the password grant, which none of the profiles allows, because the client sees the
    /// password.
    pub(super) fn check_password(&self, op: &Operation) -> Result<()> {
        match self.profile {
            None => Ok(()),
            Some(profile) => Err(invalid_argument(
                op,
                format!(
                    "{} does not allow the password grant: send the user to the browser",
                    profile.name()
                ),
            )),
        }
    }

    /// Checks a key that signs a backchannel authentication request.
    pub(super) fn check_request_key(&self, op: &Operation, key: &SigningKey) -> Result<()> {
        match self.profile {
            Some(profile) if !profile.algorithms().contains(&key.algorithm()) => {
                Err(invalid_argument(
                    op,
                    format!(
                        "requests must be signed with PS256 or ES256, as {} requires",
                        profile.name()
                    ),
                ))
            }
            _ => Ok(()),
        }
    }

    /// Returns the response mode of a login that sets none.
    pub(super) fn response_mode(&self, response_type: ResponseType) -> Option<ResponseMode> {
        let signed = self.profile.is_some_and(SecurityProfile::signs_responses);
        (signed && response_type == ResponseType::Code).then_some(ResponseMode::Jwt)
    }

    /// Returns whether the response must name its issuer, whatever the metadata says.
    pub(super) fn requires_issuer(&self) -> bool {
        self.profile.is_some_and(|profile| !profile.is_fapi_1())
    }

    /// Returns whether the ID token of a response must be bound to the state.
    pub(super) fn requires_state_hash(&self) -> bool {
        self.profile.is_some_and(SecurityProfile::is_fapi_1)
    }
}

impl SecurityProfile {
    /// FAPI 2.0 allows loopback redirect URIs, for applications on the user's machine.
    fn allows_redirect_uri(self, uri: &str) -> bool {
        Url::parse(uri).is_ok_and(|url| {
            url.scheme() == "https" || (!self.is_fapi_1() && super::builder::is_loopback(&url))
        })
    }
}

fn scheme(uri: &str) -> &str {
    uri.split(':').next().unwrap_or_default()
}
