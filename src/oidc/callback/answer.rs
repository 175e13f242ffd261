//! Reads the parameters of an authorization response.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::Value;
use url::form_urlencoded;

use crate::Secret;
use crate::error::{CallbackFault, Error, ErrorKind, Result, clean, protocol, refused_callback};
use crate::oidc::authorize::{LoginAttempt, ResponseMode};
use crate::token::lifetime;

/// Longer than any real response.
const MAX_LENGTH: usize = 256 * 1024;
const MAX_MEMBERS: usize = 100;

/// An authorization response as the browser brought it. `Debug` does not show it.
///
/// Converts from a URL, or from its path with a query or fragment.
#[derive(Clone)]
pub struct CallbackAnswer(Form);

#[derive(Clone)]
enum Form {
    Url(Secret),
    Body(Secret),
}

impl CallbackAnswer {
    /// Takes the body of the form that the browser posted (response mode form_post).
    ///
    /// ```
    /// use keycloak_kit::oidc::CallbackAnswer;
    ///
    /// let answer = CallbackAnswer::form("code=abc&state=xyz");
    /// ```
    pub fn form(body: impl Into<String>) -> Self {
        Self(Form::Body(body.into().into()))
    }

    /// Takes the query of the URL that the browser came back to: `code=..&state=..`, without the
    /// `?`.
    pub fn query(query: impl AsRef<str>) -> Self {
        let query = query.as_ref().trim_start_matches('?');
        Self::url(format!("?{query}"))
    }

    /// Takes the URL that the browser came back to.
    pub fn url(url: impl Into<String>) -> Self {
        Self(Form::Url(url.into().into()))
    }

    /// Returns the parameters, read from where the login's response mode puts them.
    pub(super) fn members(&self, login: &LoginAttempt) -> Result<Members> {
        let mode = match login.response_mode {
            ResponseMode::Jwt => login.response_type.default_mode(),
            ResponseMode::QueryJwt => ResponseMode::Query,
            ResponseMode::FragmentJwt => ResponseMode::Fragment,
            ResponseMode::FormPostJwt => ResponseMode::FormPost,
            plain => plain,
        };
        let text = match (&self.0, mode) {
            (Form::Body(body), ResponseMode::FormPost) => body.expose(),
            (Form::Url(url), ResponseMode::Query)
                if !url.expose().contains(['?', '#']) && url.expose().contains('=') =>
            {
                return Err(refused_callback(
                    CallbackFault::Malformed,
                    "the response is not a URL",
                )
                .with_hint("pass the whole URL, or its query with CallbackAnswer::query"));
            }
            (Form::Url(url), ResponseMode::Query) => {
                let url = url.expose().split('#').next().unwrap_or_default();
                url.split_once('?').map_or("", |(_, query)| query)
            }
            (Form::Url(url), ResponseMode::Fragment) => {
                url.expose().split_once('#').map_or("", |(_, rest)| rest)
            }
            (Form::Body(_), _) => {
                return Err(refused_callback(
                    CallbackFault::ResponseMode,
                    "the response came in a form, which was not requested",
                ));
            }
            (Form::Url(_), _) => {
                return Err(refused_callback(
                    CallbackFault::ResponseMode,
                    "the response did not come in a form, as requested",
                )
                .with_hint("pass the body of the POST to CallbackAnswer::form"));
            }
        };
        let own = login
            .redirect_uri
            .split_once('?')
            .map_or("", |(_, query)| query);
        Members::read(text, own)
    }
}

impl From<&str> for CallbackAnswer {
    fn from(url: &str) -> Self {
        Self::url(url)
    }
}

impl From<String> for CallbackAnswer {
    fn from(url: String) -> Self {
        Self::url(url)
    }
}

impl From<&String> for CallbackAnswer {
    fn from(url: &String) -> Self {
        Self::url(url.as_str())
    }
}

impl From<&url::Url> for CallbackAnswer {
    fn from(url: &url::Url) -> Self {
        Self::url(url.as_str())
    }
}

impl fmt::Debug for CallbackAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Form::Url(_) => "CallbackAnswer(url)",
            Form::Body(_) => "CallbackAnswer(form)",
        })
    }
}

/// The parameters, each of them once.
pub(super) struct Members(BTreeMap<String, Secret>);

impl Members {
    /// Parses a query. `own` is the query of the redirect URI itself, which is not part of the
    /// response.
    fn read(text: &str, own: &str) -> Result<Self> {
        if text.len() > MAX_LENGTH {
            return Err(malformed("the response is too long"));
        }
        let own: Vec<_> = form_urlencoded::parse(own.as_bytes()).collect();
        let mut members = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            if own.iter().any(|(n, v)| *n == name && *v == value) {
                continue;
            }
            if members.len() >= MAX_MEMBERS {
                return Err(malformed("the response has too many parameters"));
            }
            // RFC 6749 section 3.1: no parameter twice. Adding one would decide which of the two is
            // used.
            let name = name.into_owned();
            let shown = clean(&name);
            if members
                .insert(name, Secret::from(value.into_owned()))
                .is_some()
            {
                return Err(malformed(format!(
                    "the response has the parameter {shown:?} twice"
                )));
            }
        }
        Ok(Self(members))
    }

    /// Takes the parameters from a verified JWT (JARM section 2.1).
    pub(super) fn of_claims(claims: Vec<(String, String)>) -> Self {
        let own = ["iss", "aud", "exp", "iat", "nbf", "jti"];
        let members = claims
            .into_iter()
            .filter(|(name, _)| !own.contains(&name.as_str()))
            .map(|(name, text)| (name, text.into()))
            .collect();
        Self(members)
    }

    /// Returns the only parameter of a response that is a JWT.
    pub(super) fn only_response(&mut self) -> Result<Secret> {
        let Some(response) = self.0.remove("response") else {
            return Err(refused_callback(
                CallbackFault::ResponseMode,
                "the response is not signed, as requested",
            ));
        };
        let plain = [
            "code",
            "state",
            "iss",
            "error",
            "id_token",
            "access_token",
            "session_state",
        ];
        if plain.iter().any(|name| self.0.contains_key(*name)) {
            return Err(refused_callback(
                CallbackFault::ResponseMode,
                "the response has unsigned parameters beside the signed ones",
            ));
        }
        Ok(response)
    }

    /// Checks the response's issuer (RFC 9207), before any other parameter.
    pub(super) fn check_issuer(
        &mut self,
        is_issuer: impl Fn(&str) -> bool,
        promised: bool,
    ) -> Result<()> {
        if self.0.contains_key("response") {
            return Err(refused_callback(
                CallbackFault::ResponseMode,
                "the response is a JWT, which was not requested",
            ));
        }
        match self.take("iss") {
            Some(iss) if is_issuer(&iss) => Ok(()),
            Some(_) => Err(refused_callback(
                CallbackFault::Issuer,
                "the response is from another provider",
            )
            .with_hint("the browser was sent to another provider: start the login again")),
            None if promised => Err(refused_callback(
                CallbackFault::Issuer,
                "the response does not name its issuer (iss), as it must",
            )),
            None => Ok(()),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_empty())
    }

    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.take_secret(name)
            .map(|value| value.expose().to_owned())
    }

    pub(super) fn take_secret(&mut self, name: &str) -> Option<Secret> {
        self.0.remove(name).filter(|value| !value.is_empty())
    }

    /// Returns the provider's error (RFC 6749 section 4.1.2.1, OpenID Connect Core 1.0 section
    /// 3.1.2.6).
    pub(super) fn error(&mut self) -> Option<Error> {
        let code = clean(&self.take("error")?);
        let description = self.take("error_description").map(|text| clean(&text));
        let (kind, hint) = match code.as_str() {
            "access_denied" => (
                ErrorKind::Unauthorized,
                "the user or the server refused the login",
            ),
            "login_required" | "interaction_required" | "account_selection_required" => (
                ErrorKind::Unauthorized,
                "the user has to interact with the server: start a login without prompt=none",
            ),
            "consent_required" => (
                ErrorKind::Unauthorized,
                "the user has to consent: start a login without prompt=none",
            ),
            "unmet_authentication_requirements" => (
                ErrorKind::Unauthorized,
                "the user cannot log in at the requested level",
            ),
            "unauthorized_client" => (
                ErrorKind::Unauthorized,
                "the client may not use this flow: switch it on",
            ),
            "server_error" => (ErrorKind::Server, "read the server's log"),
            "temporarily_unavailable" => (ErrorKind::Server, "start the login again in a moment"),
            _ => (
                ErrorKind::Validation,
                "the server rejected the request: check the client's settings",
            ),
        };
        let message = match &description {
            Some(description) => format!("the provider refused the login: {description} ({code})"),
            None => format!("the provider refused the login ({code})"),
        };
        let said = description.or_else(|| Some(code.clone()));
        Some(
            protocol(message)
                .with_kind(kind)
                .with_hint(hint)
                .with_oauth_code(code)
                .with_server_message(said),
        )
    }

    /// Checks the token type: a token that came through the browser can only be a bearer token.
    pub(super) fn bearer_only(&mut self) -> Result<()> {
        match self.take("token_type") {
            Some(given) if !given.eq_ignore_ascii_case("bearer") => Err(refused_callback(
                CallbackFault::TokenType,
                "the access token of the response is not a bearer token",
            )),
            _ => Ok(()),
        }
    }

    pub(super) fn lifetime(&mut self) -> Option<Duration> {
        let seconds = Value::from(self.take("expires_in")?);
        lifetime::seconds(Some(&seconds))
    }

    pub(super) fn rest(self) -> BTreeMap<String, Secret> {
        self.0
    }
}

fn malformed(message: impl Into<Cow<'static, str>>) -> Error {
    refused_callback(CallbackFault::Malformed, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Members {
        Members::read(text, "").unwrap()
    }

    #[test]
    fn callbacks_have_limits() {
        let longest = format!("a={}", "x".repeat(256 * 1024 - 2));
        Members::read(&longest, "").unwrap();
        assert!(Members::read(&format!("{longest}x"), "").is_err());
        let many: Vec<String> = (0..101).map(|number| format!("p{number}=x")).collect();
        Members::read(&many[1..].join("&"), "").unwrap();
        assert!(Members::read(&many.join("&"), "").is_err());
    }

    /// Only parameters that match the redirect URI's own, in name and value, are left out.
    #[test]
    fn what_the_redirect_uri_has_is_left_out() {
        let members = Members::read("tab=1&tab=2&code=1&x=1", "tab=1&code=2").unwrap();
        let rest = members.rest();
        let rest: Vec<_> = rest.iter().map(|(n, v)| (n.as_str(), v.expose())).collect();
        assert_eq!(rest, [("code", "1"), ("tab", "2"), ("x", "1")]);
    }

    #[test]
    fn every_refusal_has_its_kind_and_hint() {
        for (code, kind, hint) in [
            ("access_denied", ErrorKind::Unauthorized, "refused"),
            ("login_required", ErrorKind::Unauthorized, "interact"),
            ("interaction_required", ErrorKind::Unauthorized, "interact"),
            (
                "account_selection_required",
                ErrorKind::Unauthorized,
                "interact",
            ),
            ("consent_required", ErrorKind::Unauthorized, "consent"),
            (
                "unmet_authentication_requirements",
                ErrorKind::Unauthorized,
                "level",
            ),
            (
                "unauthorized_client",
                ErrorKind::Unauthorized,
                "switch it on",
            ),
            ("server_error", ErrorKind::Server, "log"),
            (
                "temporarily_unavailable",
                ErrorKind::Server,
                "the login again",
            ),
            ("invalid_request", ErrorKind::Validation, "settings"),
        ] {
            let error = read(&format!("error={code}")).error().unwrap();
            assert_eq!(error.oauth_code(), Some(code));
            assert_eq!(error.kind(), kind, "{code}");
            assert!(error.hint().unwrap().contains(hint), "{code}: {error}");
        }
        assert!(read("code=c").error().is_none());
    }

    #[test]
    fn a_callback_has_bearer_tokens_only_and_their_lifetime() {
        for (text, good) in [
            ("", true),
            ("token_type=bEaReR", true),
            ("token_type=mac", false),
        ] {
            assert_eq!(read(text).bearer_only().is_ok(), good, "{text}");
        }
        assert_eq!(
            read("expires_in=90").lifetime(),
            Some(Duration::from_secs(90))
        );
        assert_eq!(read("expires_in=soon").lifetime(), None);
        assert_eq!(read("").lifetime(), None);
        assert_eq!(
            format!("{:?}", CallbackAnswer::form("x")),
            "CallbackAnswer(form)"
        );
        assert_eq!(
            format!("{:?}", CallbackAnswer::url("x")),
            "CallbackAnswer(url)"
        );
    }
}
