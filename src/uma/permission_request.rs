//! Requests of the UMA grant, and the meaning of their responses.

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Map, Value};

use super::fault;
use super::parts;
use super::requested::RequestedPermission;
use super::rpt::Rpt;
use super::subject;
use crate::call::ServerResponse;
use crate::endpoint::TOKEN_ENDPOINT;
use crate::error::{Error, ErrorKind, Result, invalid_argument, invalid_token, unauthorized};
use crate::error::{protocol, unexpected_body};
use crate::http::json;
use crate::http::retry_policy::RetryPolicy;
use crate::jose::decode_unverified;
use crate::login::grant::GrantRequest;
use crate::login::{GrantKind, explain, grant};
use crate::oidc::{Oidc, Params, Permission};
use crate::operation::Operation;
use crate::response::{Head, Response};
use crate::token::AccessToken;
use crate::{Secret, TokenFault, UmaFault};

pub(super) const OP: Operation = Operation::new("oidc.permissions", "POST", "{token_endpoint}");
pub(super) const ID_TOKEN: &str = "http://openid.net/specs/openid-connect-core-1_0.html#IDToken";

/// The maximum length of a bearer token. Keycloak reads 64 kB of headers
/// (`quarkus.http.limits.max-header-size`); it refuses a longer token with 431 or closes the
/// connection, which would look like a failure.
const MAX_TOKEN: usize = 65_535;

/// Parameters with setters of their own, and parameters that would identify another client or user.
const RESERVED: [&str; 14] = [
    "grant_type",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "subject_token",
    "claim_token",
    "claim_token_format",
    "audience",
    "ticket",
    "rpt",
    "permission_resource_format",
    "response_mode",
    parts::PERMISSION,
];

/// Why a request has no result.
pub(super) enum GrantFailure {
    /// The server does not accept the access token.
    Token(Error),
    /// Nothing is granted.
    Denied(Error),
    /// Any other failure, which is not a decision.
    Failed(Error),
}

impl From<Error> for GrantFailure {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<GrantFailure> for Error {
    fn from(refusal: GrantFailure) -> Self {
        match refusal {
            GrantFailure::Token(error)
            | GrantFailure::Denied(error)
            | GrantFailure::Failed(error) => error,
        }
    }
}

type GrantResult<T> = std::result::Result<T, GrantFailure>;

/// How the access token is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TokenTransport {
    /// As the bearer token of the request, so that the server cannot decide about another user.
    Bearer,
    /// As the parameter `subject_token`, with the client's own authentication. This is the only way
    /// to send claims with the token of a public client. Otherwise the server responds with 403,
    /// `Public clients are not allowed to send claims`.
    Parameter,
}

pub(super) struct PermissionRequest {
    oidc: Oidc,
    token: Secret,
    params: Params,
    ticket: Option<Secret>,
    wanted: Vec<RequestedPermission>,
    transport: TokenTransport,
}

impl PermissionRequest {
    pub(super) fn new(
        oidc: Oidc,
        token: Secret,
        mut params: Params,
        ticket: Option<Secret>,
        wanted: Vec<RequestedPermission>,
        holder_verified: bool,
    ) -> Result<Self> {
        if let Some(ticket) = &ticket {
            if !wanted.is_empty() {
                return Err(invalid_argument(
                    &OP,
                    "a ticket already has its permissions: do not set any",
                ));
            }
            params.set("ticket", ticket);
        }
        let transport = match params.get("claim_token") {
            None => TokenTransport::Bearer,
            Some(claims) => {
                if params.get("claim_token_format") == Some(ID_TOKEN) {
                    check_same_user(token.expose(), claims)?;
                }
                params.set("subject_token", &token);
                TokenTransport::Parameter
            }
        };
        if let Some(bound_to) = binding(token.expose())
            && !holder_verified
        {
            // Keycloak does not check the certificate here and would accept a stolen token.
            return Err(unverified_holder(bound_to));
        }
        Ok(Self {
            oidc,
            token,
            params,
            ticket,
            wanted,
            transport,
        })
    }

    /// Requests a token.
    pub(super) async fn rpt(&self) -> GrantResult<Response<Rpt>> {
        let limits = self.oidc.inner.limits();
        let wanted = parts::whole(&OP, &limits, &self.wanted)?;
        let (head, answer) = self.send(None, &wanted).await?;
        let Value::Object(members) = answer else {
            return Err(unexpected_body(&OP, "the response is not an object").into());
        };
        let rpt = Rpt::new(self.read(head.clone(), members)?);
        let given = rpt.access_token().expose();
        subject::check_rpt(&OP, self.subject().as_ref(), given)?;
        if let Ok(granted) = rpt.permissions() {
            self.check_granted(&granted)?;
        }
        Ok(head.with(rpt))
    }

    fn read(&self, head: Head, members: Map<String, Value>) -> Result<crate::token::Granted> {
        let inner = &self.oidc.inner;
        let request = inner.grant_request(&OP, GrantKind::Custom, RetryPolicy::SINGLE_USE);
        match self.transport {
            TokenTransport::Parameter => grant::read(request, head, members),
            // The request has no proof of possession of the client's key.
            TokenTransport::Bearer => grant::read(
                GrantRequest {
                    client: None,
                    ..request
                },
                head,
                members,
            ),
        }
    }

    /// Requests a list of permissions.
    pub(super) async fn granted(&self) -> GrantResult<Vec<Permission>> {
        let mut all = Vec::new();
        for answer in self.in_parts("permissions").await? {
            let Value::Array(_) = &answer else {
                let error = unexpected_body(&OP, "the response is not a list of permissions");
                return Err(error.into());
            };
            let granted = Permission::list(Some(&answer));
            self.check_granted(&granted)?;
            all.push(granted);
        }
        Ok(parts::union(all))
    }

    /// Requests a decision.
    pub(super) async fn decision(&self) -> GrantResult<bool> {
        let mut granted = false;
        for answer in self.in_parts("decision").await? {
            match answer.get("result") {
                Some(Value::Bool(result)) => granted |= result,
                _ => return Err(unexpected_body(&OP, "the response has no decision").into()),
            }
        }
        Ok(granted)
    }

    /// Returns the responses to all parts. A denied part is omitted; a failure fails the whole
    /// call.
    async fn in_parts(&self, response_mode: &'static str) -> GrantResult<Vec<Value>> {
        let limits = self.oidc.inner.limits();
        let mut answers = Vec::new();
        let mut denied = None;
        for wanted in parts::split(&OP, &limits, &self.wanted)? {
            match self.send(Some(response_mode), &wanted).await {
                Ok((_, answer)) => answers.push(answer),
                Err(GrantFailure::Denied(error)) => denied = Some(error),
                Err(failure) => return Err(failure),
            }
        }
        match denied {
            Some(error) if answers.is_empty() => Err(GrantFailure::Denied(error)),
            _ => Ok(answers),
        }
    }

    async fn send(
        &self,
        response_mode: Option<&'static str>,
        wanted: &[String],
    ) -> GrantResult<(Head, Value)> {
        let inner = &self.oidc.inner;
        let mut params = self.params.clone();
        for permission in wanted {
            params.push(parts::PERMISSION, permission.as_str());
        }
        if let Some(mode) = response_mode {
            params.set("response_mode", mode);
        }
        let form = params.pairs(&OP, &RESERVED)?;
        inner
            .limits()
            .check_all(&OP, &form)
            .map_err(|error| self.with_reason(error))?;
        // A ticket may be usable only once.
        let call = inner.call(&OP, TOKEN_ENDPOINT, RetryPolicy::SINGLE_USE);
        let answer = match self.transport {
            TokenTransport::Parameter => inner.channel.post_form(call, &form).await,
            TokenTransport::Bearer => {
                let Some(bearer) = self.bearer()? else {
                    let error = unauthorized("the access token cannot be sent in a header")
                        .with_operation(&OP)
                        .with_hint(
                            "the token is empty, too long, or contains characters that are not \
                                 allowed in a header",
                        );
                    return Err(GrantFailure::Token(error));
                };
                inner.channel.post_form_as(bearer, call, &form).await
            }
        };
        let answer = answer.map_err(|error| error.or_operation(&OP))?;
        if answer.status().is_success() {
            let value = json::decode(&OP, answer.response.body())?;
            return Ok((Head::of(&answer.response), value));
        }
        let ticket = self.ticket.as_ref().map(Secret::expose);
        let error = fault::grant(answer.error(&OP), ticket);
        Err(match error.uma_fault() {
            Some(UmaFault::NotAuthorized | UmaFault::RequestSubmitted) => {
                GrantFailure::Denied(error)
            }
            Some(_) => GrantFailure::Failed(error),
            // A web page of a proxy says nothing about the token.
            None if self.is_refused(&error) && !is_page(&answer) => self.refused(error),
            None => GrantFailure::Failed(explain(error, GrantKind::Custom)),
        })
    }

    /// Returns the token as a header, or `None` if it cannot be sent in one.
    fn bearer(&self) -> Result<Option<HeaderValue>> {
        let token = self.token.expose();
        if token.trim().is_empty() || token.len() > MAX_TOKEN {
            return Ok(None);
        }
        match AccessToken::new(&self.token).header() {
            // A token with an authorization scheme is an error in the program.
            Err(error) if error.is_config() => Err(error.with_operation(&OP)),
            header => Ok(header.ok()),
        }
    }

    /// Returns whether the server refuses the access token, not the client or the request.
    fn is_refused(&self, error: &Error) -> bool {
        let code = error.oauth_code();
        let said = error.server_message().unwrap_or_default();
        let bearer = self.transport == TokenTransport::Bearer;
        match error.status() {
            // With client authentication, the client may be refused instead.
            Some(StatusCode::UNAUTHORIZED | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE) => bearer,
            Some(StatusCode::BAD_REQUEST) => match code {
                Some("invalid_grant") => bearer && said.contains("Invalid bearer token"),
                // The server uses this code for failures with the client too.
                Some("unauthorized_client") => said.contains("Invalid identity"),
                _ => false,
            },
            _ => false,
        }
    }

    fn refused(&self, error: Error) -> GrantFailure {
        if let Some(bound_to) = binding(self.token.expose()) {
            let message = format!(
                "the server does not accept the access token here, because it is bound to {bound_to}"
            );
            return GrantFailure::Failed(
                invalid_token(TokenFault::Binding, message)
                    .with_operation(&OP)
                    .with_hint(
                        "verify the token with access_token_verifier, which checks the proof; \
                         Keycloak decides about permissions only for bearer tokens",
                    ),
            );
        }
        GrantFailure::Token(
            error.with_kind(ErrorKind::Unauthorized).with_hint(
                "the access token is not valid: it has expired or its session has ended",
            ),
        )
    }

    /// Adds a hint if the access token is too long for a parameter.
    fn with_reason(&self, error: Error) -> Error {
        let limit = self.oidc.inner.limits().of("subject_token");
        let too_long = crate::oidc::limits::length(self.token.expose()) > limit;
        if self.transport == TokenTransport::Bearer || !too_long {
            return error;
        }
        error.with_hint(
            "with claims the access token is sent as the parameter subject_token; the server ignores \
             one that is too long and would decide about the client instead: send no claims, or a \
             token with fewer roles",
        )
    }

    /// Returns the subject of the access token, or of the ID token in the claims.
    fn subject(&self) -> Option<Value> {
        subject::of(self.token.expose()).or_else(|| {
            let id_token = self.params.get("claim_token_format") == Some(ID_TOKEN);
            let claims = self.params.get("claim_token").filter(|_| id_token);
            claims.and_then(subject::of)
        })
    }

    /// Checks that the server granted only requested resources. With URIs, without resources, and
    /// with an upgrade, others are allowed.
    fn check_granted(&self, granted: &[Permission]) -> Result<()> {
        let open = self.params.get("permission_resource_format").is_some()
            || self.params.get("rpt").is_some();
        let named: Option<Vec<&str>> = self
            .wanted
            .iter()
            .map(RequestedPermission::named_resource)
            .collect();
        let Some(named) = named.filter(|named| !named.is_empty() && !open) else {
            return Ok(());
        };
        let is_asked = |one: &Permission| {
            let has =
                |text: &Option<String>| text.as_deref().is_some_and(|text| named.contains(&text));
            // Without a name it cannot be checked.
            has(&one.resource_id) || has(&one.resource_name) || one.resource_name.is_none()
        };
        if granted.iter().all(is_asked) {
            return Ok(());
        }
        Err(
            protocol("the server granted access to a resource that was not requested")
                .with_operation(&OP)
                .with_hint(
                    "the server may have ignored parameters: set the server's limit with \
                     parameter_limits",
                ),
        )
    }
}

/// Checks that both tokens have the same subject, as far as they can be read.
fn check_same_user(access_token: &str, id_token: &str) -> Result<()> {
    match (subject::of(access_token), subject::of(id_token)) {
        (Some(one), Some(other)) if one != other => Err(invalid_token(
            TokenFault::Subject,
            "the ID token has another subject than the access token",
        )
        .with_operation(&OP)),
        _ => Ok(()),
    }
}

fn is_page(answer: &ServerResponse) -> bool {
    let media_type = answer.response.headers().get(CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok());
    media_type.is_some_and(|name| name.to_ascii_lowercase().contains("html"))
}

fn unverified_holder(bound_to: &str) -> Error {
    let message = format!(
        "the access token is bound to {bound_to}, but the server does not check its holder here"
    );
    invalid_token(TokenFault::Binding, message)
        .with_operation(&OP)
        .with_hint(
            "verify the token with access_token_verifier and the proof in the request, then use \
             permissions(..).holder_verified()",
        )
}

/// Returns what a token is bound to (RFC 9449 section 6, RFC 8705 section 3.1).
fn binding(token: &str) -> Option<&'static str> {
    let token = decode_unverified(token).ok()?;
    let bound_to = token.claims().get("cnf")?;
    if bound_to.get("jkt").is_some() {
        Some("a key (DPoP)")
    } else if bound_to.get("x5t#S256").is_some() {
        Some("a TLS certificate")
    } else {
        None
    }
}
