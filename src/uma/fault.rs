//! The meaning of Keycloak's UMA errors.

use http::StatusCode;

use crate::error::{Error, ErrorKind};
use crate::{UmaFault, jose};

/// The kind of object of a call, which tells what a 404 response means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ObjectKind {
    Resource,
    Ticket,
    Policy,
}

/// Returns whether the protection API does not accept the token, for which it responds with 403.
pub(super) fn is_refused_token(error: &Error) -> bool {
    error.status() == Some(StatusCode::FORBIDDEN)
        && error.oauth_code() == Some("invalid_bearer_token")
}

/// Explains an error of the protection API. Several errors share a code, so the message
/// distinguishes them; messages are not translated.
pub(super) fn protection(error: Error, kind: ObjectKind) -> Error {
    let status = error.status().map(|status| status.as_u16());
    let code = error.oauth_code().unwrap_or_default();
    let said = error.server_message().unwrap_or_default();
    let has = |text: &str| said.contains(text);
    let fault = match (status, code) {
        (Some(403), "invalid_bearer_token") => {
            return error.with_kind(ErrorKind::Unauthorized).with_hint(
                "the server does not accept the token: it has expired or belongs to another realm",
            );
        }
        (Some(403), "invalid_clientId") => UmaFault::UnknownResourceServer,
        (Some(403), "invalid_scope") => UmaFault::NoProtectionScope,
        (Some(403), "forbidden" | "not_authorised") => UmaFault::NotOwner,
        (Some(404), _) => match kind {
            ObjectKind::Resource => UmaFault::UnknownResource,
            ObjectKind::Ticket => UmaFault::UnknownTicket,
            ObjectKind::Policy => UmaFault::UnknownPolicy,
        },
        (Some(409), _) => UmaFault::AlreadyExists,
        (Some(400), "invalid_resource_id") if has("does not have Scope") => UmaFault::UnknownScope,
        (Some(400), "invalid_resource_id") => UmaFault::UnknownResource,
        (Some(400), "invalid_scope") => UmaFault::UnknownScope,
        (Some(400), "invalid_permission") if has("already exists") => UmaFault::AlreadyExists,
        (Some(400), "invalid_permission") if has("Requester") => UmaFault::UnknownRequester,
        (Some(400), _) if has("invalid_ticket") => UmaFault::UnknownTicket,
        (Some(400), _)
            if has("user-managed access enabled") || has("with owner managed access") =>
        {
            UmaFault::NotOwnerManaged
        }
        (Some(400), _) if has("Only resource owner") => UmaFault::NotOwner,
        (Some(400), _) if has("cannot be found") => UmaFault::UnknownResource,
        (Some(400), _) if has("Some of the scopes") => UmaFault::UnknownScope,
        (Some(500), _) if kind == ObjectKind::Policy => {
            return error
                .with_hint("check that every user, group, role and client of the policy exists");
        }
        _ => return error,
    };
    explained(error, fault)
}

/// Explains an error of the UMA grant.
pub(super) fn grant(error: Error, ticket: Option<&str>) -> Error {
    let code = error.oauth_code().unwrap_or_default();
    let said = error.server_message().unwrap_or_default();
    let fault = match code {
        "invalid_resource" => UmaFault::UnknownResource,
        "invalid_scope" => UmaFault::UnknownScope,
        "invalid_ticket" if said.contains("Invalid permission ticket") || has_ended(ticket) => {
            UmaFault::ExpiredTicket
        }
        "invalid_ticket" => UmaFault::InvalidTicket,
        "invalid_request" if said.contains("resource server id") => UmaFault::UnknownResourceServer,
        "invalid_request" if said.contains("does not support permissions") => {
            UmaFault::UnknownResourceServer
        }
        "access_denied" if said.contains("request_submitted") => UmaFault::RequestSubmitted,
        "access_denied" if error.status() == Some(StatusCode::FORBIDDEN) => UmaFault::NotAuthorized,
        _ => return error,
    };
    explained(error, fault)
}

/// Returns whether a ticket has expired. This only selects the error; the server has already
/// decided.
fn has_ended(ticket: Option<&str>) -> bool {
    let claims = ticket.and_then(|ticket| jose::decode_unverified(ticket).ok());
    let end = claims.and_then(|claims| jose::time::seconds(claims.claims(), "exp"));
    let now = jose::time::unix_seconds(std::time::SystemTime::now());
    end.is_some_and(|end| end <= now as f64)
}

pub(super) fn explained(error: Error, fault: UmaFault) -> Error {
    let (kind, hint) = match fault {
        UmaFault::UnknownResource => (
            ErrorKind::NotFound,
            "check the id or the name of the resource, and which client it belongs to",
        ),
        UmaFault::UnknownScope => (
            ErrorKind::Validation,
            "check the name of the scope, and that the resource has this scope",
        ),
        UmaFault::UnknownResourceServer => (
            ErrorKind::NotFound,
            "check the audience, and that authorization is enabled for this client",
        ),
        UmaFault::UnknownTicket => (ErrorKind::NotFound, "there is no such permission request"),
        UmaFault::UnknownPolicy => (ErrorKind::NotFound, "there is no such policy"),
        UmaFault::UnknownRequester => (ErrorKind::Validation, "check the user's name or id"),
        UmaFault::NotOwner => (ErrorKind::Forbidden, "use a token of the resource's owner"),
        UmaFault::NotOwnerManaged => (
            ErrorKind::Validation,
            "let the owner manage access to the resource: owner_managed_access(true)",
        ),
        UmaFault::NoProtectionScope => (
            ErrorKind::Forbidden,
            "give the user the resource server's role uma_protection",
        ),
        UmaFault::AlreadyExists => (ErrorKind::Conflict, "the object already exists"),
        UmaFault::ExpiredTicket => (
            ErrorKind::Unauthorized,
            "call the resource server again to get a new ticket",
        ),
        UmaFault::InvalidTicket => (
            ErrorKind::Unauthorized,
            "pass the ticket unchanged, from a resource server of this realm",
        ),
        UmaFault::NotAuthorized => (ErrorKind::Forbidden, "the policies do not allow the access"),
        UmaFault::RequestSubmitted => (
            ErrorKind::Forbidden,
            "the owner was asked: retry once access is granted",
        ),
        UmaFault::NotRpt => (
            ErrorKind::InvalidToken,
            "the token is not a requesting party token, has expired, or belongs to another client: \
             request one with permissions(..).rpt()",
        ),
        UmaFault::InvalidSettings => (
            ErrorKind::Config,
            "export the settings in the admin console: client, Authorization, Export",
        ),
    };
    error.with_kind(kind).with_hint(hint).with_uma_fault(fault)
}
