//! A request to the token endpoint.

use serde_json::{Map, Value};

use super::{GrantKind, explain};
use crate::client_auth::OAuthClient;
use crate::discovery::ProviderId;
use crate::endpoint::{Channel, EndpointCall, TOKEN_ENDPOINT};
use crate::error::{self, Result, protocol};
use crate::http::deadline::Deadline;
use crate::http::json;
use crate::http::retry_policy::RetryPolicy;
use crate::operation::Operation;
use crate::response::Head;
use crate::token::{AccessToken, Granted, Renewal, lifetime};

pub(crate) const OP: Operation = Operation::new(
    "login",
    "POST",
    "/realms/{realm}/protocol/openid-connect/token",
);

/// What a grant is sent with.
#[derive(Clone, Copy)]
pub(crate) struct GrantRequest<'a> {
    pub(crate) op: &'static Operation,
    pub(crate) channel: &'a Channel,
    pub(crate) provider: &'a ProviderId,
    pub(crate) client: Option<&'a OAuthClient>,
    pub(crate) retry: RetryPolicy,
    pub(crate) kind: GrantKind,
    pub(crate) deadline: Deadline,
}

/// Posts the form and reads the token from the response.
pub(crate) async fn request(request: GrantRequest<'_>, form: &[(&str, &str)]) -> Result<Granted> {
    let (head, members) = send(request, form).await?;
    read(request, head, members)
}

/// Posts the form and returns the members of the response.
pub(crate) async fn send(
    request: GrantRequest<'_>,
    form: &[(&str, &str)],
) -> Result<(Head, Map<String, Value>)> {
    let op = request.op;
    let call = EndpointCall {
        op,
        provider: request.provider,
        endpoint: TOKEN_ENDPOINT,
        client: request.client,
        retry: request.retry,
        deadline: request.deadline,
    };
    let answer = request
        .channel
        .post_form(call, form)
        .await
        .map_err(|e| e.or_operation(op))?;
    if let Some(refusal) = answer.refusal(op, Some("access_token")) {
        let error = explain(refusal, request.kind);
        // The first attempt may have been executed although its response was lost.
        let lost = answer.may_be_done
            && request.kind != GrantKind::Password
            && error.oauth_code() == Some("invalid_grant");
        return Err(if lost {
            error.with_hint(
                "an earlier attempt whose response was lost may have used it up: log in again",
            )
        } else {
            error
        });
    }
    let members = json::decode(op, answer.response.body())?;
    Ok((Head::of(&answer.response), members))
}

/// Reads the response of the token endpoint (RFC 6749 section 5.1).
pub(crate) fn read(
    request: GrantRequest<'_>,
    head: Head,
    mut members: Map<String, Value>,
) -> Result<Granted> {
    let op = request.op;
    let mut text = |name: &str| match members.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    };
    let Some(value) = text("access_token") else {
        return Err(error::unexpected_body(
            op,
            "the response of the token endpoint has no token",
        ));
    };
    let token_type = text("token_type");
    let refresh_token = text("refresh_token");
    let mut token = AccessToken::new(value);
    let wanted = scheme(request.client);
    check_type(token_type.as_deref(), wanted).map_err(|e| e.with_operation(op))?;
    #[cfg(feature = "oidc")]
    {
        token = token.bound_to(request.client.and_then(|client| client.dpop.clone()));
    }
    token.header().map_err(|e| e.with_operation(op))?;
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
        head,
    })
}

fn scheme(client: Option<&OAuthClient>) -> &'static str {
    match client {
        Some(client) if client.dpop.is_some() => "DPoP",
        _ => "Bearer",
    }
}

/// RFC 6749 section 5.1: compared case-insensitively. Keycloak returns `N_A` for a token that is
/// not an access token. A response without `token_type` counts as a bearer token.
fn check_type(given: Option<&str>, wanted: &'static str) -> Result<()> {
    let given = given.unwrap_or("Bearer");
    if given.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    if wanted == "DPoP" && given.eq_ignore_ascii_case("bearer") {
        return Err(protocol(
            "the server returned a bearer token, but a token bound to a key was requested",
        )
        .with_hint("switch on DPoP at the server"));
    }
    Err(protocol(format!(
        "the server returned a token of the type {:?}, not a {wanted} token",
        error::clean(given)
    )))
}
