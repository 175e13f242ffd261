//! Keycloak's refusals in terms that a program can act on.

use http::StatusCode;

use crate::error::{Error, ErrorKind};
use crate::{UmaFault, jose};

/// What a call is about, where the status alone tells what is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Resource,
    Ticket,
    Policy,
}

/// Whether the protection API does not accept the token: it says so by 403.
pub(super) fn is_refused_token(error: &Error) -> bool {
    error.status() == Some(StatusCode::FORBIDDEN)
        && error.oauth_code() == Some("invalid_bearer_token")
}

/// A refusal of the protection API. Its codes are few and shared, so the texts decide too; these
/// are not translated.
pub(super) fn protection(error: Error, about: About) -> Error {
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
        (Some(404), _) => match about {
            About::Resource => UmaFault::UnknownResource,
            About::Ticket => UmaFault::UnknownTicket,
            About::Policy => UmaFault::UnknownPolicy,
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
        (Some(500), _) if about == About::Policy => {
            return error
                .with_hint("check that every user, group, role and client it names exists");
        }
        _ => return error,
    };
    explained(error, fault)
}

/// A refusal of the UMA grant.
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

/// For the choice of words alone: the server has decided already.
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
            "check the name of the scope, and that the resource has it",
        ),
        UmaFault::UnknownResourceServer => (
            ErrorKind::NotFound,
            "check the audience, and that this client has authorization switched on",
        ),
        UmaFault::UnknownTicket => (ErrorKind::NotFound, "there is no such permission request"),
        UmaFault::UnknownPolicy => (ErrorKind::NotFound, "there is no such policy"),
        UmaFault::UnknownRequester => (ErrorKind::Validation, "check the user's name or id"),
        UmaFault::NotOwner => (
            ErrorKind::Forbidden,
            "use a token of the owner of the resource",
        ),
        UmaFault::NotOwnerManaged => (
            ErrorKind::Validation,
            "switch on the owner's access to the resource: owner_managed_access(true)",
        ),
        UmaFault::NoProtectionScope => (
            ErrorKind::Forbidden,
            "give the user the role uma_protection of the resource server",
        ),
        UmaFault::AlreadyExists => (ErrorKind::Conflict, "it is there already"),
        UmaFault::ExpiredTicket => (
            ErrorKind::Unauthorized,
            "ask the resource server again: it gives a new ticket",
        ),
        UmaFault::InvalidTicket => (
            ErrorKind::Unauthorized,
            "pass the ticket as the resource server of this realm gave it",
        ),
        UmaFault::NotAuthorized => (ErrorKind::Forbidden, "the policies do not allow it"),
        UmaFault::RequestSubmitted => (
            ErrorKind::Forbidden,
            "the owner was asked: try again once it is granted",
        ),
        UmaFault::NotRpt => (
            ErrorKind::InvalidToken,
            "it is no requesting party token, has expired, or is for another client: get one with \
             permissions(..).rpt()",
        ),
        UmaFault::InvalidSettings => (
            ErrorKind::Config,
            "export the settings in the admin console: client, Authorization, Export",
        ),
    };
    error.with_kind(kind).with_hint(hint).with_uma_fault(fault)
}
