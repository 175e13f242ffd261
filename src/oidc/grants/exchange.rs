//! Token exchange (RFC 8693): Keycloak's standard exchange (v2) and its legacy exchange (v1).

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::Secret;
use crate::error::{Result, unexpected_body};
use crate::http::retry_policy::RetryPolicy;
use crate::login::{GrantKind, grant};
use crate::oidc::Oidc;
use crate::oidc::form::{self, CLIENT, Params};
use crate::operation::Operation;
use crate::response::{Head, Response};
use crate::token::{AccessToken, lifetime};

const OP: Operation = Operation::new("oidc.exchange_token", "POST", "{token_endpoint}");

/// Token type identifiers (RFC 8693 section 3).
pub mod token_type {
    /// An access token.
    pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
    /// A refresh token.
    pub const REFRESH_TOKEN: &str = "urn:ietf:params:oauth:token-type:refresh_token";
    /// An ID token.
    pub const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
    /// A JWT of any kind.
    pub const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
    /// A SAML 2.0 assertion.
    pub const SAML2: &str = "urn:ietf:params:oauth:token-type:saml2";
}

/// A token exchange; see [`Oidc::exchange_token`]. `.await` sends it.
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct TokenExchange {
    oidc: Oidc,
    params: Params,
}

impl Oidc {
    /// Exchanges a token for another one (RFC 8693): for another audience, with fewer scopes, of
    /// another type. `subject_token` is an access token unless
    /// [`subject_token_type`](TokenExchange::subject_token_type) is set.
    ///
    /// The client needs standard token exchange enabled. Parameters marked (v1) belong to the
    /// legacy exchange, which needs the server feature `token-exchange`.
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc, bearer: &str) -> keycloak_kit::Result<()> {
    /// let exchanged = oidc.exchange_token(bearer).audience("billing").await?;
    /// let for_billing = exchanged.access_token();
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// - [`ErrorKind::Forbidden`](crate::ErrorKind::Forbidden) if the client is not in the token's
    ///   audience, or (v1) may not exchange it.
    /// - [`ErrorKind::Validation`](crate::ErrorKind::Validation) if the standard exchange is
    ///   disabled for the client, cannot reach the audience with the client's scopes, does not
    ///   support a parameter of (v1), or does not accept `subject_token`.
    /// - [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized) if there is no client with the
    ///   name of the audience.
    ///
    /// An attempt that may have reached the server is not repeated: a token may be valid for a
    /// single use, and an impersonation starts a session.
    pub fn exchange_token(&self, subject_token: impl Into<Secret>) -> TokenExchange {
        let mut params = Params::of("urn:ietf:params:oauth:grant-type:token-exchange");
        params.push("subject_token", subject_token);
        params.push("subject_token_type", token_type::ACCESS_TOKEN);
        TokenExchange {
            oidc: self.clone(),
            params,
        }
    }
}

impl TokenExchange {
    /// Adds a client that the new token is for. Can be called several times.
    pub fn audience(mut self, client_id: impl Into<String>) -> Self {
        self.params.push("audience", client_id.into());
        self
    }

    /// Adds a service that the new token is for, by its URI. Can be called several times.
    pub fn resource(mut self, uri: impl Into<String>) -> Self {
        self.params.push("resource", uri.into());
        self
    }

    /// Sets the type of `subject_token`, such as [`token_type::JWT`].
    pub fn subject_token_type(mut self, token_type: impl Into<String>) -> Self {
        self.params.set("subject_token_type", token_type.into());
        self
    }

    /// Sets the requested type, such as [`token_type::REFRESH_TOKEN`].
    pub fn requested_token_type(mut self, token_type: impl Into<String>) -> Self {
        self.params.set("requested_token_type", token_type.into());
        self
    }

    /// Sets the identity provider that issued `subject_token` (v1).
    pub fn subject_issuer(mut self, alias: impl Into<String>) -> Self {
        self.params.set("subject_issuer", alias.into());
        self
    }

    /// Sets the identity provider to get a token of (v1).
    pub fn requested_issuer(mut self, alias: impl Into<String>) -> Self {
        self.params.set("requested_issuer", alias.into());
        self
    }

    /// Sets the user to impersonate (v1).
    pub fn requested_subject(mut self, user: impl Into<String>) -> Self {
        self.params.set("requested_subject", user.into());
        self
    }

    /// Sets the token of the party that acts for the subject, and its type.
    pub fn actor_token(mut self, token: impl Into<Secret>, token_type: impl Into<String>) -> Self {
        self.params.set("actor_token", token);
        self.params.set("actor_token_type", token_type.into());
        self
    }

    async fn answered(self) -> Result<Response<ExchangedToken>> {
        let inner = &self.oidc.inner;
        let form = self.params.pairs(&OP, CLIENT)?;
        let kind = match self.params.get("requested_subject") {
            Some(_) => GrantKind::Impersonation,
            None => GrantKind::Exchange,
        };
        let request = inner.grant_request(&OP, kind, RetryPolicy::SINGLE_USE);
        let (head, members) = inner
            .members(&OP, request.kind, request.retry, &form)
            .await?;
        let token = ExchangedToken::read(request, &head, members)?;
        Ok(head.with(token))
    }
}

/// The result of a token exchange. `Debug` shows no tokens.
#[derive(Clone)]
pub struct ExchangedToken {
    token: Secret,
    access_token: Option<AccessToken>,
    issued_token_type: Option<String>,
    refresh_token: Option<Secret>,
    expires_in: Option<Duration>,
    rest: Map<String, Value>,
}

impl ExchangedToken {
    fn read(
        request: grant::GrantRequest<'_>,
        head: &Head,
        mut members: Map<String, Value>,
    ) -> Result<Self> {
        let text = |members: &Map<String, Value>, name: &str| {
            let text = members.get(name).and_then(Value::as_str);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let Some(token) = text(&members, "access_token") else {
            return Err(unexpected_body(
                &OP,
                "the response of the token endpoint has no token",
            ));
        };
        let issued_token_type = text(&members, "issued_token_type");
        let expires_in = lifetime::seconds(members.get("expires_in"));
        // RFC 8693 section 2.2.1: `N_A` means that the token is not an access token.
        let callable = text(&members, "token_type").is_none_or(|t| !t.eq_ignore_ascii_case("N_A"));
        if !callable {
            members.remove("access_token");
            return Ok(Self {
                token: token.into(),
                access_token: None,
                issued_token_type,
                refresh_token: None,
                expires_in,
                rest: members,
            });
        }
        let granted = grant::read(request, head.clone(), members)?;
        Ok(Self {
            token: token.into(),
            access_token: Some(granted.token),
            issued_token_type,
            refresh_token: granted.renewal.map(|renewal| renewal.token),
            expires_in,
            rest: granted.rest,
        })
    }

    /// Returns the token, whatever its type.
    pub fn token(&self) -> &Secret {
        &self.token
    }

    /// Returns the token if it can be used to call services; `None` for an ID token, for example.
    pub fn access_token(&self) -> Option<&AccessToken> {
        self.access_token.as_ref()
    }

    /// Returns the type of the token, such as [`token_type::ACCESS_TOKEN`].
    pub fn issued_token_type(&self) -> Option<&str> {
        self.issued_token_type.as_deref()
    }

    /// Returns the refresh token that came with it.
    pub fn refresh_token(&self) -> Option<&Secret> {
        self.refresh_token.as_ref()
    }

    /// Returns the lifetime of the token, counted from when it was issued.
    pub fn expires_in(&self) -> Option<Duration> {
        self.expires_in
    }

    /// Returns any other member of the response.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.rest.get(name)
    }
}

impl fmt::Debug for ExchangedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExchangedToken")
            .field("token", &self.token)
            .field("issued_token_type", &self.issued_token_type)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

form::scope!(TokenExchange);
form::request!(TokenExchange => ExchangedToken);

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use proptest::prelude::*;

    use super::*;

    fn oidc() -> &'static Oidc {
        static OIDC: OnceLock<Oidc> = OnceLock::new();
        OIDC.get_or_init(|| {
            let builder = Oidc::discover("https://op.example").client_id("app");
            builder.build().unwrap()
        })
    }

    fn member() -> impl Strategy<Value = (String, Value)> {
        let names = prop::sample::select(vec![
            "access_token",
            "token_type",
            "expires_in",
            "refresh_token",
            "refresh_expires_in",
            "id_token",
            "scope",
            "issued_token_type",
            "not-before-policy",
        ]);
        let name = prop_oneof![names.prop_map(str::to_owned), ".*"];
        let value = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
            prop::sample::select(vec!["Bearer", "N_A", "DPoP", "x", "60", "1e400"])
                .prop_map(Value::from),
            prop::collection::vec(any::<i64>(), 0..3).prop_map(Value::from),
        ];
        (name, value)
    }

    fn read(members: &Value) -> Result<ExchangedToken> {
        let oidc = oidc();
        let request = oidc
            .inner
            .grant_request(&OP, GrantKind::Exchange, RetryPolicy::NEVER);
        ExchangedToken::read(
            request,
            &Head::default(),
            members.as_object().unwrap().clone(),
        )
    }

    #[test]
    fn what_is_not_an_access_token_is_not_given_out_as_one() {
        let answer = serde_json::json!({
            "access_token": "t", "token_type": "Bearer", "issued_token_type": "at",
            "refresh_token": "r", "expires_in": 60, "session_state": "s",
        });
        let token = read(&answer).unwrap();
        assert_eq!(token.token().expose(), "t");
        assert_eq!(token.access_token().unwrap().expose(), "t");
        assert_eq!(token.issued_token_type(), Some("at"));
        assert_eq!(token.refresh_token().unwrap().expose(), "r");
        assert_eq!(token.expires_in(), Some(Duration::from_secs(60)));
        assert_eq!(token.member("session_state").unwrap(), "s");
        assert_eq!(token.member("access_token"), None);
        for name in ["N_A", "n_a"] {
            let mut answer = answer.clone();
            answer["token_type"] = name.into();
            let token = read(&answer).unwrap();
            assert_eq!(token.token().expose(), "t");
            assert!(token.access_token().is_none() && token.refresh_token().is_none());
            assert_eq!(token.expires_in(), Some(Duration::from_secs(60)));
            assert_eq!(token.member("access_token"), None);
        }
        for (name, value) in [("access_token", ""), ("token_type", "mac")] {
            let mut answer = answer.clone();
            answer[name] = value.into();
            read(&answer).unwrap_err();
        }
    }

    proptest! {
        #[test]
        fn any_octets_of_the_token_endpoint_are_at_most_an_error(
            octets in prop::collection::vec(any::<u8>(), 0..200),
            text in r#"[{}":,a-z0-9 ]{0,80}"#,
        ) {
            for body in [octets.as_slice(), text.as_bytes()] {
                match crate::http::json::decode::<Map<String, Value>>(&OP, body) {
                    Ok(members) => {
                        let inner = &oidc().inner;
                        let request = inner.grant_request(&OP, GrantKind::Exchange, RetryPolicy::NEVER);
                        prop_assert!(ExchangedToken::read(request, &Head::default(), members).is_err());
                    }
                    Err(error) => prop_assert!(!error.to_string().is_empty()),
                }
            }
        }

        #[test]
        fn any_response_of_the_token_endpoint_is_read_or_refused(
            members in prop::collection::vec(member(), 0..9),
            token in "[!-~]{1,40}",
        ) {
            for usual in [false, true] {
                let mut members: Map<String, Value> = members.iter().cloned().collect();
                if usual {
                    members.insert("access_token".into(), token.as_str().into());
                    members.insert("token_type".into(), "Bearer".into());
                }
                let request = oidc().inner.grant_request(&OP, GrantKind::Exchange, RetryPolicy::NEVER);
                match ExchangedToken::read(request, &Head::default(), members) {
                    Ok(read) => {
                        let shown = format!("{read:?}");
                        prop_assert!(token.len() < 12 || !shown.contains(&token), "{shown}");
                    }
                    Err(error) => prop_assert!(!error.to_string().is_empty()),
                }
            }
        }
    }
}
