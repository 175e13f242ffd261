//! How much a parameter may say before the server leaves it out.

mod java;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use http::StatusCode;

use crate::Error;
use crate::discovery::{ProviderId, ProviderMetadata};
use crate::error::{Result, invalid_argument};
use crate::oidc::request_object::STAMPED;
use crate::operation::Operation;

/// Keycloak's CIBA endpoint has limits of its own, which are no settings
/// (`BackchannelAuthenticationEndpointRequestParser`).
const BACKCHANNEL_NUMBER: usize = 5;
const BACKCHANNEL_SIZE: usize = 200;

/// What the server refuses to do without: where one of these is left out, the answer is an error and
/// never a token of somebody else.
const NEEDED: [&str; 6] = [
    "refresh_token",
    "code",
    "device_code",
    "auth_req_id",
    "assertion",
    "subject_token",
];

/// What newer releases have a limit of its own for (`OAuth2GrantType.getTokenParameterNames`).
const TOKENS: [&str; 4] = ["subject_token", "actor_token", "claim_token", "assertion"];

/// What Keycloak's authorization endpoint knows (`AuthzEndpointRequestParser.KNOWN_REQ_PARAMS`);
/// all others are additional parameters.
const KNOWN: [&str; 22] = [
    "client_id",
    "response_type",
    "response_mode",
    "redirect_uri",
    "state",
    "scope",
    "login_hint",
    "prompt",
    "kc_idp_hint",
    "kc_action",
    "nonce",
    "max_age",
    "ui_locales",
    "request",
    "request_uri",
    "claims",
    "acr_values",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
    "client_assertion_type",
    "client_assertion",
];

/// What Keycloak's CIBA endpoint knows.
const KNOWN_BACKCHANNEL: [&str; 17] = [
    "request",
    "request_uri",
    "scope",
    "client_notification_token",
    "acr_values",
    "login_hint_token",
    "id_token_hint",
    "login_hint",
    "binding_message",
    "user_code",
    "requested_expiry",
    "prompt",
    "nonce",
    "max_age",
    "ui_locales",
    "claims",
    "client_id",
];

/// Which endpoint a signed request is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RequestKind {
    Authorization,
    Backchannel,
}

/// How long the parameters of a request may be.
///
/// Keycloak leaves out a parameter that is longer than its limit, without a word, and answers the
/// request that remains: with all scopes where one was asked for, for every audience, without the
/// prompt. So a request with such a parameter is not sent; the error names the parameter, its length
/// and the limit. What the server cannot do without is sent all the same, and its length is named after
/// a refusal: `refresh_token`, `code`, `device_code`, `auth_req_id`, `assertion`, and `subject_token`
/// unless it is to impersonate. A limit counts the characters of all values of one name, as UTF-16 has them
/// (a character outside the Basic Multilingual Plane is two), before they are percent-encoded.
///
/// The default is Keycloak's. Where the server's own settings are others, these should be too:
///
/// ```no_run
/// # fn show(kc: keycloak_kit::Keycloak) -> keycloak_kit::Result<()> {
/// use keycloak_kit::oidc::ParameterLimits;
///
/// let limits = ParameterLimits::keycloak().each(16_000).parameter("login_hint", 1_000);
/// let oidc = kc.oidc("demo", "web-app").parameter_limits(limits).build()?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterLimits {
    each: usize,
    single: BTreeMap<String, usize>,
    additional_number: usize,
    additional_each: usize,
    additional_overall: usize,
}

impl Default for ParameterLimits {
    fn default() -> Self {
        Self::keycloak()
    }
}

impl ParameterLimits {
    /// Keycloak's defaults: 4,000 characters, 255 of a `login_hint`, and 5 additional parameters of
    /// 2,000 characters at the authorization and device endpoints (`OIDCProviderConfig`).
    pub fn keycloak() -> Self {
        Self {
            each: 4_000,
            single: BTreeMap::from([("login_hint".to_owned(), 255)]),
            additional_number: 5,
            additional_each: 2_000,
            additional_overall: usize::MAX,
        }
    }

    /// For a server that leaves nothing out.
    pub fn unlimited() -> Self {
        Self {
            each: usize::MAX,
            single: BTreeMap::new(),
            additional_number: usize::MAX,
            additional_each: usize::MAX,
            additional_overall: usize::MAX,
        }
    }

    /// The characters of a parameter: the server's
    /// `req-params-default-max-size` of `spi-login-protocol--openid-connect`.
    #[must_use]
    pub fn each(mut self, characters: usize) -> Self {
        self.each = characters;
        self
    }

    /// The characters of the parameter with this name:
    /// `spi-login-protocol--openid-connect--req-params-max-size--NAME`.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, characters: usize) -> Self {
        self.single.insert(name.into(), characters);
        self
    }

    /// The characters of tokens that go along as parameters (`subject_token`, `actor_token`,
    /// `claim_token`, `assertion`): `req-token-params-default-max-size`, which newer releases have
    /// beside the other one and whose default is 20,000 there.
    #[must_use]
    pub fn tokens(mut self, characters: usize) -> Self {
        for name in TOKENS {
            self.single.insert(name.to_owned(), characters);
        }
        self
    }

    /// How many parameters the authorization and device endpoints take beside those that they know,
    /// and the characters of each: `add-req-params-max-number` and `add-req-params-max-size`.
    #[must_use]
    pub fn additional(mut self, number: usize, characters: usize) -> Self {
        self.additional_number = number;
        self.additional_each = characters;
        self
    }

    /// The characters of these parameters together: `add-req-params-max-overall-size`. Unless set
    /// there is no limit.
    #[must_use]
    pub fn additional_overall(mut self, characters: usize) -> Self {
        self.additional_overall = characters;
        self
    }

    /// The limit of one parameter.
    pub(crate) fn of(&self, name: &str) -> usize {
        self.single.get(name).copied().unwrap_or(self.each)
    }

    /// Refuses what the token endpoint would leave out. Of what it cannot do without it says so
    /// itself, and newer releases take more of it.
    pub(crate) fn check_token(&self, op: &Operation, pairs: &[(&str, &str)]) -> Result<()> {
        let impersonates = pairs.iter().any(|(name, _)| *name == "requested_subject");
        for (name, length) in lengths(pairs) {
            // Without a subject token Keycloak's older exchange asks whether the client may
            // impersonate.
            let needed = NEEDED.contains(&name) && !(name == "subject_token" && impersonates);
            if !needed {
                self.check_one(op, name, length)?;
            }
        }
        Ok(())
    }

    /// Refuses every parameter that is longer than its limit.
    pub(crate) fn check_all(&self, op: &Operation, pairs: &[(&str, &str)]) -> Result<()> {
        let mut all = lengths(pairs).into_iter();
        all.try_for_each(|(name, length)| self.check_one(op, name, length))
    }

    /// What to say where the length of what the server cannot do without may be the reason of its
    /// refusal.
    pub(crate) fn hint(&self, error: &Error, pairs: &[(&str, &str)]) -> Option<String> {
        error.status().filter(StatusCode::is_client_error)?;
        let (name, length) = lengths(pairs)
            .into_iter()
            .find(|(name, length)| *length > self.of(name))?;
        let limit = self.of(name);
        Some(format!(
            "{name} has {length} characters, and some releases of Keycloak leave out what has more \
             than {limit}"
        ))
    }

    /// Refuses what the authorization endpoint, or the device endpoint, would leave out.
    pub(crate) fn check_authorization(&self, op: &Operation, pairs: &[(&str, &str)]) -> Result<()> {
        let mut overall = 0_usize;
        let mut number = 0_usize;
        for (name, length) in lengths(pairs) {
            if KNOWN.contains(&name) {
                self.check_one(op, name, length)?;
                continue;
            }
            number = number.saturating_add(1);
            overall = overall.saturating_add(length);
            check(op, name, length, self.additional_each)?;
        }
        check_number(op, number, self.additional_number)?;
        if overall > self.additional_overall {
            return Err(invalid_argument(
                op,
                format!(
                    "the additional parameters have {overall} characters together, and the server \
                     takes {}: shorten them, or set the server's own limit with parameter_limits",
                    self.additional_overall
                ),
            ));
        }
        Ok(())
    }

    /// Refuses what the CIBA endpoint would leave out.
    pub(crate) fn check_backchannel(&self, op: &Operation, pairs: &[(&str, &str)]) -> Result<()> {
        if *self == Self::unlimited() {
            return Ok(());
        }
        let all = lengths(pairs);
        let additional = all
            .iter()
            .filter(|(name, _)| !KNOWN_BACKCHANNEL.contains(name));
        for (name, length) in additional.clone() {
            check(op, name, *length, BACKCHANNEL_SIZE)?;
        }
        check_number(op, additional.count(), BACKCHANNEL_NUMBER)
    }

    /// Refuses what the server would not read out of a signed request. All members count as
    /// parameters there, `iss` and `aud` too, and those beyond the number are left out in the order
    /// that the server reads them in.
    pub(crate) fn check_request_object(
        &self,
        op: &Operation,
        kind: RequestKind,
        members: &[String],
    ) -> Result<()> {
        let (known, number): (&[&str], _) = match kind {
            RequestKind::Authorization => (&KNOWN, self.additional_number),
            RequestKind::Backchannel if *self == Self::unlimited() => return Ok(()),
            RequestKind::Backchannel => (&KNOWN_BACKCHANNEL, BACKCHANNEL_NUMBER),
        };
        let read = java::hash_set_order(members);
        let additional = read.into_iter().filter(|name| !known.contains(name));
        let left_out = additional.skip(number).find(|name| !STAMPED.contains(name));
        match left_out {
            None => Ok(()),
            Some(name) => Err(invalid_argument(
                op,
                format!(
                    "the server would leave the parameter {name} out of a signed request: it reads \
                     {number} members that it does not know, {} among them: do not sign the \
                     request, or set the server's own limit with parameter_limits",
                    STAMPED.join(", ")
                ),
            )),
        }
    }

    /// Refuses a parameter that is longer than its limit.
    pub(crate) fn check_one(&self, op: &Operation, name: &str, length: usize) -> Result<()> {
        check(op, name, length, self.of(name))
    }
}

fn check(op: &Operation, name: &str, length: usize, limit: usize) -> Result<()> {
    if length <= limit {
        return Ok(());
    }
    Err(invalid_argument(
        op,
        format!(
            "the parameter {name} has {length} characters, and the server leaves out what has more \
             than {limit}: shorten it, or set the server's own limit with parameter_limits"
        ),
    ))
}

fn check_number(op: &Operation, number: usize, limit: usize) -> Result<()> {
    if number <= limit {
        return Ok(());
    }
    Err(invalid_argument(
        op,
        format!(
            "there are {number} additional parameters, and the server leaves out all after the \
             first {limit}"
        ),
    ))
}

/// As Java counts (`String.length`).
pub(crate) fn length(value: &str) -> usize {
    value.encode_utf16().count()
}

/// The length of each parameter, all its values together.
fn lengths<'a>(pairs: &[(&'a str, &str)]) -> Vec<(&'a str, usize)> {
    let mut all: Vec<(&str, usize)> = Vec::new();
    for (name, value) in pairs {
        let length = length(value);
        match all.iter_mut().find(|(known, _)| known == name) {
            Some((_, sum)) => *sum = sum.saturating_add(length),
            None => all.push((name, length)),
        }
    }
    all
}

/// Whether this is a Keycloak, by where it is or by the paths that it publishes.
pub(super) fn is_keycloak(provider: &ProviderId, metadata: &ProviderMetadata) -> bool {
    const PATH: &str = "/protocol/openid-connect/";
    match provider {
        ProviderId::Realm(_) => true,
        ProviderId::Uma(of) => is_keycloak(of, metadata),
        ProviderId::Issuer(_) => [&metadata.token_endpoint, &metadata.authorization_endpoint]
            .into_iter()
            .flatten()
            .any(|url| url.contains(PATH)),
    }
}
