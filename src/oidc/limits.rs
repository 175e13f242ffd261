//! The limits above which Keycloak drops parameters.

mod java;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use http::StatusCode;

use crate::Error;
use crate::discovery::{ProviderId, ProviderMetadata};
use crate::error::{Result, invalid_argument};
use crate::oidc::request_object::STANDARD_CLAIMS;
use crate::operation::Operation;

/// Fixed limits of Keycloak's CIBA endpoint (`BackchannelAuthenticationEndpointRequestParser`).
const BACKCHANNEL_NUMBER: usize = 5;
const BACKCHANNEL_SIZE: usize = 200;

/// Required parameters: without one of them the server's response is an error, never a token for
/// somebody else.
const REQUIRED: [&str; 6] = [
    "refresh_token",
    "code",
    "device_code",
    "auth_req_id",
    "assertion",
    "subject_token",
];

/// Parameters with a limit of their own in newer releases
/// (`OAuth2GrantType.getTokenParameterNames`).
const TOKENS: [&str; 4] = ["subject_token", "actor_token", "claim_token", "assertion"];

/// Parameters that Keycloak's authorization endpoint knows
/// (`AuthzEndpointRequestParser.KNOWN_REQ_PARAMS`); all others count as additional parameters.
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

/// Parameters that Keycloak's CIBA endpoint knows.
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

/// The endpoint that a signed request is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RequestKind {
    Authorization,
    Backchannel,
}

/// The longest parameters that the server accepts.
///
/// Keycloak silently drops a parameter that exceeds its limit, and processes the rest of the
/// request: it grants all scopes where one was requested, for every audience, without the prompt.
/// So a request with such a parameter is not sent; the error names the parameter, its length and
/// the limit. Required parameters are sent all the same, and their length is named if the server
/// refuses them: `refresh_token`, `code`, `device_code`, `auth_req_id`, `assertion`, and
/// `subject_token` unless the request impersonates a user. A limit counts the characters of all
/// values of one name as UTF-16 code units (a character outside the Basic Multilingual Plane counts
/// twice), before percent-encoding.
///
/// The default is Keycloak's. If the server has other settings, set the same limits here:
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
    /// Returns Keycloak's defaults: 4,000 characters, 255 for a `login_hint`, and 5 additional
    /// parameters of 2,000 characters at the authorization and device endpoints
    /// (`OIDCProviderConfig`).
    pub fn keycloak() -> Self {
        Self {
            each: 4_000,
            single: BTreeMap::from([("login_hint".to_owned(), 255)]),
            additional_number: 5,
            additional_each: 2_000,
            additional_overall: usize::MAX,
        }
    }

    /// Returns limits for a server that drops nothing.
    pub fn unlimited() -> Self {
        Self {
            each: usize::MAX,
            single: BTreeMap::new(),
            additional_number: usize::MAX,
            additional_each: usize::MAX,
            additional_overall: usize::MAX,
        }
    }

    /// Sets the longest parameter in characters: the server's `req-params-default-max-size` of
    /// `spi-login-protocol--openid-connect`.
    #[must_use]
    pub fn each(mut self, characters: usize) -> Self {
        self.each = characters;
        self
    }

    /// Sets the longest parameter with this name in characters: the server's
    /// `spi-login-protocol--openid-connect--req-params-max-size--NAME`.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, characters: usize) -> Self {
        self.single.insert(name.into(), characters);
        self
    }

    /// Sets the longest token parameter (`subject_token`, `actor_token`, `claim_token`,
    /// `assertion`) in characters: `req-token-params-default-max-size`, a separate setting of newer
    /// releases with the default 20,000.
    #[must_use]
    pub fn tokens(mut self, characters: usize) -> Self {
        for name in TOKENS {
            self.single.insert(name.to_owned(), characters);
        }
        self
    }

    /// Sets how many additional parameters the authorization and device endpoints accept, and the
    /// longest of each in characters: `add-req-params-max-number` and `add-req-params-max-size`.
    #[must_use]
    pub fn additional(mut self, number: usize, characters: usize) -> Self {
        self.additional_number = number;
        self.additional_each = characters;
        self
    }

    /// Sets the longest additional parameters together, in characters:
    /// `add-req-params-max-overall-size`. The default is no limit.
    #[must_use]
    pub fn additional_overall(mut self, characters: usize) -> Self {
        self.additional_overall = characters;
        self
    }

    /// Returns the limit of one parameter.
    pub(crate) fn of(&self, name: &str) -> usize {
        self.single.get(name).copied().unwrap_or(self.each)
    }

    /// Returns an error if the token endpoint would drop a parameter. The server itself reports a
    /// missing required parameter, and newer releases accept longer ones.
    pub(crate) fn check_token(&self, op: &Operation, pairs: &[(&str, &str)]) -> Result<()> {
        let impersonates = pairs.iter().any(|(name, _)| *name == "requested_subject");
        for (name, length) in lengths(pairs) {
            // Without a subject token, Keycloak's legacy exchange checks whether the client itself
            // may impersonate.
            let required = REQUIRED.contains(&name) && !(name == "subject_token" && impersonates);
            if !required {
                self.check_one(op, name, length)?;
            }
        }
        Ok(())
    }

    /// Returns an error if a parameter exceeds its limit.
    pub(crate) fn check_all(&self, op: &Operation, pairs: &[(&str, &str)]) -> Result<()> {
        let mut all = lengths(pairs).into_iter();
        all.try_for_each(|(name, length)| self.check_one(op, name, length))
    }

    /// Returns a hint if the server may have refused the request because of a long required
    /// parameter.
    pub(crate) fn hint(&self, error: &Error, pairs: &[(&str, &str)]) -> Option<String> {
        error.status().filter(StatusCode::is_client_error)?;
        let (name, length) = lengths(pairs)
            .into_iter()
            .find(|(name, length)| *length > self.of(name))?;
        let limit = self.of(name);
        Some(format!(
            "{name} has {length} characters, and some releases of Keycloak drop parameters of more \
             than {limit}"
        ))
    }

    /// Returns an error if the authorization endpoint or the device endpoint would drop a
    /// parameter.
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
                     accepts {}: shorten them, or set the server's own limit with parameter_limits",
                    self.additional_overall
                ),
            ));
        }
        Ok(())
    }

    /// Returns an error if the CIBA endpoint would drop a parameter.
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

    /// Returns an error if the server would drop a parameter of a signed request. There all members
    /// count as parameters, including `iss` and `aud`, and those beyond the limit are dropped in
    /// the order in which the server reads them.
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
        let dropped = additional
            .skip(number)
            .find(|name| !STANDARD_CLAIMS.contains(name));
        match dropped {
            None => Ok(()),
            Some(name) => Err(invalid_argument(
                op,
                format!(
                    "the server would drop the parameter {name} of a signed request: it reads only \
                     {number} unknown members, {} among them: do not sign the request, or set the \
                     server's own limit with parameter_limits",
                    STANDARD_CLAIMS.join(", ")
                ),
            )),
        }
    }

    /// Returns an error if a parameter exceeds its limit.
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
            "the parameter {name} has {length} characters, and the server drops parameters of more \
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
            "there are {number} additional parameters, and the server drops all after the first \
             {limit}"
        ),
    ))
}

/// Returns the length as Java counts it (`String.length`).
pub(crate) fn length(value: &str) -> usize {
    value.encode_utf16().count()
}

/// Returns the length of each parameter, with all its values.
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

/// Returns whether the provider is a Keycloak, by how it is addressed or by its published paths.
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
