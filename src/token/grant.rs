//! One exchange at the token endpoint.

use std::fmt;
use std::time::Duration;

use http::HeaderValue;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::client_auth::ClientAuth;
use super::{AccessToken, GrantKind, explain, lifetime};
use crate::Secret;
use crate::error::{self, Error, Result, protocol};
use crate::http::channel::{Channel, FormCall, TOKEN_ENDPOINT};
use crate::http::deadline::Deadline;
use crate::http::json;
use crate::http::operation::Operation;
use crate::http::repeat::Repeat;

pub(crate) const OP: Operation = Operation::new(
    "login",
    "POST",
    "/realms/{realm}/protocol/openid-connect/token",
);

/// Where and how to ask.
#[derive(Clone, Copy)]
pub(crate) struct GrantRequest<'a> {
    pub(crate) op: &'static Operation,
    pub(crate) channel: &'a Channel,
    pub(crate) realm: &'a str,
    pub(crate) auth: Option<&'a ClientAuth>,
    pub(crate) repeat: Repeat,
    pub(crate) kind: GrantKind,
    pub(crate) deadline: Deadline,
}

/// What the token endpoint gave.
pub(crate) struct Granted {
    pub(crate) token: AccessToken,
    pub(crate) renewal: Option<Renewal>,
    /// All other members of the answer.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(crate) rest: Map<String, Value>,
}

/// A refresh token and how long it can be used.
#[derive(Clone)]
pub(crate) struct Renewal {
    pub(crate) token: Secret,
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    lifetime: Option<Duration>,
    end: Option<Instant>,
}

impl Renewal {
    pub(crate) fn new(token: Secret, lifetime: Option<Duration>) -> Self {
        // Keycloak writes 0 for "does not expire".
        let lifetime = lifetime.filter(|l| !l.is_zero());
        Self {
            token,
            lifetime,
            end: lifetime.and_then(|l| Instant::now().checked_add(l)),
        }
    }

    pub(crate) fn is_expired(&self) -> bool {
        self.end.is_some_and(|end| end <= Instant::now())
    }

    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(crate) fn lifetime(&self) -> Option<Duration> {
        self.lifetime
    }
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewal")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

/// Posts the form and reads the answer.
pub(crate) async fn request(request: GrantRequest<'_>, form: &[(&str, &str)]) -> Result<Granted> {
    let op = request.op;
    let call = FormCall {
        op,
        realm: request.realm,
        endpoint: TOKEN_ENDPOINT,
        auth: request.auth,
        repeat: request.repeat,
        deadline: request.deadline,
    };
    let answer = request
        .channel
        .post_form(call, form)
        .await
        .map_err(|e| e.or_operation(op))?;
    if !answer.status().is_success() {
        return Err(explain(answer.error(op), request.kind));
    }
    let members: Map<String, Value> = json::decode(op, answer.response.body())?;
    read(op, members)
}

fn read(op: &Operation, mut members: Map<String, Value>) -> Result<Granted> {
    let mut text = |name: &str| match members.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    };
    let Some(value) = text("access_token") else {
        return Err(error::unexpected_body(
            op,
            "the answer of the token endpoint has no token",
        ));
    };
    let token_type = text("token_type");
    let refresh_token = text("refresh_token");
    // RFC 6749 section 5.1: compared without case. Keycloak answers `N_A` for what is no token.
    if !token_type
        .as_deref()
        .is_none_or(|t| t.eq_ignore_ascii_case("bearer"))
    {
        return Err(protocol("the server gave a token that is no bearer token").with_operation(op));
    }
    bearer_header(&value)?;
    let mut token = AccessToken::new(value);
    if let Some(lifetime) = lifetime::seconds(members.get("expires_in")) {
        token = token.with_lifetime(lifetime);
    }
    let renewal = refresh_token.map(|token| {
        Renewal::new(
            token.into(),
            lifetime::seconds(members.get("refresh_expires_in")),
        )
    });
    Ok(Granted {
        token,
        renewal,
        rest: members,
    })
}

/// The header that carries the token.
pub(crate) fn bearer_header(token: &str) -> Result<HeaderValue, Error> {
    let mut header = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| {
        protocol("the access token has characters that no header can carry").with_operation(&OP)
    })?;
    header.set_sensitive(true);
    Ok(header)
}
