//! Requests of the UMA grant, and what their answers say about the token that is asked about.

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Map, Value};

use super::fault;
use super::parts;
use super::requested::RequestedPermission;
use super::rpt::Rpt;
use super::subject;
use crate::call::Answer;
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

/// A longer token Keycloak refuses with 431, or by closing the connection, which would be taken for a
/// failure: it reads 64 kB of headers (`quarkus.http.limits.max-header-size`).
const HEADER: usize = 65_535;

/// What the request has setters for, or what would name somebody else.
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

/// Why there is no answer.
pub(super) enum Refusal {
    /// The server does not accept the token that is asked about.
    Token(Error),
    /// Nothing is granted.
    Denied(Error),
    /// Anything else, which is no decision.
    Failed(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Token(error) | Refusal::Denied(error) | Refusal::Failed(error) => error,
        }
    }
}

type Answered<T> = std::result::Result<T, Refusal>;

/// How the token that is asked about goes along.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// As the bearer token of the request, so that the server cannot decide about anybody else.
    Bearer,
    /// As the parameter `subject_token`, beside the client's own proof. With claims the server
    /// takes the token of a public client in no other way: 403, `Public clients are not allowed to
    /// send claims`.
    Parameter,
}

pub(super) struct Question {
    oidc: Oidc,
    token: Secret,
    params: Params,
    ticket: Option<Secret>,
    wanted: Vec<RequestedPermission>,
    shown: Shown,
}

impl Question {
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
                    "the ticket says what is asked for: leave the permissions out",
                ));
            }
            params.set("ticket", ticket);
        }
        let shown = match params.get("claim_token") {
            None => Shown::Bearer,
            Some(claims) => {
                if params.get("claim_token_format") == Some(ID_TOKEN) {
                    about_one_user(token.expose(), claims)?;
                }
                params.set("subject_token", &token);
                Shown::Parameter
            }
        };
        if let Some(bound_to) = binding(token.expose())
            && !holder_verified
        {
            // Keycloak does not look at the certificate here, and whoever stole the token has none.
            return Err(not_shown(bound_to));
        }
        Ok(Self {
            oidc,
            token,
            params,
            ticket,
            wanted,
            shown,
        })
    }

    /// The answer as a token.
    pub(super) async fn rpt(&self) -> Answered<Response<Rpt>> {
        let limits = self.oidc.inner.limits();
        let wanted = parts::whole(&OP, &limits, &self.wanted)?;
        let (head, answer) = self.send(None, &wanted).await?;
        let Value::Object(members) = answer else {
            return Err(unexpected_body(&OP, "the answer is no object").into());
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
        match self.shown {
            Shown::Parameter => grant::read(request, head, members),
            // The request has no proof of the client's key.
            Shown::Bearer => grant::read(
                GrantRequest {
                    client: None,
                    ..request
                },
                head,
                members,
            ),
        }
    }

    /// The answer as a list.
    pub(super) async fn granted(&self) -> Answered<Vec<Permission>> {
        let mut all = Vec::new();
        for answer in self.in_parts("permissions").await? {
            let Value::Array(_) = &answer else {
                let error = unexpected_body(&OP, "the answer is no list of permissions");
                return Err(error.into());
            };
            let granted = Permission::list(Some(&answer));
            self.check_granted(&granted)?;
            all.push(granted);
        }
        Ok(parts::union(all))
    }

    /// The answer as a yes or no.
    pub(super) async fn decision(&self) -> Answered<bool> {
        let mut granted = false;
        for answer in self.in_parts("decision").await? {
            match answer.get("result") {
                Some(Value::Bool(result)) => granted |= result,
                _ => return Err(unexpected_body(&OP, "the answer has no decision").into()),
            }
        }
        Ok(granted)
    }

    /// The answers to all parts. One that is denied is left out, one that fails fails all.
    async fn in_parts(&self, response_mode: &'static str) -> Answered<Vec<Value>> {
        let limits = self.oidc.inner.limits();
        let mut answers = Vec::new();
        let mut denied = None;
        for wanted in parts::split(&OP, &limits, &self.wanted)? {
            match self.send(Some(response_mode), &wanted).await {
                Ok((_, answer)) => answers.push(answer),
                Err(Refusal::Denied(error)) => denied = Some(error),
                Err(failure) => return Err(failure),
            }
        }
        match denied {
            Some(error) if answers.is_empty() => Err(Refusal::Denied(error)),
            _ => Ok(answers),
        }
    }

    async fn send(
        &self,
        response_mode: Option<&'static str>,
        wanted: &[String],
    ) -> Answered<(Head, Value)> {
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
        // A ticket may be good for one use.
        let call = inner.call(&OP, TOKEN_ENDPOINT, RetryPolicy::SINGLE_USE);
        let answer = match self.shown {
            Shown::Parameter => inner.channel.post_form(call, &form).await,
            Shown::Bearer => {
                let Some(bearer) = self.bearer()? else {
                    let error =
                        unauthorized("the access token is not one that a request can carry")
                            .with_operation(&OP)
                            .with_hint(
                                "it is empty, too long, or has characters that no header has",
                            );
                    return Err(Refusal::Token(error));
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
            Some(UmaFault::NotAuthorized | UmaFault::RequestSubmitted) => Refusal::Denied(error),
            Some(_) => Refusal::Failed(error),
            // A proxy's page says nothing about the token.
            None if self.is_refused(&error) && !is_page(&answer) => self.refused(error),
            None => Refusal::Failed(explain(error, GrantKind::Custom)),
        })
    }

    /// The token as a header, where one can carry it.
    fn bearer(&self) -> Result<Option<HeaderValue>> {
        let token = self.token.expose();
        if token.trim().is_empty() || token.len() > HEADER {
            return Ok(None);
        }
        match AccessToken::new(&self.token).header() {
            // The value of a header in place of the token is a mistake of the program.
            Err(error) if error.is_config() => Err(error.with_operation(&OP)),
            header => Ok(header.ok()),
        }
    }

    /// Whether it is the token that the server does not accept.
    fn is_refused(&self, error: &Error) -> bool {
        let code = error.oauth_code();
        let said = error.server_message().unwrap_or_default();
        let bearer = self.shown == Shown::Bearer;
        match error.status() {
            // Of a client that is refused too, where the client takes part.
            Some(StatusCode::UNAUTHORIZED | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE) => bearer,
            Some(StatusCode::BAD_REQUEST) => match code {
                Some("invalid_grant") => bearer && said.contains("Invalid bearer token"),
                // The code is that of a client with which the server fails, too.
                Some("unauthorized_client") => said.contains("Invalid identity"),
                _ => false,
            },
            _ => false,
        }
    }

    fn refused(&self, error: Error) -> Refusal {
        if let Some(bound_to) = binding(self.token.expose()) {
            let message = format!(
                "the server does not accept the access token here: it is bound to {bound_to} of its \
                 holder"
            );
            return Refusal::Failed(
                invalid_token(TokenFault::Binding, message)
                    .with_operation(&OP)
                    .with_hint(
                        "verify it with access_token_verifier, which checks the proof; Keycloak \
                         decides about permissions for bearer tokens only",
                    ),
            );
        }
        Refusal::Token(
            error.with_kind(ErrorKind::Unauthorized).with_hint(
                "the access token is not valid: it has expired or its session has ended",
            ),
        )
    }

    /// Says why the access token is a parameter where it is too long for one.
    fn with_reason(&self, error: Error) -> Error {
        let limit = self.oidc.inner.limits().of("subject_token");
        let too_long = crate::oidc::limits::length(self.token.expose()) > limit;
        if self.shown == Shown::Bearer || !too_long {
            return error;
        }
        error.with_hint(
            "with claims the access token is sent as the parameter subject_token, and the server \
             would decide about the client without it: ask without claims, or with a token that \
             has fewer roles",
        )
    }

    /// Who is asked about, where a token says so.
    fn subject(&self) -> Option<Value> {
        subject::of(self.token.expose()).or_else(|| {
            let id_token = self.params.get("claim_token_format") == Some(ID_TOKEN);
            let claims = self.params.get("claim_token").filter(|_| id_token);
            claims.and_then(subject::of)
        })
    }

    /// Whether the server has answered this question. By URI, by scope and after an upgrade it
    /// rightly names others.
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
            // Without its name it cannot be told.
            has(&one.resource_id) || has(&one.resource_name) || one.resource_name.is_none()
        };
        if granted.iter().all(is_asked) {
            return Ok(());
        }
        Err(
            protocol("the server granted access to a resource that was not asked for")
                .with_operation(&OP)
                .with_hint(
                    "it may have left out parameters: set the server's own limit with \
                     parameter_limits",
                ),
        )
    }
}

/// As far as the tokens can be read.
fn about_one_user(access_token: &str, id_token: &str) -> Result<()> {
    match (subject::of(access_token), subject::of(id_token)) {
        (Some(one), Some(other)) if one != other => Err(invalid_token(
            TokenFault::Subject,
            "the ID token is about another user than the access token",
        )
        .with_operation(&OP)),
        _ => Ok(()),
    }
}

fn is_page(answer: &Answer) -> bool {
    let media_type = answer.response.headers().get(CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok());
    media_type.is_some_and(|name| name.to_ascii_lowercase().contains("html"))
}

fn not_shown(bound_to: &str) -> Error {
    let message = format!(
        "the access token is bound to {bound_to}, and the server does not check here who holds it"
    );
    invalid_token(TokenFault::Binding, message)
        .with_operation(&OP)
        .with_hint(
            "verify it with access_token_verifier and what the request has presented, then ask with \
             permissions(..).holder_verified()",
        )
}

/// What a token is bound to (RFC 9449 section 6, RFC 8705 section 3.1).
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
